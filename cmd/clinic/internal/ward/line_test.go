package ward_test

import (
	"testing"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// until waits for an update that is as the test says.
func until(t *testing.T, w *ward.Watcher, is func(ward.Update) bool) ward.Update {
	t.Helper()
	for {
		u, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if is(u) {
			return u
		}
	}
}

// TestWatchingAKiosk: numbers and wave come while somebody watches, through the real broker from the real uplink; the kiosk that nobody watches sends
// nothing; when the kiosk goes, its will says so, and when it comes back it is watched again without anybody doing anything.
func TestWatchingAKiosk(t *testing.T) {
	p := clinictest.New(t)
	stop := p.Kiosk("bhu-1", p.Broker, clinictest.Finger{Visit: "v", Patient: "000123", SpO2: 97})
	p.Kiosk("bhu-2", p.Broker, clinictest.Finger{Visit: "w", Patient: "000456", SpO2: 91})
	spy, err := broker.Connect(t.Context(), broker.Opts{URL: "tcp://" + p.Broker, ClientID: "spy"})
	if err != nil {
		t.Fatal(err)
	}
	defer spy.Close()
	others := make(chan string, 1024)
	if err := spy.Subscribe(t.Context(), wire.LiveTopic(wire.LiveRoot, "bhu-2", "+", "+"), 0, func(m broker.Message) { others <- m.Topic }); err != nil {
		t.Fatal(err)
	}
	w := p.Hub.Watch("bhu-1", wire.ModeWave)
	defer w.Close()
	until(t, w, func(u ward.Update) bool { return u.State != nil && u.State.St == wire.Online })
	u := until(t, w, func(u ward.Update) bool { return len(u.Frames) > 0 })
	first := u.Session
	until(t, w, func(u ward.Update) bool { return u.Numbers != nil && u.Numbers.Visit == "v" && u.Session == first })
	stop()
	until(t, w, func(u ward.Update) bool { return u.State != nil && u.State.St == wire.Offline })
	p.Kiosk("bhu-1", p.Broker, clinictest.Finger{Visit: "v", Patient: "000123", SpO2: 97})
	until(t, w, func(u ward.Update) bool { return len(u.Frames) > 0 && u.Session != first })
	if len(others) > 0 {
		t.Errorf("a kiosk that nobody watches sent %s", <-others)
	}
}
