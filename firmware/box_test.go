package firmware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/power"
	"nabz/firmware/pulse"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/hwtest/stage"
	"nabz/queue"
)

// house is a bench in a box with an X728.
type house struct {
	*bench
	stage.Box
	off string // the file that asks for the power-off
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{bench: newBench(t), Box: stage.NewBox()}
	h.off, h.ports = filepath.Join(filepath.Dir(h.cfg.Data), "power-off"), h.Ports()
	own, err := config.Parse(fmt.Appendf(nil, "name = \"x\"\n[board]\nprofile = \"x728\"\nlamp = { line = 22 }\npower_off = %q\n", h.off))
	if err != nil {
		t.Fatal(err)
	}
	h.cfg.Board = own.Board
	return h
}

// see waits until the power is as wanted.
func (h *house) see(what string, ok func(screen.Power) bool) {
	h.t.Helper()
	for {
		_, changed := h.k.power.Get()
		_, judged := h.k.verdict.Get()
		if ok(h.k.powerNow()) {
			return
		}
		select {
		case <-changed:
		case <-judged:
		case err := <-h.ended:
			h.t.Fatalf("waiting for %s: the kiosk ended: %v", what, err)
		}
	}
}

// TestMainsFails: the worker sees it, the measurement goes on, and the lamp blinks; the mains' line that dies is told of and called battery.
func TestMainsFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start()
	h.connected()
	h.see("the mains", func(p screen.Power) bool { return p.Source == "mains" && p.Charge != nil && *p.Charge == 80 })
	visit := h.open()
	h.do(visit, exam.StartCuff{})
	h.Mains(false, 79)
	h.see("the battery", func(p screen.Power) bool { return p.Source == "battery" && !p.Low })
	h.until("the reading", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 1 })
	h.see("a dead line, and a gauge that knows by the current", func(p screen.Power) bool { h.Lines.Kill(true); return p.Blind && p.Source == "battery" })
	h.Lines.Kill(false)
	h.Mains(true, 79)
	h.see("the mains again", func(p screen.Power) bool { return !p.Blind && p.Source == "mains" })
	stage.Wait(t.Context(), 3*supplyEvery)
	if late := h.k.pulses.Late(3 * supplyEvery); len(late) > 0 {
		t.Errorf("%q make no progress, after a line was away and came back", late)
	}
	if lamp := h.Lines.Driven(22); !slices.Contains(lamp[1:], gpio.Low) || !slices.Contains(lamp, gpio.High) {
		t.Errorf("the lamp never blinked: %v", lamp)
	}
	if beeps := h.Lines.Driven(stage.Beeper); !slices.Contains(beeps, gpio.High) {
		t.Errorf("the beeper was silent when the mains failed: %v", beeps)
	}
}

// TestLowBatterySwitchesOff: with a hundred readings queued and a cuff on an arm, a low battery refuses what is new, lets the inflation end, closes the
// kiosk and asks for the power to be taken. Everything is there at the next start.
func TestLowBatterySwitchesOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start()
	for i := range 100 {
		r := reading.Reading{
			ID: fmt.Sprintf("0198f2c1-0000-7000-8000-%012d", i), Visit: "v", Operator: "w-7", Method: reading.ByHand, Taken: clock.Stamp{Boot: "b", SinceBoot: time.Second},
			Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000124"}, Measurement: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36600))},
		}
		payload, err := (*sealing)(nil).payload(reading.Entry{Reading: &r})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.k.queue.Put(t.Context(), r.ID, queue.Routine, payload); err != nil {
			t.Fatal(err)
		}
	}
	h.connected()
	visit := h.open()
	h.do(visit, exam.StartCuff{})
	h.Mains(false, 9)
	h.see("a low battery", func(p screen.Power) bool { return p.Low })
	if _, err := (backend{h.k}).Do(t.Context(), visit, exam.StartCuff{}); !errors.Is(err, screen.ErrLow) {
		t.Errorf("a second inflation on a low battery: %v", err)
	}
	for v := power.Go; v != power.Leaving; {
		var changed <-chan struct{}
		if v, changed = h.k.verdict.Get(); v != power.Leaving {
			<-changed
		}
	}
	s := h.until("the reading", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 1 })
	if !s.Power.Leaving || s.Queue.Waiting != 101 {
		t.Errorf("leaving %t, %d wait", s.Power.Leaving, s.Queue.Waiting)
	}
	if err := <-h.ended; !errors.Is(err, ErrPowerOff) {
		t.Fatalf("it ended with %v", err)
	}
	if err := h.k.Close(); err != nil {
		t.Fatal(err)
	}
	h.k = nil
	if err := SwitchOff(context.Background(), h.cfg.Board, h.ports, ErrPowerOff, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(h.off); err != nil || string(raw) != "poweroff\n" {
		t.Errorf("asked for %q, %v", raw, err)
	}
	if cut := h.Lines.Driven(stage.CutPower); !slices.Equal(cut, []gpio.Level{gpio.Low, gpio.High, gpio.Low}) {
		t.Errorf("the board was told %v", cut)
	}
	h.Mains(true, 60)
	h.start()
	s = h.until("the visit", func(s screen.State) bool { return s.Visit != nil })
	if s.Visit.ID != visit || len(s.Visit.Readings) != 1 || s.Queue.Waiting != 101 {
		t.Errorf("after the return: visit %s with %d readings, %d wait", s.Visit.ID, len(s.Visit.Readings), s.Queue.Waiting)
	}
}

// TestButton: a long pulse ends the kiosk in good order, a short one has it start again; a box that may not switch itself off ignores both.
func TestButton(t *testing.T) {
	for name, c := range map[string]struct {
		held time.Duration
		want error
	}{"power off": {time.Second, ErrPowerOff}, "restart": {400 * time.Millisecond, ErrRestart}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.start()
			<-h.Lines.Looked(stage.Button) // a button that is pressed from the start is a stuck one
			h.Lines.Set(stage.Button, gpio.High)
			release := time.AfterFunc(c.held, func() { h.Lines.Set(stage.Button, gpio.Low) })
			defer release.Stop()
			if err := <-h.ended; !errors.Is(err, c.want) {
				t.Fatalf("it ended with %v", err)
			}
			if err := h.k.Close(); err != nil {
				t.Fatal(err)
			}
			h.k = nil
		})
	}
}

// TestCheckIsNoProgress: what the check has others do is not taken for its own progress, which would end with it.
func TestCheckIsNoProgress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	k, err := OpenOn(b.ports, b.cfg, "1.2.3", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	k.CheckWith(func(ctx context.Context, _ bool) (json.RawMessage, map[string]bool, error) {
		pulse.Beat(ctx)
		return json.RawMessage("{}"), map[string]bool{"card": false}, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	if raw, err := (backend{k}).Check(ctx); err != nil || string(raw) != "{}" {
		t.Errorf("%s, %v", raw, err)
	}
	if good, known := k.bench().Good["card"]; good || !known {
		t.Errorf("the screen has %+v", k.bench())
	}
	if late := k.pulses.Late(0); slices.Contains(late, "check") {
		t.Error("the check is judged by what it had others do")
	}
	cancel()
	if err := errors.Join(<-ended, k.Close()); err != nil {
		t.Error(err)
	}
}
