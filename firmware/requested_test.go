package firmware

import (
	"errors"
	"strings"
	"testing"

	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/wire"
	"nabz/queue"
)

// TestADoctorAsks: a request about a reading or a visit is shown with its patient, also after a restart when it comes again, and is gone when a worker did it.
func TestADoctorAsks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.start()
	visit := b.measured()
	s, err := backend{b.k}.State()
	if err != nil {
		t.Fatal(err)
	}
	of := wire.BundleID("bhu-test", s.Receipts[0].Entry)
	take := func(c wire.Command) wire.Result {
		t.Helper()
		c.TTL, c.By = 600, "d-1"
		r, err := b.k.requested.Take(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	shown := func() []screen.Request {
		t.Helper()
		s, err := backend{b.k}.State()
		if err != nil {
			t.Fatal(err)
		}
		return s.Requests
	}
	again := wire.Command{ID: "c1", Kind: wire.CommandRepeat, Of: of, Step: "blood-pressure"}
	take(again)
	take(wire.Command{ID: "c2", Kind: wire.CommandMessage, Of: visit, Text: "x"})
	take(wire.Command{ID: "c3", Kind: wire.CommandMessage, Of: "bhu-2-" + s.Receipts[0].Entry, Text: "y"})
	her := reading.PatientRef{Type: reading.MedicalRecord, Value: "000123"}
	all := shown()
	if len(all) != 3 || all[0].Patient != her || all[0].Visit != visit || all[0].Step != "blood-pressure" || all[1].Patient != her || all[2].Patient.Value != "" {
		t.Fatalf("%+v", all)
	}
	b.end()
	b.start()
	if r := take(again); r.Status != wire.ResultKept {
		t.Errorf("after a restart: %+v", r)
	}
	for _, id := range []string{"c1", "c2", "c3"} {
		if err := (backend{b.k}).RequestDone(id, "w-7"); err != nil {
			t.Error(err)
		}
	}
	if all := shown(); len(all) != 0 {
		t.Errorf("done, and still there: %+v", all)
	}
	if r := take(again); r.Status != wire.ResultDone || r.By != "w-7" {
		t.Errorf("told again after it was done: %+v", r)
	}
	var log strings.Builder
	if err := (backend{b.k}).Audit(&log); err != nil || !strings.Contains(log.String(), `"answered"`) {
		t.Errorf("the audit does not say who answered: %v", err)
	}
}

// TestReleaseFromAfar: a parked entry goes out again at the clinic's word; anything else is refused with a reason.
func TestReleaseFromAfar(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.start()
	b.measured()
	s, err := backend{b.k}.State()
	if err != nil {
		t.Fatal(err)
	}
	entry := s.Receipts[0].Entry
	it, _, err := b.k.queue.Find(entry)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.k.queue.Park(t.Context(), it.Seq, "a rule"); err != nil {
		t.Fatal(err)
	}
	if err := b.k.visits.Park(entry, "a rule"); err != nil {
		t.Fatal(err)
	}
	for of, want := range map[string]wire.ResultStatus{
		wire.BundleID("bhu-test", entry): wire.ResultDone, wire.BundleID("bhu-test", strings.Repeat("0", len(entry))): wire.ResultRefused, "bhu-2-" + entry: wire.ResultRefused,
	} {
		r, err := b.k.requested.Take(t.Context(), wire.Command{ID: "c", Kind: wire.CommandRelease, TTL: 60, Of: of})
		if err != nil || r.Status != want || (r.Why == "") != (want == wire.ResultDone) {
			t.Errorf("%s: %+v, %v", of, r, err)
		}
	}
	if _, state, err := b.k.queue.Find(entry); state != queue.Waiting || err != nil {
		t.Errorf("it is %s, %v", state, err)
	}
	if all, err := b.k.visits.Receipts(""); err != nil || all[0].Parked != "" {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestReleasedAndRecordedBeforeACrash: what the queue has delivered counts as recorded at the next start, also where the receipt still says that it is parked.
func TestReleasedAndRecordedBeforeACrash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.start()
	b.measured()
	s, err := backend{b.k}.State()
	if err != nil {
		t.Fatal(err)
	}
	entry := s.Receipts[0].Entry
	it, _, err := b.k.queue.Find(entry)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.k.visits.Park(entry, "a rule"), b.k.queue.Ack(t.Context(), it.Seq)); err != nil {
		t.Fatal(err)
	}
	if err := b.k.receipts.reconcile(); err != nil {
		t.Fatal(err)
	}
	if got, err := b.k.tally(); err != nil || got.Saved != 1 || got.Recorded != 1 || got.Waiting+got.Parked != 0 {
		t.Errorf("the books: %+v, %v", got, err)
	}
}
