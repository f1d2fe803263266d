package port

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/warthog618/go-gpiocdev"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// Pin names a GPIO line: the label of its chip, as gpiodetect prints it, and its offset. Names of lines differ between kernels, and so do the
// numbers of chips. An empty chip is the board's own: the first whose label begins with pinctrl-.
type Pin struct {
	Chip   string
	Offset int
}

func (p Pin) String() string {
	if p.Chip == "" {
		return fmt.Sprintf("GPIO line %d", p.Offset)
	}
	return fmt.Sprintf("GPIO line %d of %s", p.Offset, p.Chip)
}

// Input is a GPIO line that is read. It implements gpio.PinIn, and where that hides that a line is gone, Level says so.
type Input struct {
	pin  Pin
	line *gpiocdev.Line
	edge chan struct{} // one that nobody waited for yet

	mu   sync.Mutex
	stop chan struct{} // closed by Halt
}

// Output is a GPIO line that is driven. It implements gpio.PinOut.
type Output struct {
	pin  Pin
	line *gpiocdev.Line
}

var (
	_ gpio.PinIn  = &Input{}
	_ gpio.PinOut = &Output{}
)

// OpenInput takes a line as an input; nobody else has it until Close. periph's own way (host/gpioioctl, v3.8.5) is not used: with it a line that is
// gone reads as low, WaitForEdge(-1) spins, and reading an output makes it an input.
func OpenInput(p Pin, pull gpio.Pull) (*Input, error) {
	in := &Input{pin: p, edge: make(chan struct{}, 1), stop: make(chan struct{})}
	told := func(gpiocdev.LineEvent) {
		select {
		case in.edge <- struct{}{}:
		default: // one waits; the level is read after it
		}
	}
	options := []gpiocdev.LineReqOption{gpiocdev.AsInput, gpiocdev.WithBothEdges, gpiocdev.WithEventHandler(told)}
	if bias, ok := pulls[pull]; ok {
		options = append(options, bias)
	}
	var err error
	if in.line, err = request(p, options...); err != nil {
		return nil, err
	}
	return in, nil
}

var pulls = map[gpio.Pull]gpiocdev.LineReqOption{
	gpio.PullUp: gpiocdev.WithPullUp, gpio.PullDown: gpiocdev.WithPullDown, gpio.Float: gpiocdev.WithBiasDisabled,
}

// OpenOutput takes a line as an output that has the level from the first moment: there is no pulse of the other one.
func OpenOutput(p Pin, l gpio.Level) (*Output, error) {
	line, err := request(p, gpiocdev.AsOutput(number(l)))
	if err != nil {
		return nil, err
	}
	return &Output{p, line}, nil
}

func request(p Pin, options ...gpiocdev.LineReqOption) (*gpiocdev.Line, error) {
	chip, err := findChip(p)
	if err != nil {
		return nil, err
	}
	line, err := gpiocdev.RequestLine(chip, p.Offset, append(options, gpiocdev.WithConsumer("nabz"))...)
	switch {
	case errors.Is(err, syscall.EBUSY):
		return nil, fmt.Errorf("open %s: in use: another program or the kernel has it (gpioinfo says who)", p)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("open %s: permission denied: add this user to the group gpio", p)
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", p, err)
	}
	return line, nil
}

func findChip(p Pin) (string, error) {
	var seen []string
	for _, name := range gpiocdev.Chips() {
		c, err := gpiocdev.NewChip(name)
		if err != nil {
			seen = append(seen, err.Error())
			continue
		}
		label := c.Label
		if err := c.Close(); err != nil {
			return "", err
		}
		if label == p.Chip || p.Chip == "" && strings.HasPrefix(label, "pinctrl-") {
			return name, nil
		}
		seen = append(seen, label)
	}
	slices.Sort(seen)
	return "", fmt.Errorf("open %s: no such chip: there is %q", p, seen)
}

// Level is the line's level now, or why nobody knows it.
func (p *Input) Level() (gpio.Level, error) {
	v, err := p.line.Value()
	if err != nil {
		return gpio.Low, fmt.Errorf("read %s: %w", p.pin, err)
	}
	return v != 0, nil
}

// Read implements gpio.PinIn. A line that is gone is low: use Level where that matters.
func (p *Input) Read() gpio.Level {
	l, _ := p.Level() // said in the comment
	return l
}

// WaitForEdge implements gpio.PinIn: true after an edge that came since the last call; false when the time is up, or Halt was called. A time below
// zero is without end.
func (p *Input) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	stop := p.stop
	p.mu.Unlock()
	var up <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		up = t.C
	}
	select {
	case <-p.edge:
		return true
	case <-up:
	case <-stop:
	}
	return false
}

// Halt implements conn.Resource: it ends a WaitForEdge.
func (p *Input) Halt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.stop)
	p.stop = make(chan struct{})
	return nil
}

// Close gives the line up.
func (p *Input) Close() error { return errors.Join(p.Halt(), p.line.Close()) }

// In implements gpio.PinIn. The pull was said when the line was opened, and both edges are told.
func (p *Input) In(pull gpio.Pull, _ gpio.Edge) error {
	if pull == gpio.PullNoChange {
		return nil
	}
	return fmt.Errorf("%s: the pull is set when the line is opened", p.pin)
}

// Pull implements gpio.PinIn.
func (p *Input) Pull() gpio.Pull { return gpio.PullNoChange }

// DefaultPull implements gpio.PinIn.
func (p *Input) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// Out implements gpio.PinOut.
func (p *Output) Out(l gpio.Level) error {
	if err := p.line.SetValue(number(l)); err != nil {
		return fmt.Errorf("set %s: %w", p.pin, err)
	}
	return nil
}

// PWM implements gpio.PinOut: these lines have none.
func (p *Output) PWM(gpio.Duty, physic.Frequency) error {
	return fmt.Errorf("%s: no PWM on this line", p.pin)
}

// Halt implements conn.Resource and does nothing: the line keeps its level until Close.
func (p *Output) Halt() error { return nil }

// Close gives the line up; what level it then has is the board's.
func (p *Output) Close() error { return p.line.Close() }

func number(l gpio.Level) int {
	if l {
		return 1
	}
	return 0
}

// String implements pin.Pin.
func (p *Input) String() string { return p.pin.String() }

// Name implements pin.Pin.
func (p *Input) Name() string { return p.pin.String() }

// Number implements pin.Pin.
func (p *Input) Number() int { return p.pin.Offset }

// Function implements pin.Pin.
func (p *Input) Function() string { return "In" }

// String implements pin.Pin.
func (p *Output) String() string { return p.pin.String() }

// Name implements pin.Pin.
func (p *Output) Name() string { return p.pin.String() }

// Number implements pin.Pin.
func (p *Output) Number() int { return p.pin.Offset }

// Function implements pin.Pin.
func (p *Output) Function() string { return "Out" }
