package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"nabz/firmware/exam"
	"nabz/firmware/screen"
	"nabz/hwtest/stage"
)

// thermometer: the kiosk reads a chip over the kernel's I2C adapter.
func (r *rig) thermometer(ctx context.Context) (string, error) {
	if _, _, err := r.until(ctx, "the thermometer", func(s screen.State) bool { return device(s, "thermometer", "connected") }); err != nil {
		return "", err
	}
	r.probe.Touch()
	body := float64(r.patient.Vitals().Temperature) / 1000
	s, took, err := r.until(ctx, "the body's temperature", func(s screen.State) bool {
		if s.Live.Temperature == nil {
			return false
		}
		milli, known := s.Live.Temperature.Value.Get()
		return known && float64(milli)/1000 > body-0.2 && float64(milli)/1000 < body+0.2
	})
	if err != nil {
		return "", err
	}
	r.probe.Release()
	milli, _ := s.Live.Temperature.Value.Get()
	return fmt.Sprintf("TMP117 on /dev/i2c-0 (i2c-tiny-usb): %.2f °C of a body of %.2f, %.1f s after the touch", float64(milli)/1000, body, took.Seconds()), nil
}

// mains: the line of the PL061 moves, and the screen says so; a flicker is none.
func (r *rig) mains(ctx context.Context) (string, error) {
	on := func(source string) func(screen.State) bool {
		return func(s screen.State) bool { return s.Power.Source == source && s.Power.Charge != nil }
	}
	if _, _, err := r.until(ctx, "the mains", on("mains")); err != nil {
		return "", err
	}
	for range 3 { // shorter than the debounce
		if err := errors.Join(r.wires.Line(mainsLine, true), r.wires.Line(mainsLine, false)); err != nil {
			return "", err
		}
	}
	if s, err := r.worker.State(ctx); err != nil || s.Power.Source != "mains" {
		return "", fmt.Errorf("a flicker of the line is taken for a power cut: %q, %w", s.Power.Source, err)
	}
	r.cell.Set(79, false)
	if err := r.wires.Line(mainsLine, true); err != nil {
		return "", err
	}
	s, lost, err := r.until(ctx, "the battery", on("battery"))
	if err != nil {
		return "", err
	}
	r.cell.Set(79, true)
	if err := r.wires.Line(mainsLine, false); err != nil {
		return "", err
	}
	_, back, err := r.until(ctx, "the mains again", on("mains"))
	return fmt.Sprintf("line %d of the PL061: battery (%d %%) on the screen after %.1f s, mains after %.1f s; three flickers told of nothing", mainsLine, *s.Power.Charge, lost.Seconds(), back.Seconds()), err
}

// lamp: the kiosk drives a line.
func (r *rig) lamp(context.Context) (string, error) {
	high, err := r.wires.Driven(lampLine)
	if err == nil && !high {
		err = errors.New("it is dark on the mains")
	}
	return fmt.Sprintf("line %d is driven high", lampLine), err
}

// unplug: the cuff's USB plug is pulled while it inflates.
func (r *rig) unplug(ctx context.Context) (string, error) {
	if _, _, err := r.until(ctx, "the cuff", func(s screen.State) bool { return device(s, "cuff", "connected") }); err != nil {
		return "", err
	}
	visit, err := r.worker.Skip(ctx, "000123", exam.StepBP)
	if err != nil {
		return "", err
	}
	r.visit = visit
	if err := r.worker.Act(ctx, visit, "start-cuff"); err != nil {
		return "", err
	}
	s, _, err := r.until(ctx, "pressure", func(s screen.State) bool {
		if s.Live.Cuff == nil {
			return false
		}
		p, known := s.Live.Cuff.Pressure.Get()
		return known && p > 40
	})
	if err != nil {
		return "", err
	}
	at, _ := s.Live.Cuff.Pressure.Get()
	if err := r.wires.Pull(); err != nil {
		return "", err
	}
	_, noticed, err := r.until(ctx, "the loss", func(s screen.State) bool {
		return device(s, "cuff", "missing") && s.Visit != nil && s.Visit.Prompt != exam.PromptMeasuring
	})
	if err != nil {
		return "", err
	}
	if err := r.plugAgain(ctx); err != nil {
		return "", err
	}
	_, found, err := r.until(ctx, "the cuff again", func(s screen.State) bool { return device(s, "cuff", "connected") })
	if err != nil {
		return "", err
	}
	if p := r.cuff.Pressure(); p != 0 {
		return "", fmt.Errorf("the cuff has %d mmHg after it was plugged in again", p)
	}
	if err := r.worker.Act(ctx, visit, "start-cuff"); err != nil {
		return "", err
	}
	s, _, err = r.until(ctx, "a reading", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) > 0 })
	if err == nil && len(s.Visit.Readings) != 1 {
		err = fmt.Errorf("%d readings", len(s.Visit.Readings))
	}
	return fmt.Sprintf("pulled at %d mmHg: the screen says so after %.1f s; plugged in: found after %.1f s, the cuff empty; the visit goes on to its reading", at, noticed.Seconds(), found.Seconds()), err
}

// plugAgain puts the plug back. QEMU frees it a moment after it was pulled.
func (r *rig) plugAgain(ctx context.Context) error {
	for {
		err := r.wires.Plug()
		if err == nil || ctx.Err() != nil {
			return err
		}
		stage.Wait(ctx, 100*time.Millisecond)
	}
}

// watchdog: the kiosk makes no progress any more, and the machine is reset.
func (r *rig) watchdog(ctx context.Context) (string, error) {
	if _, err := r.worker.State(ctx); err != nil {
		return "", err
	}
	begun := time.Now()
	if err := r.vm.Send("STOP"); err != nil {
		return "", err
	}
	if !r.wires.Bitten() {
		return "", errors.New("the machine ended, and not by its watchdog")
	}
	return fmt.Sprintf("the kiosk was stopped (SIGSTOP): the i6300esb reset the machine after %.1f s", time.Since(begun).Seconds()), nil
}

// resume: the machine comes back, and the visit with it.
func (r *rig) resume(ctx context.Context) (string, error) {
	r.vm.Kill()
	if _, err := r.boot(ctx); err != nil {
		return "", err
	}
	s, took, err := r.until(ctx, "the visit", func(s screen.State) bool { return s.Visit != nil })
	if err == nil && (s.Visit.ID != r.visit || len(s.Visit.Readings) != 1) {
		err = fmt.Errorf("visit %s with %d readings, and it was %s with 1", s.Visit.ID, len(s.Visit.Readings), r.visit)
	}
	return fmt.Sprintf("the visit is on the screen again, with its reading, %.1f s after the kiosk was ready", took.Seconds()), err
}

// classes of cards, by what their makers promise to be written. The card writes more than it is given: small writes that are flushed one by one make it move
// whole erase blocks; ten times is a careful guess for a controller without memory of its own.
var classes = []struct {
	name      string
	terabytes float64
}{
	{"high-endurance microSD 32 GB, rated for 2,500 h of video at 26 Mbit/s", 2500 * 3600 * 26e6 / 8 / 1e12},
	{"consumer microSD 32 GB, TLC, 500 cycles", 32e9 * 500 / 1e12},
}

const (
	amplified = 10
	readings  = 300 // a busy unit's day: a hundred patients, three each
)

// wear: what one reading writes to the card, from the touch to the receipt, the file system's own writes included.
func (r *rig) wear(ctx context.Context, visits int) (string, error) {
	if err := r.worker.End(ctx, r.visit); err != nil {
		return "", err
	}
	settled := func(s screen.State) bool { return s.Visit == nil && s.Queue.Waiting == 0 && s.Link.Clinic }
	if _, _, err := r.until(ctx, "the queue to be empty", settled); err != nil {
		return "", err
	}
	before := r.card.Stats()
	for i := range visits {
		if err := r.worker.ByHand(ctx, fmt.Sprintf("%06d", 200+i)); err != nil {
			return "", err
		}
	}
	if _, _, err := r.until(ctx, "the record to have all", settled); err != nil {
		return "", err
	}
	n := 3 * visits
	now := r.card.Stats()
	each, flushes := float64(now.Written-before.Written)/float64(n), float64(now.Flushes-before.Flushes)/float64(n)
	gauge, err := r.gauge("nabz_medium_written_bytes_per_reading")
	if err != nil {
		return "", err
	}
	// the visit that the machine is to come back to
	if r.visit, err = r.worker.Skip(ctx, "000124", exam.StepBP); err != nil {
		return "", err
	}
	if err := r.worker.Act(ctx, r.visit, "start-cuff"); err != nil {
		return "", err
	}
	if _, _, err := r.until(ctx, "a reading", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 1 }); err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d readings: %.1f kB written and %.1f flushes each, as the card counts; the kiosk's own gauge since its start: %s bytes", n, each/1000, flushes, gauge)
	for _, c := range classes {
		text += fmt.Sprintf("\n                         %s: %.0f years at %d readings a day, if it writes %d times what it is given", c.name, c.terabytes*1e12/(each*amplified*readings*365), readings, amplified)
	}
	return text, nil
}

// gauge is one of the kiosk's metrics.
func (r *rig) gauge(name string) (string, error) {
	answer, err := http.Get("http://" + r.opts.Screen + "/metrics")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close() // read to its end
	raw, err := io.ReadAll(answer.Body)
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value), err
		}
	}
	return "", errors.Join(err, fmt.Errorf("there is no gauge %s", name))
}
