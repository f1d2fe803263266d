package sim

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// I2C is a bus with simulated chips. Its errors are those of Linux: EREMOTEIO when nobody acknowledges an address, ETIMEDOUT when a wire is held
// down. It is safe for concurrent use.
type I2C struct {
	mu     sync.Mutex
	chips  map[uint16]Chip
	hung   bool
	damage int // transactions whose answer gets a flipped bit
	rng    *rand.Rand
}

var _ i2c.Bus = (*I2C)(nil)

// Chip is one simulated chip; Tx is what a transaction with its address does.
type Chip interface {
	Tx(w, r []byte) error
}

// NewI2C returns a bus without chips.
func NewI2C() *I2C { return &I2C{chips: map[uint16]Chip{}, rng: rand.New(rand.NewPCG(1, 2))} }

// String implements i2c.Bus.
func (b *I2C) String() string { return "simulated I2C bus" }

// SetSpeed implements i2c.Bus.
func (b *I2C) SetSpeed(physic.Frequency) error { return nil }

// Attach puts a chip at an address of seven bits.
func (b *I2C) Attach(addr uint16, c Chip) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chips[addr] = c
}

// Detach cuts the wires of whatever is at the address.
func (b *I2C) Detach(addr uint16) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.chips, addr)
}

// Hang holds the clock down, or lets it go.
func (b *I2C) Hang(hung bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hung = hung
}

// Damage flips one bit of each of the next n answers.
func (b *I2C) Damage(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.damage = n
}

// Tx implements i2c.Bus.
func (b *I2C) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.chips[addr]
	switch {
	case b.hung:
		return fmt.Errorf("simulated bus: %w", syscall.ETIMEDOUT)
	case c == nil:
		return fmt.Errorf("simulated bus: nothing at %02X: %w", addr, syscall.EREMOTEIO)
	}
	if err := c.Tx(w, r); err != nil {
		return fmt.Errorf("simulated bus: %02X: %w", addr, err)
	}
	if b.damage > 0 && len(r) > 0 {
		b.damage--
		r[b.rng.IntN(len(r))] ^= 1 << b.rng.IntN(8)
	}
	return nil
}

// registers are those of a chip with an address of one byte and words of 16 bits, high byte first. Its state is guarded by core.state.
type registers struct {
	core
	tip     tip
	pointer byte
}

// tip is what a contact chip touches.
type tip struct {
	on      bool    // the patient
	celsius float64 // of the chip
	at      time.Duration
	warm    float64 // how much the chip has warmed itself
}

// tipConstant is how fast a small probe warms.
const tipConstant = 20 * time.Second

// follow moves on to t.
func (p *tip) follow(t time.Duration, body float64) {
	goal := room
	if p.on {
		goal = body
	}
	if p.celsius == 0 {
		p.celsius = room
	}
	p.celsius = approach(p.celsius, goal, t-p.at, tipConstant)
	p.warm = approach(p.warm, 0, t-p.at, 10*time.Second)
	p.at = t
}

// Touch puts the chip to the patient's skin.
func (c *registers) Touch() { c.hold(true) }

// Release takes it away.
func (c *registers) Release() { c.hold(false) }

func (c *registers) hold(on bool) {
	c.state.Lock()
	defer c.state.Unlock()
	c.tip.follow(c.clock.now(), c.body())
	c.tip.on = on
}

func (c *registers) body() float64 { return float64(c.patient.Vitals().Temperature) / 1000 }
