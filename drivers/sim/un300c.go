package sim

import (
	"context"
	"fmt"
	"io"
	"time"
)

// UN300C is PAR's combined board with its oximeter: the packets of code 31 stand between the cuff's frames.
type UN300C struct {
	*PAR
	finger finger
	index  byte
	next   time.Duration
}

var _ Device = (*UN300C)(nil)

// NewUN300C returns the board on p.
func NewUN300C(p *Patient, o Opts) *UN300C {
	o.Combined = true
	u := &UN300C{PAR: NewPAR(p, o), finger: finger{heart: newHeart(p)}}
	if !o.ByHand {
		u.finger.putIn(time.Second)
	}
	return u
}

// Serve implements Device.
func (u *UN300C) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := u.serve(ctx, rw, cuffPeriod, u); err != nil {
		return fmt.Errorf("%s: %w", u, err)
	}
	return nil
}

func (u *UN300C) String() string { return "simulated board un300c" }

// FingerIn puts the patient's finger in.
func (u *UN300C) FingerIn() {
	u.state.Lock()
	defer u.state.Unlock()
	u.finger.putIn(0)
}

// FingerOut takes the finger out.
func (u *UN300C) FingerOut() {
	u.state.Lock()
	defer u.state.Unlock()
	u.finger.takeOut()
}

func (u *UN300C) tick(t time.Duration, send func([]byte)) {
	u.PAR.tick(t, send)
	u.finger.arrives(t) // counted faults are the cuff's
	d := u.finger.show(t, &u.faults, u.patient.Vitals())
	if !u.spo2 || t < u.next {
		return
	}
	u.next = t + time.Second
	u.index++
	status := flag(d.noFinger)<<1 | flag(d.searching)<<3 | flag(u.has(WeakPulse))<<4
	f := []byte{0x55, 0xAA, 0x07, u.index, status, byte(d.spo2.or(0x7F)), byte(d.pulse.or(0xFF)), byte(d.perfusion.or(0) / 10)}
	send(append(f, sumOf(f[2:])))
}
