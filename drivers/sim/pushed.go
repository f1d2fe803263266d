package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"nabz/drivers/vitals"
)

// Pushed is a cuff whose patient presses start, and which then sends its result: an Omron HBP-9030 or an A&D UA-767PBT.
type Pushed struct {
	core
	name    string
	tell    func(*Pushed, time.Duration) []byte
	run     *run
	runs    uint64
	code    string
	result  PatientOpts
	waiting []byte // what was not confirmed yet, where that is wanted
	next    time.Duration
	heard   []byte
	confirm bool
}

var _ Device = (*Pushed)(nil)

// NewHBP9030 returns an Omron HBP-9030 set to format 5 (manual 2873643-0F), p's arm in it.
func NewHBP9030(p *Patient, o Opts) *Pushed {
	return &Pushed{core: newCore(p, o), name: "hbp9030", tell: (*Pushed).line}
}

// NewUA767 returns an A&D UA-767PBT. It sends a record again every five seconds until it hears PWA1.
func NewUA767(p *Patient, o Opts) *Pushed {
	return &Pushed{core: newCore(p, o), name: "ua767", tell: (*Pushed).record, confirm: true}
}

// Serve implements Device.
func (c *Pushed) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := c.serve(ctx, rw, 200*time.Millisecond, c); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

func (c *Pushed) String() string { return "simulated cuff " + c.name }

// PressStart begins a measurement; while one goes on it stops it, as the button does.
func (c *Pushed) PressStart() {
	c.state.Lock()
	defer c.state.Unlock()
	now := c.clock.now()
	if c.run != nil {
		c.run.abort(now, &c.faults)
		return
	}
	c.begin()
	c.runs++
	c.run = newRun(now, 180, newHeart(c.patient), false, &c.faults)
}

// Pressure is what the cuff has now; 0 when it is empty.
func (c *Pushed) Pressure() vitals.MmHg {
	c.state.Lock()
	defer c.state.Unlock()
	if c.run == nil {
		return 0
	}
	return c.run.pressure(c.clock.now(), &c.faults)
}

const sendsAgain = 5 * time.Second

func (c *Pushed) tick(t time.Duration, send func([]byte)) {
	if c.run != nil && c.run.follow(t, &c.faults, c.patient.Vitals()) {
		if c.code = c.run.code; c.code == codeOK {
			c.result = c.patient.Vitals().pressures(c.runs)
		}
		c.run = nil
		c.waiting, c.next = c.tell(c, t), t
	}
	if c.waiting == nil || t < c.next {
		return
	}
	send(bytes.Clone(c.waiting))
	if c.next = t + sendsAgain; !c.confirm {
		c.waiting = nil
	}
}

func (c *Pushed) receive(_ time.Duration, b []byte, _ func([]byte)) {
	if c.heard = append(c.heard, b...); bytes.Contains(c.heard, []byte("PWA1")) {
		c.waiting, c.heard = nil, nil
	}
}

// stands is the clock of these cuffs: nobody has set it.
var stands = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// line is the HBP-9030's: movement is a digit of its own and leaves the numbers there.
func (c *Pushed) line(t time.Duration) []byte {
	at := stands.Add(t)
	head := at.Format("2006,01,02,15,04,") + "00000000000000000000,"
	v := c.result
	switch {
	case c.code == "11":
		w := c.patient.Vitals().pressures(c.runs)
		return fmt.Appendf(nil, "%s0,%03d,%03d,%03d,1\r\n", head, w.Systolic, w.Diastolic, w.Pulse)
	case c.code != codeOK && c.has(Stale):
		return fmt.Appendf(nil, "%s%c,%03d,%03d,%03d,0\r\n", head, c.code[1], v.Systolic, v.Diastolic, v.Pulse)
	case c.code != codeOK:
		return fmt.Appendf(nil, "%s%c,   ,   ,   ,0\r\n", head, c.digit())
	}
	return fmt.Appendf(nil, "%s0,%03d,%03d,%03d,0\r\n", head, v.Systolic, v.Diastolic, v.Pulse)
}

// digit is an error of one digit, never 0.
func (c *Pushed) digit() byte { return max('1', c.code[1]) }

// recordStates are the UA-767PBT's.
var recordStates = map[string]byte{codeOK: 0x80, "06": 0x83, "07": 0x83, codeReset: 0x81}

func (c *Pushed) record(t time.Duration) []byte {
	b := make([]byte, 60)
	copy(b, []byte{0x02, 0x00, 0x0A, 0x00, 0x00, 0x00, 0xFF, 0x02})
	at := stands.Add(t)
	for _, i := range []int{9, 16} {
		binary.LittleEndian.PutUint16(b[i:], uint16(at.Year()))
		copy(b[i+2:], []byte{byte(at.Month()), byte(at.Day()), byte(at.Hour()), byte(at.Minute()), byte(at.Second())})
	}
	copy(b[35:], "5070000001  ")
	b[57] = 0xF0
	state, v := recordStates[c.code], c.result
	if state == 0 {
		state = 0x81
	}
	if state != 0x80 && !c.has(Stale) {
		v = PatientOpts{}
	}
	return fmt.Appendf(b, "%02X%02X%02X%02X%02X", state, byte(v.Systolic-v.Diastolic), byte(v.Diastolic), byte(v.Pulse), byte(v.Mean))
}
