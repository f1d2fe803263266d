package firmware

import (
	"slices"
	"testing"
	"time"

	"nabz/drivers/sim"
	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
)

// arm is a simulated device with a cuff.
type arm interface {
	sim.Device
	Pressure() vitals.MmHg
}

func (b *bench) systolic(want vitals.MmHg) {
	b.t.Helper()
	s := b.until("a blood pressure", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 1 })
	if got, _ := s.Visit.Readings[0].BP.Systolic.Get(); got != want {
		b.t.Errorf("systolic %v, the patient has %v", s.Visit.Readings[0].BP.Systolic, want)
	}
}

// Every commanded cuff measures through the kiosk. A kiosk that is stopped while the cuff is tight tells it to let go, whatever the device.
func TestEveryCommandedCuff(t *testing.T) {
	o := sim.Opts{Speed: 20}
	for name, c := range map[string]struct {
		table  string
		device arm
	}{
		"suntech": {"cuff", sim.NewSunTech(sim.NewPatient(sim.PatientOpts{}), o)},
		"pm6750":  {"monitor", sim.NewPM6750(sim.NewPatient(sim.PatientOpts{}), o)},
		"un300c":  {"monitor", sim.NewUN300C(sim.NewPatient(sim.PatientOpts{}), o)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for its own device
			b := newBenchWith(t, c.table, name, c.device)
			b.start()
			b.connected()
			visit := b.open()
			b.do(visit, exam.StartCuff{})
			b.systolic(122)
			b.do(visit, exam.Retake{Kind: vitals.KindBloodPressure})
			b.do(visit, exam.StartCuff{})
			b.until("pressure", func(screen.State) bool { return c.device.Pressure() > 40 })
			b.end()
			b.start() // the start-up stops what may be running and never inflates
			b.connected()
			for c.device.Pressure() > 0 { // the valve needs its time; one that stays shut runs into the test's own limit
				b.until("the board", func(screen.State) bool { return true })
			}
		})
	}
}

// A child is measured in the device's mode for children, and from a lower pressure.
func TestChildIsMeasuredAsOne(t *testing.T) {
	for name, c := range map[string]struct {
		table  string
		device interface {
			arm
			Child() bool
		}
	}{
		"suntech": {"cuff", sim.NewSunTech(sim.NewPatient(sim.PatientOpts{Systolic: 96, Diastolic: 58}), sim.Opts{Speed: 20})},
		"pm6750":  {"monitor", sim.NewPM6750(sim.NewPatient(sim.PatientOpts{Systolic: 96, Diastolic: 58}), sim.Opts{Speed: 20})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for its own device
			b := newBenchWith(t, c.table, name, c.device)
			b.start()
			b.connected()
			now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
			if err := b.k.clock.Sync(b.k.clock.Now(), now, clock.NTP, time.Second); err != nil { // without a date nobody knows how old a child is
				t.Fatal(err)
			}
			visit := b.openFor(reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Birth: "2020"})
			b.do(visit, exam.StartCuff{})
			b.until("a blood pressure", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 1 })
			if !c.device.Child() {
				t.Error("a child of six was measured as an adult")
			}
		})
	}
}

// A cuff whose patient presses start: what it sends counts when the exam waits for it, and else is nobody's.
func TestPatientStartsTheCuff(t *testing.T) {
	t.Parallel() // it waits for its own device
	d := sim.NewHBP9030(sim.NewPatient(sim.PatientOpts{}), sim.Opts{Speed: 20})
	b := newBenchWith(t, "cuff", "hbp9030", d)
	b.start()
	b.connected()
	visit := b.open()
	d.PressStart()
	b.until("pressure", func(screen.State) bool { return d.Pressure() > 40 })
	b.until("its line of text", func(screen.State) bool { return b.k.tapes.since(vitals.KindBloodPressure, time.Time{}) != nil })
	v := b.do(visit, exam.StartCuff{})
	if len(v.Readings) != 0 {
		t.Fatalf("a measurement that nobody waited for became %d readings", len(v.Readings))
	}
	d.PressStart()
	b.systolic(122)
	b.do(visit, exam.Retake{Kind: vitals.KindBloodPressure})
	b.do(visit, exam.StartCuff{})
	b.do(visit, exam.StopCuff{})
	b.until("another leave to press start", func(screen.State) bool { // the task sees the stop a moment later
		return slices.Contains(b.do(visit, exam.StartCuff{}).Actions, exam.ActStopCuff)
	})
	d.PressStart()
	b.until("the second reading", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 2 })
}
