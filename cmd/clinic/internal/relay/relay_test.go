package relay_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/clinictest"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/relay"
	"nabz/drivers/vitals"
	"nabz/firmware/broker"
	"nabz/firmware/reading"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// clinic is one that keeps the books, with its counter; told is what its audit heard.
type clinic struct {
	*clinictest.Place
	mu   sync.Mutex
	told []door.Event
	stop func()
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{Place: clinictest.New(t)}
	counter := &relay.Counter{Book: c.Book, Audit: c.audit, Name: "clinic-1", Root: wire.LiveRoot, Broker: broker.Opts{URL: "tcp://" + c.Broker}, Log: clinictest.Quiet}
	c.stop = c.Background(counter.Run)
	return c
}

func (c *clinic) audit(e door.Event) error {
	if e.Did == "full" {
		return errors.New("disk full")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, e)
	return nil
}

func (c *clinic) replica(name string) *relay.Replica {
	c.Helper()
	r := &relay.Replica{Clinic: "clinic-1", Name: name, Root: wire.LiveRoot, Broker: broker.Opts{URL: "tcp://" + c.Broker}, Log: clinictest.Quiet}
	c.Background(r.Run)
	return r
}

var her = reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Sex: reading.Female, Birth: "1984"}

// TestReplicasHaveTheSameBooks: what the clinic knows its replicas know, each its own answers, and what is done at one is done for all.
func TestReplicasHaveTheSameBooks(t *testing.T) {
	c := newClinic(t)
	u := c.Unit("bhu-1", c.Broker, clinictest.Finger{})
	id := u.Put("000123", vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(88)), Pulse: vitals.Some(vitals.PerMinute(72))}, time.Hour)
	u.Reached(id, uplink.Recorded)
	a, b := c.replica("clinic-2"), c.replica("clinic-3")
	same := func(what string, ask func(chart.Keeper) (any, error)) {
		t.Helper()
		want, err := ask(c.Book)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*relay.Replica{a, b} {
			if got, err := ask(r); err != nil || fmt.Sprintf("%v", got) != fmt.Sprintf("%v", want) {
				t.Errorf("%s at %s: %+v, %v; want %+v", what, r.Name, got, err, want)
			}
		}
	}
	ctx := t.Context()
	same("who waits", func(k chart.Keeper) (any, error) { return k.Waiting(ctx) })
	same("a chart", func(k chart.Keeper) (any, error) { return k.Open(ctx, id) })
	same("a patient's chart", func(k chart.Keeper) (any, error) { return k.Of(ctx, her) })
	same("a unit", func(k chart.Keeper) (any, error) { return k.Unit(ctx, "bhu-1") })
	if _, err := a.Open(ctx, "bhu-1-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"); !errors.Is(err, chart.ErrUnknown) {
		t.Errorf("an unknown reading: %v", err)
	}
	if err := a.Opened(ctx, "bhu-1", []string{id}, "d-1"); err != nil {
		t.Fatal(err)
	}
	u.Reached(id, uplink.Seen)
	if all, err := b.Waiting(ctx); err != nil || len(all) != 0 {
		t.Errorf("opened at one, and at the other %+v, %v", all, err)
	}
	if err := b.Ask(ctx, "bhu-1", wire.Command{Kind: wire.CommandMessage, TTL: 60, By: "d-1", Text: "x", Of: id}); err != nil {
		t.Fatal(err)
	}
	for len(u.Requests.Waiting()) == 0 && ctx.Err() == nil {
	}
	if err := b.Ask(ctx, "bhu-1", wire.Command{Kind: "inflate", TTL: 60}); err == nil || !strings.Contains(err.Error(), "unknown kind") {
		t.Errorf("what no kiosk does: %v", err)
	}
	same("what was asked", func(k chart.Keeper) (any, error) {
		u, err := k.Unit(ctx, "bhu-1")
		return len(u.Errands), err
	})
	want := door.Event{At: time.Now().UTC().Round(0), Who: "d-1", Did: "look", Kiosk: "bhu-1", OK: true}
	if err := a.Audit(want); err != nil || len(c.told) != 1 || !reflect.DeepEqual(c.told[0], want) {
		t.Errorf("the audit: %+v, %v", c.told, err)
	}
	if err := a.Audit(door.Event{Did: "full"}); err == nil {
		t.Error("what the audit could not write was called written")
	}
}

// TestManyAtOnce: answers find their questions.
func TestManyAtOnce(t *testing.T) {
	c := newClinic(t)
	r := c.replica("clinic-2")
	var asking sync.WaitGroup
	for i := range 60 {
		asking.Go(func() {
			p := her
			p.Value = fmt.Sprintf("%06d", i)
			if got, err := r.Of(t.Context(), p); err != nil || got.Patient != p {
				t.Errorf("%s: %+v, %v", p.Value, got.Patient, err)
			}
		})
	}
	asking.Wait()
}

// TestAClinicThatIsAway is said, and nothing is called done.
func TestAClinicThatIsAway(t *testing.T) {
	c := newClinic(t)
	r := c.replica("clinic-2")
	c.stop()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := r.Waiting(ctx); !errors.Is(err, relay.ErrAway) {
		t.Errorf("%v", err)
	}
	never := &relay.Replica{Clinic: "clinic-1", Name: "clinic-4", Root: wire.LiveRoot, Log: clinictest.Quiet}
	if err := never.Audit(door.Event{}); !errors.Is(err, relay.ErrAway) {
		t.Errorf("without a broker: %v", err)
	}
}
