package uplink

import (
	"errors"
	"testing"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// TestTallyIsTold: at each connection, and what cannot be read is not told.
func TestTallyIsTold(t *testing.T) {
	r := newRig(t)
	calls := make(chan error, 2)
	calls <- errors.New("disk")
	close(calls)
	r.opts.Tally = func() (wire.Tally, error) {
		return wire.Tally{Event: wire.EventTally, Store: "s", Saved: 3, Recorded: 1, Waiting: 2}, <-calls
	}
	r.clinic.open()
	tallies := make(chan wire.Tally, 16)
	if err := r.clinic.conn.Subscribe(t.Context(), wire.All(wire.LiveRoot, wire.UpEvt), 1, func(m broker.Message) {
		if got, err := wire.ParseTally(m.Payload); err == nil {
			tallies <- got
		}
	}); err != nil {
		t.Fatal(err)
	}
	stop := r.run()
	expect(t, r.clinic.hellos)
	if err := stop(); err == nil {
		t.Error("it ended by itself")
	}
	r.run()
	if got := expect(t, tallies); got.Saved != 3 || got.Waiting != 2 {
		t.Errorf("%+v", got)
	}
}
