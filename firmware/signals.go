package firmware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/board"
	"nabz/drivers/port"
	"nabz/firmware/config"
	"nabz/firmware/power"
	"nabz/firmware/whole"
)

// signals are the lamp and the beeper of the box: they say across the room what the screen says.
type signals struct {
	*box
	now func() (power.State, power.Verdict)
}

// glow is how the lamp shines: on and off for so long; a zero off is steady light.
type glow struct{ on, off time.Duration }

// glowOf is the lamp for what the power is: steady on the mains, slow on battery, quick when nothing new may begin.
func glowOf(s power.State, v power.Verdict) glow {
	switch {
	case v != power.Go || s.Low:
		return glow{200 * time.Millisecond, 200 * time.Millisecond}
	case s.Source == board.Battery || s.Blind || s.Deaf:
		return glow{time.Second, time.Second}
	}
	return glow{on: time.Second}
}

// beepsOf is how often the beeper sounds when the power goes from one to another: once when the mains fails, three times when nothing new may begin.
func beepsOf(from, to power.State, was, is power.Verdict) int {
	switch {
	case (to.Low && !from.Low) || is == power.Leaving && was != power.Leaving:
		return 3
	case to.Source == board.Battery && from.Source == board.Mains:
		return 1
	}
	return 0
}

// beep is how long one is, and the silence after it.
const beep = 150 * time.Millisecond

func (s *signals) String() string { return "signals" }

// Run shows and sounds until ctx ends. A line that cannot be driven is logged once, and what it would say stands on the screen.
func (s *signals) Run(ctx context.Context) error {
	lamp, beeper := s.output("lamp", s.cfg.Lamp), s.output("beeper", s.cfg.Beeper)
	running := s.output("running", s.cfg.Running)
	defer func() { lamp.close(false); beeper.close(false); running.close(true) }()
	running.set(true)
	from, was := s.now()
	for {
		to, is := s.now()
		for range beepsOf(from, to, was, is) {
			beeper.set(true)
			pause(ctx, beep)
			beeper.set(false)
			pause(ctx, beep)
		}
		from, was = to, is
		g := glowOf(to, is)
		lamp.set(true)
		pause(ctx, g.on)
		if g.off > 0 {
			lamp.set(false)
			pause(ctx, g.off)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// output is a line that is driven; nil stands for one that is not there.
type output struct {
	name string
	line port.OutputLine
	low  bool
	bad  bool
	log  *slog.Logger
}

func (b *box) output(name string, l config.BoardLine) *output {
	if !l.There {
		return nil
	}
	o := &output{name: name, low: l.Low, log: b.log}
	line, err := b.ports.OpenOutput(b.pin(l), gpio.Level(l.Low))
	if err != nil {
		o.failed(err)
		return nil
	}
	o.line = line
	return o
}

func (o *output) set(active bool) {
	if o == nil {
		return
	}
	if err := o.line.Out(gpio.Level(active != o.low)); err != nil {
		o.failed(err)
	}
}

func (o *output) failed(err error) {
	if !o.bad {
		o.log.Warn("a line of the box cannot be driven", "line", o.name, "why", err)
	}
	o.bad = true
}

// close gives the line up, with its last level or the one at rest.
func (o *output) close(keep bool) {
	if o == nil {
		return
	}
	if !keep {
		o.set(false)
	}
	if err := o.line.Close(); err != nil {
		o.failed(err)
	}
}

// cutFor is how long a board is told to take the power (Geekworm, x728softsd).
const cutFor = 3 * time.Second

// SwitchOff has the box switched off, or started again, after the kiosk was closed: how is what its Run returned. It makes the file that whoever may do
// that waits for, and then tells the board, which takes the power when the machine has halted.
func SwitchOff(ctx context.Context, cfg config.Board, ports port.System, how error, log *slog.Logger) error {
	word := "poweroff\n"
	if errors.Is(how, ErrRestart) {
		word = "reboot\n"
	}
	if err := whole.Write(cfg.PowerOff, []byte(word), 0o600); err != nil {
		return fmt.Errorf("switch the box off: %w: make the folder, or leave board.power_off out", err)
	}
	if errors.Is(how, ErrRestart) {
		return nil
	}
	cut := newBox(cfg, ports, log).output("cut power", cfg.CutPower)
	cut.set(true)
	if cut != nil {
		pause(ctx, cutFor)
	}
	cut.close(false)
	return nil
}
