package thermometer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Commands of an MLX90614 (0x is RAM, 2x EEPROM), and what is behind them.
const (
	mlx90614Ambient    = 0x06
	mlx90614Object     = 0x07
	mlx90614Emissivity = 0x24
	mlx90614Address    = 0x2E
	mlx90614ID         = 0x3C // and the three behind it

	mlx90614Error = 1 << 15
	mlx90614Black = 0xFFFF // emissivity 1, from the factory
)

// Supply of a 3 V part, in millivolts, and how its reading depends on it (data sheet, 10.1.3: 0.6 °C/V).
const (
	mlx90614Calibrated = 3000
	mlx90614SupplyLow  = 2600
	mlx90614SupplyHigh = 3600
	mlx90614PerVolt    = 600
)

// mlx90614Period keeps the bus quiet: traffic on it disturbs the sensor (data sheet, 8.4.9).
const mlx90614Period = time.Second

// MLX90614 reads the skin with a Melexis MLX90614 of the medical kind (Dxx, 3 V). It is not safe for concurrent use.
type MLX90614 struct {
	Site       vitals.Site // where it looks; empty is "not told". To be set before the first Next, as the two below.
	Supply     int         // millivolts at the chip, 2600..3600; 0 is the 3000 that it is calibrated at. A Raspberry Pi's rail has 3300.
	Emissivity float64     // of the skin, above 0 up to 1; 0 is 1, as the chip itself reckons

	chip
	pace
	surface
	begun    bool
	identity vitals.Identity
}

// NewMLX90614 returns a driver of the chip at addr (5A as it comes).
func NewMLX90614(bus i2c.Bus, addr uint16) *MLX90614 {
	return &MLX90614{chip: chip{bus: bus, name: "mlx90614", addr: addr}, pace: newPace(bus)}
}

// Identity is what the chip tells of itself; empty before the first Next.
func (d *MLX90614) Identity() vitals.Identity { return d.identity }

// Next returns one reading a second of the skin's surface, in thousandths of a degree Celsius. It has a number only when the chip raises no
// error flag, its own temperature is within 16..40 °C and moved by less than 0.1 °C in the last minute, the skin is within 10..45 °C and
// the last five readings are within 0.2 °C. The errors are ErrAbsent, ErrWrongChip, ErrStuck, ErrDamaged, ErrSettings, ctx's, and io.EOF at
// the end of a transcript. After an error Next begins anew.
func (d *MLX90614) Next(ctx context.Context) (vitals.Sample, error) {
	at, err := d.next(ctx, mlx90614Period)
	if err != nil {
		return vitals.Sample{}, err
	}
	s, err := d.read(at)
	if err != nil {
		d.begun = false
		d.forget()
	}
	return s, err
}

func (d *MLX90614) read(at time.Duration) (vitals.Sample, error) {
	if err := d.begin(); err != nil {
		return vitals.Sample{}, err
	}
	rawAmbient, err := d.smbus(mlx90614Ambient)
	if err != nil {
		return vitals.Sample{}, err
	}
	rawObject, err := d.smbus(mlx90614Object)
	if err != nil {
		return vitals.Sample{}, err
	}
	ambient, ok := decodeMLX90614(rawAmbient)
	object, good := decodeMLX90614(rawObject)
	if !ok || !good {
		return d.spoilt(d.Site, vitals.Hardware), nil
	}
	return d.sample(at, d.Site, d.correct(object, ambient), ambient), nil
}

// begin makes sure of the chip and of the corrections.
func (d *MLX90614) begin() error {
	if d.begun {
		return nil
	}
	if s := d.Supply; s != 0 && (s < mlx90614SupplyLow || s > mlx90614SupplyHigh) {
		return d.wrong(ErrSettings, "a supply of %d mV is configured, a medical part takes %d to %d", s, mlx90614SupplyLow, mlx90614SupplyHigh)
	}
	if e := d.Emissivity; !(e >= 0 && e <= 1) {
		return d.wrong(ErrSettings, "an emissivity of %g is configured, it is above 0 and up to 1", e)
	}
	identity, err := d.isMLX90614()
	if err != nil {
		return err
	}
	cell, err := d.smbus(mlx90614Emissivity)
	if err != nil {
		return err
	}
	if cell != mlx90614Black {
		return d.wrong(ErrSettings, "its emissivity cell is %04X, not the factory's %04X: the calibration is in doubt", cell, mlx90614Black)
	}
	d.identity, d.begun = identity, true
	return nil
}

// isMLX90614 reads two words that prove it: the checksums are right and the chip's idea of its address is the one it answers at.
func (c *chip) isMLX90614() (vitals.Identity, error) {
	own, err := c.smbus(mlx90614Address)
	if err != nil {
		return vitals.Identity{}, err
	}
	if own&0x7F != c.addr {
		return vitals.Identity{}, c.wrong(ErrWrongChip, "its own address reads as %04X", own)
	}
	var id [4]uint16
	for i := range id {
		if id[i], err = c.smbus(mlx90614ID + byte(i)); err != nil {
			return vitals.Identity{}, err
		}
	}
	return vitals.Identity{
		Manufacturer: "Melexis", Model: "MLX90614", Serial: fmt.Sprintf("%04X%04X%04X%04X", id[0], id[1], id[2], id[3]),
	}, nil
}

// smbus reads a word with its checksum: low byte, high byte, CRC-8 over everything on the wire.
func (c *chip) smbus(command byte) (uint16, error) {
	for range tries {
		c.out[0] = command
		if err := c.tx(1, 3); err != nil {
			return 0, err
		}
		if pec(c.addr, command, c.in[0], c.in[1]) == c.in[2] {
			return binary.LittleEndian.Uint16(c.in[:]), nil
		}
	}
	low, high, sum := c.in[0], c.in[1], c.in[2]
	if low == high && high == sum && (sum == 0 || sum == 0xFF) {
		return 0, c.hanging(uint16(low)<<8 | uint16(high))
	}
	return 0, c.wrong(ErrDamaged, "word %02X came as % X with a wrong checksum", command, [...]byte{low, high, sum})
}

// pec is the checksum of a word that was read: CRC-8, polynomial 07.
func pec(addr uint16, command, low, high byte) byte {
	crc := byte(0)
	for _, b := range [...]byte{byte(addr << 1), command, byte(addr<<1) | 1, low, high} {
		crc ^= b
		for range 8 {
			carry := crc >> 7
			crc = crc<<1 ^ carry*0x07
		}
	}
	return crc
}

// decodeMLX90614 reads a temperature, 0.02 K a step. It is none when the error bit is set (FFFF, a bus that hangs, has it too) or at 0 K.
func decodeMLX90614(raw uint16) (vitals.MilliCelsius, bool) {
	if raw == 0 || raw&mlx90614Error != 0 {
		return 0, false
	}
	return vitals.MilliCelsius(int(raw)*20 - 273_150), true
}

// correct takes the supply and the skin's emissivity out of what the chip measured; the chip's own memory is left alone.
func (d *MLX90614) correct(object, ambient vitals.MilliCelsius) vitals.MilliCelsius {
	if d.Supply != 0 {
		object -= vitals.MilliCelsius((d.Supply - mlx90614Calibrated) * mlx90614PerVolt / 1000)
	}
	return emitted(object, ambient, d.Emissivity)
}

// emitted is the temperature of a body of emissivity e that looks as warm as seen, by the law of Stefan and Boltzmann.
func emitted(seen, ambient vitals.MilliCelsius, e float64) vitals.MilliCelsius {
	if e == 0 || e == 1 {
		return seen
	}
	m, a := kelvin(seen), kelvin(ambient)
	return celsius(math.Sqrt(math.Sqrt(max(0, (m*m*m*m-(1-e)*a*a*a*a)/e))))
}

func kelvin(v vitals.MilliCelsius) float64 { return float64(v)/1000 + 273.15 }

func celsius(k float64) vitals.MilliCelsius {
	return vitals.MilliCelsius(math.Round((k - 273.15) * 1000))
}
