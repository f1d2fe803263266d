package sim

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// Lines is a GPIO chip whose lines a test, or a technician's simulated hand, moves. It is safe for concurrent use.
type Lines struct {
	mu    sync.Mutex
	level map[int]gpio.Level
	moved map[int]chan struct{} // closed and renewed at every edge
	dead  bool
	log   map[int][]gpio.Level  // what was driven
	seen  map[int]chan struct{} // closed at the first look
}

// NewLines returns a chip whose lines are all low.
func NewLines() *Lines {
	return &Lines{level: map[int]gpio.Level{}, moved: map[int]chan struct{}{}, log: map[int][]gpio.Level{}, seen: map[int]chan struct{}{}}
}

// Set gives a line its level from outside.
func (l *Lines) Set(offset int, level gpio.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level[offset] = level
	l.wake(offset)
}

// Kill takes the chip away, or brings it back: until then its lines answer like those of a chip that was unplugged.
func (l *Lines) Kill(dead bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = dead
	for offset := range l.moved {
		l.wake(offset)
	}
}

// Driven are the levels that a line was given by the kiosk, in order.
func (l *Lines) Driven(offset int) []gpio.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]gpio.Level(nil), l.log[offset]...)
}

// Looked is closed as soon as somebody has read the line.
func (l *Lines) Looked(offset int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.looked(offset)
}

func (l *Lines) looked(offset int) chan struct{} {
	if l.seen[offset] == nil {
		l.seen[offset] = make(chan struct{})
	}
	return l.seen[offset]
}

func (l *Lines) wake(offset int) {
	if c := l.moved[offset]; c != nil {
		close(c)
	}
	l.moved[offset] = make(chan struct{})
}

// Line is one line of a chip, as an input or an output.
type Line struct {
	of     *Lines
	offset int
	edge   chan struct{} // of the last look
	halt   chan struct{}
}

// Line gives one; an error when the chip is away.
func (l *Lines) Line(offset int) (*Line, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return nil, fmt.Errorf("simulated line %d: %w", offset, syscall.ENODEV)
	}
	if l.moved[offset] == nil {
		l.moved[offset] = make(chan struct{})
	}
	return &Line{l, offset, l.moved[offset], make(chan struct{}, 1)}, nil
}

// Level is the level now; an error when the chip is away.
func (p *Line) Level() (gpio.Level, error) {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.edge = p.of.moved[p.offset]
	if p.of.dead {
		return gpio.Low, fmt.Errorf("simulated line %d: %w", p.offset, syscall.ENODEV)
	}
	select {
	case <-p.of.looked(p.offset):
	default:
		close(p.of.looked(p.offset))
	}
	return p.of.level[p.offset], nil
}

// Out implements gpio.PinOut.
func (p *Line) Out(level gpio.Level) error {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.of.dead {
		return fmt.Errorf("simulated line %d: %w", p.offset, syscall.ENODEV)
	}
	p.of.level[p.offset] = level
	p.of.log[p.offset] = append(p.of.log[p.offset], level)
	return nil
}

// WaitForEdge implements gpio.PinIn.
func (p *Line) WaitForEdge(timeout time.Duration) bool {
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-p.edge:
		return true
	case <-t.C:
	case <-p.halt:
	}
	return false
}

// Halt implements conn.Resource.
func (p *Line) Halt() error {
	select {
	case p.halt <- struct{}{}:
	default:
	}
	return nil
}

// Read implements gpio.PinIn.
func (p *Line) Read() gpio.Level {
	l, _ := p.Level() // as periph: a line that is away is low
	return l
}

// Close gives the line up.
func (p *Line) Close() error { return nil }

// In implements gpio.PinIn.
func (p *Line) In(gpio.Pull, gpio.Edge) error { return nil }

// Pull implements gpio.PinIn.
func (p *Line) Pull() gpio.Pull { return gpio.PullNoChange }

// DefaultPull implements gpio.PinIn.
func (p *Line) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// PWM implements gpio.PinOut.
func (p *Line) PWM(gpio.Duty, physic.Frequency) error { return errors.New("no PWM") }

// String implements pin.Pin.
func (p *Line) String() string { return fmt.Sprintf("simulated line %d", p.offset) }

// Name implements pin.Pin.
func (p *Line) Name() string { return p.String() }

// Number implements pin.Pin.
func (p *Line) Number() int { return p.offset }

// Function implements pin.Pin.
func (p *Line) Function() string { return "" }
