package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/port"
)

// Wire is an open port whose setting can be changed; port.Serial is one.
type Wire interface {
	frame.Port
	SetLine(port.Line) error
}

// Match is what was found.
type Match struct {
	Protocol catalogue.Protocol
	Line     frame.Line
	Also     []catalogue.Protocol // that fit as well, and less likely
}

// ErrSilent says that nothing came, whatever the setting; ErrUnknown that something came which is none of the protocols.
var (
	ErrSilent  = errors.New("nothing answers: switch it on, check its cable")
	ErrUnknown = errors.New("what comes is no device that nabz knows at any setting: check the cable and the device's own settings")
)

// Times of listening.
const (
	gatherTime = 100 * time.Millisecond // of bytes that are looked at together
	answerTime = 400 * time.Millisecond // for the answer to a question
	mostTime   = 6 * time.Second        // of a stream that does not become clear: some send three bytes a second
	mostBytes  = 512                    // of it
	waiting    = 4 << 10                // bytes that may have been waiting: all are taken before the speed is measured
)

// Listen finds out which of the protocols the device at w speaks, trying their settings in the order in which the protocols are given. Where
// the bytes fit several, the one named expected is believed, if it is among them. It sends only questions that move nothing (see the package). It takes up to half a second a setting for most devices, 1.3 s for those that send
// once a second; and up to six seconds where noise comes. The line stays at the setting of the match. Errors are ErrSilent, ErrUnknown, that of ctx and
// that of the port.
func Listen(ctx context.Context, w Wire, expected string, among []catalogue.Protocol) (Match, error) {
	noise := false
	for _, l := range settings(among) {
		if err := w.SetLine(port.Line(l)); err != nil {
			return Match{}, err
		}
		e := ear{wire: w, expected: expected, among: speaking(among, l)}
		fit, err := e.attend(ctx)
		if err != nil {
			return Match{}, fmt.Errorf("listen: %w", err)
		}
		if len(fit) > 0 {
			return Match{Protocol: fit[0], Line: l, Also: fit[1:]}, nil
		}
		noise = noise || len(e.heard) > 0
	}
	if noise {
		return Match{}, ErrUnknown
	}
	return Match{}, ErrSilent
}

// settings are those of the protocols, each once.
func settings(among []catalogue.Protocol) (all []frame.Line) {
	for _, p := range among {
		for _, l := range p.Lines {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

// speaking are the protocols that use a setting.
func speaking(among []catalogue.Protocol, l frame.Line) (all []catalogue.Protocol) {
	for _, p := range among {
		if slices.Contains(p.Lines, l) {
			all = append(all, p)
		}
	}
	return all
}

// ear listens at one setting.
type ear struct {
	wire     Wire
	expected string
	among    []catalogue.Protocol
	began    time.Time
	heard    []byte
	first    time.Time // when the first were looked at
	speed    pace
	nearly   bool // only its speed is not clear yet
}

// attend listens for as long as the slowest device pauses, and asks in between. A device that answers is one of them; so is one whose stream
// becomes clear.
func (e *ear) attend(ctx context.Context) ([]catalogue.Protocol, error) {
	e.began = time.Now()
	for _, p := range e.among {
		fit, err := e.listen(ctx, min(p.Pause, answerTime))
		if len(fit) > 0 || err != nil {
			return fit, err
		}
		if p.Ask == nil || len(e.heard) > 0 {
			continue
		}
		if fit, err := e.ask(ctx, p.Ask); len(fit) > 0 || err != nil {
			return fit, err
		}
	}
	if len(e.heard) > 0 {
		return e.listen(ctx, e.patience())
	}
	return e.listen(ctx, e.patience()-time.Since(e.began))
}

// ask asks again as long as answers come and are not clear: one without a checksum says little.
func (e *ear) ask(ctx context.Context, question []byte) (fit []catalogue.Protocol, err error) {
	for had := -1; had < len(e.heard) && !e.hopeless() && len(fit) == 0 && err == nil; {
		had = len(e.heard)
		if err := frame.Write(e.wire, "detect", question, 2*time.Second); err != nil {
			return nil, err
		}
		fit, err = e.listen(ctx, answerTime)
	}
	return fit, err
}

func (e *ear) patience() (most time.Duration) {
	for _, p := range e.among {
		most = max(most, p.Pause)
	}
	return most
}

// listen reads until it is clear who speaks, or nothing came for the time, or too much did.
func (e *ear) listen(ctx context.Context, silence time.Duration) ([]catalogue.Protocol, error) {
	for !e.hopeless() {
		had := len(e.heard)
		if err := e.read(ctx, silence); err != nil || len(e.heard) == had {
			return nil, err
		}
		for more := time.Now().Add(gatherTime); time.Now().Before(more) && len(e.heard) < had+waiting; {
			if err := e.read(ctx, time.Until(more)); err != nil {
				return nil, err
			}
		}
		if fit := e.clear(); len(fit) > 0 {
			return fit, nil
		}
	}
	return nil, nil
}

// read waits for bytes, and not longer than the time.
func (e *ear) read(ctx context.Context, limit time.Duration) error {
	if err := errors.Join(ctx.Err(), e.wire.SetReadDeadline(time.Now().Add(limit))); err != nil {
		return err
	}
	buf := make([]byte, waiting)
	n, err := e.wire.Read(buf)
	e.heard = append(e.heard, buf[:n]...)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// clear returns who speaks, once that is clear.
func (e *ear) clear() []catalogue.Protocol {
	now := time.Now()
	if e.first.IsZero() {
		e.first = now
	}
	e.speed.note(len(e.heard), now)
	over := now.Sub(e.first) >= mostTime
	if e.nearly && !e.speed.clear() && !over {
		return nil
	}
	fit := recognise(e.heard, e.speed.fast(), e.among)
	if named(fit, e.expected) >= 0 {
		return first(fit, e.expected)
	}
	if e.nearly = dialect(fit) && !e.speed.clear() && !over; e.nearly {
		return nil
	}
	return fit
}

// hopeless says that enough came to be clear, and is not.
func (e *ear) hopeless() bool {
	return !e.nearly && len(e.heard) >= mostBytes || !e.first.IsZero() && time.Since(e.first) >= mostTime
}
