package oximeter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// Contec reads a CMS50 or any device that speaks the five-byte stream; it finds out from the bytes which form it is. It is not safe for
// concurrent use.
type Contec struct {
	port    frame.Port
	dialect Dialect
	reader  *frame.Reader
	split   splitter

	greeted   int       // commands of the greeting that were sent
	asked     time.Time // when the last command left
	heard     time.Time // when the last packet came
	restarted time.Time // when the stream was last started again
}

// Times of the protocol.
const (
	answerTime  = 300 * time.Millisecond // the next command of the greeting does not wait longer for an answer
	keepAlive   = 3 * time.Second        // the document asks for 5 s at the most
	restartTime = 2 * time.Second        // of silence, before A1 is sent again
	silentTime  = 10 * time.Second       // of silence, before the device is given up
	lookUp      = 250 * time.Millisecond // how often Next looks at the clock while nothing comes
)

// NewContec returns a driver on an open port. The dialect matters for the five-byte stream only.
func NewContec(p frame.Port, d Dialect) *Contec {
	c := &Contec{port: p, dialect: d}
	c.reader = frame.NewReader(p, c.split.split, 64)
	return c
}

// Lines are the settings to try, in this order.
func (c *Contec) Lines() []frame.Line {
	return []frame.Line{
		{Baud: 115200, Parity: 'N', StopBits: 1},
		{Baud: 19200, Parity: 'O', StopBits: 1},
		{Baud: 4800, Parity: 'O', StopBits: 1},
	}
}

// Tally returns what was counted so far.
func (c *Contec) Tally() frame.Tally { return c.reader.Tally() }

// Question is what may be sent to a device that is not known: a CMS50 with V7 packets answers with its id and goes on with what it does.
// (Start, which the greeting sends, inflates the cuff of an open module that takes A1 alone for that.)
func (*Contec) Question() []byte {
	b := command(cmdID)
	return b[:]
}

// FiveByte says that the stream is that of five bytes, whose dialect the bytes do not tell.
func (c *Contec) FiveByte() bool { return c.split.is == streamBCI }

// Next returns the next live sample, keeping the stream alive meanwhile. It returns frame.ErrSilent when the device stays silent for ten
// seconds although the stream was started again, ctx's error when ctx ends, and the port's own error when it fails (io.EOF at the end of
// a playback).
func (c *Contec) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		now := time.Now()
		if err := c.speak(now); err != nil {
			return vitals.Sample{}, err
		}
		p, err := c.reader.Next(ctx, c.patience(now))
		now = time.Now()
		switch {
		case errors.Is(err, frame.ErrSilent):
			if now.Sub(c.heard) >= silentTime {
				return vitals.Sample{}, fmt.Errorf("oximeter: %w for %s: check its cable and that it is switched on", err, silentTime)
			}
			continue
		case err != nil:
			return vitals.Sample{}, err
		}
		c.heard = now
		if s, live := c.decode(p); live {
			return s, nil
		}
		if c.greeted < len(greeting) {
			c.asked = time.Time{} // an answer: the next command need not wait
		}
	}
}

// decode returns the sample of a live packet; other packets are answers or stored data.
func (c *Contec) decode(p []byte) (vitals.Sample, bool) {
	switch {
	case p[0] >= 0x80:
		return decodeBCI(p, c.dialect), true
	case p[0] == v7Live:
		return decodeV7(p), true
	}
	return vitals.Sample{}, false
}

// speak sends what is due: the rest of the greeting, keep-alive, a new start after silence. A device of the five-byte form knows none of
// these commands and needs no keep-alive; it is only nudged when it is silent, since any byte wakes some of them.
func (c *Contec) speak(now time.Time) error {
	if c.heard.IsZero() {
		c.heard, c.restarted = now, now
	}
	switch {
	case c.greets():
		if now.Sub(c.asked) < answerTime {
			return nil
		}
		c.greeted++
		return c.send(greeting[c.greeted-1], now)
	case now.Sub(c.heard) >= restartTime && now.Sub(c.restarted) >= restartTime:
		c.restarted = now
		return c.send(cmdStart, now)
	case c.split.is != streamBCI && now.Sub(c.asked) >= keepAlive:
		return c.send(cmdKeepAlive, now)
	}
	return nil
}

// greets says whether commands of the greeting are still to be sent.
func (c *Contec) greets() bool { return c.split.is != streamBCI && c.greeted < len(greeting) }

// patience is how long to wait for a packet before something may be due.
func (c *Contec) patience(now time.Time) time.Duration {
	if c.greets() {
		return max(answerTime-now.Sub(c.asked), time.Millisecond)
	}
	return lookUp
}

func (c *Contec) send(cmd byte, now time.Time) error {
	c.asked = now
	b := command(cmd)
	if _, err := c.port.Write(b[:]); err != nil {
		return fmt.Errorf("oximeter: send %X: %w", cmd, err)
	}
	return nil
}
