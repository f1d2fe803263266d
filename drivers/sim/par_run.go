package sim

import (
	"math"
	"time"

	"nabz/drivers/vitals"
)

const (
	pumpRate   = 45.0  // mmHg per second
	pumpLimit  = 280.0 // the highest pressure that the module asks for
	deflation  = 25 * time.Second
	letOut     = time.Second // the valve empties the cuff
	pumpsLoose = 6 * time.Second
	holds      = 600 * time.Millisecond
	holdsTest  = 10 * time.Second // in a leak test
)

// stage is a part of a run.
type stage uint8

const (
	inflating stage = iota
	holding
	deflating
	emptying
	ended
)

// run is one measurement or leak test: stages in which the pressure goes in a straight line, with the pulse on top while it falls.
type run struct {
	heart    *heart
	leakTest bool
	aborted  bool
	code     string // outcome so far
	truth    PatientOpts

	stage    stage
	since    time.Duration
	took     time.Duration
	from, to float64 // mmHg
}

func newRun(t time.Duration, first vitals.MmHg, h *heart, leakTest bool, wrong *faults) *run {
	r := &run{heart: h, leakTest: leakTest, code: codeOK}
	h.start = t
	target := float64(first)
	if leakTest {
		target = 200
	}
	if wrong.has(Broken) {
		r.code = "15"
		r.enter(emptying, t, 0, letOut)
	} else {
		r.inflate(t, target, wrong)
	}
	return r
}

func (r *run) enter(s stage, t time.Duration, to float64, took time.Duration) {
	r.stage, r.since, r.from, r.to, r.took = s, t, r.to, to, took
}

func (r *run) inflate(t time.Duration, to float64, wrong *faults) {
	took := time.Duration((to - r.to) / pumpRate * float64(time.Second))
	switch {
	case wrong.has(LooseCuff):
		r.code, to, took = "06", 22, pumpsLoose
	case wrong.has(Overpressure):
		r.code, to = "12", 299
	}
	r.enter(inflating, t, to, took)
}

// abort opens the valve from whatever pressure there is.
func (r *run) abort(t time.Duration, wrong *faults) {
	if r.stage == emptying {
		return
	}
	r.aborted, r.code = true, codeReset
	r.to = float64(r.pressure(t, wrong))
	r.enter(emptying, t, 0, letOut)
}

// follow goes through the stages that have ended by t; true when the last one has.
func (r *run) follow(t time.Duration, wrong *faults, truth PatientOpts) bool {
	r.truth = truth
	for r.stage != ended && t >= r.since+r.took {
		r.next(r.since+r.took, wrong)
	}
	return r.stage == ended
}

func (r *run) next(t time.Duration, wrong *faults) {
	switch r.stage {
	case inflating:
		r.hold(t, wrong)
	case holding:
		r.held(t, wrong)
	case deflating:
		r.code = judge(wrong)
		r.enter(emptying, t, 0, letOut)
	case emptying:
		r.stage = ended
	}
}

func (r *run) hold(t time.Duration, wrong *faults) {
	took, to := holds, r.to
	if r.leakTest {
		took = holdsTest
	}
	if wrong.has(Leak) {
		to -= 15
	}
	if r.code != codeOK {
		r.enter(emptying, t, 0, letOut)
		return
	}
	r.enter(holding, t, to, took)
}

// held decides, at the top, between giving up, pumping on because the artery still beats, and measuring.
func (r *run) held(t time.Duration, wrong *faults) {
	switch {
	case wrong.has(Leak) && r.leakTest:
		r.code = "14"
	case wrong.has(Leak):
		r.code = "07"
	case wrong.has(Blockage):
		r.code = "08"
	case r.leakTest:
	case r.to >= float64(r.truth.Systolic+15):
		r.enter(deflating, t, max(20, float64(r.truth.Diastolic-20)), deflation)
		return
	case r.to < pumpLimit:
		r.inflate(t, min(pumpLimit, r.to+40), wrong)
		return
	default:
		r.code = "10"
	}
	r.enter(emptying, t, 0, letOut)
}

// judge is the outcome of a deflation.
func judge(wrong *faults) string {
	for _, verdict := range []struct {
		fault Fault
		code  string
	}{{WeakPulse, "09"}, {OutOfRange, "10"}, {Motion, "11"}, {Saturated, "13"}} {
		if wrong.has(verdict.fault) {
			return verdict.code
		}
	}
	return codeOK
}

// pressure in the cuff at t: the line of the stage and, while it deflates, the pulse, strongest at the mean pressure.
func (r *run) pressure(t time.Duration, wrong *faults) vitals.MmHg {
	done := min(1, float64(t-r.since)/float64(r.took))
	p := r.from + (r.to-r.from)*done
	if r.stage == deflating {
		p += r.swing(t, p, wrong)
	}
	return vitals.MmHg(math.Round(max(0, min(299, p))))
}

func (r *run) swing(t time.Duration, p float64, wrong *faults) float64 {
	phase, _ := r.heart.at(t)
	switch {
	case wrong.has(Motion):
		return 9 * wobble(t, 0.9)
	case wrong.has(Saturated):
		return 20 * pulsation(phase)
	case wrong.has(WeakPulse):
		return 0
	}
	return 4 * hump(p, float64(r.truth.Mean), 25) * pulsation(phase)
}
