package thermometer

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Registers of an MLX90632, and what is in them.
const (
	mlx90632Version = 0x240B
	mlx90632Control = 0x3001
	mlx90632Status  = 0x3FFF
	mlx90632RAM     = 0x4000

	mlx90632DSP        = 0x05   // low byte of the version: the arithmetic below
	mlx90632Medical    = 0x0105 // the part with medical accuracy
	mlx90632Continuous = 3 << 1 // power mode
	mlx90632Mode       = 0x01F6 // its bits and those of the kind of measurement, which is 0
	mlx90632New        = 1 << 0
	mlx90632Position   = 2 // first bit of five
)

// Times of an MLX90632.
const (
	mlx90632Period = time.Second
	mlx90632Poll   = 50 * time.Millisecond
	mlx90632Polls  = 40 // two seconds
)

// MLX90632 reads the skin with a Melexis MLX90632 of the medical kind. It is not safe for concurrent use.
type MLX90632 struct {
	Site       vitals.Site // where it looks; empty is "not told". To be set before the first Next, as the one below.
	Emissivity float64     // of the skin, above 0 up to 1; 0 is 1

	chip
	pace
	surface
	calibration
	begun    bool
	identity vitals.Identity
}

// NewMLX90632 returns a driver of the chip at addr (3A or 3B).
func NewMLX90632(bus i2c.Bus, addr uint16) *MLX90632 {
	return &MLX90632{chip: chip{bus: bus, name: "mlx90632", addr: addr}, pace: newPace(bus)}
}

// Identity is what the chip tells of itself; empty before the first Next.
func (d *MLX90632) Identity() vitals.Identity { return d.identity }

// Next returns one reading a second of the skin's surface, in thousandths of a degree Celsius, under the same conditions as
// MLX90614.Next. A chip that measures nothing in two seconds is a sample flagged not-ready. The errors are ErrAbsent, ErrWrongChip (also
// for the consumer part), ErrStuck, ErrDamaged, ErrSettings, ctx's, and io.EOF at the end of a transcript. After an error Next begins anew.
func (d *MLX90632) Next(ctx context.Context) (vitals.Sample, error) {
	at, err := d.next(ctx, mlx90632Period)
	if err != nil {
		return vitals.Sample{}, err
	}
	s, err := d.read(ctx, at)
	if err != nil {
		d.begun = false
		d.forget()
	}
	return s, err
}

func (d *MLX90632) read(ctx context.Context, at time.Duration) (vitals.Sample, error) {
	if err := d.begin(); err != nil {
		return vitals.Sample{}, err
	}
	if err := d.run(); err != nil {
		return vitals.Sample{}, err
	}
	position, err := d.fresh(ctx)
	if err != nil {
		return vitals.Sample{}, err
	}
	if position == 0 {
		return d.spoilt(d.Site, vitals.NotReady), nil
	}
	if position > 2 {
		return d.spoilt(d.Site, vitals.Hardware), nil // a table of measurements that this driver did not ask for
	}
	raw, err := d.measured(position)
	if err != nil {
		return vitals.Sample{}, err
	}
	skin, ambient, ok := d.convert(raw, d.Emissivity)
	if !ok {
		return d.spoilt(d.Site, vitals.Hardware), nil
	}
	return d.sample(at, d.Site, skin, ambient), nil
}

// begin makes sure of the chip and reads its calibration.
func (d *MLX90632) begin() error {
	if d.begun {
		return nil
	}
	if e := d.Emissivity; !(e >= 0 && e <= 1) {
		return d.wrong(ErrSettings, "an emissivity of %g is configured, it is above 0 and up to 1", e)
	}
	identity, err := d.isMLX90632()
	if err != nil {
		return err
	}
	if version := identity.Firmware; version != fmt.Sprintf("%04X", mlx90632Medical) {
		return d.wrong(ErrWrongChip, "its version is %s, the medical part has %04X", version, mlx90632Medical)
	}
	if d.calibration, err = d.calibrated(); err != nil {
		return err
	}
	d.identity, d.begun = identity, true
	return nil
}

// isMLX90632 reads the version of the memory's layout.
func (c *chip) isMLX90632() (vitals.Identity, error) {
	version, err := twice(c, c.wide, mlx90632Version)
	if err != nil {
		return vitals.Identity{}, err
	}
	if stuck(version) {
		return vitals.Identity{}, c.hanging(version)
	}
	if version&0xFF != mlx90632DSP {
		return vitals.Identity{}, c.wrong(ErrWrongChip, "its version is %04X, want one that ends in %02X", version, mlx90632DSP)
	}
	return vitals.Identity{Manufacturer: "Melexis", Model: "MLX90632", Firmware: fmt.Sprintf("%04X", version)}, nil
}

// run lets the chip measure without end, which it may not after a reset.
func (d *MLX90632) run() error {
	control, err := twice(&d.chip, d.wide, mlx90632Control)
	if err != nil || control&mlx90632Mode == mlx90632Continuous {
		return err
	}
	if err := d.set(mlx90632Control, control&^mlx90632Mode|mlx90632Continuous); err != nil {
		return err
	}
	taken, err := twice(&d.chip, d.wide, mlx90632Control)
	switch {
	case err != nil:
		return err
	case stuck(taken):
		return d.hanging(taken)
	case taken&mlx90632Mode != mlx90632Continuous:
		return d.wrong(ErrDamaged, "control %04X does not take its mode", taken)
	}
	return nil
}

func (d *MLX90632) set(reg, v uint16) error {
	d.out = [...]byte{byte(reg >> 8), byte(reg), byte(v >> 8), byte(v)}
	return d.tx(4, 0)
}

// fresh waits for a measurement that ended after now and returns its place in the table, 0 when none came in two seconds.
func (d *MLX90632) fresh(ctx context.Context) (uint16, error) {
	status, err := d.wide(mlx90632Status)
	if err != nil {
		return 0, err
	}
	if err := d.set(mlx90632Status, status&^mlx90632New); err != nil {
		return 0, err
	}
	for range mlx90632Polls {
		if err := d.wait(ctx, mlx90632Poll); err != nil {
			return 0, err
		}
		if status, err = d.wide(mlx90632Status); err != nil {
			return 0, err
		}
		if status&mlx90632New != 0 {
			if position := status >> mlx90632Position & 0x1F; position != 0 {
				return position, nil
			}
		}
	}
	return 0, nil
}

// measured reads both measurements of the table; position is the newer.
func (d *MLX90632) measured(position uint16) (raw, error) {
	var ram [3][4]int16
	for n := uint16(1); n <= 2; n++ {
		for part := range uint16(3) {
			v, err := twice(&d.chip, d.wide, mlx90632RAM+3*n+part)
			if err != nil {
				return raw{}, err
			}
			ram[n][part+1] = int16(v)
		}
	}
	older := 3 - position
	return raw{
		ambientNew: ram[1][3], ambientOld: ram[2][3],
		objectNew: mean16(ram[position][2], ram[position][1]), objectOld: mean16(ram[older][2], ram[older][1]),
	}, nil
}
