package distrust

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/sim"
	"nabz/firmware/exam"
)

// device is one that is put to the test.
type device struct {
	protocol string
	step     exam.Step
	sim      func(*sim.Patient) sim.Device
	run      func(context.Context, frame.Port) error // nil: it is listened to for 25 s
	bare     string                                  // why a flipped byte may give another number; empty when it may not
}

var devices = map[string]device{
	"contec v7":    {protocol: "contec", step: exam.StepOximetry, sim: func(p *sim.Patient) sim.Device { return sim.NewContec(p, sim.Opts{}) }},
	"contec d+":    {protocol: "contec", step: exam.StepOximetry, sim: contec(sim.CMS50DPlus)},
	"contec old":   {protocol: "contec", step: exam.StepOximetry, sim: contec(sim.CMS50Old)},
	"berry":        {protocol: "bci", step: exam.StepOximetry, sim: contec(sim.BerryBCI)},
	"nonin 1":      {protocol: "nonin", step: exam.StepOximetry, sim: nonin(1)},
	"nonin 2":      {protocol: "nonin", step: exam.StepOximetry, sim: nonin(2)},
	"nonin 7":      {protocol: "nonin", step: exam.StepOximetry, sim: nonin(7)},
	"nonin 8":      {protocol: "nonin", step: exam.StepOximetry, sim: nonin(8)},
	"chipox":       {protocol: "chipox", step: exam.StepOximetry, sim: func(p *sim.Patient) sim.Device { return sim.NewChipOx(p, sim.Opts{}) }},
	"pm6750":       {protocol: "pm6750", step: exam.StepOximetry, sim: func(p *sim.Patient) sim.Device { return sim.NewPM6750(p, sim.Opts{}) }},
	"par":          {protocol: "par", step: exam.StepBP, sim: func(p *sim.Patient) sim.Device { return sim.NewPAR(p, sim.Opts{}) }, run: measure(named("par"))},
	"par-combined": {protocol: "par-combined", step: exam.StepBP, sim: func(p *sim.Patient) sim.Device { return sim.NewPAR(p, sim.Opts{Combined: true}) }, run: measure(named("par-combined"))},
	"suntech":      {protocol: "suntech", step: exam.StepBP, sim: func(p *sim.Patient) sim.Device { return sim.NewSunTech(p, sim.Opts{}) }, run: measure(named("suntech"))},
	"pm6750 bp":    {protocol: "pm6750", step: exam.StepBP, sim: func(p *sim.Patient) sim.Device { return sim.NewPM6750(p, sim.Opts{}) }, run: board},
	"hbp9030":      {protocol: "hbp9030", step: exam.StepBP, sim: func(p *sim.Patient) sim.Device { return sim.NewHBP9030(p, sim.Opts{}) }, run: once("hbp9030"), bare: "its one line of text has no checksum; USB has"},
	"ua767":        {protocol: "ua767", step: exam.StepBP, sim: func(p *sim.Patient) sim.Device { return sim.NewUA767(p, sim.Opts{}) }, run: once("ua767"), bare: "its record has no checksum; Bluetooth has"},
	"suretemp":     {protocol: "suretemp", step: exam.StepTemperature, sim: func(p *sim.Patient) sim.Device { return sim.NewSureTemp(p, sim.Opts{}) }},
}

func named(name string) catalogue.Protocol { p, _ := catalogue.Find(name); return p }

func contec(m sim.Model) func(*sim.Patient) sim.Device {
	return func(p *sim.Patient) sim.Device { return sim.NewContec(p, sim.Opts{Model: m}) }
}

func nonin(format byte) func(*sim.Patient) sim.Device {
	return func(p *sim.Patient) sim.Device { return sim.NewNonin(p, sim.Opts{Format: format}) }
}

// once waits for one result.
func once(name string) func(context.Context, frame.Port) error {
	return func(ctx context.Context, w frame.Port) error {
		_, err := named(name).Listen(w).Next(ctx)
		return err
	}
}

// TestSpoiledBytesYieldNothingNew flips a bit of each byte, and loses each byte. A window that begins a moment later may have another median;
// so a reading's number must be one that the sound bytes say at some time.
func TestSpoiledBytesYieldNothingNew(t *testing.T) {
	for name, d := range devices {
		t.Run(name, func(t *testing.T) {
			p, run := named(d.protocol), d.run
			if run == nil {
				run = listen(p, 25*time.Second)
			}
			sound := *record(t, d.sim(sim.NewPatient(sim.PatientOpts{})), run)
			want, sent := readings(p, d.step, sound)
			if len(want) == 0 {
				t.Fatalf("%d bytes give no reading", len(sound.bytes))
			}
			rng := rand.New(rand.NewPCG(1, uint64(len(sound.bytes))))
			tried, lost := 0, 0
			for i := rng.IntN(sound.stride()); i < len(sound.bytes); i += sound.stride() {
				for what, spoiled := range map[string]take{"flipped": sound.flip(i, byte(1)<<rng.IntN(8)), "lost": sound.lose(i)} {
					if what == "flipped" && d.bare != "" {
						continue
					}
					tried++
					got, _ := readings(p, d.step, spoiled)
					if len(got) == 0 {
						lost++
					}
					for n := range got {
						if !want[n] && !sent[n] {
							t.Errorf("byte %d (%02X) %s: %s, which the sound bytes do not say (%v)", i, sound.bytes[i], what, n, sent)
						}
					}
				}
			}
			t.Logf("%d bytes, %d spoiled takes, %d without a reading", len(sound.bytes), tried, lost)
		})
	}
}

func (t take) flip(i int, bit byte) take {
	b := slices.Clone(t.bytes)
	b[i] ^= bit
	return take{b, t.at}
}

func (t take) lose(i int) take {
	return take{slices.Delete(slices.Clone(t.bytes), i, i+1), slices.Delete(slices.Clone(t.at), i, i+1)}
}

// TestRandomBytesYieldNothing plays noise to every driver, at a thousand bytes a second.
func TestRandomBytesYieldNothing(t *testing.T) {
	n := 300_000
	if all {
		n = 10 << 20
	}
	for _, p := range catalogue.All() {
		t.Run(p.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(p.Name))))
			noise := take{make([]byte, n), make([]time.Duration, n)}
			for i := range noise.bytes {
				noise.bytes[i], noise.at[i] = byte(rng.UintN(256)), time.Duration(i/10)*10*time.Millisecond
			}
			for _, step := range []exam.Step{exam.StepBP, exam.StepOximetry, exam.StepTemperature} {
				if got, _ := readings(p, step, noise); len(got) > 0 {
					t.Errorf("at %s noise gives %v", step, got)
				}
			}
		})
	}
}
