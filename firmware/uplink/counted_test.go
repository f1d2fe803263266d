package uplink

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// counters are what Mosquitto itself counts, told every second or two.
type counters struct {
	mu     sync.Mutex
	now    map[string]int
	second chan struct{}
}

func (c *counters) take(m broker.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := strings.TrimPrefix(m.Topic, "$SYS/broker/")
	if n, err := strconv.Atoi(string(m.Payload)); err == nil {
		c.now[name] = n
	}
	if name == "uptime" {
		offer(c.second, struct{}{})
	}
}

// over is how many messages and bytes came to the broker in some seconds, and how long these took by this machine's clock.
func (c *counters) over(t *testing.T, seconds int) (messages, bytes int, took time.Duration) {
	t.Helper()
	read := func() (int, int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now["publish/messages/received"], c.now["bytes/received"]
	}
	expect(t, c.second)
	began := time.Now()
	messages, bytes = read()
	for range seconds {
		expect(t, c.second)
	}
	m, b := read()
	return m - messages, b - bytes, time.Since(began)
}

// TestCountedAtTheBroker: Mosquitto counts what comes to it: nothing while nobody watches, also after the watch is over; less for each mode of a thinner link.
func TestCountedAtTheBroker(t *testing.T) {
	r := newRigWith(t, access, "sys_interval 1")
	r.opts.Live = &finger{visit: "v", begun: time.Now()}
	r.clinic.open()
	c := &counters{now: map[string]int{}, second: make(chan struct{}, 1)}
	for _, topic := range []string{"uptime", "publish/messages/received", "bytes/received"} {
		if err := r.clinic.conn.Subscribe(t.Context(), "$SYS/broker/"+topic, 0, c.take); err != nil {
			t.Fatal(err)
		}
	}
	r.run()
	expect(t, r.clinic.hellos)
	expect(t, c.second)
	expect(t, c.second) // what connecting brought with it is counted
	unwatched := func(when string) {
		t.Helper()
		messages, bytes, took := c.over(t, 2)
		t.Logf("%s: %d messages, %.0f bytes a second", when, messages, float64(bytes)/took.Seconds())
		if messages != 0 {
			t.Errorf("%s the broker counts %d messages", when, messages)
		}
	}
	unwatched("before anybody watches")
	var rates []float64
	for i, mode := range []wire.Mode{wire.ModeWave, wire.ModeNumbers, wire.ModeSummary} {
		r.clinic.down(wire.DownCmd, wire.Command{ID: strconv.Itoa(i), Kind: wire.CommandWatch, TTL: 60, Mode: mode, By: "clinic-1"})
		expect(t, c.second)
		messages, bytes, took := c.over(t, 2)
		rates = append(rates, float64(bytes)/took.Seconds())
		t.Logf("%s: %.1f messages and %.0f bytes a second, MQTT's own included", mode, float64(messages)/took.Seconds(), rates[i])
		if messages == 0 && mode != wire.ModeSummary || i > 0 && rates[i] >= rates[i-1] {
			t.Errorf("%s: %d messages, %.0f bytes a second after %v", mode, messages, rates[i], rates)
		}
	}
	r.clinic.down(wire.DownCmd, wire.Command{ID: "end", Kind: wire.CommandWatch, TTL: 1, Mode: wire.ModeSummary, By: "clinic-1"})
	expect(t, c.second)
	expect(t, c.second)
	unwatched("after the watch")
}
