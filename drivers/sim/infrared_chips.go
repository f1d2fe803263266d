package sim

import (
	"encoding/binary"
	"math"
	"syscall"
	"time"
)

// infrared is what a thermopile looks at: the patient's skin, cooler than the patient, or the wall.
type infrared struct {
	core
	aimed   bool
	ambient float64 // °C, of the chip
}

// Surface is what skin is cooler than the inside of the body, °C.
const Surface = 2.0

// Aim points it at the patient, Away at the wall.
func (c *infrared) Aim() { c.aim(true) }

// Away points it at the wall.
func (c *infrared) Away() { c.aim(false) }

func (c *infrared) aim(on bool) {
	c.state.Lock()
	defer c.state.Unlock()
	c.aimed = on
}

// Ambient sets how warm the chip is, °C.
func (c *infrared) Ambient(celsius float64) {
	c.state.Lock()
	defer c.state.Unlock()
	c.ambient = celsius
}

func (c *infrared) object() float64 {
	if c.aimed {
		return float64(c.patient.Vitals().Temperature)/1000 - Surface
	}
	return c.ambient
}

// MLX90614 is Melexis' infrared chip (3901090614), of the kind for medical use: words with the low byte first and a checksum. Broken sets the
// error bit of its temperatures; asked more often than five times a second it is wrong by half a degree (8.4.9).
type MLX90614 struct {
	infrared
	Supply float64 // V; 3.0 is what it is calibrated at, and a volt more is 0.6 °C too much
	asked  time.Duration
	read   bool
}

// NewMLX90614 returns the chip, looking at the wall.
func NewMLX90614(p *Patient, o Opts) *MLX90614 {
	return &MLX90614{infrared: infrared{core: newCore(p, o), ambient: room}, Supply: 3.0}
}

// Tx implements Chip.
func (c *MLX90614) Tx(w, r []byte) error {
	c.state.Lock()
	defer c.state.Unlock()
	if len(w) != 1 || len(r) != 3 {
		return syscall.EREMOTEIO // it knows words only
	}
	binary.LittleEndian.PutUint16(r, c.word(w[0], c.clock.now()))
	r[2] = crc8(0x5A<<1, w[0], 0x5A<<1|1, r[0], r[1])
	if c.has(Garbage) {
		r[2] ^= 0x10
	}
	return nil
}

func (c *MLX90614) word(cmd byte, now time.Duration) uint16 {
	switch cmd {
	case 0x06:
		return c.kelvins(c.ambient)
	case 0x07:
		hurried := c.read && now-c.asked < 200*time.Millisecond
		c.asked, c.read = now, true
		t := c.object() + 0.6*(c.Supply-3.0)
		if hurried {
			t += 0.5
		}
		return c.kelvins(t)
	case 0x24:
		return 0xFFFF // emissivity 1
	case 0x2E:
		return 0x5A
	case 0x3C, 0x3D, 0x3E, 0x3F:
		return 0x1110 + uint16(cmd)
	}
	return 0
}

// kelvins is a temperature as the chip gives it, 0.02 K a step; bit 15 is its error flag.
func (c *MLX90614) kelvins(celsius float64) uint16 {
	v := uint16(math.Round((celsius + 273.15) / 0.02))
	if c.has(Broken) {
		v |= 0x8000
	}
	return v
}

// crc8 has the polynomial 07, begins with 0 and takes the highest bit first.
func crc8(b ...byte) (sum byte) {
	for _, c := range b {
		sum ^= c
		for range 8 {
			if sum&0x80 != 0 {
				sum = sum<<1 ^ 0x07
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}
