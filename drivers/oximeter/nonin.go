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

// Nonin reads a Nonin OEM III, Xpod, iPod, 3150 or 9560 in any of its formats 1, 2, 7, 8 and 13; it finds out from the bytes which. It is not
// safe for concurrent use.
type Nonin struct {
	reader *frame.Reader
	split  noninSplitter
	packet noninPacket
	spot   noninGroup // formats 1 and 8: the group before
	fail   error      // what the port said while a packet was still to be given
}

// noninSilence is how long the device may be silent before it is given up: it talks unasked, at least once a second.
const noninSilence = 10 * time.Second

// NewNonin returns a driver on an open port. It never writes to it.
func NewNonin(p frame.Port) *Nonin {
	n := &Nonin{}
	n.reader = frame.NewReader(p, n.split.split, 64)
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

// Wave is the waveform of the sample that Next returned last, 25 values a third of a second apart in formats 2 and 7, and none in others.
// It is valid until the next call.
func (n *Nonin) Wave() []vitals.Pleth { return n.packet.wave[:n.packet.waves] }

// Next returns a sample for each packet of 25 frames (formats 2 and 7: three a second), each group (1 and 8: one a second), or each spot
// check (13). It returns frame.ErrSilent after ten seconds without any, ctx's error when ctx ends, and the port's own error when it fails
// (io.EOF at the end of a playback).
func (n *Nonin) Next(ctx context.Context) (vitals.Sample, error) {
	n.packet.waves = 0
	for n.fail == nil {
		skipped := n.reader.Tally().Skipped
		f, err := n.reader.Next(ctx, noninSilence)
		if err != nil {
			return n.last(err)
		}
		if n.reader.Tally().Skipped != skipped {
			n.packet.drop() // what was collected is not whole
			n.spot = noninGroup{}
		}
		if s, ok := n.take(f); ok {
			return s, nil
		}
	}
	return vitals.Sample{}, n.fail
}

// last gives the packet that the end of a playback makes whole, and else the error.
func (n *Nonin) last(err error) (vitals.Sample, error) {
	if errors.Is(err, frame.ErrSilent) {
		n.packet.drop()
		return vitals.Sample{}, fmt.Errorf("oximeter: %w for %s: check its cable and that it is switched on", err, noninSilence)
	}
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
		return decodeSpot(f), true
	}
	g := readGroup(f, n.split.is)
	s := g.sample(n.spot)
	n.spot = g
	return s, true
}
