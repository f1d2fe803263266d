package sim

import (
	"encoding/binary"
	"math"
	"syscall"
	"time"
)

// approach is what an exponential with that time constant makes of a value in the time d.
func approach(from, to float64, d, constant time.Duration) float64 {
	return from + (to-from)*(1-math.Exp(-float64(d)/float64(constant)))
}

// TMP117 is Texas Instruments' contact chip (SNOSD82D): a conversion a cycle, a ready bit that reading clears, EEPROM words that hold its number.
type TMP117 struct {
	registers
	config uint16
	next   time.Duration // when the conversion in progress ends
	raw    uint16
	ready  bool
	offset uint16
}

// NewTMP117 returns the chip just switched on, in the air of the room.
func NewTMP117(p *Patient, o Opts) *TMP117 {
	t := &TMP117{registers: registers{core: newCore(p, o)}}
	t.reset()
	return t
}

// Reset switches it off and on, as a bad contact of its supply does.
func (c *TMP117) Reset() {
	c.state.Lock()
	defer c.state.Unlock()
	c.reset()
}

func (c *TMP117) reset() {
	c.config, c.raw, c.ready, c.next = 0x0220, 0x8000, false, c.clock.now()+time.Second
}

// Tx implements Chip.
func (c *TMP117) Tx(w, r []byte) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.convert(c.clock.now())
	if len(w) > 0 {
		c.pointer = w[0]
	}
	if len(w) == 3 && c.pointer == 1 {
		c.write(binary.BigEndian.Uint16(w[1:]))
	}
	if len(r) == 2 {
		binary.BigEndian.PutUint16(r, c.read(c.pointer))
	}
	return nil
}

func (c *TMP117) write(v uint16) {
	if v&0x0002 != 0 { // soft reset
		c.reset()
		return
	}
	c.config = v & 0x0FFC
	c.next = c.clock.now() + time.Second
}

// convert finishes the conversions that are due; only the cycle of one second is simulated, as the chip comes.
func (c *TMP117) convert(now time.Duration) {
	c.tip.follow(now, c.body())
	if c.has(Broken) || now < c.next {
		return
	}
	c.next = now + time.Second
	c.ready = true
	c.raw = uint16(int16(math.Round(c.tip.celsius / 0.0078125)))
}

func (c *TMP117) read(reg byte) uint16 {
	switch reg {
	case 0x00:
		c.ready = false
		return c.raw
	case 0x01:
		v := c.config | uint16(flag(c.ready))<<13
		c.ready = false
		return v
	case 0x02:
		return 0x6000
	case 0x03:
		return 0x8000
	case 0x05, 0x06, 0x08:
		return 0x1234 + uint16(reg)
	case 0x07:
		return c.offset
	case 0x0F:
		return 0x0117
	}
	return 0
}

// MAX30205 is Maxim's contact chip (19-8505). It warms itself when it converts more often than every ten seconds (note 5 of the data sheet).
type MAX30205 struct {
	registers
	config byte
	due    time.Duration // of the conversion in progress; 0 without one
	raw    uint16
}

// NewMAX30205 returns the chip just switched on, in the air of the room.
func NewMAX30205(p *Patient, o Opts) *MAX30205 {
	return &MAX30205{registers: registers{core: newCore(p, o)}}
}

// Reset switches it off and on.
func (c *MAX30205) Reset() {
	c.state.Lock()
	defer c.state.Unlock()
	c.config, c.raw, c.due = 0, 0, 0
}

const (
	maxConversion = 50 * time.Millisecond
	maxWarms      = 0.02 // °C, by one conversion; gone in ten seconds
)

// Tx implements Chip.
func (c *MAX30205) Tx(w, r []byte) error {
	c.state.Lock()
	defer c.state.Unlock()
	now := c.clock.now()
	c.tip.follow(now, c.body())
	if len(w) > 0 {
		c.pointer = w[0]
	}
	if len(w) == 2 && c.pointer == 1 {
		c.write(w[1], now)
	}
	if c.pointer > 3 {
		return syscall.EREMOTEIO
	}
	c.convert(now)
	for i := range r { // the pointer goes on after two bytes
		r[i] = c.octet(c.pointer+byte(i/2), i%2)
	}
	return nil
}

func (c *MAX30205) write(v byte, now time.Duration) {
	c.config = v &^ 0x80
	if v&0x81 == 0x81 { // one shot, in shutdown
		c.due = now + maxConversion
		c.tip.warm += maxWarms
	}
}

// convert ends a conversion that is due. Without shutdown it converts all the time, and is as warm as that makes it.
func (c *MAX30205) convert(now time.Duration) {
	running := c.config&1 == 0
	if c.has(Broken) || !running && (c.due == 0 || now < c.due) {
		return
	}
	if c.due = 0; running {
		c.tip.warm = 0.3
	}
	celsius := c.tip.celsius + c.tip.warm
	if c.config&0x20 != 0 { // extended format
		celsius -= 64
	}
	c.raw = uint16(int16(math.Round(celsius * 256)))
}

func (c *MAX30205) octet(reg byte, i int) byte {
	word := [...]uint16{c.raw, uint16(c.config) << 8, 0x4B00, 0x5000}[reg&3]
	return byte(word >> (8 * (1 - i)))
}
