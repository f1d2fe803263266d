package card

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestStatesAreCuts: States makes only images that a live cut could have left after as many operations, with the marks of that point; and
// the log played to its end gives, with the card's seed, the very bytes of the live cut.
func TestStatesAreCuts(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		run, r := record(t, scratch(t, root), 32, Opts{Seed: seed})
		after := play(t, r)
		err := States(run.base, run.log, run.dir, 25, seed, Modes, func(s State) error {
			at := after[s.Op]
			if why := at.explain(s.Mode, versions(must(os.ReadFile(s.Image))(t))); why != "" {
				return errors.New(why)
			}
			if want := fmt.Sprint(at.marks); fmt.Sprint(s.Marks) != want {
				return fmt.Errorf("marks are %v, want %s", s.Marks, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		mode := rapid.SampledFrom(Modes).Draw(t, "mode")
		live, report := r.cut(t, mode)
		again, reportAgain := replayed(t, run, mode, seed)
		reportAgain.Ops = report.Ops
		if !slices.Equal(live, again) || report != reportAgain {
			t.Fatalf("%s: the live cut left %d (%+v), the log gives %d (%+v)", mode, live, report, again, reportAgain)
		}
	})
}

// TestReplayKnowsSlowFlushes: a write that arrived while a FLUSH or FUA was on its way is pending in the replay as it was in the card.
func TestReplayKnowsSlowFlushes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		run, r := record(t, dir, 8, Opts{FlushTime: 5 * time.Millisecond})
		c := r.connect(t)
		c.write(t, 0, 0, 2, 1)
		flushed := c.send(cmdFlush, 0, 0, 0, nil)
		c.write(t, 0, 1, 2, 2)
		<-flushed
		forced := c.send(cmdWrite, flagFUA, 4*sector, 2*sector, stamp(2, 3))
		c.write(t, 0, 5, 2, 4)
		<-forced
		live, _ := r.cut(t, DropAll)
		if want := []uint64{1, 1, 0, 0, 3, 3, 0, 0}; !slices.Equal(live, want) {
			t.Errorf("the card holds %d, want %d", live, want)
		}
		if again, _ := replayed(t, run, DropAll, 0); !slices.Equal(again, live) {
			t.Errorf("the replay holds %d, the card %d", again, live)
		}
	})
}

// point is a model and the marks made by then.
type point struct {
	*model
	marks []string
}

// play does random operations and keeps what a cut may leave after each record of the log.
func play(t *rapid.T, r *rig) []point {
	c, m := r.connect(t), newModel(32)
	var marks []string
	after := []point{{m.clone(), nil}}
	keep := func() { after = append(after, point{m.clone(), slices.Clone(marks)}) }
	for v := range uint64(rapid.IntRange(1, 20).Draw(t, "operations")) {
		act(t, c, m, v+1, keep)
		keep()
		if rapid.Bool().Draw(t, "mark") {
			marks = append(marks, fmt.Sprintf("did %d", v))
			r.opts.Log.Mark(marks[len(marks)-1])
			after[len(after)-1].marks = slices.Clone(marks)
		}
	}
	return after
}

// replayed cuts the recorded card after its last operation.
func replayed(t tester, run recorded, m Mode, seed uint64) ([]uint64, CutReport) {
	t.Helper()
	image := filepath.Join(run.dir, "again")
	r := must(openReplay(run.base, run.log, image))(t)
	if err := r.advance(must(countOps(run.log))(t)); err != nil {
		t.Fatalf("replay: %v", err)
	}
	report := must(r.cache.cut(m, rand.New(rand.NewPCG(seed, 0)), r.cache.image))(t)
	if err := r.close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return versions(must(os.ReadFile(image))(t)), report
}
