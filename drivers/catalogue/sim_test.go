package catalogue_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/monitor"
	"nabz/drivers/sim"
	"nabz/drivers/vitals"
)

// plugged connects a simulated device for the length of a bubble.
func plugged(t *testing.T, d sim.Device) frame.Port {
	t.Helper()
	host, device := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Serve(ctx, device) }()
	t.Cleanup(func() {
		cancel()
		<-done
		host.Close()
		device.Close()
	})
	return host
}

// person is who sits at the simulated devices.
func person() *sim.Patient {
	return sim.NewPatient(sim.PatientOpts{Systolic: 134, Diastolic: 86, Pulse: 71, SpO2: 95})
}

func driverOf(t *testing.T, name string, p frame.Port) catalogue.Listener {
	t.Helper()
	proto, ok := catalogue.Find(name)
	if !ok {
		t.Fatal(name)
	}
	return proto.Listen(p)
}

// until reads samples of a kind until one is wanted. A driver that never gives it hangs, and the bubble says so.
func until(t *testing.T, d catalogue.Sampler, limit time.Duration, wanted func(vitals.Sample) bool) (last vitals.Sample, ok bool) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		s, err := d.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if last = s; wanted(s) {
			return s, true
		}
	}
	return last, false
}

// hand is a device with a finger in it.
type hand interface {
	sim.Device
	FingerIn()
	FingerOut()
}

// TestOximeters: each simulated oximeter comes to the patient's numbers through its driver; when the finger leaves there is none at once, and
// when the device's own fault says so.
func TestOximeters(t *testing.T) {
	byHand := func(format byte) sim.Opts { return sim.Opts{ByHand: true, Format: format} }
	for name, c := range map[string]struct {
		protocol string
		device   func() hand
	}{
		"nonin 1":   {"nonin", func() hand { return sim.NewNonin(person(), byHand(1)) }},
		"nonin 2":   {"nonin", func() hand { return sim.NewNonin(person(), byHand(2)) }},
		"nonin 7":   {"nonin", func() hand { return sim.NewNonin(person(), byHand(7)) }},
		"nonin 8":   {"nonin", func() hand { return sim.NewNonin(person(), byHand(8)) }},
		"chipox":    {"chipox", func() hand { return sim.NewChipOx(person(), byHand(0)) }},
		"berry bci": {"bci", func() hand { return sim.NewContec(person(), sim.Opts{ByHand: true, Model: sim.BerryBCI}) }},
		"pm6750":    {"pm6750", func() hand { return sim.NewPM6750(person(), byHand(0)) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := c.device()
				port := plugged(t, d)
				listener := driverOf(t, c.protocol, port)
				if b, ok := listener.(*monitor.PM6750); ok {
					if err := b.Init(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				d.FingerIn()
				right := func(s vitals.Sample) bool {
					o := s.Oximetry
					spo2, ok1 := o.SpO2.Get()
					pulse, ok2 := o.Pulse.Get()
					return s.Kind == vitals.KindOximetry && ok1 && ok2 && spo2 >= 94 && spo2 <= 96 && pulse >= 68 && pulse <= 74
				}
				if s, ok := until(t, listener, 30*time.Second, right); !ok {
					t.Fatalf("no numbers in half a minute; the last was %+v", s)
				}
				d.Inject(sim.Stale)
				d.FingerOut()
				left := time.Now()
				if _, ok := until(t, listener, 5*time.Second, func(s vitals.Sample) bool {
					if s.Kind == vitals.KindOximetry && s.Oximetry.SpO2.Known() && time.Since(left) > 1500*time.Millisecond {
						t.Fatalf("a number %s after the finger left: %+v", time.Since(left), s)
					}
					return time.Since(left) > 4*time.Second
				}); !ok {
					t.Fatal("the device fell silent")
				}
			})
		})
	}
}

// TestNoninSpotCheck: a spot check is told once, with the patient's numbers. The manual lets the device take forty seconds for it.
func TestNoninSpotCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := driverOf(t, "nonin", plugged(t, sim.NewNonin(person(), sim.Opts{Format: 13})))
		s, err := listener.Next(t.Context())
		for began := time.Now(); errors.Is(err, frame.ErrSilent) && time.Since(began) < 40*time.Second; {
			s, err = listener.Next(t.Context())
		}
		if n, ok := s.Oximetry.SpO2.Get(); err != nil || !ok || n < 93 || n > 96 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// arm is a device with a cuff.
type arm interface {
	sim.Device
	Pressure() vitals.MmHg
}

// outcome is one fault of a cuff and what must come of it.
var outcomes = []struct {
	name  string
	fault sim.Fault
	good  bool
}{
	{"good", 255, true},
	{"loose", sim.LooseCuff, false},
	{"leak", sim.Leak, false},
	{"weak", sim.WeakPulse, false},
	{"motion", sim.Motion, false},
	{"overpressure", sim.Overpressure, false},
	{"broken", sim.Broken, false},
}

// TestCommandedCuffs: one good run, so that old numbers are there, then a run with each fault: numbers come of the good ones alone, and the arm is
// free in the end.
func TestCommandedCuffs(t *testing.T) {
	for name, device := range map[string]func() arm{
		"par":          func() arm { return sim.NewPAR(person(), sim.Opts{}) },
		"par-combined": func() arm { return sim.NewPAR(person(), sim.Opts{Combined: true}) },
		"suntech":      func() arm { return sim.NewSunTech(person(), sim.Opts{}) },
	} {
		for _, o := range outcomes {
			t.Run(name+" "+o.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := device()
					proto, _ := catalogue.Find(name)
					cuff := proto.Cuff(plugged(t, d))
					if err := cuff.Init(t.Context()); err != nil {
						t.Fatal(err)
					}
					if s, err := cuff.Measure(t.Context(), vitals.Inflation{First: 160}, func(vitals.MmHg) {}); err != nil || !measured(s) {
						t.Fatalf("the first run: %+v, %v", s, err)
					}
					d.Inject(sim.Stale)
					if !o.good {
						d.InjectN(o.fault, 1)
					}
					s, err := cuff.Measure(t.Context(), vitals.Inflation{First: 160}, func(vitals.MmHg) {})
					if err != nil || measured(s) != o.good || s.Flags.Doubted() == o.good {
						t.Errorf("%+v, %v", s, err)
					}
					if !o.good && s.BloodPressure != (vitals.BloodPressure{}) {
						t.Errorf("numbers beside a fault: %+v", s)
					}
					if p := d.Pressure(); p != 0 {
						t.Errorf("%s stay in the cuff", p)
					}
				})
			})
		}
	}
}

func measured(s vitals.Sample) bool {
	sys, ok1 := s.BloodPressure.Systolic.Get()
	dia, ok2 := s.BloodPressure.Diastolic.Get()
	return ok1 && ok2 && sys == 134 && dia == 86
}

// A run that is cancelled leaves no pressure in the cuff.
func TestCancelledRunsEmptyTheCuff(t *testing.T) {
	for name, device := range map[string]func() arm{
		"par": func() arm { return sim.NewPAR(person(), sim.Opts{}) }, "suntech": func() arm { return sim.NewSunTech(person(), sim.Opts{}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := device()
				proto, _ := catalogue.Find(name)
				cuff := proto.Cuff(plugged(t, d))
				if err := cuff.Init(t.Context()); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				_, err := cuff.Measure(ctx, vitals.Inflation{First: 160}, func(p vitals.MmHg) {
					if p > 120 {
						cancel()
					}
				})
				cancel()
				<-time.After(2 * time.Second)
				if p := d.Pressure(); err == nil || p != 0 {
					t.Errorf("%v; %s stay in the cuff", err, p)
				}
			})
		})
	}
}

// TestPushedCuffs: what the patient measures arrives; a fault has no numbers.
func TestPushedCuffs(t *testing.T) {
	for name, device := range map[string]func() *sim.Pushed{
		"hbp9030": func() *sim.Pushed { return sim.NewHBP9030(person(), sim.Opts{}) },
		"ua767":   func() *sim.Pushed { return sim.NewUA767(person(), sim.Opts{}) },
	} {
		for _, o := range outcomes {
			t.Run(name+" "+o.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := device()
					listener := driverOf(t, name, plugged(t, d))
					d.PressStart()
					if s, err := listener.Next(t.Context()); err != nil || !measured(s) {
						t.Fatalf("the first run: %+v, %v", s, err)
					}
					next := make(chan vitals.Sample, 1)
					go func() {
						if s, err := listener.Next(t.Context()); err == nil {
							next <- s
						}
					}()
					<-time.After(time.Minute) // another minute on the cuff's clock, and the first one is confirmed
					d.Inject(sim.Stale)
					if !o.good {
						d.InjectN(o.fault, 1)
					}
					d.PressStart()
					if s := <-next; measured(s) != o.good || s.Flags.Doubted() == o.good {
						t.Errorf("%+v", s)
					}
				})
			})
		}
	}
}

// TestBoardCuff: the PM6750's cuff through Start and Next.
func TestBoardCuff(t *testing.T) {
	for _, o := range outcomes {
		t.Run(o.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := sim.NewPM6750(person(), sim.Opts{})
				b := monitor.NewPM6750(plugged(t, d))
				if err := b.Init(t.Context()); err != nil {
					t.Fatal(err)
				}
				pressed := func(s vitals.Sample) bool { return s.Kind == vitals.KindBloodPressure }
				if err := b.Start(t.Context(), vitals.Inflation{First: 160}); err != nil {
					t.Fatal(err)
				}
				if s, ok := until(t, b, time.Minute*2, pressed); !ok || !measured(s) {
					t.Fatalf("the first run: %+v", s)
				}
				d.Inject(sim.Stale)
				if !o.good {
					d.InjectN(o.fault, 1)
				}
				if err := b.Start(t.Context(), vitals.Inflation{First: 160}); err != nil {
					t.Fatal(err)
				}
				s, ok := until(t, b, time.Minute*2, pressed)
				if !ok || measured(s) != o.good || s.Flags.Doubted() == o.good {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// TestUN300C: both halves of the board at once.
func TestUN300C(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := sim.NewUN300C(person(), sim.Opts{})
		saturation := 0
		board := monitor.NewUN300C(plugged(t, d), func(s vitals.Sample) {
			if n, ok := s.Oximetry.SpO2.Get(); ok {
				saturation = int(n)
			}
		})
		if err := board.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s, err := board.Measure(t.Context(), vitals.Inflation{First: 160}, func(vitals.MmHg) {}); err != nil || !measured(s) {
			t.Errorf("%+v, %v", s, err)
		}
		if saturation < 94 || saturation > 96 {
			t.Errorf("SpO2 %d", saturation)
		}
	})
}
