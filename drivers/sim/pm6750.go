package sim

import (
	"context"
	"fmt"
	"io"
	"time"

	"nabz/drivers/vitals"
)

// PM6750 is a Berry PM6750 board (protocol V3.2): cuff, oximeter and a temperature probe on one wire. It is silent until something is switched on.
type PM6750 struct {
	core
	buf           []byte
	spo2On, tempe bool
	finger        finger
	probeOn       bool
	first         vitals.MmHg
	who           byte // 1 adult, 2 child, 3 neonate
	run           *run
	runs          uint64
	told          bool // there was a run whose end is repeated
	end           byte // its state
	result        PatientOpts
	ticks         int
}

var _ Device = (*PM6750)(nil)

// NewPM6750 returns the board with all its sensors on p. With Opts.ByHand the temperature probe is off until TakeProbe.
func NewPM6750(p *Patient, o Opts) *PM6750 {
	return &PM6750{core: newCore(p, o), first: 150, who: 1, finger: finger{heart: newHeart(p)}, probeOn: !o.ByHand}
}

// Serve implements Device.
func (b *PM6750) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := b.serve(ctx, rw, 500*time.Millisecond, b); err != nil {
		return fmt.Errorf("%s: %w", b, err)
	}
	return nil
}

func (b *PM6750) String() string { return "simulated board pm6750" }

// Child says that the board is set to measure a child.
func (b *PM6750) Child() bool {
	b.state.Lock()
	defer b.state.Unlock()
	return b.who == 2
}

// FingerIn puts the patient's finger in.
func (b *PM6750) FingerIn() { b.locked(func() { b.finger.putIn(0) }) }

// FingerOut takes the finger out.
func (b *PM6750) FingerOut() { b.locked(b.finger.takeOut) }

// TakeProbe puts the temperature probe on the patient.
func (b *PM6750) TakeProbe() { b.locked(func() { b.probeOn = true }) }

// ReturnProbe takes it off.
func (b *PM6750) ReturnProbe() { b.locked(func() { b.probeOn = false }) }

func (b *PM6750) locked(f func()) {
	b.state.Lock()
	defer b.state.Unlock()
	f()
}

// Pressure is what the cuff has now; 0 when it is empty.
func (b *PM6750) Pressure() vitals.MmHg {
	b.state.Lock()
	defer b.state.Unlock()
	return b.pressure(b.clock.now())
}

func (b *PM6750) pressure(t time.Duration) vitals.MmHg {
	if b.run == nil {
		return 0
	}
	return b.run.pressure(t, &b.faults)
}

func (b *PM6750) tick(t time.Duration, send func([]byte)) {
	b.finger.arrives(t) // counted faults are the cuff's
	d := b.finger.show(t, &b.faults, b.patient.Vitals())
	b.follow(t)
	if b.run != nil || b.told {
		send(b.cuff(t))
	}
	if b.ticks++; b.ticks%2 == 0 {
		return
	}
	if b.spo2On {
		send(berryReport(0x04, b.probeState(d), byte(d.spo2.or(127)), byte(d.pulse.or(255))))
	}
	if b.tempe {
		send(b.temperature())
	}
}

func (b *PM6750) probeState(d display) byte {
	switch {
	case b.has(Broken):
		return 1
	case d.noFinger:
		return 2
	case d.tooLong:
		return 4
	case d.searching:
		return 3
	}
	return 0
}

// temperature: the second probe is not plugged in.
func (b *PM6750) temperature() []byte {
	if !b.probeOn || b.has(ProbeMoved) {
		return berryReport(0x05, 3, 0, 0, 0, 0)
	}
	tenths := int(b.patient.Vitals().Temperature+50) / 100
	return berryReport(0x05, 2, byte(tenths/10), byte(tenths%10), 0, 0)
}

// cuff reports the run, or again and again how the last one ended.
func (b *PM6750) cuff(t time.Duration) []byte {
	if b.run != nil {
		return berryReport(0x03, 1<<2|b.who, byte(b.pressure(t)/2), 0, 0, 0)
	}
	v := b.result
	if b.end != 0 && !b.has(Stale) {
		v = PatientOpts{}
	}
	return berryReport(0x03, b.end<<2|b.who, 0, byte(v.Systolic), byte(v.Mean), byte(v.Diastolic))
}

// berryEnds are the board's states for the outcomes of a run.
var berryEnds = map[string]byte{codeOK: 0, "06": 4, "07": 4, "08": 6, "09": 8, "10": 8, "11": 7, "12": 3, "13": 7, "15": 6}

func (b *PM6750) follow(t time.Duration) {
	if b.run == nil || !b.run.follow(t, &b.faults, b.patient.Vitals()) {
		return
	}
	if b.end = berryEnds[b.run.code]; b.run.aborted {
		b.end = 2
	} else if b.end == 0 {
		b.result = b.patient.Vitals().pressures(b.runs)
	}
	b.run, b.told = nil, true
}

func (b *PM6750) receive(now time.Duration, in []byte, send func([]byte)) {
	b.buf = append(b.buf, in...)
	for len(b.buf) >= 6 {
		f := b.buf[:6]
		if f[0] != 0x55 || f[1] != 0xAA || f[2] != 4 || f[5] != ^(f[2]+f[3]+f[4]) {
			b.buf = b.buf[1:]
			continue
		}
		b.obey(now, f[3], f[4], send)
		b.buf = b.buf[6:]
	}
}

func (b *PM6750) obey(now time.Duration, what, value byte, send func([]byte)) {
	switch what {
	case 0x02:
		b.order(now, value == 1)
	case 0x03:
		b.spo2On = value == 1
		if b.spo2On && !b.byHand && !b.finger.wanted {
			b.finger.putIn(now + time.Second)
		}
	case 0x04:
		b.tempe = value == 1
	case 0x09:
		b.who = value
	case 0x0A:
		b.first = vitals.MmHg(value) * 2
	case 0xFC:
		send(berryReport(0xFC, []byte("V3.2")...))
	}
}

func (b *PM6750) order(now time.Duration, start bool) {
	switch {
	case start && b.run == nil:
		b.begin()
		b.runs++
		b.run = newRun(now, b.first, newHeart(b.patient), false, &b.faults)
	case !start && b.run != nil:
		b.run.abort(now, &b.faults)
	case !start:
		b.told = false
	}
}

func berryReport(kind byte, data ...byte) []byte {
	f := append([]byte{0x55, 0xAA, byte(len(data) + 3), kind}, data...)
	return append(f, ^sumOf(f[2:]))
}
