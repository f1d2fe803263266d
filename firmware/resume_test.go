package firmware

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/screen"
	"nabz/queue"
)

// moment is what was shown, and the disk as a power cut would have left it then.
type moment struct {
	name    string
	data    string
	step    exam.Step // empty when no visit was open
	ids     []string  // of the readings shown
	saved   []string
	waiting []string
}

// shown is what a screen shows that must be the same after a cut.
func (b *bench) shown(name string) moment {
	b.t.Helper()
	s, err := backend{b.k}.State()
	if err != nil {
		b.t.Fatal(err)
	}
	m := moment{name: name}
	if s.Visit != nil {
		m.step = s.Visit.Step
		for _, r := range s.Visit.Readings {
			m.ids = append(m.ids, r.ID)
		}
	}
	for _, r := range s.Receipts {
		if r.Saved != nil {
			m.saved = append(m.saved, r.Entry)
		}
	}
	items, err := b.k.queue.List(queue.Waiting, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, it := range items {
		m.waiting = append(m.waiting, it.ID)
	}
	return m
}

// cut notes what is shown and copies the disk.
func (b *bench) cut(name string) moment {
	b.t.Helper()
	m := b.shown(name)
	m.data = filepath.Join(b.t.TempDir(), "data")
	if err := os.CopyFS(m.data, os.DirFS(b.cfg.Data)); err != nil {
		b.t.Fatal(err)
	}
	return m
}

// TestPowerCutAtEveryStep cuts the power after each thing that a worker is shown as done, and in the middle of an inflation. After the boot
// the screen shows the last thing that was shown as saved, no more and no less, and the visit can be finished from there.
func TestPowerCutAtEveryStep(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	b.connected()
	moments := []moment{b.cut("before the visit")}
	visit := b.open()
	moments = append(moments, b.cut("patient known"))
	b.do(visit, exam.StartCuff{})
	b.until("the cuff tightening", func(s screen.State) bool {
		p, known := s.Visit.Cuff.Get()
		return known && p > 40
	})
	moments = append(moments, b.cut("in mid-inflation"))
	b.until("a blood pressure", func(s screen.State) bool { return len(s.Receipts) == 1 && s.Receipts[0].Saved != nil })
	moments = append(moments, b.cut("one blood pressure"))
	for _, act := range []exam.What{
		exam.Next{},
		exam.ByHand{Measurement: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(70))}},
		exam.Next{},
		exam.ByHand{Measurement: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36800)), Site: vitals.Oral}},
		exam.Retake{Kind: vitals.KindTemperature},
		exam.ByHand{Measurement: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(37100)), Site: vitals.Oral}},
		exam.Next{},
	} {
		b.do(visit, act)
		moments = append(moments, b.cut(fmt.Sprintf("%T", act)))
	}
	b.do(visit, exam.Finish{})
	moments = append(moments, b.cut("finished"))
	b.end()
	steps := map[exam.Step]bool{}
	for _, m := range moments {
		steps[m.step] = true
		t.Logf("%s: %s, %d readings, %d saved", m.name, m.step, len(m.ids), len(m.saved))
		b.resumed(m)
	}
	for _, s := range []exam.Step{exam.StepBP, exam.StepOximetry, exam.StepTemperature, exam.StepReview} {
		if !steps[s] {
			t.Errorf("the power was never cut at %s: %v", s, steps)
		}
	}
}

// resumed boots what a cut has left and compares.
func (b *bench) resumed(want moment) {
	b.t.Helper()
	b.cfg.Data = want.data
	b.start()
	defer b.end()
	got := b.shown(want.name)
	got.data = want.data
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(moment{})); diff != "" {
		b.t.Errorf("after a cut %q (- shown before, + after):\n%s", want.name, diff)
	}
	b.connected()
	s := b.until("the screen", func(screen.State) bool { return true })
	if s.Visit == nil {
		return
	}
	if slices.Contains(s.Visit.Actions, exam.ActStopCuff) {
		b.t.Errorf("after a cut %q the cuff measures by itself", want.name)
	}
	for s.Visit != nil && s.Visit.Step != exam.StepReview {
		b.do(s.Visit.ID, exam.Skip{Reason: exam.SkipOther})
		b.do(s.Visit.ID, exam.Next{})
		s = b.until("the next step", func(screen.State) bool { return true })
	}
	b.do(s.Visit.ID, exam.Finish{})
	if after := b.shown(want.name); after.step != "" || len(after.waiting) < len(want.waiting) {
		b.t.Errorf("after a cut %q the visit could not be finished: %+v", want.name, after)
	}
}
