package card

import (
	"strings"
	"testing"
)

// TestCutAt: the n-th operation is neither performed nor answered, every one before it is, whatever kind they are.
func TestCutAt(t *testing.T) {
	t.Parallel()
	for n := int64(1); n <= 12; n++ {
		r := insert(t, t.TempDir(), 64, Opts{})
		fired := r.CutAt(n)
		c := r.connect(t)
		var last <-chan answer
		for i := int64(1); i <= n; i++ {
			select {
			case <-fired:
				t.Fatalf("cut at %d fired before operation %d", n, i)
			default:
			}
			last = c.numbered(i)
			if i < n {
				if a := <-last; a.code != 0 {
					t.Fatalf("operation %d was answered with %d", i, a.code)
				}
			}
		}
		<-fired
		after := make(chan answer, 1)
		go func() { after <- <-c.numbered(99) }() // a pipe holds nothing, so sending hangs as well
		got, report := r.cut(t, DropAll)
		for _, a := range []<-chan answer{last, after} {
			if a := <-a; a.code != errGone {
				t.Errorf("cut at %d: an answer %d came", n, a.code)
			}
		}
		if report.Ops != n || r.Ops() != n {
			t.Errorf("cut at %d: %d operations arrived, report %+v", n, r.Ops(), report)
		}
		// operations 1, 4, 7 ... are FUA writes of their own number
		for i := int64(1); i <= 12; i += 3 {
			if want := i < n; (got[i] == uint64(i)) != want {
				t.Errorf("cut at %d: write %d is there: %v", n, i, !want)
			}
		}
	}
}

// numbered does one of three kinds of operation by its number: FUA write, read, flush.
func (c *nbd) numbered(i int64) <-chan answer {
	switch i % 3 {
	case 1:
		return c.send(cmdWrite, flagFUA, uint64(i*sector), sector, stamp(1, uint64(i)))
	case 2:
		return c.send(cmdRead, 0, 0, sector, nil)
	}
	return c.send(cmdFlush, 0, 0, 0, nil)
}

// TestCutAtPassed: a cut at an operation that has been is one at the next; a cut at none is taken back.
func TestCutAtPassed(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	c := r.connect(t)
	r.CutAt(2)
	c.flush(t)
	r.CutAt(0)
	c.flush(t)
	c.flush(t)
	fired := r.CutAt(1)
	c.send(cmdFlush, 0, 0, 0, nil)
	<-fired
	if _, report := r.cut(t, DropAll); report.Ops != 4 {
		t.Errorf("%d operations arrived, want 4", report.Ops)
	}
}

// TestCloseAfterCutAt says that pending writes were dropped.
func TestCloseAfterCutAt(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	fired := r.CutAt(2)
	c := r.connect(t)
	c.write(t, 0, 0, 1, 1)
	c.send(cmdFlush, 0, 0, 0, nil)
	<-fired
	if err := r.Close(); err == nil || !strings.Contains(err.Error(), "operation 2") {
		t.Errorf("Close gave %v", err)
	}
	if got := r.versions(t); got[0] != 0 {
		t.Error("Close flushed after the power had gone")
	}
}
