package broker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should come at once, so that a broken test ends.
const patience = 20 * time.Second

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func connect(t testing.TB, o Opts) *Conn {
	t.Helper()
	c, err := Connect(within(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func subscribe(t testing.TB, c *Conn, filter string) <-chan Message {
	t.Helper()
	got := make(chan Message, 4096)
	if err := c.Subscribe(within(t), filter, 1, func(m Message) { got <- m }); err != nil {
		t.Fatal(err)
	}
	return got
}

func publish(t testing.TB, c *Conn, topic, payload string) {
	t.Helper()
	if err := c.Publish(within(t), Message{Topic: topic, Payload: []byte(payload), QoS: 1}); err != nil {
		t.Fatal(err)
	}
}

func next(t testing.TB, got <-chan Message) Message {
	t.Helper()
	select {
	case m := <-got:
		return m
	case <-time.After(patience):
		t.Fatal("nothing came")
		return Message{}
	}
}

func ended(t testing.TB, c *Conn) error {
	t.Helper()
	select {
	case <-c.Done():
		return c.Err()
	case <-time.After(patience):
		t.Fatal("the connection is still believed in")
		return nil
	}
}

func TestMessagesKeepTheirOrder(t *testing.T) {
	m := start(t)
	got := subscribe(t, connect(t, m.opts("reader")), "open/#")
	from := connect(t, m.opts("writer"))
	for i := range 300 {
		publish(t, from, "open/"+strconv.Itoa(i%3), strconv.Itoa(i))
	}
	for i := range 300 {
		if msg := next(t, got); string(msg.Payload) != strconv.Itoa(i) {
			t.Fatalf("message %d is %q", i, msg.Payload)
		}
	}
}

// A publish whose caller has gone must not overtake the one that comes after it: an old state would be the last word.
func TestAbandonedPublishKeepsItsPlace(t *testing.T) {
	m := start(t)
	got := subscribe(t, connect(t, m.opts("reader")), "open/#")
	from := connect(t, m.opts("writer"))
	const rounds = 50
	for i := range rounds {
		gone, cancel := context.WithCancel(context.Background())
		go cancel()
		from.Publish(gone, Message{Topic: "open/state", Payload: []byte{byte(2 * i)}, QoS: 0})
		publish(t, from, "open/state", string([]byte{byte(2*i + 1)}))
	}
	for last := -1; last < 2*rounds-1; {
		now := int(next(t, got).Payload[0])
		if now < last {
			t.Fatalf("%d came after %d", now, last)
		}
		last = now
	}
}

func TestHandlerMayPublish(t *testing.T) {
	m := start(t)
	echo, reader := connect(t, m.opts("echo")), connect(t, m.opts("reader"))
	answers := subscribe(t, reader, "open/answer")
	failed := make(chan error, 1)
	err := echo.Subscribe(within(t), "open/ask", 1, func(q Message) {
		if err := echo.Publish(within(t), Message{Topic: "open/answer", Payload: q.Payload, QoS: 1}); err != nil {
			failed <- err
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		publish(t, reader, "open/ask", strconv.Itoa(i))
	}
	for i := range 50 {
		if a := next(t, answers); string(a.Payload) != strconv.Itoa(i) {
			t.Fatalf("answer %d is %q", i, a.Payload)
		}
	}
	if len(failed) > 0 {
		t.Error(<-failed)
	}
}

// PUBACK says that the broker has the packet, not that anybody may have it: callers must wait for more.
func TestDeniedPublishIsAcknowledgedAllTheSame(t *testing.T) {
	m := start(t)
	c := connect(t, m.opts("kiosk-1"))
	publish(t, c, "forbidden/x", "lost")
}

func TestRefusedSubscriptionIsAnError(t *testing.T) {
	m := startStrict(t)
	c := connect(t, m.opts("kiosk-1"))
	err := c.Subscribe(within(t), "hidden/#", 0, func(Message) {})
	if err == nil || !strings.Contains(err.Error(), "hidden/#") || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("refused subscription: %v", err)
	}
}

func TestManualAckHoldsTheNextBack(t *testing.T) {
	m := start(t, "max_inflight_messages 1")
	o := m.opts("reader")
	o.ManualAck = true
	got := subscribe(t, connect(t, o), "open/#")
	from := connect(t, m.opts("writer"))
	publish(t, from, "open/x", "first")
	first := next(t, got)
	publish(t, from, "open/x", "second")
	publish(t, from, "elsewhere", "the broker has handled second by now")
	if len(got) > 0 {
		t.Fatal("the second came before the first was acknowledged")
	}
	first.Ack()
	if second := next(t, got); string(second.Payload) != "second" {
		t.Errorf("%q", second.Payload)
	}
}

func TestConnectSaysWhatToCheck(t *testing.T) {
	m := start(t)
	nobody := "tcp://" + freeAddr(t)
	cases := map[string]struct {
		change func(*Opts)
		says   []string
	}{
		"wrong password": {func(o *Opts) { o.Password = "hunter2" }, []string{m.addr, `"kiosk-1"`, "check user name and password"}},
		"unknown user":   {func(o *Opts) { o.Username = "stranger" }, []string{m.addr, "check user name and password"}},
		"nobody there":   {func(o *Opts) { o.URL = nobody }, []string{nobody, "check address and network"}},
		"password in the address": {
			func(o *Opts) { o.URL = "tcp://kiosk-1:hunter2@" + strings.TrimPrefix(nobody, "tcp://") }, []string{"check address"},
		},
		"no address":   {func(o *Opts) { o.URL = "kiosk-1:hunter2@host" }, []string{"tcp://host:port"}},
		"other scheme": {func(o *Opts) { o.URL = "http://host:1883" }, []string{"tcp://host:port"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := m.opts("kiosk-1")
			c.change(&o)
			_, err := Connect(within(t), o)
			if err == nil {
				t.Fatal("connected")
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			for _, secret := range []string{"hunter2", password} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q tells the password", err)
				}
			}
		})
	}
}

// A broker that accepts the wire and then says nothing must not hold up a kiosk that stops.
func TestConnectEndsWithContext(t *testing.T) {
	m := start(t)
	m.freeze()
	defer m.thaw()
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error)
	go func() {
		_, err := Connect(ctx, m.opts("kiosk-1"))
		result <- err
	}()
	cancel()
	select {
	case err := <-result:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience / 2): // half the time in which a handshake gives up by itself
		t.Error("still connecting")
	}
}

func TestCloseIsNotALostConnection(t *testing.T) {
	m := start(t)
	c := connect(t, m.opts("kiosk-1"))
	if c.Err() != nil {
		t.Errorf("a live connection has the error %v", c.Err())
	}
	c.Close()
	c.Close()
	if err := ended(t, c); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := c.Publish(within(t), Message{Topic: "open/x", QoS: 1}); !errors.Is(err, ErrClosed) {
		t.Errorf("publish after Close: %v", err)
	}
	if err := c.Subscribe(within(t), "open/x", 0, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("subscribe after Close: %v", err)
	}
}

func ExampleConnect() {
	_, err := Connect(context.Background(), Opts{URL: "broker.example", ClientID: "bhu-1"})
	fmt.Println(err)
	// Output: connect: the broker's address is not of the form tcp://host:port or ssl://host:port
}
