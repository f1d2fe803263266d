package thermometer

import (
	"fmt"
	"math"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// visit is a visit that waits for a temperature.
type visit struct {
	*exam.Visit
	start time.Time
	n     int
	taken []exam.Accept
}

func newVisit() *visit {
	v := &visit{Visit: exam.New("0192f3a1-7c5e-7b1a-9d0e-000000000000", exam.Defaults()), start: time.Now()}
	who := reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Sex: reading.Female, Birth: "1984-05"}
	v.do(exam.Identify{Patient: who, Operator: "w-7"})
	for v.View().Step != exam.StepTemperature && v.n < 10 {
		v.do(exam.Skip{Reason: exam.SkipOther})
	}
	v.taken = nil // what was skipped is a reading too
	return v
}

func (v *visit) do(what exam.What) {
	v.n++
	at := clock.Stamp{
		Boot: "boot-1", SinceBoot: time.Since(v.start) + time.Minute, Wall: time.Now(), Source: clock.NTP, Uncertainty: time.Millisecond,
	}
	for _, e := range v.Step(exam.Event{At: at, ID: fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-%012d", v.n), What: what}) {
		if a, ok := e.(exam.Accept); ok {
			v.taken = append(v.taken, a)
		}
	}
}

// The exam, and not the driver, waits for equilibrium. What the contact drivers send lets it come to rest at the time that the protocol
// asks for, and a chip that fails once on the way does not make it begin again.
func TestExamComesToRestOnContactProbes(t *testing.T) {
	for name, c := range map[string]struct {
		part func(func() float64) *words
		open func(i2c.Bus, vitals.Site) sampler
	}{
		"tmp117":   {newTMP117Part, func(b i2c.Bus, s vitals.Site) sampler { d := NewTMP117(b, 0x48); d.Site = s; return d }},
		"max30205": {newMAX30205Part, func(b i2c.Bus, s vitals.Site) sampler { d := NewMAX30205(b, 0x48); d.Site = s; return d }},
	} {
		for site, dwell := range map[vitals.Site]time.Duration{vitals.Axillary: 5 * time.Minute, vitals.Oral: time.Minute} {
			t.Run(name+" "+string(site), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					start := time.Now()
					warms := func() float64 { return 36.8 - 12*math.Exp(-time.Since(start).Seconds()/20) }
					b := boardOf(0x48, c.part(warms))
					b.refuse = func(n int) bool { return n%50 == 0 }
					d, v := c.open(b, site), newVisit()
					for len(v.taken) == 0 && time.Since(start) < 8*time.Minute {
						s, err := d.Next(t.Context())
						if err != nil {
							t.Fatal(err)
						}
						v.do(exam.Arrived{Sample: s, Device: reading.DeviceRef{Kind: vitals.KindTemperature, Model: name}})
					}
					if len(v.taken) != 1 {
						t.Fatalf("%d readings after %s; the exam says %q", len(v.taken), time.Since(start), v.View().Prompt)
					}
					m := v.taken[0].Reading.Measurement.(vitals.Temperature)
					value, _ := m.Value.Get()
					if value < 36_700 || value > 36_850 || m.Site != site || m.Mode != vitals.Direct {
						t.Errorf("measured %v, %s, %s", m.Value, m.Site, m.Mode)
					}
					if took := time.Since(start); took < dwell || took > dwell+2*time.Minute {
						t.Errorf("after %s, the dwell is %s", took, dwell)
					}
				})
			})
		}
	}
}

// Skin is not a body temperature, however steady.
func TestExamTakesNoSurface(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, v := NewMLX90614(boardOf(0x5A, newMLX90614Part(atRest(36.5), atRest(25))), 0x5A), newVisit()
		for range 90 {
			s, err := d.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			v.do(exam.Arrived{Sample: s, Device: reading.DeviceRef{Kind: vitals.KindTemperature, Model: "mlx90614"}})
		}
		if len(v.taken) != 0 || v.View().Prompt != exam.PromptSurfaceOnly {
			t.Errorf("%d readings, prompt %q", len(v.taken), v.View().Prompt)
		}
	})
}
