package exam

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// bench plays a visit without waiting.
type bench struct {
	*testing.T
	v        *Visit
	boot     string
	now      time.Duration
	n        int // events so far
	accepted []Accept
	effects  []Effect // of the newest event
}

const visitID = "0192f3a1-7c5e-7b1a-9d0e-000000000000"

var (
	patient     = reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Sex: reading.Female, Birth: "1984-05"}
	cuff        = reading.DeviceRef{Kind: vitals.KindBloodPressure, Manufacturer: "PAR", Model: "NIBP2010"}
	oximeter    = reading.DeviceRef{Kind: vitals.KindOximetry, Manufacturer: "Contec", Model: "CMS50D+"}
	thermometer = reading.DeviceRef{Kind: vitals.KindTemperature, Manufacturer: "Welch Allyn", Model: "SureTemp Plus"}
)

func newBench(t *testing.T, s Settings) *bench {
	return &bench{T: t, v: New(visitID, s), boot: "boot-1", now: time.Minute}
}

// identified is a visit whose patient has rested.
func identified(t *testing.T) *bench {
	b := newBench(t, Defaults())
	b.do(Identify{Patient: patient, Operator: "w-7"})
	b.wait(5 * time.Minute)
	return b
}

// at brings a visit to a step by skipping the ones before.
func at(t *testing.T, step Step) *bench {
	b := identified(t)
	for b.v.View().Step != step {
		b.do(Skip{SkipOther})
	}
	b.accepted = nil
	return b
}

func (b *bench) stamp() clock.Stamp {
	wall := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Add(b.now)
	return clock.Stamp{Boot: b.boot, SinceBoot: b.now, Wall: wall, Source: clock.NTP, Uncertainty: time.Millisecond}
}

func (b *bench) do(w What) []Effect {
	b.n++
	id := fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-%012d", b.n)
	b.effects = b.v.Step(Event{At: b.stamp(), ID: id, What: w})
	for _, e := range b.effects {
		if a, ok := e.(Accept); ok {
			b.accepted = append(b.accepted, a)
		}
	}
	return b.effects
}

// wait lets time go by in ticks, four a second as the kiosk has them.
func (b *bench) wait(d time.Duration) {
	for end := b.now + d; b.now < end; {
		b.now += min(250*time.Millisecond, end-b.now)
		b.do(Tick{})
	}
}

func (b *bench) prompt(want string) {
	b.Helper()
	if got := b.v.View().Prompt; got != want {
		b.Fatalf("prompt %q, want %q", got, want)
	}
}

func (b *bench) step(want Step) {
	b.Helper()
	if got := b.v.View().Step; got != want {
		b.Fatalf("step %q, want %q", got, want)
	}
}

func (b *bench) accepts(n int) {
	b.Helper()
	if len(b.accepted) != n {
		b.Fatalf("%d readings accepted, want %d", len(b.accepted), n)
	}
}

// newest is the newest accepted reading.
func (b *bench) newest() Accept {
	b.Helper()
	if len(b.accepted) == 0 {
		b.Fatal("nothing was accepted")
	}
	return b.accepted[len(b.accepted)-1]
}

func (b *bench) quiet(w What) {
	b.Helper()
	before := saved(b.T, b.v)
	if effects := b.do(w); len(effects) > 0 {
		b.Fatalf("%T had effects %v, want none", w, effects)
	}
	if d := cmp.Diff(before, saved(b.T, b.v)); d != "" {
		b.Fatalf("%T changed the visit:\n%s", w, d)
	}
}

// can says whether the screen offers the act.
func (b *bench) can(act string) bool {
	for _, a := range b.v.View().Actions {
		if a == act {
			return true
		}
	}
	return false
}

// saved is the visit's memory but for the time, as JSON.
func saved(t *testing.T, v *Visit) string {
	t.Helper()
	m := v.m
	m.Now = clock.Stamp{}
	return asJSON(t, m)
}

func asJSON(t *testing.T, x any) string {
	t.Helper()
	raw, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(asJSON(t, want), asJSON(t, got)); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

func count[E Effect](effects []Effect) (n int) {
	for _, e := range effects {
		if _, ok := e.(E); ok {
			n++
		}
	}
	return n
}

func pressure(sys, dia, pulse int) vitals.BloodPressure {
	return vitals.BloodPressure{
		Systolic: vitals.Some(vitals.MmHg(sys)), Diastolic: vitals.Some(vitals.MmHg(dia)), Pulse: vitals.Some(vitals.PerMinute(pulse)),
	}
}

// cuffSays is a result of the cuff.
func cuffSays(m vitals.BloodPressure, f vitals.Flags, status string) Arrived {
	return Arrived{Sample: vitals.Sample{Kind: vitals.KindBloodPressure, BloodPressure: m, Flags: f, Status: status}, Device: cuff}
}

// measure waits until the cuff may start, starts it, and has it say so 40 s later.
func (b *bench) measure(result Arrived) {
	b.Helper()
	for i := 0; !b.can(ActStartCuff); i++ {
		if i > 4*700 {
			b.Fatalf("the cuff may not start: %s", b.v.View().Prompt)
		}
		b.wait(250 * time.Millisecond)
	}
	if n := count[Measure](b.do(StartCuff{})); n != 1 {
		b.Fatalf("%d inflations for one press", n)
	}
	b.wait(40 * time.Second)
	b.do(result)
}

func (b *bench) pressures(readings ...[2]int) {
	b.Helper()
	for _, r := range readings {
		b.measure(cuffSays(pressure(r[0], r[1], 72), 0, ""))
	}
}
