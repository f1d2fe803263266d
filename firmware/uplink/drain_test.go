package uplink

import (
	"context"
	"strings"
	"testing"
	"time"

	"nabz/firmware/reading"
	"nabz/firmware/wire"
	"nabz/queue"
)

func TestRecordedOnTheClinicsReceipt(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	entry := r.put(queue.Routine)
	r.run()
	r.await(entry, Sent)
	r.await(entry, Recorded)
	r.mustStand(entry, queue.Delivered)
	if got := expect(t, r.clinic.heard); got.entry != entry || !strings.HasPrefix(got.payload, `{"resourceType":"Bundle"`) {
		t.Errorf("the clinic got %.60q", got.payload)
	}
}

func TestCompressed(t *testing.T) {
	r := newRig(t)
	r.opts.Compress = true
	r.clinic.open()
	entry := r.put(queue.Routine)
	r.run()
	r.await(entry, Recorded)
	if got := expect(t, r.clinic.heard); strings.HasPrefix(got.payload, "{") {
		t.Error("the payload is not compressed")
	}
}

// A broker acknowledges what it throws away. Mosquitto 2.0.11 with max_queued_messages 0 then hangs up as well.
func TestDeniedPublishStaysInTheQueue(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		why    string
	}{
		"acknowledged": {"max_queued_messages 1000", "not recorded yet"},
		"and cut off":  {"max_queued_messages 0", "hung up"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRigWith(t, denied, c.config)
			r.opts.Silence = 300 * time.Millisecond
			r.clinic.open()
			entry := r.put(queue.Routine)
			r.run()
			r.link(func(l Link) bool { return strings.Contains(l.Why, c.why) })
			r.mustStand(entry, queue.Waiting)
			r.broker.allow(access)
			r.await(entry, Recorded)
			r.mustStand(entry, queue.Delivered)
		})
	}
}

func TestLostReceiptIsAskedForAgain(t *testing.T) {
	r := newRig(t)
	r.opts.Silence = 200 * time.Millisecond
	r.clinic.answer = script("", wire.Duplicate)
	r.clinic.open()
	entry := r.put(queue.Routine)
	r.run()
	r.await(entry, Recorded)
	r.mustStand(entry, queue.Delivered)
	if a, b := expect(t, r.clinic.heard), expect(t, r.clinic.heard); a.payload != b.payload {
		t.Error("the second attempt carries other bytes")
	}
}

func TestRetryIsSentAgain(t *testing.T) {
	r := newRig(t)
	r.clinic.answer = script(wire.Retry, wire.Stored)
	r.clinic.open()
	entry := r.put(queue.Routine)
	r.run()
	r.await(entry, Retried)
	r.await(entry, Recorded)
	if a, b := expect(t, r.clinic.heard), expect(t, r.clinic.heard); a.payload != b.payload {
		t.Error("the second attempt carries other bytes")
	}
}

func TestRejectedIsParkedUntilAPersonReleasesIt(t *testing.T) {
	r := newRig(t)
	entry := r.put(queue.Routine)
	r.clinic.answer = func(s sent) []wire.Ack {
		if s.entry == entry {
			return script(wire.Rejected, wire.Stored)(s)
		}
		return stored(s)
	}
	r.clinic.open()
	r.run()
	if got := r.await(entry, Parked); len(got.Reasons) != 1 || got.Reasons[0] != "because of a rule" {
		t.Errorf("reasons: %q", got.Reasons)
	}
	it, state, err := r.opts.Queue.Find(entry)
	if err != nil || state != queue.Parked || it.Parked != "because of a rule" {
		t.Fatalf("%s, %q, %v", state, it.Parked, err)
	}
	after := r.put(queue.Routine)
	r.await(after, Recorded) // the line goes on
	if err := r.opts.Queue.Release(context.Background(), it.Seq); err != nil {
		t.Fatal(err)
	}
	r.await(entry, Recorded)
	r.mustStand(entry, queue.Delivered)
}

// What cannot be sent at all is parked with the reason and holds nothing up.
func TestUnfitIsParked(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	r.putRaw("01990000-0000-7000-8000-000000000001", queue.Urgent, []byte(`{"v":99}`))
	practised := r.put(queue.Urgent, func(x *reading.Reading) { x.Practice = true })
	empty := r.put(queue.Urgent, func(x *reading.Reading) { x.Patient.Value = "" })
	fine := r.put(queue.Routine)
	r.run()
	for _, c := range []struct{ entry, why string }{
		{"01990000-0000-7000-8000-000000000001", "update the kiosk"}, {practised, "practice"}, {empty, "cannot be sent"},
	} {
		if got := r.await(c.entry, Parked); !strings.Contains(strings.Join(got.Reasons, ""), c.why) {
			t.Errorf("reasons %q do not say %q", got.Reasons, c.why)
		}
		r.mustStand(c.entry, queue.Parked)
	}
	r.await(fine, Recorded)
	if got := expect(t, r.clinic.heard); got.entry != fine {
		t.Errorf("%s was sent", got.entry)
	}
}

// An urgent entry that comes while a routine one is held back goes at once.
func TestUrgentOvertakesWhatIsHeldBack(t *testing.T) {
	r := newRig(t)
	var urgent string
	routine := r.put(queue.Routine)
	r.clinic.answer = func(s sent) []wire.Ack {
		if s.entry == routine && s.attempt == 1 {
			urgent = r.put(queue.Urgent)
			return ack(routine, wire.Retry)
		}
		return stored(s)
	}
	r.clinic.open()
	r.run()
	for i, want := range []func() string{func() string { return routine }, func() string { return urgent }, func() string { return routine }} {
		if got := expect(t, r.clinic.heard); got.entry != want() {
			t.Errorf("attempt %d was for %s, want %s", i, got.entry, want())
		}
	}
}

// One entry that the record can never take now must not hold up the others.
func TestOthersPassAnEntryThatNeverSucceeds(t *testing.T) {
	r := newRig(t)
	stuck := r.put(queue.Routine)
	others := []string{r.put(queue.Routine), r.put(queue.Routine), r.put(queue.Routine)}
	r.clinic.answer = func(s sent) []wire.Ack {
		if s.entry == stuck {
			return ack(stuck, wire.Retry)
		}
		return stored(s)
	}
	r.clinic.open()
	r.run()
	for _, entry := range others {
		r.await(entry, Recorded)
	}
	r.mustStand(stuck, queue.Waiting)
}

func TestClinicTurningOnlineIsSentToAtOnce(t *testing.T) {
	for name, states := range map[string][]wire.ClinicState{
		"from offline": {{St: wire.Online, Session: "a"}, {St: wire.Offline, Session: "a"}, {St: wire.Online, Session: "a"}},
		"new session":  {{St: wire.Online, Session: "a"}, {St: wire.Online, Session: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t) // its silence lasts longer than the test
			r.clinic.answer = script("", wire.Stored)
			r.clinic.open()
			r.clinic.say(states[0].St, states[0].Session)
			entry := r.put(queue.Routine)
			r.run()
			expect(t, r.clinic.heard)
			for _, s := range states[1:] {
				r.clinic.say(s.St, s.Session)
			}
			r.await(entry, Recorded)
		})
	}
}

// The same when the entry waits in its back-off rather than for a receipt.
func TestClinicTurningOnlineEndsEveryBackOff(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	r.clinic.say(wire.Online, "a")
	entry := r.put(queue.Routine)
	it, _, err := r.opts.Queue.Find(entry)
	if err != nil {
		t.Fatal(err)
	}
	u := New(r.opts)
	u.clinics[wire.ClinicTopic(wire.LiveRoot, "clinic-1")] = wire.ClinicState{St: wire.Online, Session: "a"}
	u.pace = pace{failures: 9, resume: time.Now().Add(never), held: map[uint64]hold{it.Seq: {tries: 9, until: time.Now().Add(never)}}}
	r.start(u)
	r.link(func(l Link) bool { return l.Clinic })
	r.clinic.say(wire.Online, "b")
	r.await(entry, Recorded)
}

// Receipts are for any entry, whenever they come; and for this kiosk only, although another's name may begin like ours.
func TestReceiptsForOtherEntries(t *testing.T) {
	r := newRig(t)
	inFlight := r.put(queue.Urgent)
	late, refused, foreign := r.put(queue.Routine), r.put(queue.Routine), r.put(queue.Routine)
	r.clinic.answer = func(sent) []wire.Ack {
		other := ack(foreign, wire.Stored)
		other[0].ID = "bhu-1-" + other[0].ID
		return append(append(append(append(other, ack("1-"+foreign, wire.Stored)...), ack(late, wire.Stored)...),
			ack(refused, wire.Rejected)...), ack(inFlight, wire.Seen)...)
	}
	r.clinic.open()
	r.run()
	r.await(late, Recorded)
	r.await(refused, Parked)
	r.await(inFlight, Seen)
	r.mustStand(late, queue.Delivered)
	r.mustStand(refused, queue.Parked)
	r.mustStand(inFlight, queue.Waiting) // seen alone is no receipt for recording
	r.mustStand(foreign, queue.Waiting)
}

func TestFailedQueueEndsTheTask(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	u := New(r.opts)
	result := make(chan error, 1)
	go func() { result <- u.Run(context.Background()) }()
	r.link(func(l Link) bool { return l.Clinic })
	r.opts.Queue.Close()
	if err := expect(t, result); err == nil {
		t.Error("the task goes on, or ends as if nothing were wrong")
	}
}
