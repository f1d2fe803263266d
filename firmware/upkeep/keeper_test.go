package upkeep

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/pulse"
)

// dog counts its meals.
type dog struct {
	meals  int
	closed bool
}

func (d *dog) Feed() error  { d.meals++; return nil }
func (d *dog) Close() error { d.closed = true; return nil }

// TestKeeper: it feeds while all parts get on, also after the box was stopped for a while, and never again once one has hung, which is written down.
func TestKeeper(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var set pulse.Set
		var log bytes.Buffer
		h, err := Begin(filepath.Join(dir, "runs.json"), "1", clock.Stamp{Boot: "a"})
		if err != nil {
			t.Fatal(err)
		}
		d := &dog{}
		desk := set.With(t.Context(), "desk")
		ctx := t.Context()
		k := &Keeper{Pulses: &set, HungAfter: 30 * time.Second, Every: 5 * time.Second, Feeders: []Feeder{d}, History: h, Log: slog.New(slog.NewTextHandler(&log, nil))}
		go k.Run(ctx) // its error is ctx's
		for range 20 {
			pulse.Beat(desk)
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if d.meals < 40 {
			t.Errorf("%d meals in 200 s, want one every 5 s", d.meals)
		}
		pulse.Beat(desk)
		time.Sleep(36 * time.Second)
		synctest.Wait()
		pulse.Beat(desk) // late once, and well
		time.Sleep(time.Second)
		if n := len(h.Runs()); h.Runs()[n-1].End != "" {
			t.Errorf("it ended as %q", h.Runs()[n-1].End)
		}
		time.Sleep(50 * time.Second)
		synctest.Wait()
		fed := d.meals
		time.Sleep(time.Minute)
		pulse.Beat(desk) // too late
		time.Sleep(time.Minute)
		synctest.Wait()
		if d.meals != fed {
			t.Errorf("%d meals after it had hung", d.meals-fed)
		}
		if r := h.Runs()[0]; r.End != Hung || len(r.What) != 1 || r.What[0] != "desk" {
			t.Errorf("it is written down as %+v", r)
		}
		if !strings.Contains(log.String(), "has hung") || !strings.Contains(log.String(), "desk") {
			t.Errorf("the log says %s", log.String())
		}
	})
}

func TestMetrics(t *testing.T) {
	s := Snapshot{
		Kiosk: "bhu-1", Version: "1", Lanes: map[string]Lane{"urgent": {1, time.Minute}, "routine": {12, time.Hour}}, Parked: 2, Readings: 4,
		Written: vitals.Some(int64(40960)), Devices: map[string]bool{"cuff": true, "oximeter": false}, Broker: true, Clock: "ntp", Source: "battery",
		Charge: vitals.Some(vitals.Percent(83)), Temperature: vitals.Some(vitals.MilliCelsius(61234)), Trouble: Trouble{Restarts: 1},
	}
	server := httptest.NewServer(Metrics(func() Snapshot { return s }))
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`nabz_build_info{kiosk="bhu-1",version="1"} 1`, `nabz_queue_waiting{lane="routine"} 12`, `nabz_queue_oldest_seconds{lane="urgent"} 60`, "nabz_queue_parked 2",
		"nabz_medium_written_bytes_per_reading 10240", `nabz_device_up{device="oximeter"} 0`, `nabz_link_up{to="broker"} 1`, `nabz_clock_source{source="ntp"} 1`,
		"nabz_power_on_battery 1", "nabz_battery_charge_ratio 0.83", "nabz_processor_celsius 61.234", "nabz_restarts 1", "process_resident_memory_bytes",
	} {
		if !strings.Contains(string(raw), line) {
			t.Errorf("there is no %s in\n%s", line, raw)
		}
	}
	for _, unknown := range []string{"nabz_under_voltage", "nabz_card_wear"} {
		if strings.Contains(string(raw), "\n"+unknown) {
			t.Errorf("%s is given, and nobody knows it", unknown)
		}
	}
}
