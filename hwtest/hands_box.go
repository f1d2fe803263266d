package hwtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/board"
	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
)

// Room temperature as a thermometer shows it that lies on a table: what a room can have, and how far off it may be from one that hangs on the wall.
const (
	coldest, warmest = 5.0, 45.0
	mostOff          = 2.0
)

// probe holds the thermometer against the room. One that measures patients alone has to notice its probe.
func (b Bench) probe(t table) Step {
	if _, chip := catalogue.FindChip(t.Protocol); !chip {
		return Step{
			"thermometer-probe", "The thermometer notices its probe.", "Take the probe out of its holder.", func(ctx context.Context, _ *Person) Result {
				stored := false
				s, err := b.watch(ctx, t, func(s vitals.Sample) bool {
					if s.Flags.Any(vitals.Hardware | vitals.SensorOff) {
						return false
					}
					out := outOfHolder(s)
					stored = stored || !out
					return stored && out
				}, 0)
				if err != nil {
					return failed(why(err, "it does not notice that the probe is out"), "look at the probe's plug; replace the probe")
				}
				return passed(number("it says", s.Status, "", ""))
			},
		}
	}
	return Step{
		"thermometer-room", "The thermometer agrees with the room.", "Lay it down where nobody touches it, beside a thermometer you trust.", func(ctx context.Context, p *Person) Result {
			room, told, err := p.celsius(ctx)
			if err != nil {
				return skipped("nobody said how warm the room is")
			}
			s, err := b.watch(ctx, t, func(s vitals.Sample) bool { return s.Temperature.Value.Known() && !s.Flags.Has(vitals.Hardware) }, 0)
			if err != nil {
				return failed(why(err, "it gives no number"), "look at its four wires and its address")
			}
			milli, _ := s.Temperature.Value.Get()
			is := float64(milli) / 1000
			v := number("it says", is, "°C", fmt.Sprintf("%.0f to %.0f", coldest, warmest))
			if told {
				v.Limit = fmt.Sprintf("%.1f ± %.1f", room, mostOff)
			}
			if is < coldest || is > warmest || told && (is < room-mostOff || is > room+mostOff) {
				return failed("it does not agree with the room", "wait until it has the room's temperature; then replace it", v)
			}
			return passed(v)
		},
	}
}

// outOfHolder says that a predicting thermometer is on its way to a temperature.
func outOfHolder(s vitals.Sample) bool {
	return s.Status != "" && !s.Flags.Has(vitals.NotReady)
}

// celsius asks how warm the room is; without an answer nobody knows.
func (p *Person) celsius(ctx context.Context) (c float64, told bool, err error) {
	for {
		line, err := p.Answer(ctx, "      How warm is it there, °C? Enter when there is no other thermometer.")
		if err != nil || line == "" {
			return 0, false, err
		}
		if c, err := strconv.ParseFloat(strings.Replace(line, ",", ".", 1), 64); err == nil {
			return c, true, nil
		}
	}
}

// plug has the mains pulled and put back, where something tells of it.
func (b Bench) plug() (all []Step) {
	if s, _, err := b.power(); err == nil && s.Source != board.Unknown {
		until := func(name, description, ask string, want board.Source, waited, do string) Step {
			return Step{name, description, ask, func(ctx context.Context, _ *Person) Result {
				begun := time.Now()
				for {
					s, c, err := b.power()
					if err == nil && s.Source == want && !s.Blind {
						values := []Value{duration("noticed after", time.Since(begun), 0)}
						if n, known := s.Charge.Get(); known {
							values = append(values, number("charge", int(n), "%", ""))
						}
						if mv, known := c.CellMV.Get(); known {
							values = append(values, number("cell", mv, "mV", ""))
						}
						return passed(values...)
					}
					if wait(ctx, looksEvery); ctx.Err() != nil {
						return failed(waited, do)
					}
				}
			}}
		}
		all = append(all,
			until("mains-pulled", "The box notices that the mains is away, and goes on.", "Pull the mains plug.", board.Battery, "it does not notice that the mains is away", "look at the mains' line, its number and its active level in kiosk.toml"),
			until("mains-back", "It notices the mains again.", "Put the plug back.", board.Mains, "it does not notice the mains", "look at the supply and its fuse"))
	}
	if l := b.Config.Board.Button; l.There {
		all = append(all, Step{"button", "The button is heard.", "Press the button of the box shortly.", func(ctx context.Context, _ *Person) Result { return b.pressed(ctx, l) }})
	}
	for _, o := range []struct {
		name, description, question string
		line                        config.BoardLine
	}{
		{"lamp", "The lamp shines.", "      Did the lamp blink five times?", b.Config.Board.Lamp},
		{"beeper", "The beeper sounds.", "      Did it beep five times?", b.Config.Board.Beeper},
	} {
		if o.line.There {
			all = append(all, Step{o.name, o.description, "Watch and listen.", func(ctx context.Context, p *Person) Result { return b.blink(ctx, p, o.line, o.question) }})
		}
	}
	return all
}

// How lines are looked at and moved.
const (
	looksEvery = 100 * time.Millisecond
	blinks     = 5
	blinkFor   = 150 * time.Millisecond
)

func (b Bench) pin(l config.BoardLine) port.Pin {
	return port.Pin{Chip: b.Config.Board.Chip, Offset: l.Line}
}

// pressed waits until a line has been active and is at rest again.
func (b Bench) pressed(ctx context.Context, l config.BoardLine) Result {
	in, err := b.Ports.OpenInput(b.pin(l), gpio.PullNoChange)
	if err != nil {
		return failed(err.Error(), "look at its wire and its number in kiosk.toml")
	}
	defer in.Close() // nothing is left to write
	down := time.Time{}
	for ctx.Err() == nil {
		level, err := in.Level()
		switch active := bool(level) != l.Low; {
		case err != nil:
			return failed(err.Error(), "look at its wire")
		case active && down.IsZero():
			down = time.Now()
		case !active && !down.IsZero():
			return passed(duration("held", time.Since(down), 0))
		}
		in.WaitForEdge(looksEvery)
	}
	if !down.IsZero() {
		return failed("it stays pressed", "the button is stuck, or its active level is the other one in kiosk.toml")
	}
	return failed("it is not heard", "look at its wire and its number in kiosk.toml")
}

// blink moves an output and asks whether that was seen.
func (b Bench) blink(ctx context.Context, p *Person, l config.BoardLine, question string) Result {
	out, err := b.Ports.OpenOutput(b.pin(l), gpio.Level(l.Low))
	if err != nil {
		return failed(err.Error(), "look at its number in kiosk.toml")
	}
	defer out.Close() // as above
	for range blinks {
		for _, on := range []bool{true, false} {
			if err := out.Out(gpio.Level(on != l.Low)); err != nil {
				return failed(err.Error(), "look at its wire")
			}
			wait(ctx, blinkFor)
		}
	}
	return p.judged(ctx, question, "nobody noticed it", "look at its wire and its number in kiosk.toml")
}

// judged is a result that only a person can give.
func (p *Person) judged(ctx context.Context, question, why, do string) Result {
	yes, err := p.Confirm(ctx, question)
	var m errMove
	switch {
	case errors.As(err, &m) || err != nil:
		return skipped("nobody said what happened")
	case !yes:
		return failed(why, do)
	}
	return passed(number("noticed by a person", "yes", "", ""))
}
