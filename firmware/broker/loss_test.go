package broker

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A publish that the broker never acknowledged must not be reported as done, whenever the connection goes.
func TestKilledBrokerFailsThePublishInFlight(t *testing.T) {
	m := start(t)
	c := connect(t, m.opts("kiosk-1"))
	m.freeze()
	result := make(chan error)
	go func() { result <- c.Publish(within(t), Message{Topic: "open/x", Payload: []byte("x"), QoS: 1}) }()
	m.kill()
	if err := <-result; err == nil {
		t.Error("a publish without PUBACK was reported as done")
	}
	if err := ended(t, c); err == nil || errors.Is(err, ErrClosed) {
		t.Errorf("the connection ended with %v", err)
	}
	if err := c.Publish(within(t), Message{Topic: "open/x"}); err == nil {
		t.Error("a QoS 0 publish on a lost connection was reported as written")
	}
}

func TestPublishEndsWithContext(t *testing.T) {
	m := start(t)
	c := connect(t, m.opts("kiosk-1"))
	m.freeze()
	defer m.thaw()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Publish(ctx, Message{Topic: "open/x", QoS: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("publish: %v", err)
	}
	if err := c.Subscribe(ctx, "open/x", 1, func(Message) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("subscribe: %v", err)
	}
}

// A link that takes bytes and brings none is noticed by the ping; one that takes no bytes either by the deadline of a write. Only the one
// in question is short here: the usual settings add up to 50 s.
func TestHalfOpenLinkIsNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(*Opts)
		bytes int
	}{
		"ping":           {func(o *Opts) { o.KeepAlive, o.PingTimeout = time.Second, 200*time.Millisecond }, 100},
		"write deadline": {func(o *Opts) { o.KeepAlive, o.WriteTimeout = time.Hour, 200*time.Millisecond }, 32 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			m := start(t)
			p := through(t, m.addr)
			o := m.opts("kiosk-1")
			o.URL = "tcp://" + p.addr
			c.set(&o)
			conn := connect(t, o)
			publish(t, conn, "open/x", "the link works")
			p.freeze()
			if err := conn.Publish(within(t), Message{Topic: "open/x", Payload: make([]byte, c.bytes), QoS: 1}); err == nil {
				t.Error("a publish into nowhere was reported as done")
			}
			ended(t, conn)
		})
	}
}

// A ping that is written while a publish ends must keep its deadline, which paho would clear.
func TestDeadlineCannotBeCleared(t *testing.T) {
	m := start(t)
	p := through(t, m.addr)
	o := m.opts("kiosk-1")
	o.URL = "tcp://" + p.addr
	o.WriteTimeout = 200 * time.Millisecond
	conn, err := (&Conn{done: make(chan struct{})}).dial(within(t), mustAddress(t, o.URL), o)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.freeze()
	result := make(chan error)
	go func() {
		_, err := conn.Write(make([]byte, 32<<20))
		result <- err
	}()
	for {
		conn.SetWriteDeadline(time.Time{})
		select {
		case err := <-result:
			if err == nil {
				t.Error("written to nobody")
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// The worst of all: the inbox is full, its handler waits for a PUBACK, paho's reader waits for room, and the link goes.
func TestLossFreesAHandlerThatPublishes(t *testing.T) {
	m := start(t)
	o := m.opts("reader")
	o.KeepAlive, o.PingTimeout = time.Second, 200*time.Millisecond
	c := connect(t, o)
	gate, result := make(chan struct{}), make(chan error, 2*waiting)
	err := c.Subscribe(within(t), "open/flood", 0, func(Message) {
		<-gate
		result <- c.Publish(context.Background(), Message{Topic: "open/x", QoS: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	from := connect(t, m.opts("writer"))
	for range waiting + 100 {
		if err := from.Publish(within(t), Message{Topic: "open/flood", Payload: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	full(t, c)
	m.kill()
	close(gate)
	select {
	case err := <-result:
		if err == nil {
			t.Error("a publish to a dead broker was reported as done")
		}
	case <-time.After(patience):
		t.Fatal("the handler waits for ever")
	}
}

func TestWill(t *testing.T) {
	m := start(t)
	got := subscribe(t, connect(t, m.opts("watcher")), "open/state")
	p := through(t, m.addr)
	o := m.opts("kiosk-1")
	o.URL = "tcp://" + p.addr
	o.Will = &Message{Topic: "open/state", Payload: []byte("offline"), QoS: 1, Retained: true}
	connect(t, o)
	p.cut()
	if w := next(t, got); string(w.Payload) != "offline" {
		t.Errorf("after the link broke: %q", w.Payload)
	}
	c := connect(t, o)
	c.Close()
	publish(t, connect(t, m.opts("marker")), "open/state", "marker")
	if w := next(t, got); string(w.Payload) != "marker" {
		t.Errorf("after a disconnect in good order came %q", w.Payload)
	}
}

func full(t testing.TB, c *Conn) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for limit := time.After(patience); len(c.inbox) < cap(c.inbox); {
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("only %d messages wait", len(c.inbox))
		}
	}
}
