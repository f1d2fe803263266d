package switchboard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/detect"
	"nabz/drivers/port"
)

// spot is what is remembered of a port while it is there.
type spot struct {
	busy  bool      // somebody looks at it, or uses it
	after time.Time // not to be looked at before
	rest  time.Duration
}

// A port that did not answer is left alone for a while, since each look takes seconds and a device that is switched on later is to be found
// soon.
const (
	firstRest = 250 * time.Millisecond
	longRest  = 2 * time.Second
)

// look is one port to be looked at, for some calls.
type look struct {
	port.Found
	spot  *spot
	calls []*call // those that name the port first
}

// due returns the ports to look at now, each marked as busy.
func (b *Board) due(now time.Time) (looks []look) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.calls) == 0 {
		return nil
	}
	ports := b.ports()
	b.forget(ports)
	for _, c := range b.calls {
		if !slices.ContainsFunc(ports, c.names) {
			c.missed = true
			c.tell(c.absent())
		}
	}
	for _, p := range ports {
		s := b.spots[p.Path]
		if s == nil {
			s = &spot{}
			b.spots[p.Path] = s
		}
		if calls := b.callsFor(p); len(calls) > 0 && !s.busy && !now.Before(s.after) {
			s.busy = true
			looks = append(looks, look{p, s, calls})
		}
	}
	return looks
}

// ports are those of the system, and those that calls name by a path that the system does not list.
func (b *Board) ports() []port.Found {
	all, _ := b.system.List() // without a list there are still the paths
	for _, c := range b.calls {
		if c.Port.Path == "" || slices.ContainsFunc(all, c.names) {
			continue
		}
		if _, err := os.Stat(c.Port.Path); err == nil {
			all = append(all, port.Found{Path: c.Port.Path})
		}
	}
	return all
}

// forget drops what is remembered of ports that are gone; one that comes back is looked at at once.
func (b *Board) forget(ports []port.Found) {
	for path, s := range b.spots {
		if !s.busy && !slices.ContainsFunc(ports, func(p port.Found) bool { return p.Path == path }) {
			delete(b.spots, path)
		}
	}
}

// names says whether the call names the port.
func (c *call) names(p port.Found) bool {
	if c.Port.Path == "" {
		return p.USB != (port.USB{}) && p.USB.Is(c.Port.USB)
	}
	return p.Path == c.Port.Path || real(p.Path) == real(c.Port.Path)
}

func real(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

// callsFor are the calls that a port is looked at for, those that name it first.
func (b *Board) callsFor(p port.Found) (calls []*call) {
	for _, c := range b.calls {
		if c.names(p) {
			calls = append(calls, c)
		}
	}
	for _, c := range b.calls {
		if c.missed && !c.silent() && p.USB != (port.USB{}) && !c.names(p) {
			calls = append(calls, c)
		}
	}
	return calls
}

// look finds out what answers at a port and hands it to whose it is.
func (b *Board) look(ctx context.Context, l look) {
	protocols := among(l.calls)
	w, err := b.system.Open(port.Name{Path: l.Path}, port.Line(protocols[0].Lines[0]))
	if err != nil {
		b.failed(l, err)
		return
	}
	if c := l.calls[0]; len(l.calls) == 1 && c.silent() {
		b.found(l, b.line(l, w, expected(c.Want)))
		return
	}
	m, err := detect.Listen(ctx, w, l.calls[0].Protocol, protocols)
	if i := slices.IndexFunc(l.calls, (*call).silent); errors.Is(err, detect.ErrSilent) && i >= 0 {
		m.Protocol = expected(l.calls[i].Want)
		err = w.SetLine(port.Line(m.Protocol.Lines[0]))
	}
	if err != nil {
		_ = w.Close() // what went wrong is known
		b.failed(l, fmt.Errorf("%s: %w", l.Path, err))
		return
	}
	b.found(l, b.line(l, w, m.Protocol))
}

// line is the port in use: nobody looks at it until it is closed.
func (b *Board) line(l look, w *port.Serial, p catalogue.Protocol) Line {
	return Line{w, p, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		l.spot.busy = false
	}}
}

// among are the protocols to listen for: what is expected, and then what else is of those classes.
func among(calls []*call) (all []catalogue.Protocol) {
	for _, c := range calls {
		all = append(all, expected(c.Want))
	}
	for _, c := range calls {
		for _, p := range catalogue.All() {
			same := func(o catalogue.Protocol) bool { return o.Name == p.Name }
			if p.Class == c.Class && !p.Pushed && !slices.ContainsFunc(all, same) {
				all = append(all, p)
			}
		}
	}
	return all
}

func expected(w Want) catalogue.Protocol {
	p, _ := catalogue.Find(w.Protocol) // the configuration takes no other
	return p
}

// silent says that the device says nothing until somebody measures.
func (c *call) silent() bool { return expected(c.Want).Pushed }

// found gives the port to the call of that class, or gives it up when nobody waits any more.
func (b *Board) found(l look, line Line) {
	if !b.connect(l, line) {
		_ = line.Close() // nobody wants it
	}
}

func (b *Board) connect(l look, line Line) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.spot.rest = 0
	for _, c := range l.calls {
		if i := slices.Index(b.calls, c); i >= 0 && c.Class == line.Protocol.Class {
			b.calls = slices.Delete(b.calls, i, i+1)
			c.answer <- line
			b.missed(l, errElsewhere)
			return true
		}
	}
	return false
}

// failed lets the port rest and tells those that expected their device there.
func (b *Board) failed(l look, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.spot.rest = min(max(firstRest, 2*l.spot.rest), longRest)
	l.spot.busy, l.spot.after = false, time.Now().Add(l.spot.rest)
	b.missed(l, err)
}

// missed notes, for the calls that are still open and name the port, that their device is not there.
func (b *Board) missed(l look, err error) {
	for _, c := range l.calls {
		if slices.Contains(b.calls, c) && c.names(l.Found) {
			c.missed = true
			c.tell(err)
		}
	}
}
