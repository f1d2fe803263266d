package uplink

import (
	"slices"
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
	modes := []wire.Mode{"", wire.ModeSummary, wire.ModeNumbers, wire.ModeWave} // the first is nobody
	rates := make([]float64, len(modes))
	t.Run("side by side", func(t *testing.T) {
		for i, mode := range modes {
			t.Run(string(mode), func(t *testing.T) { rates[i] = rate(t, mode) })
		}
	})
	t.Logf("bytes a second, MQTT's own included: nobody %.0f, %s %.0f, %s %.0f, %s %.0f", rates[0], modes[1], rates[1], modes[2], rates[2], modes[3], rates[3])
	if !slices.IsSorted(rates[1:]) || rates[2] == 0 {
		t.Errorf("they are not in order: %v", rates)
	}
}

// rate is how many bytes a second come to a broker of its own from one kiosk that is watched so.
func rate(t *testing.T, mode wire.Mode) float64 {
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
	if mode != "" {
		r.clinic.down(wire.DownCmd, wire.Command{ID: "c", Kind: wire.CommandWatch, TTL: 30, Mode: mode, By: "clinic-1"})
	}
	for range 3 { // what connecting brought with it is counted
		expect(t, c.second)
	}
	messages, bytes, took := c.over(t, 3)
	if mode == wire.ModeWave {
		defer r.quiet(t, c, "after the watch")
	}
	if (messages == 0) != (mode == "") && mode != wire.ModeSummary {
		t.Errorf("the broker counts %d messages", messages)
	}
	return float64(bytes) / took.Seconds()
}

// quiet waits for the end of the watch, after which nothing comes.
func (r *rig) quiet(t *testing.T, c *counters, when string) {
	t.Helper()
	r.clinic.down(wire.DownCmd, wire.Command{ID: "end", Kind: wire.CommandWatch, TTL: 1, Mode: wire.ModeSummary, By: "clinic-1"})
	expect(t, c.second)
	expect(t, c.second)
	if messages, _, _ := c.over(t, 1); messages != 0 {
		t.Errorf("%s the broker counts %d messages", when, messages)
	}
}
