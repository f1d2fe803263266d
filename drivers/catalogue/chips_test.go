package catalogue_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/sim"
	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
)

// skin is what a chip touches or looks at.
type skin interface {
	sim.Chip
	Inject(sim.Fault)
	Clear(...sim.Fault)
}

// chip is one kind of thermometer on a bus, and how it is brought to the patient.
type chip struct {
	name  string
	make  func() skin
	meet  func(skin)
	mode  vitals.Mode
	reads vitals.MilliCelsius // of a patient of 38.5 °C
}

func chips() []chip {
	fever := func() *sim.Patient { return sim.NewPatient(sim.PatientOpts{Temperature: 38_500}) }
	touch := func(s skin) { s.(interface{ Touch() }).Touch() }
	aim := func(s skin) { s.(interface{ Aim() }).Aim() }
	return []chip{
		{"tmp117", func() skin { return sim.NewTMP117(fever(), sim.Opts{}) }, touch, vitals.Direct, 38_500},
		{"max30205", func() skin { return sim.NewMAX30205(fever(), sim.Opts{}) }, touch, vitals.Direct, 38_500},
		{"mlx90614", func() skin { return sim.NewMLX90614(fever(), sim.Opts{}) }, aim, vitals.Surface, 36_500},
		{"mlx90632", func() skin { return sim.NewMLX90632(fever(), sim.Opts{}) }, aim, vitals.Surface, 36_500},
	}
}

// rig is one chip on a bus, and its driver.
type rig struct {
	*testing.T
	bus    *sim.I2C
	addr   uint16
	device skin
	driver catalogue.Sampler
}

func newRig(t *testing.T, c chip) rig {
	t.Helper()
	kind, ok := catalogue.FindChip(c.name)
	if !ok {
		t.Fatal(c.name)
	}
	r := rig{t, sim.NewI2C(), kind.Address, c.make(), nil}
	r.bus.Attach(r.addr, r.device)
	r.driver = kind.New(r.bus, catalogue.ChipOpts{Site: vitals.Axillary})
	return r
}

// comesTo reads until a number without a flag is within a tenth of a degree, and fails after eight minutes.
func (r rig) comesTo(want vitals.MilliCelsius, m vitals.Mode) {
	r.Helper()
	last, ok := until(r.T, r.driver, 8*time.Minute, func(s vitals.Sample) bool {
		v, known := s.Temperature.Value.Get()
		return known && !s.Flags.Doubted() && max(v-want, want-v) <= 100
	})
	if !ok || last.Temperature.Mode != m || last.Temperature.Site != vitals.Axillary {
		r.Fatalf("the last of eight minutes is %+v, want %v", last, want)
	}
}

// fails reads until the driver gives an error.
func (r rig) fails(want error) {
	r.Helper()
	for range 1000 {
		if _, err := r.driver.Next(r.Context()); err != nil {
			if !errors.Is(err, want) {
				r.Errorf("error %v, want %v", err, want)
			}
			return
		}
	}
	r.Errorf("a thousand samples and no %v", want)
}

// TestChipsReadTheirPatient: each chip comes to what it touches or sees; cut off it is absent, and back it goes on; a bit that flips now and then
// does no harm.
func TestChipsReadTheirPatient(t *testing.T) {
	for _, c := range chips() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c)
				c.meet(r.device)
				r.comesTo(c.reads, c.mode)
				r.bus.Damage(1)
				r.comesTo(c.reads, c.mode)
				r.bus.Detach(r.addr)
				r.fails(thermometer.ErrAbsent)
				r.bus.Attach(r.addr, r.device)
				r.comesTo(c.reads, c.mode)
				r.bus.Hang(true)
				r.fails(thermometer.ErrAbsent)
				r.bus.Hang(false)
				r.comesTo(c.reads, c.mode)
			})
		})
	}
}

// A chip whose own fault says that its number is none gives no number, or an error; never a number without a flag.
func TestChipsFaults(t *testing.T) {
	for _, c := range chips() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c)
				c.meet(r.device)
				r.device.Inject(sim.Broken)
				for range 20 {
					s, err := r.driver.Next(t.Context())
					if v, known := s.Temperature.Value.Get(); err == nil && known && !s.Flags.Doubted() {
						t.Fatalf("a broken chip gives %v", v)
					}
				}
				r.device.Clear()
				r.comesTo(c.reads, c.mode)
			})
		})
	}
}

// A chip that lost its supply for a moment begins anew: the value of power-up is no temperature.
func TestChipsAfterReset(t *testing.T) {
	for _, c := range chips()[:2] {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c)
				c.meet(r.device)
				r.comesTo(c.reads, c.mode)
				r.device.(interface{ Reset() }).Reset()
				for range 30 {
					s, err := r.driver.Next(t.Context())
					if v, known := s.Temperature.Value.Get(); err == nil && known && (v < 30_000 || v > 39_000) {
						t.Fatalf("after a reset it gives %v", v)
					}
				}
				r.comesTo(c.reads, c.mode)
			})
		})
	}
}

// What the infrared chips need: a checksum that is right, their supply told, and a room in which they are good.
func TestInfraredGates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chips()[2]
		r := newRig(t, c)
		c.meet(r.device)
		r.device.Inject(sim.Garbage)
		r.fails(thermometer.ErrDamaged)
		r.device.Clear()

		kind, _ := catalogue.FindChip(c.name)
		mlx := r.device.(*sim.MLX90614)
		mlx.Supply = 3.3 // a Raspberry Pi's
		r.driver = kind.New(r.bus, catalogue.ChipOpts{Site: vitals.Axillary, Supply: 3300})
		r.comesTo(c.reads, c.mode)

		mlx.Ambient(44)
		if s, ok := until(t, r.driver, 5*time.Minute, func(s vitals.Sample) bool { return s.Flags.Doubted() }); !ok {
			t.Errorf("in a room of 44 °C its number is not doubted: %+v", s)
		}
	})
}

// TestDetectFindsTheSimulatedChips: what kioskctl detect says of a bus with all four.
func TestDetectFindsTheSimulatedChips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus, all := sim.NewI2C(), chips()
		for i, addr := range []uint16{0x48, 0x49, 0x5A, 0x3A} {
			bus.Attach(addr, all[i].make())
		}
		found, err := thermometer.Detect(bus)
		if err != nil {
			t.Fatal(err)
		}
		got := map[uint16]thermometer.Chip{}
		for _, f := range found {
			if f.Err != nil {
				t.Errorf("%02X: %v", f.Addr, f.Err)
			}
			got[f.Addr] = f.Chip
		}
		for addr, want := range map[uint16]thermometer.Chip{
			0x48: thermometer.ChipTMP117, 0x49: thermometer.ChipMAX30205, 0x5A: thermometer.ChipMLX90614, 0x3A: thermometer.ChipMLX90632,
		} {
			if got[addr] != want {
				t.Errorf("at %02X %q is found, want %q", addr, got[addr], want)
			}
		}
	})
}
