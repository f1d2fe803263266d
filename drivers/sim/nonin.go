package sim

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Nonin is a Nonin oximeter (specification 6470-000-01; OEM III): it talks unasked in the format of Opts.Format. Of its values the plain ones go at
// once when the finger leaves; those for a display stand still for ten seconds, while the alarm says so.
type Nonin struct {
	core
	format byte
	finger finger
	count  int           // frames or groups sent
	kept   display       // the newest with numbers
	left   time.Duration // when the finger was last there
	told   bool          // format 13: this measurement was sent
}

var _ Device = (*Nonin)(nil)

// How long the values for a display stand still, and how long after power-on a spot check comes; the manual says within 40 s.
const (
	noninStill = 10 * time.Second
	spotTime   = 12 * time.Second
)

// NewNonin returns the oximeter on p's finger. Opts.Format is 1, 2, 7, 8 or 13; 0 is 2.
func NewNonin(p *Patient, o Opts) *Nonin {
	n := &Nonin{core: newCore(p, o), format: o.Format, finger: finger{heart: newHeart(p)}}
	if n.format == 0 {
		n.format = 2
	}
	if !o.ByHand {
		n.finger.putIn(time.Second)
	}
	return n
}

// Serve implements Device.
func (n *Nonin) Serve(ctx context.Context, rw io.ReadWriter) error {
	period := time.Second
	if n.framed() {
		period = time.Second / 75
	}
	if err := n.serve(ctx, rw, period, n); err != nil {
		return fmt.Errorf("%s: %w", n, err)
	}
	return nil
}

func (n *Nonin) framed() bool { return n.format == 2 || n.format == 7 }

func (n *Nonin) String() string { return fmt.Sprintf("simulated oximeter nonin format %d", n.format) }

// FingerIn puts the patient's finger in.
func (n *Nonin) FingerIn() {
	n.state.Lock()
	defer n.state.Unlock()
	n.finger.putIn(0)
}

// FingerOut takes the finger out.
func (n *Nonin) FingerOut() {
	n.state.Lock()
	defer n.state.Unlock()
	n.finger.takeOut()
}

// receive hears nothing: what the host may say to it is about formats and clocks.
func (n *Nonin) receive(time.Duration, []byte, func([]byte)) {}

func (n *Nonin) tick(t time.Duration, send func([]byte)) {
	if n.finger.arrives(t) {
		n.begin()
		n.told = false
	}
	d := n.finger.show(t, &n.faults, n.patient.Vitals())
	if d.pulse.Known() && !d.noFinger {
		n.kept, n.left = d, t
	}
	switch n.format {
	case 2, 7:
		send(n.frame(d, t))
	case 13:
		if d.pulse.Known() && !n.told && t > spotTime {
			n.told = true
			send(n.spotCheck(d))
		}
	default:
		send(n.group(d, t))
	}
	n.count++
}

// shown is what stands on a display: the newest numbers, for a while after the finger has left.
func (n *Nonin) shown(d display, t time.Duration) display {
	if !d.pulse.Known() && n.kept.pulse.Known() && t-n.left < noninStill {
		return n.kept
	}
	return d
}

// frame is one of 25.
func (n *Nonin) frame(d display, t time.Duration) []byte {
	i := n.count % 25
	status := 0x80 | flag(i == 0) | flag(d.noFinger)<<3 | flag(n.has(Motion))<<5
	switch {
	case d.noFinger || !d.beep:
	case n.has(WeakPulse):
		status |= 0x04 // red
	default:
		status |= 0x02 // green
	}
	b := []byte{status, d.wave, n.float(i, d, n.shown(d, t))}
	if n.format == 2 {
		b = append([]byte{0x01}, b...)
	} else {
		b = []byte{b[0], d.wave, 0, b[2]}
	}
	return append(b, sumOf(b))
}

// float is the FLOAT byte of frame i.
func (n *Nonin) float(i int, plain, shown display) byte {
	rate := func(d display, low bool) byte {
		v := d.pulse.or(511)
		if low {
			return byte(v & 0x7F)
		}
		return byte(v >> 7)
	}
	switch i {
	case 0, 1, 13, 14:
		return rate(plain, i == 1 || i == 14)
	case 19, 20, 21, 22:
		return rate(shown, i == 20 || i == 22)
	case 2, 9, 10, 15:
		return byte(plain.spo2.or(127))
	case 8, 16:
		return byte(shown.spo2.or(127))
	case 3:
		return 48 // firmware
	}
	return 0
}

// group is format 1 or 8, with the values of the display.
func (n *Nonin) group(d display, t time.Duration) []byte {
	s := n.shown(d, t)
	rate := s.pulse.or(511)
	b := []byte{0x80 | flag(n.has(WeakPulse))<<4 | flag(n.has(Motion))<<2 | byte(rate>>7), byte(rate & 0x7F), byte(s.spo2.or(127))}
	if n.format == 1 {
		b[0] |= flag(d.noFinger) << 6
		return b
	}
	return append(b, flag(d.noFinger)<<3)
}

// spotCheck is a record of format 13; its clock stands at 2026-01-01.
func (n *Nonin) spotCheck(d display) []byte {
	rate := d.pulse.or(511)
	data := []byte{
		0x20, 0x26, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, flag(!n.has(Motion)) << 1, 0, byte(rate >> 8), byte(rate), 0, byte(d.spo2.or(127)),
	}
	return append(append([]byte{0x00, 0x02, 0x00, 0x0D, 0x00, byte(len(data))}, data...), sumOf(data), 0x03)
}

func sumOf(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}
