package oximeter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// Nonin reads a Nonin OEM III, Xpod, iPod, 3150 or 9560 in any of its formats 1, 2, 7, 8 and 13; it finds out from the bytes which. It is
// not safe for concurrent use.
type Nonin struct {
	ear     frame.Ear
	reader  *frame.Reader
	split   noninSplitter
	format  noninFormat // of the newest frame
	skipped int         // bytes, when the newest frame was taken
	packet  noninPacket // formats 2 and 7
	before  noninGroup  // formats 1 and 8
	fail    error       // what the port said while a packet was still to be given
}

// Times of the driver. A device that streams talks at least once a second.
const (
	noninSilence = 10 * time.Second        // without a sample, before the device is given up
	noninPause   = 2500 * time.Millisecond // without a byte, before what was begun is forgotten
)

// NewNonin returns a driver on an open port. It never writes to it.
func NewNonin(p frame.Port) *Nonin {
	n := &Nonin{ear: frame.Ear{Port: p}}
	n.reader = frame.NewReader(&n.ear, n.split.split, 64)
	return n
}

// Lines are the settings to try.
func (n *Nonin) Lines() []frame.Line { return []frame.Line{{Baud: 9600, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (n *Nonin) Tally() frame.Tally { return n.reader.Tally() }

// Identity is the maker, and the firmware's revision where the format tells it (2 and 7).
func (n *Nonin) Identity() vitals.Identity {
	id := vitals.Identity{Manufacturer: "Nonin"}
	if n.packet.revision != 0 {
		id.Firmware = strconv.Itoa(int(n.packet.revision))
	}
	return id
}

// Wave is the waveform of the sample that Next returned last: in formats 2 and 7 the 25 values of a third of a second, 0..255 and
// 0..65535, and none in others. It is valid until the next call.
func (n *Nonin) Wave() []vitals.Pleth { return n.packet.wave[:n.packet.waves] }

// Next returns a sample for each packet of 25 frames (formats 2 and 7: three a second), each group (1 and 8: one a second), or each spot
// check that was made just now (13); records from the device's memory are passed over. It returns frame.ErrSilent after ten seconds without
// any, but not from a device that has sent a record of format 13, which has nothing to say between two; ctx's error when ctx ends; and the
// port's own error when it fails (io.EOF at the end of a playback).
func (n *Nonin) Next(ctx context.Context) (vitals.Sample, error) {
	n.packet.waves = 0
	for began := time.Now(); n.fail == nil; {
		f, err := n.reader.Next(ctx, n.patience(began))
		switch {
		case errors.Is(err, frame.ErrSilent):
			if err := n.quiet(began, err); err != nil {
				return vitals.Sample{}, err
			}
			continue
		case err != nil:
			return n.last(err)
		case !n.split.sound(f):
			n.reader.Reject()
			continue
		}
		n.mind()
		if s, ok := n.take(f); ok {
			return s, nil
		}
	}
	return vitals.Sample{}, n.fail
}

// patience is how long to wait for a frame before something is to be looked at. It is never 0, which would be for ever.
func (n *Nonin) patience(began time.Time) time.Duration {
	if n.split.is == noninFormat13 {
		return noninPause
	}
	return max(min(noninPause, noninSilence-time.Since(began)), 1)
}

// quiet forgets what was begun before a pause, since what follows is of another time, and gives up in the end.
func (n *Nonin) quiet(began time.Time, err error) error {
	if n.ear.Silence() >= noninPause {
		n.reader.Reset()
		n.forget()
	}
	if n.split.is == noninFormat13 || time.Since(began) < noninSilence {
		return nil
	}
	return fmt.Errorf("oximeter: %w for %s: check its cable and that it is switched on", err, noninSilence)
}

// mind forgets what was collected when bytes were lost before the newest frame, and what the device said of itself when its format shows
// that it is another device.
func (n *Nonin) mind() {
	if skipped := n.reader.Tally().Skipped; skipped != n.skipped {
		n.skipped = skipped
		n.forget()
	}
	if n.format != n.split.is {
		n.format, n.packet, n.before = n.split.is, noninPacket{}, noninGroup{}
	}
}

func (n *Nonin) forget() {
	n.packet.drop()
	n.before = noninGroup{}
}

// last gives the packet that the end of a playback makes whole, and else the error.
func (n *Nonin) last(err error) (vitals.Sample, error) {
	if errors.Is(err, io.EOF) && n.packet.whole() {
		n.fail = err
		return n.packet.sample(), nil
	}
	return vitals.Sample{}, err
}

func (n *Nonin) take(f []byte) (vitals.Sample, bool) {
	switch n.split.is {
	case noninFormat2:
		return n.packet.add(f[1], vitals.Pleth(f[2]), f[3])
	case noninFormat7:
		return n.packet.add(f[0], vitals.Pleth(f[1])<<8|vitals.Pleth(f[2]), f[3])
	case noninFormat13:
		return decodeSpot(f)
	}
	g := readGroup(f, n.split.is)
	s := g.sample(n.before)
	n.before = g
	return s, true
}
