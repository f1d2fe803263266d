package card

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorded is a run with its base image and log.
type recorded struct{ dir, base, log string }

// record copies the blank image aside and opens a card with a log.
func record(t tester, dir string, sectors int64, o Opts) (recorded, *rig) {
	t.Helper()
	run := recorded{dir: dir, base: filepath.Join(dir, "base"), log: filepath.Join(dir, "log")}
	if err := os.WriteFile(run.base, make([]byte, sectors*sector), 0o600); err != nil {
		t.Fatalf("make base: %v", err)
	}
	o.Log = NewLog(must(os.Create(run.log))(t))
	return run, insert(t, dir, sectors, o)
}

// work lets four clients of one connection write counted versions to a block of their own, flush or use FUA, and tell the log what they
// know to be durable.
func work(t *testing.T, run recorded, r *rig) {
	c := r.connect(t)
	var all sync.WaitGroup
	for who := range int64(4) {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(who), 1))
			for v := uint64(1); v <= 25; v++ {
				if rng.IntN(2) == 0 {
					c.write(t, flagFUA, who*8, 8, v)
				} else {
					c.write(t, 0, who*8, 8, v)
					<-time.After(time.Duration(rng.IntN(4000)) * time.Microsecond)
					c.flush(t)
				}
				r.opts.Log.Mark(fmt.Sprintf("%d has %d", who, v))
			}
		})
	}
	all.Wait()
	if _, err := r.Cut(DropAll); err != nil {
		t.Errorf("cut: %v", err)
	}
	<-r.served
}

// keptMarks checks a state against its marks.
func keptMarks(s State) error {
	p, err := os.ReadFile(s.Image)
	if err != nil {
		return err
	}
	got := versions(p)
	for _, mark := range s.Marks {
		var who, v uint64
		if _, err := fmt.Sscanf(mark, "%d has %d", &who, &v); err != nil {
			return err
		}
		for i := range uint64(8) {
			if held := got[who*8+i]; held < v || held == notStamped {
				return fmt.Errorf("after %q sector %d holds %d", mark, who*8+i, held)
			}
		}
	}
	return nil
}

// TestStatesKeepWhatWasFlushed: every state of a run with FLUSHes and FUA writes side by side has all that was durable before its marks,
// and the same run on a card that lies has states that have not.
func TestStatesKeepWhatWasFlushed(t *testing.T) {
	t.Parallel()
	for _, lies := range []bool{false, true} {
		dir := t.TempDir()
		var run recorded
		synctest.Test(t, func(t *testing.T) {
			var r *rig
			run, r = record(t, dir, 64, Opts{FlushTime: 3 * time.Millisecond, Lies: lies})
			work(t, run, r)
		})
		states, bad := 0, 0
		err := States(run.base, run.log, dir, 600, 5, Modes, func(s State) error {
			states++
			if err := keptMarks(s); err != nil && !lies {
				return err
			} else if err != nil {
				bad++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if states != 600 || lies && bad < 300 {
			t.Errorf("lies: %v: %d of %d states lost something", lies, bad, states)
		}
		t.Logf("lies: %v: %d of %d states lost something", lies, bad, states)
	}
}

// TestStatesAgain: the same arguments give the same states, in order over the whole log, each mode in turn; another seed gives others; base
// stays as it was and scratch is empty afterwards.
func TestStatesAgain(t *testing.T) {
	t.Parallel()
	run, r := record(t, t.TempDir(), 64, Opts{})
	c := r.connect(t)
	for v := range uint64(60) {
		c.write(t, 0, int64(v), 4, v+1)
	}
	r.cut(t, DropAll)
	different := map[uint32]bool{}
	list := func(seed uint64) (all []string, ops []int) {
		scratch := t.TempDir()
		err := States(run.base, run.log, scratch, 100, seed, []Mode{Sectors, Junk}, func(s State) error {
			sum := crc32.ChecksumIEEE(must(os.ReadFile(s.Image))(t))
			different[sum] = true
			all, ops = append(all, fmt.Sprint(s.Op, s.Mode, sum)), append(ops, s.Op)
			return os.WriteFile(s.Image, []byte("a guest may write"), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
		if left := must(os.ReadDir(scratch))(t); len(left) > 0 {
			t.Errorf("%v is left in scratch", left)
		}
		return all, ops
	}
	first, ops := list(1)
	if n := len(different); n < 80 {
		t.Errorf("only %d different images of 100, though every write was pending", n)
	}
	if again, _ := list(1); !slices.Equal(first, again) {
		t.Error("the same seed gives other states")
	}
	if other, _ := list(2); slices.Equal(first, other) {
		t.Error("another seed gives the same states")
	}
	if !slices.IsSorted(ops) || ops[0] > 6 || ops[99] < 54 || len(slices.Compact(ops)) < 30 {
		t.Errorf("cut points of 60 operations are %v", ops)
	}
	if base := must(os.ReadFile(run.base))(t); slices.ContainsFunc(base, func(b byte) bool { return b != 0 }) {
		t.Error("the base image was changed")
	}
}

// TestStatesEnd: an error of the check ends it and names the state; the image can be moved away to be kept.
func TestStatesEnd(t *testing.T) {
	t.Parallel()
	run, r := record(t, t.TempDir(), 64, Opts{})
	r.connect(t).write(t, flagFUA, 0, 1, 1)
	r.cut(t, DropAll)
	calls, bad, saved := 0, errors.New("does not mount"), filepath.Join(run.dir, "saved")
	err := States(run.base, run.log, run.dir, 10, 1, []Mode{Torn}, func(s State) error {
		calls++
		if calls < 3 {
			return nil
		}
		return errors.Join(bad, os.Rename(s.Image, saved))
	})
	if calls != 3 || !errors.Is(err, bad) || !strings.Contains(err.Error(), "seed 1") || !strings.Contains(err.Error(), "torn") {
		t.Errorf("after %d calls: %v", calls, err)
	}
	if p := must(os.ReadFile(saved))(t); len(p) != 64*sector {
		t.Errorf("%d bytes were saved", len(p))
	}
}

// TestStatesRefuses logs and modes that it cannot replay.
func TestStatesRefuses(t *testing.T) {
	t.Parallel()
	run, r := record(t, t.TempDir(), 64, Opts{})
	c := r.connect(t)
	c.write(t, 0, 60, 4, 1)
	c.write(t, 0, 0, 4, 2)
	r.cut(t, DropAll)
	whole := must(os.ReadFile(run.log))(t)
	never := func(State) error { return nil }
	for name, p := range map[string][]byte{
		"empty": nil, "other": []byte("what is this, a log of something else?"), "short": whole[:len(whole)-1],
		"garbage": append(slices.Clone(whole), '?'), "huge": append(slices.Clone(whole), "W\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"...),
	} {
		path := filepath.Join(run.dir, name)
		if err := os.WriteFile(path, p, 0o600); err != nil {
			t.Fatal(err)
		}
		err := States(run.base, path, run.dir, 5, 1, Modes, never)
		if err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "log") {
			t.Errorf("%s log: %v", name, err)
		}
	}
	small := filepath.Join(run.dir, "small")
	if err := os.WriteFile(small, make([]byte, 32*sector), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := States(small, run.log, run.dir, 5, 1, Modes, never); err == nil || !strings.Contains(err.Error(), "not of this base") {
		t.Errorf("another base: %v", err)
	}
	if err := States(run.base, run.log, run.dir, 5, 1, nil, never); err == nil {
		t.Error("no modes: no error")
	}
	if err := States(run.base, run.log, run.dir, 5, 1, []Mode{"gently"}, never); err == nil || !strings.Contains(err.Error(), "dropall") {
		t.Errorf("unknown mode: %v", err)
	}
	if _, err := Open(run.base, Opts{Log: r.opts.Log}); err == nil {
		t.Error("one log serves two cards")
	}
}
