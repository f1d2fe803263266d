package firmware

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nabz/drivers/port"
	"nabz/drivers/sim"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
)

// hubBench is a kiosk whose devices are on a USB hub.
type hubBench struct {
	*bench
	hub *sim.Hub
}

var bridges = map[string]sim.Bridge{ // what kiosk.toml names, by socket
	"1-1.1": {Vendor: "10C4", Product: "EA60"},
	"1-1.2": {Vendor: "10C4", Product: "EA60"},
	"1-1.3": {Vendor: "0403", Product: "6001", Serial: "TH0001"},
}

func newHubBench(t *testing.T, devices string) *hubBench {
	t.Helper()
	dir := t.TempDir()
	hub, err := sim.NewHub(dir + "/usb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	ports := port.System{Class: hub.Class(), Dev: hub.Dev()}
	return &hubBench{&bench{t: t, cfg: configOf(t, dir, devices), ports: ports}, hub}
}

func (b *hubBench) plugIn(socket string, bridge sim.Bridge, d sim.Device) {
	b.t.Helper()
	if err := b.hub.Plug(socket, bridge, d); err != nil {
		b.t.Fatal(err)
	}
}

func (b *hubBench) pull(socket string) {
	b.t.Helper()
	if err := b.hub.Pull(socket); err != nil {
		b.t.Fatal(err)
	}
}

// device waits until one is as it should be.
func (b *hubBench) device(name, state string) screen.State {
	b.t.Helper()
	return b.until(name+" "+state, func(s screen.State) bool {
		for _, d := range s.Devices {
			if d.Name == name && d.State == state {
				return true
			}
		}
		return false
	})
}

// part is one device, and how to get it into the middle of its work.
type part struct {
	table, protocol string
	device          sim.Device
	at              map[exam.Step]work
}

type work struct {
	begin  func(b *hubBench, visit string)
	middle func(screen.State) bool
}

// TestUnplugAtEveryMoment pulls each device at each step of a visit and in the middle of its own, and plugs it in again. It is missing and
// comes back, the visit goes on and can be finished, and a cuff ends up empty and stays so.
func TestUnplugAtEveryMoment(t *testing.T) {
	o := sim.Opts{Speed: 20, ByHand: true}
	who := func() *sim.Patient { return sim.NewPatient(sim.PatientOpts{}) }
	start := func(b *hubBench, visit string) { b.do(visit, exam.StartCuff{}) }
	tight := func(s screen.State) bool {
		p, known := s.Visit.Cuff.Get()
		return known && p > 40
	}
	finger := func(d interface{ FingerIn() }) work {
		return work{func(*hubBench, string) { d.FingerIn() }, func(s screen.State) bool { return s.Live.Oximetry != nil && s.Live.Oximetry.SpO2.Known() }}
	}
	nonin, contec, chipox := sim.NewNonin(who(), o), sim.NewContec(who(), o), sim.NewChipOx(who(), o)
	sure, omron, berry, combi := sim.NewSureTemp(who(), o), sim.NewHBP9030(who(), o), sim.NewPM6750(who(), o), sim.NewUN300C(who(), o)
	cuffs := map[exam.Step]work{exam.StepBP: {start, tight}}
	pressed := func(b *hubBench, visit string) { b.do(visit, exam.StartCuff{}); omron.PressStart() }
	probed := func(*hubBench, string) { sure.TakeProbe() }
	for _, p := range []part{
		{"oximeter", "contec", contec, map[exam.Step]work{exam.StepOximetry: finger(contec)}},
		{"oximeter", "nonin", nonin, map[exam.Step]work{exam.StepOximetry: finger(nonin)}},
		{"oximeter", "chipox", chipox, map[exam.Step]work{exam.StepOximetry: finger(chipox)}},
		{"cuff", "par", sim.NewPAR(who(), o), cuffs},
		{"cuff", "suntech", sim.NewSunTech(who(), o), cuffs},
		{"cuff", "hbp9030", omron, map[exam.Step]work{exam.StepBP: {pressed, func(screen.State) bool { return omron.Pressure() > 40 }}}},
		{"thermometer", "suretemp", sure, map[exam.Step]work{exam.StepTemperature: {
			probed, func(s screen.State) bool { return s.Live.Temperature != nil },
		}}},
		{"monitor", "pm6750", berry, map[exam.Step]work{exam.StepBP: {start, tight}, exam.StepOximetry: finger(berry)}},
		{"monitor", "un300c", combi, map[exam.Step]work{exam.StepBP: {start, tight}, exam.StepOximetry: finger(combi)}},
	} {
		t.Run(p.protocol, func(t *testing.T) {
			t.Parallel() // each waits for its own device
			b := newHubBench(t, fmt.Sprintf("[%s]\nprotocol = %q\nusb = \"10C4:EA60\"\n", p.table, p.protocol))
			b.plugIn("1-1.1", bridges["1-1.1"], p.device)
			b.start()
			b.device(p.table, "connected")
			b.throughVisit(p)
		})
	}
}

// throughVisit goes through a visit and pulls the plug wherever it may be pulled.
func (b *hubBench) throughVisit(p part) {
	b.t.Helper()
	b.replugged(p, "before a visit")
	visit := b.open()
	for _, step := range []exam.Step{exam.StepBP, exam.StepOximetry, exam.StepTemperature} {
		b.replugged(p, "at "+string(step))
		if w, own := p.at[step]; own {
			w.begin(b, visit)
			b.until("the middle of "+string(step), w.middle)
			b.replugged(p, "in the middle of "+string(step))
		}
		v := b.do(visit, exam.Skip{Reason: exam.SkipOther})
		if v.Step == step {
			b.t.Fatalf("%s: no way on from %s: %+v", p.protocol, step, v.Actions)
		}
	}
	b.replugged(p, "at the review")
	if v := b.do(visit, exam.Finish{}); v.Step != exam.StepDone {
		b.t.Errorf("the visit could not be finished: it is at %s", v.Step)
	}
}

// replugged pulls the device and plugs it in again.
func (b *hubBench) replugged(p part, when string) {
	b.t.Helper()
	b.pull("1-1.1")
	s := b.device(p.table, "missing")
	if l := s.Live; p.table == "oximeter" && l.Oximetry != nil || p.table == "thermometer" && l.Temperature != nil {
		b.t.Errorf("%s: pulled %s, its number is still shown", p.protocol, when)
	}
	if s.Visit != nil && strings.HasPrefix(when, "in the middle") {
		b.until("the visit to know", func(s screen.State) bool { return s.Visit.Prompt == exam.PromptDeviceLost })
	}
	b.plugIn("1-1.1", bridges["1-1.1"], p.device)
	back := time.Now()
	s = b.device(p.table, "connected")
	b.t.Logf("%s %s: back after %s", p.protocol, when, time.Since(back).Round(10*time.Millisecond))
	if a, ok := p.device.(arm); ok {
		for a.Pressure() > 0 { // the valve needs its time; a cuff that was not stopped stays tight until its own limit
			b.until("the board", func(screen.State) bool { return true })
		}
		if s.Visit != nil && strings.Contains(fmt.Sprint(s.Visit.Actions), string(exam.ActStopCuff)) {
			b.t.Errorf("%s: after a replug %s the cuff measures by itself", p.protocol, when)
		}
	}
}

// TestAnotherMakeIsTakenAndNamed swaps a Contec for a Nonin on another bridge, in the middle of oximetry: the reading says whose it is.
func TestAnotherMakeIsTakenAndNamed(t *testing.T) {
	t.Parallel() // it waits for its own devices
	b := newHubBench(t, "[oximeter]\nprotocol = \"contec\"\nusb = \"10C4:EA60\"\nmanufacturer = \"Contec\"\nmodel = \"CMS50D+\"\n")
	who := sim.NewPatient(sim.PatientOpts{SpO2: 95})
	b.plugIn("1-1.1", bridges["1-1.1"], sim.NewContec(who, sim.Opts{}))
	b.start()
	b.device("oximeter", "connected")
	visit := b.open()
	b.do(visit, exam.Skip{Reason: exam.SkipOther})
	b.until("a number", func(s screen.State) bool { return s.Live.Oximetry != nil && s.Live.Oximetry.SpO2.Known() })
	b.pull("1-1.1")
	b.device("oximeter", "missing")
	b.plugIn("1-1.4", sim.Bridge{Vendor: "1A86", Product: "7523"}, sim.NewNonin(who, sim.Opts{Format: 2}))
	s := b.until("a reading", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) > 1 })
	item, _, err := b.k.queue.Find(s.Visit.Readings[len(s.Visit.Readings)-1].ID)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := reading.Decode(item.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if d := entry.Reading.Device; d.Manufacturer != "Nonin" || strings.Contains(d.Model, "CMS50") {
		t.Errorf("the reading is said to be by %+v", d)
	}
	if visit != entry.Reading.Visit {
		t.Errorf("it is of visit %s", entry.Reading.Visit)
	}
}
