package card

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// silent wants no answer as long as nothing else can happen.
func silent(t *testing.T, what string, a <-chan answer) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-a:
		t.Errorf("%s was answered with %d", what, got.code)
	default:
	}
}

// TestFlushTakesItsTime: writes are answered while a FLUSH is on its way, it covers those that were answered before it came and no others.
func TestFlushTakesItsTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := insert(t, dir, 64, Opts{FlushTime: 5 * time.Millisecond})
		c := r.connect(t)
		start := time.Now()
		c.write(t, 0, 0, 2, 1)
		flushed := c.send(cmdFlush, 0, 0, 0, nil)
		silent(t, "FLUSH", flushed)
		c.write(t, 0, 1, 2, 2)
		if took := time.Since(start); took != 0 {
			t.Errorf("a write during the FLUSH took %v", took)
		}
		if got := versions(c.do(t, cmdRead, 0, 0, 4*sector, nil)); !slices.Equal(got, []uint64{1, 2, 2, 0}) {
			t.Errorf("reads see %d", got)
		}
		silent(t, "FLUSH", flushed)
		if a := <-flushed; a.code != 0 {
			t.Fatalf("FLUSH was answered with %d", a.code)
		}
		if took := time.Since(start); took != 5*time.Millisecond {
			t.Errorf("FLUSH took %v", took)
		}
		got, report := r.cut(t, DropAll)
		if !slices.Equal(got[:4], []uint64{1, 1, 0, 0}) {
			t.Errorf("the image holds %d", got[:4])
		}
		if report != (CutReport{Pending: 2, Lost: 2, Ops: 4}) {
			t.Errorf("report is %+v", report)
		}
	})
}

// TestCutDuringFlush finds the writes still pending, whichever way they wait, and nobody gets an answer.
func TestCutDuringFlush(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := insert(t, dir, 64, Opts{FlushTime: time.Hour})
		c := r.connect(t)
		c.write(t, 0, 0, 1, 1)
		flushed := c.send(cmdFlush, 0, 0, 0, nil)
		forced := c.send(cmdWrite, flagFUA, 1*sector, sector, stamp(1, 2))
		silent(t, "FLUSH", flushed)
		silent(t, "FUA write", forced)
		<-time.After(59 * time.Minute)
		silent(t, "FLUSH", flushed)
		got, report := r.cut(t, DropAll)
		if got[0] != 0 || got[1] != 0 || report.Lost != 2 {
			t.Errorf("image holds %d, report is %+v", got[:2], report)
		}
		for what, a := range map[string]<-chan answer{"FLUSH": flushed, "FUA write": forced} {
			if got := <-a; got.code != errGone {
				t.Errorf("%s was answered with %d after the cut", what, got.code)
			}
		}
	})
}

// TestFUA makes its own write durable and no other, overtakes older ones below it and stays below newer ones.
func TestFUA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := insert(t, dir, 64, Opts{FlushTime: 5 * time.Millisecond})
		c := r.connect(t)
		c.write(t, 0, 0, 2, 1)
		forced := c.send(cmdWrite, flagFUA, 1*sector, 2*sector, stamp(2, 2))
		c.write(t, 0, 2, 2, 3)
		c.flush(t)
		if a := <-forced; a.code != 0 {
			t.Fatalf("FUA write was answered with %d", a.code)
		}
		c.write(t, 0, 40, 1, 4)
		c.write(t, flagFUA, 41, 1, 5)
		if s := r.Stats(); s.Flushes != 3 {
			t.Errorf("%d flushes counted, want 3: one FLUSH, two FUA writes", s.Flushes)
		}
		got, _ := r.cut(t, DropAll)
		if want := []uint64{1, 2, 3, 3}; !slices.Equal(got[:4], want) {
			t.Errorf("image begins with %d, want %d", got[:4], want)
		}
		if got[40] != 0 || got[41] != 5 {
			t.Errorf("sectors 40 and 41 hold %d and %d, want 0 and 5", got[40], got[41])
		}
	})
}

// TestFUAIsNotOvertaken: an older write that is still pending when a FUA write over it becomes durable never comes back, by any cut.
func TestFUAIsNotOvertaken(t *testing.T) {
	t.Parallel()
	for _, m := range Modes {
		for seed := range uint64(20) {
			r := insert(t, t.TempDir(), 8, Opts{Seed: seed})
			c := r.connect(t)
			c.write(t, 0, 0, 3, 1)
			c.write(t, flagFUA, 1, 1, 2)
			got, report := r.cut(t, m)
			if got[1] != 2 || report.Pending != 2 {
				t.Fatalf("%s, seed %d: durable sector holds %d, report %+v", m, seed, got[1], report)
			}
		}
	}
}

// TestLies: a lying card answers FLUSH and FUA as slowly as an honest one and loses what it promised.
func TestLies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := insert(t, dir, 64, Opts{FlushTime: 5 * time.Millisecond, Lies: true})
		c := r.connect(t)
		start := time.Now()
		c.write(t, 0, 0, 1, 1)
		c.flush(t)
		c.write(t, flagFUA, 1, 1, 2)
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("FLUSH and FUA took %v together, want twice 5 ms", took)
		}
		if got := versions(c.do(t, cmdRead, 0, 0, 2*sector, nil)); got[0] != 1 || got[1] != 2 {
			t.Errorf("before the cut the client reads %d", got)
		}
		if got, _ := r.cut(t, DropAll); got[0] != 0 || got[1] != 0 {
			t.Errorf("after the cut the image holds %d: it did not lie", got[:2])
		}
	})
}

// TestCutAtStopsFlushes: a FLUSH on its way when the cut fires has no effect and no answer.
func TestCutAtStopsFlushes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := insert(t, dir, 64, Opts{FlushTime: time.Hour})
		c, start := r.connect(t), time.Now()
		c.write(t, 0, 0, 1, 1)
		flushed := c.send(cmdFlush, 0, 0, 0, nil)
		fired := r.CutAt(3)
		stopped := c.send(cmdWrite, 0, sector, sector, stamp(1, 2))
		<-fired
		<-time.After(time.Minute)
		silent(t, "FLUSH", flushed)
		silent(t, "write 3", stopped)
		if got, _ := r.cut(t, DropAll); got[0] != 0 || got[1] != 0 {
			t.Errorf("image holds %d", got[:2])
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the cut waited for the FLUSH: %v", took-time.Minute)
		}
	})
}

// TestNoFlushAfterTheCut: a FLUSH whose time was over just as the power went has no effect any more.
func TestNoFlushAfterTheCut(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	r.CutAt(3)
	r.perform(request{kind: store, n: 1, data: stamp(1, 1)})
	_, b, _, _ := r.perform(request{kind: flush})
	if _, _, alive, _ := r.perform(request{kind: read, n: 1}); alive {
		t.Fatal("operation 3 was done")
	}
	if alive, err := r.finish(*b); alive || err != nil {
		t.Errorf("the FLUSH would be answered: %v, %v", alive, err)
	}
	if got, _ := r.cut(t, DropAll); got[0] != 0 {
		t.Error("the FLUSH took effect after the power had gone")
	}
}
