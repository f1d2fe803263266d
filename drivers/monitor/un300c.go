package monitor

import (
	"errors"
	"io"

	"nabz/drivers/bpcuff"
	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// UN300C reads and commands a UN300C ("ABATON") board: a PAR cuff module with an oximeter on the same wire. It is used like the PAR module that
// it embeds; what the oximeter says comes to the function given, on the goroutine that reads.
type UN300C struct {
	*bpcuff.PAR
	tap *tap
}

// NewUN300C returns a driver on an open port. Call Init before anything else; it switches the oximeter on.
func NewUN300C(p frame.Port, each func(vitals.Sample)) *UN300C {
	t := &tap{Port: p, each: each}
	return &UN300C{bpcuff.NewPAR(t, bpcuff.PAROpts{Combined: true, SpO2: true}), t}
}

// Tally returns what was counted so far, packets of the oximeter among it.
func (u *UN300C) Tally() frame.Tally {
	t := u.PAR.Tally()
	t.Frames += u.tap.packets
	return t
}

// tap takes the oximeter's packets out of what is read; the rest is the cuff's.
type tap struct {
	frame.Port
	each func(vitals.Sample)
	held []byte // what was read and not yet given on
	over bool   // nothing more will come

	packets int // of the oximeter
}

// The oximeter's packet: 55 AA 07 index status SpO2 pulse PI sum. The cuff's frames are text between FD and FE, so 55 AA begins none of them.
const (
	tapLength = 9
	tapSize   = 7
)

// Read implements frame.Port.
func (t *tap) Read(b []byte) (int, error) {
	for {
		if n := t.give(b); n > 0 {
			return n, nil
		}
		var more [64]byte
		n, err := t.Port.Read(more[:])
		t.held = append(t.held, more[:n]...)
		if err != nil {
			t.over = t.over || errors.Is(err, io.EOF)
			return t.give(b), err
		}
	}
}

// give moves what is the cuff's into b. The beginning of a packet is held back.
func (t *tap) give(b []byte) (n int) {
	for len(t.held) > 0 && n < len(b) {
		whole, more := packet(t.held)
		switch {
		case more && !t.over:
			return n
		case whole:
			t.packets++
			t.each(un300cOximetry(t.held))
			t.held = t.held[:copy(t.held, t.held[tapLength:])]
		default:
			b[n] = t.held[0]
			n++
			t.held = t.held[:copy(t.held, t.held[1:])]
		}
	}
	return n
}

// packet says whether b begins with a packet whose sum is right; more, that further bytes may still make it one.
func packet(b []byte) (whole, more bool) {
	for i, c := range [...]byte{head0, head1, tapSize} {
		if i < len(b) && b[i] != c {
			return false, false
		}
	}
	if len(b) < tapLength {
		return false, true
	}
	sum := byte(0)
	for _, c := range b[2 : tapLength-1] {
		sum += c
	}
	return sum == b[tapLength-1], false
}

// un300cBits are the flags of the status bits; bit 1 was seen, the others are in the order in which the client lists them.
var un300cBits = [8]vitals.Flags{
	vitals.SensorOff, vitals.NoFinger, vitals.WeakPulse, vitals.Searching, vitals.LowPerfusion, vitals.Hardware, vitals.Hardware, vitals.Hardware,
}

func un300cOximetry(p []byte) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindOximetry}
	for i, f := range un300cBits {
		if p[4]&(1<<i) != 0 {
			s.Flags |= f
		}
	}
	return withNumbers(s, p[5], p[6])
}
