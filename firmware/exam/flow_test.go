package exam

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// whole is a visit in its review, one reading of each kind accepted.
func whole(t *testing.T) *bench {
	b := identified(t)
	b.pressures([2]int{120, 80})
	b.do(Next{})
	b.steady(16100*time.Millisecond, good)
	b.do(Next{})
	b.do(predict)
	b.do(final(36800))
	b.do(Next{})
	b.step(StepReview)
	b.accepts(3)
	return b
}

func TestWholeVisit(t *testing.T) {
	b := whole(t)
	b.quiet(Next{})
	b.quiet(Skip{SkipRefused})
	b.do(Finish{})
	b.step(StepDone)
	again := Identify{Patient: patient, Operator: "w-7"}
	for _, w := range []What{Finish{}, Cancel{}, WrongPatient{}, Retake{vitals.KindOximetry}, Next{}, again} {
		b.quiet(w)
	}
	if acts := b.v.View().Actions; len(acts) != 0 {
		t.Errorf("a finished visit offers %v", acts)
	}
}

func TestIdentifyNeedsAPatientAndAWorker(t *testing.T) {
	b := newBench(t, Defaults())
	b.quiet(Identify{Patient: patient})
	b.quiet(Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord}, Operator: "w-7"})
	b.quiet(Identify{Patient: reading.PatientRef{Value: "000123"}, Operator: "w-7"})
	b.quiet(StartCuff{})
	b.quiet(WrongPatient{})
	b.do(Identify{Patient: patient, Operator: "w-7"})
	b.step(StepBP)
	other := patient
	other.Value = "000999"
	b.quiet(Identify{Patient: other, Operator: "w-7"})
}

func TestSkip(t *testing.T) {
	b := identified(t)
	b.quiet(Skip{})
	b.quiet(Skip{"because"})
	b.quiet(Next{})
	b.do(Skip{SkipNoDevice})
	b.step(StepOximetry)
	a := b.newest()
	if a.Reading.Absent != reading.AbsentNotPerformed || a.Reading.Note != "skipped: no-device" || a.Urgent || a.Reading.BodySite != "" {
		t.Errorf("got %+v", a)
	}
	same(t, "measurement", vitals.BloodPressure{}, a.Reading.Measurement)
	b.do(Skip{SkipRefused})
	b.do(Skip{SkipNotNeeded})
	b.step(StepReview)
	b.accepts(3)
	b.do(Finish{})
	b.step(StepDone)
}

func TestSkipOfARestKeepsWhatWasTaken(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 90}, [2]int{140, 88})
	b.accepts(2)
	b.do(Skip{SkipRefused})
	b.step(StepOximetry)
	b.accepts(3)
	if r := b.newest().Reading; len(r.DerivedFrom) != 2 {
		t.Errorf("got %+v, want the mean of the two", r)
	}
}

func TestSkippedStepCanBeTakenUpAgain(t *testing.T) {
	b := identified(t)
	for range 3 {
		b.do(Skip{SkipDeviceFault})
	}
	b.do(Retake{vitals.KindOximetry})
	b.step(StepOximetry)
	b.steady(16100*time.Millisecond, good)
	if got := b.newest().Reading.Supersedes; got != b.accepted[1].Reading.ID {
		t.Errorf("supersedes %q", got)
	}
	b.do(Next{})
	b.step(StepReview)
}

func TestLeavingStopsTheCuff(t *testing.T) {
	for name, w := range map[string]What{
		"skip": Skip{SkipRefused}, "cancel": Cancel{}, "wrong patient": WrongPatient{},
	} {
		t.Run(name, func(t *testing.T) {
			b := identified(t)
			b.do(StartCuff{})
			if count[Abort](b.do(w)) != 1 {
				t.Error("the cuff was not told to stop")
			}
			b.quiet(cuffSays(pressure(120, 80, 70), 0, ""))
			b.quiet(CuffFailed{})
		})
	}
}

func TestRetakeSupersedes(t *testing.T) {
	b := whole(t)
	for i, k := range []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature} {
		b.do(Retake{k})
		b.step(stepOf(k))
		b.quiet(Retake{k})
		b.do(ByHand{[]vitals.Measurement{
			pressure(118, 76, 70),
			vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(98))},
			vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36700)), Site: vitals.Oral},
		}[i]})
		if got := b.newest().Reading.Supersedes; got != b.accepted[i].Reading.ID {
			t.Errorf("%s supersedes %q, want %q", k, got, b.accepted[i].Reading.ID)
		}
		if shown := b.v.View().Readings[i]; !shown.Superseded {
			t.Errorf("%s is not shown as superseded", k)
		}
		b.do(Next{})
		b.step(StepReview)
	}
}

func TestRetakeGivenUpChangesNothing(t *testing.T) {
	b := whole(t)
	b.do(Retake{vitals.KindOximetry})
	b.do(Skip{SkipRefused})
	b.step(StepReview)
	b.accepts(3)
	b.do(Retake{vitals.KindTemperature})
	b.do(Retake{vitals.KindOximetry}) // instead
	b.steady(16100*time.Millisecond, good)
	if got := b.newest().Reading.Supersedes; got != b.accepted[1].Reading.ID {
		t.Errorf("supersedes %q", got)
	}
}

func TestRetakeRemakesTheMean(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 90}, [2]int{144, 88}, [2]int{140, 86})
	b.accepts(4)
	mean := b.newest().Reading
	b.do(Retake{vitals.KindBloodPressure})
	b.pressures([2]int{142, 88})
	b.accepts(6)
	again, third := b.accepted[4].Reading, b.newest().Reading
	if again.Supersedes != b.accepted[2].Reading.ID {
		t.Errorf("the retake supersedes %q", again.Supersedes)
	}
	if third.Supersedes != mean.ID || third.DerivedFrom[0] != b.accepted[1].Reading.ID || third.DerivedFrom[1] != again.ID {
		t.Errorf("the new mean: %+v", third)
	}
}

// A mean whose readings do not stand any more must not stand either.
func TestMeanThatCannotBeRemadeIsRetracted(t *testing.T) {
	s := Defaults()
	s.Readings = 2
	b := newBench(t, s)
	b.do(Identify{Patient: patient, Operator: "w-7"})
	b.pressures([2]int{150, 90}, [2]int{144, 88})
	mean := b.newest().Reading
	b.do(Retake{vitals.KindBloodPressure})
	b.do(ByHand{pressure(130, 80, 70)})
	b.do(Next{})
	for _, e := range b.effects {
		if r, ok := e.(Retract); ok && r.Of.ID == mean.ID {
			return
		}
	}
	t.Errorf("effects %v, want the mean retracted", b.effects)
}

func TestWrongPatientRetractsEverything(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 90}, [2]int{144, 88}, [2]int{140, 86})
	b.do(Next{})
	b.steady(16100*time.Millisecond, good)
	b.do(Retake{vitals.KindOximetry})
	b.steady(16100*time.Millisecond, good)
	b.accepts(6)
	b.do(WrongPatient{Operator: "w-8"})
	b.step(StepCancelled)
	ids := map[string]bool{}
	var of []string
	for _, e := range b.effects {
		if r, ok := e.(Retract); ok {
			if id, err := uuid.Parse(r.ID); err != nil || id.Version() != 7 {
				t.Errorf("retraction id %q is not a UUIDv7", r.ID)
			}
			ids[r.ID] = true
			of = append(of, r.Of.ID)
			if r.Operator != "w-8" || !b.v.Urgent(r.ID) {
				t.Errorf("retraction by %q, urgent %v", r.Operator, b.v.Urgent(r.ID))
			}
		}
	}
	var want []string
	for _, a := range b.accepted {
		want = append(want, a.Reading.ID)
	}
	same(t, "retracted", want, of)
	if len(ids) != len(want) {
		t.Errorf("%d ids for %d retractions", len(ids), len(want))
	}
	if n := len(b.v.Entries()); n != 12 {
		t.Errorf("%d entries, want 6 readings and 6 retractions", n)
	}
	b.quiet(WrongPatient{})
}

func TestCancelKeepsWhatWasAccepted(t *testing.T) {
	b := whole(t)
	b.do(Cancel{})
	b.step(StepCancelled)
	if count[Retract](b.effects) != 0 {
		t.Error("cancel retracted a reading")
	}
	b.prompt(PromptCancelled)
}

func TestSettings(t *testing.T) {
	cases := map[string]struct {
		s  Settings
		ok bool
	}{
		"defaults":               {Defaults(), true},
		"short gap":              {Settings{Rest: 5 * time.Minute, Gap: 59 * time.Second, Readings: 3, Practice: false}, false},
		"short gap in practice":  {Settings{Rest: 5 * time.Minute, Gap: 0, Readings: 3, Practice: true}, true},
		"short rest":             {Settings{Rest: 59 * time.Second, Gap: time.Minute, Readings: 3, Practice: false}, false},
		"no rest in practice":    {Settings{Rest: 0, Gap: time.Minute, Readings: 3, Practice: true}, true},
		"no readings":            {Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 0, Practice: false}, false},
		"four readings":          {Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 4, Practice: true}, false},
		"own plan":               {Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 1, Steps: []Step{StepTemperature, StepBP}}, true},
		"a step twice":           {Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 1, Steps: []Step{StepBP, StepBP}}, false},
		"an unknown step":        {Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 1, Steps: []Step{"weight"}}, false},
		"urgent limits":          {Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 1, Urgent: vitals.SiteLimits{"weight": {}}}, false},
		"negative":               {Settings{Rest: -1, Gap: -1, Readings: 1, Practice: true}, false},
		"one reading, long gaps": {Settings{Rest: time.Hour, Gap: time.Hour, Readings: 1, Practice: false}, true},
	}
	for name, c := range cases {
		if err := c.s.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.s.safe().Validate(); err != nil {
			t.Errorf("%s: a visit would run on %v", name, err)
		}
	}
}

// A prompt that flickers is not a chatter.
func TestSpeechWaits(t *testing.T) {
	b := at(t, StepOximetry)
	b.wait(3 * time.Second)
	spoken := 0
	for i := range 40 {
		f := good
		if i%2 == 0 {
			f.flags = vitals.NoFinger
		}
		b.do(f.arrives())
		spoken += count[Speak](b.effects)
		b.now += 100 * time.Millisecond
		b.do(Tick{})
		spoken += count[Speak](b.effects)
	}
	if spoken < 1 || spoken > 3 {
		t.Errorf("%d prompts spoken in 4 s", spoken)
	}
}

// A device that is back ends the message that it was gone, and no other message.
func TestDeviceBack(t *testing.T) {
	for _, step := range []Step{StepBP, StepOximetry, StepTemperature} {
		b := at(t, step)
		if step == StepBP {
			b.do(StartCuff{})
		}
		b.do(DeviceLost{Kind: step.kind()})
		b.prompt(PromptDeviceLost)
		b.quiet(DeviceBack{Kind: otherThan(step)})
		b.prompt(PromptDeviceLost)
		b.do(DeviceBack{Kind: step.kind()})
		if p := b.v.View().Prompt; p == PromptDeviceLost {
			t.Errorf("%s: the device is back, and the visit says %s", step, p)
		}
		b.quiet(DeviceBack{Kind: step.kind()})
	}
}

func otherThan(s Step) vitals.Kind {
	if s == StepOximetry {
		return vitals.KindTemperature
	}
	return vitals.KindOximetry
}

// TestOwnPlan: a visit asks for what the site measures, in its order, and for nothing else.
func TestOwnPlan(t *testing.T) {
	s := Defaults()
	s.Steps = []Step{StepTemperature, StepOximetry}
	b := newBench(t, s)
	b.do(Identify{Patient: patient, Operator: "w-1"})
	for _, want := range []Step{StepTemperature, StepOximetry, StepReview} {
		if got := b.v.View().Step; got != want {
			t.Errorf("at %s, want %s", got, want)
		}
		b.do(Skip{Reason: SkipOther})
	}
}
