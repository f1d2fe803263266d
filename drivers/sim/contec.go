package sim

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Model is a make of pulse oximeter.
type Model uint8

// The models. Manuals: Contec "Communication protocol of pulse oximeter V7.0" and V5.0A, "BCI Protocol V1.2".
const (
	CMS50F         Model = iota // V7 packets with perfusion index; no finger is told by FF and 7F as the document says
	CMS50DPlus                  // V7 packets without it; no finger is told by zeros, as real units with firmware 4.6 do
	CMS50Old                    // old 5-byte stream, 60 a second, unasked
	CMS50OldAsleep              // the same, but silent until any byte arrives
	BerryBCI                    // 5-byte stream in Berry's dialect, 100 a second, unasked
)

var modelNames = [...]string{"cms50f", "cms50d+", "cms50-old", "cms50-old-asleep", "berry-bci"}

func (m Model) String() string { return modelNames[m] }

// framesPerSecond is the rate of the live stream.
func (m Model) framesPerSecond() time.Duration {
	if m == BerryBCI {
		return 100
	}
	return 60
}

// streamLasts is how long a V7 stream goes on after the last A1 or AF.
const streamLasts = 30 * time.Second

// Contec is a finger-clip pulse oximeter.
type Contec struct {
	core
	model     Model
	finger    finger
	buf       []byte        // an unfinished V7 command
	streaming bool          // live frames are wanted
	alive     time.Duration // last A1 or AF
}

var _ Device = (*Contec)(nil)

// NewContec returns the oximeter on p's finger; o.Model says which.
func NewContec(p *Patient, o Opts) *Contec {
	unasked := o.Model == CMS50Old || o.Model == BerryBCI
	c := &Contec{core: newCore(p, o), model: o.Model, streaming: unasked, finger: finger{heart: newHeart(p)}}
	if unasked && !o.ByHand {
		c.finger.putIn(time.Second)
	}
	return c
}

// Serve implements Device.
func (c *Contec) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := c.serve(ctx, rw, time.Second/c.model.framesPerSecond(), c); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

func (c *Contec) String() string { return "simulated oximeter " + c.model.String() }

// FingerIn puts the patient's finger in: the device searches for about three seconds, then its numbers settle within ten.
func (c *Contec) FingerIn() {
	c.state.Lock()
	defer c.state.Unlock()
	c.finger.putIn(0)
}

// FingerOut takes the finger out.
func (c *Contec) FingerOut() {
	c.state.Lock()
	defer c.state.Unlock()
	c.finger.takeOut()
}

func (c *Contec) tick(t time.Duration, send func([]byte)) {
	if c.finger.arrives(t) {
		c.begin()
	}
	shown := c.finger.show(t, &c.faults, c.patient.Vitals())
	if c.isV7() && t-c.alive > streamLasts {
		c.streaming = false
	}
	if c.streaming {
		send(c.model.frame(shown))
	}
}

func (c *Contec) isV7() bool { return c.model == CMS50F || c.model == CMS50DPlus }

func (c *Contec) receive(now time.Duration, b []byte, send func([]byte)) {
	if !c.isV7() {
		c.start(now)
		return
	}
	c.buf = append(c.buf, b...)
	for len(c.buf) >= commandLength {
		code, args, ok := parseCommand(c.buf)
		if !ok {
			c.buf = c.buf[1:]
			continue
		}
		c.buf = c.buf[commandLength:]
		c.obey(now, code)
		for _, answer := range c.model.answers(code, args) {
			send(answer)
		}
	}
}

func (c *Contec) obey(now time.Duration, code byte) {
	switch code {
	case startLive:
		c.alive = now
		c.start(now)
	case keepAlive:
		c.alive = now
	case stopLive:
		if c.streaming && !c.byHand {
			c.finger.takeOut()
		}
		c.streaming = false
	}
}

// start begins the stream; a patient who helps puts the finger in a second later.
func (c *Contec) start(now time.Duration) {
	if !c.streaming && !c.byHand && !c.finger.wanted {
		c.finger.putIn(now + time.Second)
	}
	c.streaming = true
}
