package exam

import (
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
)

// samples is a visit at the oximetry step and a stream that never settles: the worst for Step.
func samples(tb testing.TB) (*Visit, func()) {
	v := New(visitID, Settings{Practice: true, Readings: 3})
	now := clock.Stamp{Boot: "boot-1", SinceBoot: time.Minute}
	v.Step(Event{At: now, ID: visitID, What: Identify{Patient: patient, Operator: "w-7"}})
	v.Step(Event{At: now, ID: visitID, What: Skip{SkipOther}})
	if v.View().Step != StepOximetry {
		tb.Fatal("not at oximetry")
	}
	var events [20]What
	for i := range events {
		f := finger{spo2: 97, pulse: 70 + i%10, pi: 400 + i}
		if i == 19 {
			f.flags = vitals.Artifact
		}
		events[i] = f.arrives()
	}
	n := 0
	return v, func() {
		now.SinceBoot += 10 * time.Millisecond
		v.Step(Event{At: now, ID: visitID, What: events[n%len(events)]})
		n++
	}
}

// A sample costs no allocation: a hundred come each second, all day.
func TestSampleAllocatesNothing(t *testing.T) {
	_, step := samples(t)
	for range 700 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n > 0 {
		t.Errorf("%.2f allocations a sample, want none", n)
	}
}

func BenchmarkSample(b *testing.B) {
	_, step := samples(b)
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}
