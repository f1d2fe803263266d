package ledger

import (
	"strings"
	"testing"
	"time"

	"nabz/firmware/wire"
)

const id = "bhu-1-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"

func open(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFirstEntryStays(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if _, found, err := l.Find(id); found || err != nil {
		t.Fatalf("an empty ledger knows it: %v", err)
	}
	must(t, l.Add(id, Entry{Hash: Hash([]byte("one")), Loc: []string{"2026-11-26.ndjson#1"}}, nil))
	must(t, l.Add(id, Entry{Hash: Hash([]byte("two"))}, nil))
	must(t, l.Close())
	e, found, err := open(t, dir).Find(id)
	if err != nil || !found || e.Hash != Hash([]byte("one")) || e.Loc[0] != "2026-11-26.ndjson#1" {
		t.Errorf("after reopening: %+v %v %v", e, found, err)
	}
}

func TestMessagesWaitInOrder(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	for _, text := range []string{"one", "two"} {
		must(t, l.Keep("bhu", []byte(text)))
	}
	must(t, l.Keep("bhu-1", []byte("another kiosk's")))
	must(t, l.Close())
	l = open(t, dir)
	must(t, l.Keep("bhu", []byte("three")))
	kept, err := l.Kept("bhu")
	must(t, err)
	var texts []string
	for _, m := range kept {
		texts = append(texts, string(m.Payload))
		must(t, l.Told(m))
	}
	if got := strings.Join(texts, " "); got != "one two three" {
		t.Errorf("kept %q", got)
	}
	if kept, err = l.Kept("bhu"); err != nil || len(kept) > 0 {
		t.Errorf("told, and still kept: %v %v", kept, err)
	}
}

func TestSecondClinicIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another clinic") {
		t.Errorf("second open: %v", err)
	}
}

// TestOpenedOnce: what a doctor opened is not unread any more, and the kiosk is told once, whatever restarts in between.
func TestOpenedOnce(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	must(t, l.Add(id, Entry{}, []byte("a")))
	must(t, l.Add(id+"2", Entry{}, nil))
	must(t, l.Add(id, Entry{}, []byte("again")))
	unread := func() (all string) {
		must(t, l.Unread(func(id string, note []byte) error { all += id + "=" + string(note); return nil }))
		return all
	}
	if got := unread(); got != id+"=a" {
		t.Errorf("unread: %s", got)
	}
	seen := func(id string) Errand { return Errand{Kiosk: "bhu-1", Command: wire.Command{ID: id}} }
	for _, want := range []int{1, 0} {
		if n, err := l.Opened([]string{id, id + "2", "nothing"}, seen); err != nil || n != want {
			t.Errorf("opened %d, %v; want %d", n, err, want)
		}
	}
	must(t, l.Close())
	l = open(t, dir)
	all, err := l.Errands("bhu-1")
	if err != nil || len(all) != 1 || all[0].Command.ID != id || unread() != "" {
		t.Errorf("%+v, %v, unread %q", all, err, unread())
	}
	if kiosks, err := l.Awaited(); err != nil || len(kiosks) != 1 {
		t.Errorf("awaited %v, %v", kiosks, err)
	}
	if ok, err := l.Settle("bhu-1", wire.Result{ID: id, Status: wire.ResultSeen}, time.Now()); err != nil || !ok {
		t.Errorf("confirmed: %t, %v", ok, err)
	}
	if all, err := l.Errands("bhu-1"); err != nil || len(all) != 0 {
		t.Errorf("confirmed, and still there: %+v, %v", all, err)
	}
	must(t, l.Add(id+"3", Entry{}, []byte("b")))
	for _, want := range []bool{true, false} {
		if was, err := l.Withdrawn(id + "3"); err != nil || was != want {
			t.Errorf("withdrawn: %t, %v", was, err)
		}
	}
}

// TestErrandsOnlyGoForward: results come twice, late and out of order; an end is an end, and is forgotten after a week.
func TestErrandsOnlyGoForward(t *testing.T) {
	l := open(t, t.TempDir())
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	must(t, l.Post(Errand{Kiosk: "bhu-1", Command: wire.Command{ID: "c", Kind: wire.CommandMessage, Text: "x"}, Made: now, Until: now.Add(time.Hour)}))
	must(t, l.Post(Errand{Kiosk: "bhu-10", Command: wire.Command{ID: "c", Kind: wire.CommandMessage}}))
	for _, c := range []struct {
		status  wire.ResultStatus
		changed bool
	}{
		{wire.ResultShown, true},
		{wire.ResultKept, false},
		{wire.ResultShown, false},
		{wire.ResultDone, true},
		{wire.ResultExpired, false},
		{wire.ResultShown, false},
	} {
		if ok, err := l.Settle("bhu-1", wire.Result{ID: "c", Status: c.status, By: "w-7"}, now); err != nil || ok != c.changed {
			t.Errorf("%s: changed %t, %v", c.status, ok, err)
		}
	}
	if ok, err := l.Settle("bhu-1", wire.Result{ID: "nothing", Status: wire.ResultDone}, now); err != nil || ok {
		t.Errorf("an unknown errand: %t, %v", ok, err)
	}
	if kiosks, err := l.Awaited(); err != nil || len(kiosks) != 1 || kiosks[0] != "bhu-10" {
		t.Errorf("awaited %v, %v", kiosks, err)
	}
	must(t, l.Post(Errand{Kiosk: "bhu-2", Command: wire.Command{ID: "r"}, Made: now}))
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{keepReceipt, 1}, {keepReceipt + 1, 0}} {
		must(t, l.Forget(now.Add(c.after)))
		if all, err := l.Errands("bhu-2"); err != nil || len(all) != c.left {
			t.Errorf("a receipt after %s: %+v, %v", c.after, all, err)
		}
	}
	must(t, l.Post(Errand{Kiosk: "bhu-1", Command: wire.Command{ID: "c", Kind: wire.CommandMessage}, Status: wire.ResultDone, By: "w-7", Heard: now}))
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{keepOver, 1}, {keepOver + 1, 0}} {
		must(t, l.Forget(now.Add(c.after)))
		if all, err := l.Errands("bhu-1"); err != nil || len(all) != c.left || len(all) > 0 && (all[0].Status != wire.ResultDone || all[0].By != "w-7") {
			t.Errorf("after %s: %+v, %v", c.after, all, err)
		}
	}
}
