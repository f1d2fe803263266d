package sim

import (
	"fmt"

	"nabz/drivers/vitals"
)

// States of the module, as it sends them.
const (
	standby   = '1'
	failed    = '2'
	measuring = '3'
	manometer = '4'
	cycleWait = '6'
	leakTest  = '7'
)

// Message codes: 00 is a valid result, 02 "invalid command or reset"; the others are in the run that earns them.
const (
	codeOK    = "00"
	codeReset = "02"
)

func (p *PAR) stateNow() byte {
	switch {
	case p.run != nil && p.run.leakTest:
		return leakTest
	case p.run != nil:
		return measuring
	case p.cycling():
		return cycleWait
	}
	return p.idle
}

// cuffFrame tells the pressure, as in 035C0S3; it has no checksum.
func (p *PAR) cuffFrame(v vitals.MmHg) []byte {
	return p.reply(fmt.Sprintf("%03dC0S%c", v, p.stateNow()))
}

// endMarker says that no more cuff frames follow.
func (p *PAR) endMarker() []byte { return p.reply("999") }

// statusFrame is the answer to command 18: S1;A0;C03;M00;P125080090;R075;T    ;;kk, kk being the sum of all before it.
func (p *PAR) statusFrame() []byte {
	body := fmt.Sprintf("S%c;A0;C%02d;M%s;%s;T%s;;", p.stateNow(), p.mode, p.message(), p.numbers(), p.minutes())
	return p.reply(body + sum(body))
}

// message is the outcome of the last run. With stale numbers a run under way still shows the outcome of the one before.
func (p *PAR) message() string {
	if p.run != nil && p.has(Stale) {
		return codeOK
	}
	return p.code
}

// earlier is what stale numbers show when this module has no good run to remember.
var earlier = PatientOpts{Systolic: 118, Diastolic: 76, Mean: 90, Pulse: 71}

// numbers are the pressures and the pulse: dashes unless the last run was good, or old numbers stay where they were.
func (p *PAR) numbers() string {
	r := p.result
	switch {
	case p.has(Stale) && r.Systolic == 0:
		r = earlier
	case p.has(Stale):
	case p.run != nil || p.code != codeOK || r.Systolic == 0:
		return "P---------;R---"
	}
	return fmt.Sprintf("P%03d%03d%03d;R%03d", r.Systolic, r.Diastolic, r.Mean, r.Pulse)
}

// minutes until the next run of a cycle.
func (p *PAR) minutes() string {
	if !p.cycling() {
		return "    "
	}
	return fmt.Sprintf("%04d", int(max(0, p.next-p.clock.now()).Minutes()))
}

func (p *PAR) reply(body string) []byte {
	return append(append([]byte{p.marks.stx}, body...), p.marks.etx, '\r')
}

// sum is the checksum of PAR's text: all bytes added, two capital hex digits.
func sum(s string) string {
	var k byte
	for i := range len(s) {
		k += s[i]
	}
	return fmt.Sprintf("%02X", k)
}
