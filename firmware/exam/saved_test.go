package exam

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"nabz/drivers/vitals"
)

// restart is the program going down and up within one boot.
func (b *bench) restart() {
	b.Helper()
	raw, err := b.v.Save()
	if err != nil {
		b.Fatal(err)
	}
	if b.v, err = Resume(raw); err != nil {
		b.Fatal(err)
	}
}

// reboot is a power cut: the time since boot begins anew.
func (b *bench) reboot() {
	b.restart()
	b.boot, b.now = b.boot+"'", 20*time.Second
}

// Killed at each screen and started again: same screen, same values.
func TestRestartShowsTheSame(t *testing.T) {
	cases := map[string]func(t *testing.T) *bench{
		"patient": func(t *testing.T) *bench { return newBench(t, Defaults()) },
		"rest": func(t *testing.T) *bench {
			b := newBench(t, Defaults())
			b.do(Identify{Patient: patient, Operator: "w-7"})
			b.wait(time.Minute)
			return b
		},
		"ready": identified,
		"cuff fault": func(t *testing.T) *bench {
			b := identified(t)
			b.measure(cuffSays(vitals.BloodPressure{}, vitals.CuffLeak, "M07"))
			return b
		},
		"gap": func(t *testing.T) *bench {
			b := identified(t)
			b.pressures([2]int{150, 90})
			b.wait(10 * time.Second)
			return b
		},
		"severe": func(t *testing.T) *bench {
			b := identified(t)
			b.pressures([2]int{182, 90}, [2]int{182, 90}, [2]int{182, 90})
			return b
		},
		"to be confirmed": func(t *testing.T) *bench { b := identified(t); b.pressures([2]int{78, 50}); return b },
		"series complete": func(t *testing.T) *bench { b := identified(t); b.pressures([2]int{120, 70}); return b },
		"not believed":    func(t *testing.T) *bench { b := identified(t); b.pressures([2]int{310, 150}); return b },
		"oximetry":        func(t *testing.T) *bench { return at(t, StepOximetry) },
		"oximetry, no signal": func(t *testing.T) *bench {
			b := at(t, StepOximetry)
			b.steady(61*time.Second, finger{97, 72, 5, 0, 0})
			b.wait(2 * time.Second)
			return b
		},
		"oximetry, accepted": func(t *testing.T) *bench {
			b := at(t, StepOximetry)
			b.steady(17*time.Second, good)
			b.wait(2 * time.Second)
			return b
		},
		"temperature":          func(t *testing.T) *bench { return at(t, StepTemperature) },
		"temperature accepted": func(t *testing.T) *bench { b := at(t, StepTemperature); b.do(predict); b.do(final(36800)); return b },
		"review":               whole,
		"retake":               func(t *testing.T) *bench { b := whole(t); b.do(Retake{vitals.KindOximetry}); return b },
		"done":                 func(t *testing.T) *bench { b := whole(t); b.do(Finish{}); return b },
		"cancelled":            func(t *testing.T) *bench { b := whole(t); b.do(Cancel{}); return b },
		"wrong patient":        func(t *testing.T) *bench { b := whole(t); b.do(WrongPatient{}); return b },
	}
	for name, play := range cases {
		t.Run(name, func(t *testing.T) {
			b := play(t)
			view, entries := b.v.View(), b.v.Entries()
			first, err := b.v.Save()
			if err != nil {
				t.Fatal(err)
			}
			b.restart()
			same(t, "view", view, b.v.View())
			again, err := b.v.Save()
			if err != nil || !bytes.Equal(first, again) {
				t.Errorf("saving again gives other bytes (%v)", err)
			}
			for i, e := range b.v.Entries() {
				want, _ := entries[i].Encode()
				got, err := e.Encode()
				if err != nil || !bytes.Equal(want, got) || b.v.Urgent(e.ID()) != b.v.Urgent(entries[i].ID()) {
					t.Errorf("entry %d came back different (%v)", i, err)
				}
			}
			if len(entries) != len(b.v.Entries()) {
				t.Errorf("%d entries, want %d", len(b.v.Entries()), len(entries))
			}
		})
	}
}

func TestRestartWhileTheCuffMeasures(t *testing.T) {
	for name, down := range map[string]func(*bench){"restart": (*bench).restart, "reboot": (*bench).reboot} {
		t.Run(name, func(t *testing.T) {
			b := identified(t)
			b.pressures([2]int{150, 90})
			b.wait(time.Minute)
			b.do(StartCuff{})
			b.wait(50 * time.Second)
			down(b)
			b.step(StepBP)
			b.prompt(RetryStopped)
			if left := b.v.View().Countdown; left != time.Minute {
				t.Errorf("countdown %s, want the whole gap", left)
			}
			b.now += 90 * time.Second // the program took long to come up
			b.do(Tick{})
			b.quiet(cuffSays(pressure(120, 80, 70), 0, ""))
			b.quiet(StartCuff{})
			b.wait(59 * time.Second)
			b.quiet(StartCuff{})
			b.wait(time.Second)
			if count[Measure](b.do(StartCuff{})) != 1 {
				t.Error("no inflation after the gap")
			}
		})
	}
}

func TestRestartWithinABootKeepsTheGap(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 90})
	b.wait(40 * time.Second)
	b.restart()
	b.wait(20 * time.Second)
	if count[Measure](b.do(StartCuff{})) != 1 {
		t.Error("the gap began anew within one boot")
	}
}

func TestRebootWaitsTheWholeGapButNoRest(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 90})
	b.wait(59 * time.Second)
	b.reboot()
	b.wait(59 * time.Second)
	b.quiet(StartCuff{})
	b.wait(1250 * time.Millisecond)
	if count[Measure](b.do(StartCuff{})) != 1 {
		t.Error("no inflation after the gap")
	}
}

func TestRebootBeforeAnyInflationRestsAgain(t *testing.T) {
	b := identified(t)
	b.prompt(PromptReady)
	b.reboot()
	b.do(Tick{})
	b.prompt(PromptRest)
	b.wait(5 * time.Minute)
	b.prompt(PromptReady)
}

func TestFourInflationsCountAcrossABoot(t *testing.T) {
	b := identified(t)
	for range 4 {
		b.measure(cuffSays(vitals.BloodPressure{}, vitals.CuffLoose, "M06"))
	}
	b.reboot()
	b.do(Tick{})
	b.wait(9 * time.Minute)
	b.quiet(StartCuff{})
	b.wait(time.Minute)
	if count[Measure](b.do(StartCuff{})) != 1 {
		t.Error("no inflation ten minutes after the boot")
	}
}

func TestFinalBeforeARestartIsNotTaken(t *testing.T) {
	b := at(t, StepTemperature)
	b.do(predict)
	b.restart()
	b.do(final(36800))
	b.accepts(0)
	b.prompt(PromptReturnProbe)
}

func TestResumeRefuses(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"not JSON":     {"000123 secret", "not the form"},
		"newer form":   {`{"v":2,"id":"x","step":"review"}`, "form 2"},
		"unknown step": {`{"v":1,"id":"x","step":"surgery"}`, "no such step"},
		"empty":        {"", "not the form"},
	} {
		_, err := Resume([]byte(c.raw))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "000123") {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
