package sim

import (
	"context"
	"fmt"
	"io"
	"time"

	"nabz/drivers/vitals"
)

const (
	cuffPeriod = 200 * time.Millisecond // between cuff-pressure frames
	tooSoon    = 500 * time.Millisecond // a command that follows the last one faster is not heard; the manual asks for a second
)

// PAR is a PAR NIBP2010 blood-pressure module (manual "NIBP module technical description" 2.12), which UN300C copies. It forgets nothing
// when its wire is pulled: a run goes on and ends by itself. A fault counts when the stage that it spoils begins: a loose cuff before the
// pump starts, a leak or a blockage at the top, the others when the deflation ends.
type PAR struct {
	core
	marks    marks
	combined bool
	spo2     bool // the board's oximeter is on
	buf      []byte
	obeyed   bool          // some command was
	last     time.Duration // when the last one was

	idle   byte          // state when nothing runs: standby, failed or manometer
	mode   int           // 3 is manual, 4..13 a cycle
	next   time.Duration // when a cycle's next run starts
	first  vitals.MmHg   // first inflation pressure
	run    *run          // nil when the pump and the valve rest
	runs   uint64
	code   string      // outcome of the last run, two digits; "--" before there is one
	result PatientOpts // pressures and pulse of the last good run
}

var _ Device = (*PAR)(nil)

// NewPAR returns the module with its cuff on p's arm; o.Combined makes it the combined board.
func NewPAR(p *Patient, o Opts) *PAR {
	m := &PAR{core: newCore(p, o), marks: plainMarks, combined: o.Combined}
	if o.Combined {
		m.marks = combinedMarks
	}
	m.reset("--")
	return m
}

// Serve implements Device.
func (p *PAR) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := p.serve(ctx, rw, cuffPeriod, p); err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	return nil
}

func (p *PAR) String() string {
	if p.combined {
		return "simulated cuff par-combined"
	}
	return "simulated cuff par"
}

// Pressure is what the cuff has now; 0 when it is empty. It is for tests that must know whether an arm is still squeezed.
func (p *PAR) Pressure() vitals.MmHg {
	p.state.Lock()
	defer p.state.Unlock()
	if p.run == nil {
		return 0
	}
	now := p.clock.now()
	p.follow(now)
	return p.pressure(now)
}

func (p *PAR) pressure(t time.Duration) vitals.MmHg {
	if p.run == nil {
		return 0
	}
	return p.run.pressure(t, &p.faults)
}

func (p *PAR) tick(t time.Duration, send func([]byte)) {
	if p.run == nil && p.cycling() && t >= p.next {
		p.next = t + cycles[p.mode]
		p.start(t, false)
	}
	running := p.run != nil
	p.follow(t)
	switch {
	case p.run != nil:
		send(p.cuffFrame(p.pressure(t)))
	case running:
		send(p.endMarker())
	case p.idle == manometer:
		send(p.cuffFrame(0))
	}
}

func (p *PAR) cycling() bool { return cycles[p.mode] != 0 }

// follow takes the run through the stages that have ended by t, and closes it when the last one has.
func (p *PAR) follow(t time.Duration) {
	if p.run == nil || !p.run.follow(t, &p.faults, p.patient.Vitals()) {
		return
	}
	p.code, p.idle = p.run.code, standby
	switch {
	case p.run.aborted:
	case p.code != codeOK:
		p.idle = failed
	case !p.run.leakTest:
		p.result = p.patient.Vitals().pressures(p.runs)
	}
	p.run = nil
}

func (p *PAR) start(t time.Duration, leakTest bool) {
	p.begin()
	p.runs++
	p.code, p.idle = "--", standby
	p.run = newRun(t, p.first, newHeart(p.patient), leakTest, &p.faults)
}

// abort lets the air out at once, whatever the module does.
func (p *PAR) abort(t time.Duration) {
	p.mode = manual
	p.idle = standby
	if p.run != nil {
		p.run.abort(t, &p.faults)
	}
}

// reset is what power-on and the reset command do.
func (p *PAR) reset(code string) {
	p.idle, p.mode, p.first, p.run, p.code = standby, manual, 160, nil, code
}
