package firmware

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/board"
	"nabz/drivers/port"
	"nabz/firmware/config"
	"nabz/firmware/live"
	"nabz/firmware/pulse"
)

// box is the kiosk's own lines and gauge, as kiosk.toml names them, and what they said last.
type box struct {
	cfg   config.Board
	ports port.System
	log   *slog.Logger

	mainsLost  live.Board[board.Line]
	batteryLow live.Board[board.Line]
	gauge      live.Board[sensed]
	presses    chan board.Press
}

// sensed is what the gauge said, and how often it has spoken.
type sensed struct {
	board.Charge
	times int
}

func newBox(cfg config.Board, ports port.System, log *slog.Logger) *box {
	return &box{cfg: cfg, ports: ports, log: log, presses: make(chan board.Press, 1)}
}

// How inputs are looked at: the mains' line may bounce for long, a button for a moment (debounce), and no edge is relied on (every).
const (
	supplyBounce = 500 * time.Millisecond
	buttonBounce = 30 * time.Millisecond
	buttonEvery  = 50 * time.Millisecond
)

// tasks are those that this box needs.
func (b *box) tasks() (all []Task) {
	watch := func(name string, l config.BoardLine, bounce, every time.Duration, tell func(board.Line)) {
		if l.There {
			all = append(all, &lineTask{name: name, line: l, bounce: bounce, every: every, tell: tell, box: b})
		}
	}
	watch("mains line", b.cfg.MainsLost, supplyBounce, supplyEvery, b.mainsLost.Set)
	watch("battery line", b.cfg.BatteryLow, supplyBounce, supplyEvery, b.batteryLow.Set)
	var button board.Button
	watch("button", b.cfg.Button, buttonBounce, buttonEvery, func(l board.Line) {
		if p := button.See(l, time.Now()); p != board.NoPress {
			b.log.Info("the button was pressed", "asks", p)
			select {
			case b.presses <- p:
			default: // one is enough
			}
		}
	})
	if b.cfg.Gauge.Kind != "" {
		all = append(all, &gaugeTask{b})
	}
	return all
}

// seen is what lines and gauge say; a word of the gauge counts once.
func (b *box) seen(heard *int) (s board.Seen) {
	if b.cfg.MainsLost.There {
		l, _ := b.mainsLost.Get()
		s.MainsLost = &l
	}
	if b.cfg.BatteryLow.There {
		l, _ := b.batteryLow.Get()
		s.BatteryLow = &l
	}
	if c, _ := b.gauge.Get(); c.times != *heard {
		*heard = c.times
		s.Gauge = &c.Charge
	}
	return s
}

// asked is what the button asks.
func (b *box) asked() board.Press {
	select {
	case p := <-b.presses:
		return p
	default:
		return board.NoPress
	}
}

func (b *box) pin(l config.BoardLine) port.Pin { return port.Pin{Chip: b.cfg.Chip, Offset: l.Line} }

// lineTask watches one input and opens it again when it is gone.
type lineTask struct {
	name          string
	line          config.BoardLine
	bounce, every time.Duration
	tell          func(board.Line)
	box           *box
}

func (t *lineTask) String() string { return t.name }

// Run watches until ctx ends. A line that is gone is told of and logged, and is not the kiosk's end.
func (t *lineTask) Run(ctx context.Context) error {
	dead := board.Debounce{For: t.bounce}
	failed := false
	for {
		err := t.watch(ctx, func() { failed = false })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !failed {
			t.box.log.Warn("a line of the box cannot be read", "line", t.name, "why", err)
		}
		failed = true
		t.tell(dead.See(false, err, time.Now()))
		pause(ctx, lastRetry)
	}
}

// watch uses one opening of the line, until it is dead.
func (t *lineTask) watch(ctx context.Context, well func()) error {
	in, err := t.box.ports.OpenInput(t.box.pin(t.line), gpio.PullNoChange)
	if err != nil {
		return err
	}
	defer in.Close() // it is given up whatever its error says
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	_ = board.Watch(ctx, in, gpio.Level(!t.line.Low), board.Debounce{For: t.bounce}, t.every, func(l board.Line) {
		pulse.Beat(ctx)
		if t.tell(l); l.Dead {
			cancel(errLineDead)
			return
		}
		well()
	})
	return context.Cause(ctx)
}

var errLineDead = errors.New("it does not answer any more: look at its wires")

// gaugeTask asks the battery's gauge.
type gaugeTask struct{ *box }

// gaugeEvery is how often: three words in a row make a low battery.
const gaugeEvery = 2 * time.Second

func (t *gaugeTask) String() string { return "gauge" }

// Run asks until ctx ends. A gauge that does not answer is logged; what that means is decided in firmware/power.
func (t *gaugeTask) Run(ctx context.Context) error {
	failed := false
	for {
		c, err := t.sense()
		if err != nil && !failed {
			t.log.Warn("the battery's gauge does not answer", "why", err)
		}
		if failed = err != nil; !failed {
			t.box.gauge.Update(func(old sensed) sensed { return sensed{c, old.times + 1} })
		}
		if !pause(ctx, gaugeEvery) {
			return ctx.Err()
		}
	}
}

func (t *gaugeTask) sense() (board.Charge, error) {
	bus, err := t.ports.OpenI2C(t.cfg.Gauge.Bus)
	if err != nil {
		return board.Charge{}, err
	}
	defer bus.Close() // as above
	g := t.cfg.Gauge
	gauge, err := board.OpenGauge(g.Kind, bus, board.GaugeOpts{Address: uint16(g.Address), Cells: g.Cells, Reversed: g.Reversed})
	if err != nil {
		return board.Charge{}, err
	}
	return gauge.Sense()
}
