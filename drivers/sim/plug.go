package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Plug is a serial port whose device is simulated: a pty whose slave is linked at a path of one's choice. The host may close and open
// the port as often as it likes. Pulling the plug hangs up the port and removes the link, as a USB adapter that is pulled out does.
type Plug struct {
	path   string
	device Device
	ready  chan struct{} // closed when the port is there for the first time
	once   sync.Once

	mu     sync.Mutex
	in     bool
	change chan struct{} // closed and renewed when in changes
}

// NewPlug returns the plug of d at path, plugged in; the port is there once Run has made it.
func NewPlug(path string, d Device) *Plug {
	return &Plug{path: path, device: d, ready: make(chan struct{}), in: true, change: make(chan struct{})}
}

func (p *Plug) String() string { return p.device.String() + " at " + p.path }

// Ready is closed as soon as the port can be opened for the first time.
func (p *Plug) Ready() <-chan struct{} { return p.ready }

// Unplug pulls the plug. It returns at once; the port is gone when its link is.
func (p *Plug) Unplug() { p.set(false) }

// Replug plugs it in again. It returns at once; the link, to another pty, follows.
func (p *Plug) Replug() { p.set(true) }

// Inject passes f to the device, but Unplug pulls the plug.
func (p *Plug) Inject(f Fault) {
	if f == Unplug {
		p.Unplug()
	}
	p.device.Inject(f)
}

// Clear passes the faults to the device, and plugs it in again when Unplug is among them or none is given.
func (p *Plug) Clear(fs ...Fault) {
	if len(fs) == 0 || slices.Contains(fs, Unplug) {
		p.Replug()
	}
	p.device.Clear(fs...)
}

func (p *Plug) set(in bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in != in {
		p.in = in
		close(p.change)
		p.change = make(chan struct{})
	}
}

func (p *Plug) now() (in bool, change <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.in, p.change
}

// Run keeps the port there while it is plugged in, until ctx ends (nil) or a pty cannot be made. The link is gone when Run returns.
func (p *Plug) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		in, change := p.now()
		if in {
			if err := p.serve(ctx, change); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			continue
		}
		select {
		case <-change:
		case <-ctx.Done():
		}
	}
	return nil
}

// serve is one life of the port, until ctx ends or the plug changes.
func (p *Plug) serve(ctx context.Context, change <-chan struct{}) error {
	baud := 0
	if d, ok := p.device.(interface{ Baud() int }); ok {
		baud = d.Baud()
	}
	wire, err := openWire(baud)
	if err != nil {
		return err
	}
	defer wire.close()
	if err := link(wire.slave.Name(), p.path); err != nil {
		return err
	}
	defer unlink(wire.slave.Name(), p.path)
	p.once.Do(func() { close(p.ready) })
	ctx, cancel := context.WithCancel(ctx)
	var attending sync.WaitGroup
	defer attending.Wait()
	defer cancel()
	attending.Go(func() { wire.attend(ctx, change); cancel() })
	return p.device.Serve(ctx, wire)
}
