package detect

import (
	"bytes"
	"context"
	"slices"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/port"
)

// recognise returns the protocols that fit what came, the likeliest first and else in their order. fast says that it came faster than
// Contec sends.
func recognise(b []byte, fast bool, among []catalogue.Protocol) (fit []catalogue.Protocol) {
	five := false
	for _, p := range among {
		d := p.Listen(playback(b))
		if !fits(p, readAll(d), len(b)) {
			continue
		}
		if c, ok := d.(interface{ FiveByte() bool }); ok {
			if !c.FiveByte() && p.Name == berry {
				continue // V7 packets are Contec's alone
			}
			five = five || c.FiveByte()
		}
		fit = append(fit, p)
	}
	if five && fast {
		return first(fit, berry)
	}
	return fit
}

// first returns the protocols with the one of that name, if it is among them, before the others.
func first(ps []catalogue.Protocol, name string) []catalogue.Protocol {
	i := named(ps, name)
	if i < 0 {
		return ps
	}
	return slices.Concat(ps[i:i+1], ps[:i], ps[i+1:])
}

// dialect says that only the speed can tell which of two devices it is.
func dialect(fit []catalogue.Protocol) bool {
	return named(fit, berry) >= 0 && named(fit, "contec") >= 0
}

const berry = "bci"

func playback(b []byte) frame.Port {
	p, err := port.OpenPlayback(bytes.NewReader(b), true)
	if err != nil {
		panic(err) // a few kilobytes in memory
	}
	return p
}

func readAll(d catalogue.Listener) frame.Tally {
	for {
		if _, err := d.Next(context.Background()); err != nil {
			return d.Tally()
		}
	}
}

// fits says whether a driver that counted t in n bytes is the right one. A frame that was cut at either end may be lost.
func fits(p catalogue.Protocol, t frame.Tally, n int) bool {
	enough := 1
	if slices.Contains(unchecked, p.Name) {
		enough = 3
	}
	const cut = 2 * 80 // the longest frame of any device has 73 bytes
	return t.Frames >= enough && t.BadChecksum*10 <= t.Frames && (t.Skipped*10 <= n || t.Skipped <= cut && t.Skipped*2 <= n)
}

// unchecked are the protocols whose frames, or some of them, have no checksum.
var unchecked = []string{"contec", "bci", "nonin"}

func named(ps []catalogue.Protocol, name string) int {
	return slices.IndexFunc(ps, func(p catalogue.Protocol) bool { return p.Name == name })
}
