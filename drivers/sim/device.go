package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// Device is one simulated peripheral. Its methods are safe for concurrent use; it has one wire, so Serve refuses a second connection.
type Device interface {
	// Serve answers the host at the other end of rw until ctx ends (nil) or rw fails (its error; io.EOF when the host hung up). When
	// rw has SetDeadline, as net.Pipe and a pty have, nothing of Serve is left running afterwards; otherwise its reader ends with rw.
	Serve(ctx context.Context, rw io.ReadWriter) error
	Inject(f Fault)
	InjectN(f Fault, n int)
	Clear(fs ...Fault)
	fmt.Stringer
}

// Opts says what kind of device it is. The zero value works.
type Opts struct {
	Speed    float64 // device time per real time; 0 and 1 are real time
	ByHand   bool    // finger and probe move only when somebody calls for it; see the package's "Hands"
	Model    Model   // which oximeter
	Format   byte    // of a Nonin: 1, 2, 7, 8 or 13; 0 is 2
	Combined bool    // the cuff is the combined BP and SpO2 board, with its own delimiters
}

// machine is the inside of a device. send never waits; times are device time.
type machine interface {
	receive(now time.Duration, b []byte, send func([]byte))
	tick(t time.Duration, send func([]byte))
}

// core is what all devices have.
type core struct {
	faults
	patient *Patient
	byHand  bool
	clock   clock
	rng     *rand.Rand // only the goroutine in Serve uses it
	serving sync.Mutex // held while a connection is served
	state   sync.Mutex // guards what the device itself keeps
}

func newCore(p *Patient, o Opts) core {
	speed := o.Speed
	if speed <= 0 {
		speed = 1
	}
	return core{patient: p, byHand: o.ByHand, clock: clock{speed: speed}, rng: rand.New(rand.NewPCG(p.Vitals().Seed, 2))}
}

// serve runs m on rw: it hands over what arrives and ticks every period of device time. When the host computer was too busy for a second,
// the ticks of that second are left out.
func (c *core) serve(ctx context.Context, rw io.ReadWriter, period time.Duration, m machine) error {
	if !c.serving.TryLock() {
		return errors.New("is served on another wire already")
	}
	defer c.serving.Unlock()
	l := openLine(rw, &c.faults, c.rng)
	defer l.close()
	beat := time.NewTicker(max(c.clock.real(period), time.Millisecond))
	defer beat.Stop()
	for next := c.clock.now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case err := <-l.fail:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case b := <-l.in:
			c.state.Lock()
			m.receive(c.clock.now(), b, l.send)
			c.state.Unlock()
		case <-beat.C:
			now := c.clock.now()
			for next = max(next, now-c.clock.device(time.Second)); next <= now; next += period {
				c.state.Lock()
				m.tick(next, l.send)
				c.state.Unlock()
			}
		}
	}
}

// clock is device time; it starts when it is first asked.
type clock struct {
	speed float64
	once  sync.Once
	start time.Time
}

func (c *clock) now() time.Duration {
	c.once.Do(func() { c.start = time.Now() })
	return c.device(time.Since(c.start))
}

func (c *clock) device(d time.Duration) time.Duration { return time.Duration(float64(d) * c.speed) }
func (c *clock) real(d time.Duration) time.Duration   { return time.Duration(float64(d) / c.speed) }
