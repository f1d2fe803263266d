package sim

import (
	"encoding/binary"
	"math"
	"syscall"
	"time"
)

// MLX90632 is Melexis' infrared chip whose host does the mathematics: calibration in its EEPROM, raw measurements in its RAM, a new one twice a
// second, taken at two places in turn. Broken stops its measurements, Stale leaves the bit of new data set while nothing is measured.
type MLX90632 struct {
	infrared
	ram    map[uint16]uint16
	place  uint16        // 1 or 2: where the newest measurement is
	next   time.Duration // when the next one is there
	fresh  bool
	brown  bool // reset since the flag was last cleared
	power  uint16
	asking uint16
}

// Constants of one chip, as its EEPROM has them.
const (
	eePR, eePG, eePT, eePO = 0x00587F5B, 0x04A10289, -432392, 0x00001E0F
	eeEa, eeEb             = 4859535, 5686508
	eeFa, eeFb, eeGa       = 53855361, 42874149, -14556410
	eeGb, eeKa             = 9728, 10752
	eeHa, eeHb             = 16384, 0
)

// NewMLX90632 returns the chip just switched on, looking at the wall.
func NewMLX90632(p *Patient, o Opts) *MLX90632 {
	c := &MLX90632{infrared: infrared{core: newCore(p, o), ambient: room}, ram: map[uint16]uint16{}, place: 1, power: 0x0006, brown: true}
	for at, v := range map[uint16]int32{
		0x240C: eePR, 0x240E: eePG, 0x2410: eePT, 0x2412: eePO, 0x2424: eeEa, 0x2426: eeEb, 0x2428: eeFa, 0x242A: eeFb, 0x242C: eeGa,
	} {
		c.ram[at], c.ram[at+1] = uint16(v), uint16(v>>16) // the low word first
	}
	c.ram[0x242E], c.ram[0x242F], c.ram[0x2481], c.ram[0x2482] = eeGb, eeKa, eeHa, eeHb
	c.ram[0x240B] = 0x0105 // medical
	c.ram[0x2405], c.ram[0x2406], c.ram[0x2407] = 0x00AB, 0x00CD, 0x00EF
	c.ram[0x24D4] = 0x0006
	c.ram[0x24E1], c.ram[0x24E2] = 0x820D, 0x821D // 2 Hz
	return c
}

// Tx implements Chip.
func (c *MLX90632) Tx(w, r []byte) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.measure(c.clock.now())
	if len(w) >= 2 {
		c.asking = binary.BigEndian.Uint16(w)
	}
	if len(w) == 4 {
		c.write(c.asking, binary.BigEndian.Uint16(w[2:]))
	}
	if len(r)%2 != 0 {
		return syscall.EREMOTEIO
	}
	for i := 0; i < len(r); i += 2 {
		binary.BigEndian.PutUint16(r[i:], c.word(c.asking+uint16(i/2)))
	}
	return nil
}

const (
	mlxControl = 0x3001
	mlxStatus  = 0x3FFF
)

func (c *MLX90632) write(at, v uint16) {
	switch at {
	case mlxControl:
		c.power = v
	case mlxStatus:
		c.fresh = c.fresh && v&1 != 0
		c.brown = c.brown && v&0x100 != 0
	}
}

func (c *MLX90632) word(at uint16) uint16 {
	switch at {
	case mlxControl:
		return c.power
	case mlxStatus:
		return uint16(flag(c.fresh || c.has(Stale))) | c.place<<2 | uint16(flag(c.brown))<<8
	}
	return c.ram[at]
}

// measure puts the measurements that are due into the RAM, in continuous mode.
func (c *MLX90632) measure(now time.Duration) {
	if now < c.next || c.power&0x0006 != 0x0006 || c.has(Broken) || c.has(Stale) {
		return
	}
	c.next, c.fresh, c.place = now+500*time.Millisecond, true, 3-c.place
	ambient, ref, object := c.raw()
	c.ram[0x4005], c.ram[0x4008] = uint16(ambient), uint16(ref)
	c.ram[0x4000+3*c.place], c.ram[0x4001+3*c.place] = uint16(object), uint16(object)
	if c.ram[0x4000+3*(3-c.place)] == 0 {
		c.ram[0x4000+3*(3-c.place)], c.ram[0x4001+3*(3-c.place)] = uint16(object), uint16(object)
	}
}

// raw turns the manual's formulas round: what the chip must have measured to be where it is and see what it sees. The reference is what
// chips of this kind give at room temperature.
func (c *MLX90632) raw() (ambient, ref, object int16) {
	const reference = 22454
	k := c.ambientRatio(c.ambient) / (1 << 19) // AMB / 2^19 = x / (reference + Gb/1024 x)
	x := k * reference / (1 - k*eeGb/1024)
	ta := (c.ambientRatio(c.ambient)-eeEb/256.0)/(eeEa/65536.0) + 25
	t := c.object()
	a := eeFa / math.Pow(2, 46) * (eeHa / math.Pow(2, 14)) * (1 + eeGa*(t-25)/math.Pow(2, 36) + eeFb*(ta-25)/math.Pow(2, 36))
	s := (math.Pow(t+273.15+eeHb/1024.0, 4) - math.Pow(ta+273.15, 4)) * a
	vrto := reference + eeKa/1024.0*x
	return int16(math.Round(x * 12)), reference, int16(math.Round(s * 12 * vrto / (1 << 19)))
}

// ambientRatio finds AMB for a temperature of the chip, °C: the formula rises with it.
func (c *MLX90632) ambientRatio(celsius float64) float64 {
	low, high := 0.0, 60000.0
	for range 80 {
		mid := (low + high) / 2
		d := mid - eePR/256.0
		if d/eePG*(1<<20)+eePT/math.Pow(2, 44)*d*d+eePO/256.0 < celsius {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}
