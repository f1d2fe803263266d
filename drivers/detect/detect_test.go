package detect_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/detect"
	"nabz/drivers/port"
	"nabz/drivers/sim"
)

// plugged is a port with a simulated device, opened at a setting that none of them uses.
func plugged(t *testing.T, d sim.Device) *port.Serial {
	t.Helper()
	plug := sim.NewPlug(filepath.Join(t.TempDir(), "port"), d)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- plug.Run(ctx) }()
	<-plug.Ready()
	_, path, _ := strings.Cut(plug.String(), " at ")
	w, err := port.OpenSerial(port.Name{Path: path}, port.Line{Baud: 57600, Parity: 'N', StopBits: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

func person() *sim.Patient {
	return sim.NewPatient(sim.PatientOpts{Systolic: 134, Diastolic: 86, Pulse: 71, SpO2: 95})
}

// TestEveryDeviceIsFound plugs each device in, among all protocols that nabz has, with its finger out and its probe in the holder.
func TestEveryDeviceIsFound(t *testing.T) {
	nonin := func(f byte) func(*sim.Patient, sim.Opts) sim.Device {
		return func(p *sim.Patient, o sim.Opts) sim.Device { o.Format = f; return sim.NewNonin(p, o) }
	}
	contec := func(m sim.Model) func(*sim.Patient, sim.Opts) sim.Device {
		return func(p *sim.Patient, o sim.Opts) sim.Device { o.Model = m; return sim.NewContec(p, o) }
	}
	cases := map[string]struct {
		device func(*sim.Patient, sim.Opts) sim.Device
		want   string
		baud   int
		also   []string
	}{
		"CMS50F":         {contec(sim.CMS50F), "contec", 115200, nil},
		"CMS50D+":        {contec(sim.CMS50DPlus), "contec", 115200, nil},
		"old CMS50":      {contec(sim.CMS50Old), "contec", 19200, []string{"bci"}},
		"Berry":          {contec(sim.BerryBCI), "bci", 115200, []string{"contec"}},
		"Nonin 1":        {nonin(1), "nonin", 9600, nil},
		"Nonin 2":        {nonin(2), "nonin", 9600, nil},
		"Nonin 7":        {nonin(7), "nonin", 9600, nil},
		"Nonin 8":        {nonin(8), "nonin", 9600, nil},
		"ChipOx":         {func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewChipOx(p, o) }, "chipox", 9600, nil},
		"PAR":            {func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewPAR(p, o) }, "par", 4800, nil},
		"combined board": {func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewUN300C(p, o) }, "par-combined", 19200, []string{"un300c"}},
		"SunTech":        {func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewSunTech(p, o) }, "suntech", 9600, nil},
		"PM6750":         {func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewPM6750(p, o) }, "pm6750", 115200, nil},
		"SureTemp":       {func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewSureTemp(p, o) }, "suretemp", 9600, nil},
	}
	type result struct {
		match detect.Match
		err   error
	}
	results, few := map[string]chan result{}, make(chan struct{}, 4)
	for name, c := range cases { // some at once: they wait most of the time
		w, done := plugged(t, c.device(person(), sim.Opts{ByHand: true})), make(chan result, 1)
		results[name] = done
		go func() {
			few <- struct{}{}
			defer func() { <-few }()
			m, err := detect.Listen(t.Context(), w, "", catalogue.All())
			done <- result{m, err}
		}()
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := <-results[name]
			if r.err != nil {
				t.Fatal(r.err)
			}
			var also []string
			for _, p := range r.match.Also {
				also = append(also, p.Name)
			}
			if got := r.match; got.Protocol.Name != c.want || got.Line.Baud != c.baud || !slices.Equal(also, c.also) {
				t.Errorf("found %s at %d baud, also %v; want %s at %d, also %v", got.Protocol.Name, got.Line.Baud, also, c.want, c.baud, c.also)
			}
		})
	}
}

func TestNothingAnswers(t *testing.T) {
	t.Parallel()
	_, err := detect.Listen(t.Context(), plugged(t, sim.NewHBP9030(person(), sim.Opts{})), "", catalogue.All())
	if !errors.Is(err, detect.ErrSilent) {
		t.Errorf("error %v, want ErrSilent", err)
	}
}

// noisy gives random bytes at every setting, like a line with nothing sensible at its end.
type noisy struct{ rng *rand.Rand }

func (n noisy) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(n.rng.UintN(256))
	}
	return len(b), nil
}
func (noisy) Write(b []byte) (int, error)     { return len(b), nil }
func (noisy) SetReadDeadline(time.Time) error { return nil }
func (noisy) SetLine(port.Line) error         { return nil }

func TestNoiseIsNoDevice(t *testing.T) {
	for seed := range uint64(20) {
		m, err := detect.Listen(t.Context(), noisy{rand.New(rand.NewPCG(seed, 1))}, "", catalogue.All())
		if !errors.Is(err, detect.ErrUnknown) {
			t.Errorf("seed %d: %s, %v; want ErrUnknown", seed, m.Protocol.Name, err)
		}
	}
}

func TestExpectedIsBelievedWhereBytesDoNotTell(t *testing.T) {
	for _, expected := range []string{"contec", "bci"} {
		w := plugged(t, sim.NewContec(person(), sim.Opts{Model: sim.CMS50Old}))
		m, err := detect.Listen(t.Context(), w, expected, catalogue.All())
		if err != nil || m.Protocol.Name != expected {
			t.Errorf("expected %s, found %s, %v", expected, m.Protocol.Name, err)
		}
	}
	w := plugged(t, sim.NewContec(person(), sim.Opts{Model: sim.CMS50F}))
	if m, err := detect.Listen(t.Context(), w, "bci", catalogue.All()); err != nil || m.Protocol.Name != "contec" {
		t.Errorf("a device with V7 packets, where bci was expected: %s, %v; want contec", m.Protocol.Name, err)
	}
}

// Commands of the manuals that move something, as far as a byte string tells them: what no question may hold.
var moving = map[string][]byte{
	"OEM_NIBP: start":                    {0xA1},
	"OEM_NIBP: manometer on":             {0xAC},
	"PAR: start":                         []byte("\x0201;;"),
	"PAR combined: start":                []byte("\xFD01;;"),
	"PAR: manometer":                     []byte("14;;"),
	"PAR: leak test":                     []byte("17;;"),
	"PAR: inflate":                       []byte("56;;"),
	"SunTech: start":                     {0x3A, 0x20},
	"SunTech: start paediatric":          {0x3A, 0x87},
	"SunTech: start neonate":             {0x3A, 0x28},
	"SunTech: pneumatics":                {0x3A, 0x0C},
	"SunTech: calibrate":                 {0x3A, 0x04},
	"SunTech: sleep":                     {0x3A, 0x81},
	"SunTech: venous stasis":             {0x3A, 0x86},
	"SunTech: reset":                     {0x3A, 0x8A},
	"PM6750: start":                      {0x55, 0xAA, 0x04, 0x02},
	"PM6750: static test":                {0x55, 0xAA, 0x04, 0x0B},
	"PM6750: calibration":                {0x55, 0xAA, 0x04, 0x0C},
	"PM6750: leak test":                  {0x55, 0xAA, 0x04, 0x0E},
	"CMS50: delete":                      {0x7D, 0x81, 0xAE},
	"Nonin: select format":               {0x02, 0x70},
	"Nonin: set clock":                   {0x02, 0x72},
	"old CMS50: download":                {0xF5, 0xF5},
	"ChipOx: reset, whose body is 7F B2": {0x7F, 0xB2},
	"Lepu VX: any":                       {0xAA, 0x55},
}

func TestQuestionsMoveNothing(t *testing.T) {
	asked := 0
	for _, p := range catalogue.All() {
		if p.Ask == nil {
			continue
		}
		asked++
		for what, command := range moving {
			if bytes.Contains(p.Ask, command) {
				t.Errorf("the question of %s, % X, holds %s", p.Name, p.Ask, what)
			}
		}
	}
	if asked < 6 {
		t.Errorf("only %d questions", asked)
	}
}
