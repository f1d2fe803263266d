package bus

import (
	"strings"
	"testing"

	"nabz/firmware/broker"
)

func start(t *testing.T, dir string) *Bus {
	t.Helper()
	b, err := Start(dir, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func connect(t *testing.T, b *Bus, id string) *broker.Conn {
	t.Helper()
	c, err := broker.Connect(t.Context(), broker.Opts{URL: "tcp://" + b.Addr(), ClientID: id})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// heard subscribes and returns what comes.
func heard(t *testing.T, c *broker.Conn, filter string) <-chan string {
	t.Helper()
	got := make(chan string, 16)
	if err := c.Subscribe(t.Context(), filter, 1, func(m broker.Message) { got <- m.Topic + " " + string(m.Payload) }); err != nil {
		t.Fatal(err)
	}
	return got
}

func publish(t *testing.T, c *broker.Conn, topic, text string, retained bool) {
	t.Helper()
	if err := c.Publish(t.Context(), broker.Message{Topic: topic, Payload: []byte(text), QoS: 1, Retained: retained}); err != nil {
		t.Fatal(err)
	}
}

func TestDelivers(t *testing.T) {
	b := start(t, t.TempDir())
	got := heard(t, connect(t, b, "reader"), "kiosk/v1/+/up/obs")
	w := connect(t, b, "writer")
	publish(t, w, "kiosk/v1/bhu-1/state", "not this", false)
	publish(t, w, "kiosk/v1/bhu-1/up/obs", "one", false)
	publish(t, w, "kiosk/v1/bhu-2/up/obs", "two", false)
	for _, want := range []string{"kiosk/v1/bhu-1/up/obs one", "kiosk/v1/bhu-2/up/obs two"} {
		if g := <-got; g != want {
			t.Errorf("heard %q, want %q", g, want)
		}
	}
}

func TestRetainedSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	b := start(t, dir)
	publish(t, connect(t, b, "writer"), "kiosk/v1/bhu-1/state", "online", true)
	<-heard(t, connect(t, b, "early"), "kiosk/v1/+/state") // the broker acknowledges a little before it has kept the message
	b.Close()
	b = start(t, dir)
	if g := <-heard(t, connect(t, b, "late"), "kiosk/v1/+/state"); g != "kiosk/v1/bhu-1/state online" {
		t.Errorf("heard %q", g)
	}
}

func TestRefusesWhatIsNotLoopback(t *testing.T) {
	for addr, want := range map[string]string{"0.0.0.0:1883": "loopback", "nowhere": "want host:port", "127.0.0.1:x": "port number"} {
		if b, err := Start(t.TempDir(), addr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", addr, b, err)
		}
	}
}
