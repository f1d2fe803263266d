package hwtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/detect"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
)

// Full are the steps with a person, for what this box has; they need the devices' ports, so no kiosk may run. The page is where the screen is.
func (b Bench) Full(page *Page) (all []Step) {
	for _, t := range b.tables() {
		switch t.table {
		case "oximeter":
			all = append(all, b.finger(t)...)
		case "cuff":
			all = append(all, b.cylinder(t)...)
		case "thermometer":
			all = append(all, b.probe(t))
		case "monitor":
			all = append(all, b.finger(t)...)
			all = append(all, b.cylinder(t)...)
		}
	}
	return append(append(all, b.plug()...), b.face(page)...)
}

// open opens a serial device where kiosk.toml says it is.
func (b Bench) open(ctx context.Context, t table) (port.Wire, catalogue.Protocol, error) {
	p, ok := catalogue.Find(t.Protocol)
	if !ok {
		return nil, p, fmt.Errorf("there is no protocol %s", t.Protocol)
	}
	w, err := b.Ports.Open(nameOf(t.Device), port.Line(p.Lines[0]))
	if err != nil || p.Pushed {
		return w, p, err
	}
	among := []catalogue.Protocol{p}
	_, err = detect.Listen(ctx, w, p.Name, among)
	if errors.Is(err, detect.ErrSilent) { // one that was busy with the step before needs a moment
		_, err = detect.Listen(ctx, w, p.Name, among)
	}
	if err != nil {
		return nil, p, errors.Join(errors.New(unheard(t, err).Why), w.Close())
	}
	return w, p, nil
}

// watch looks at a device's samples until one is as wanted for so long without a break. It says what the last one was if that does not come.
func (b Bench) watch(ctx context.Context, t table, wanted func(vitals.Sample) bool, long time.Duration) (s vitals.Sample, err error) {
	next, end, err := b.samples(ctx, t)
	if err != nil {
		return s, err
	}
	defer end()
	var since time.Time
	for {
		last, err := next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return s, ctx.Err()
			}
			return s, err
		}
		switch s = last; {
		case !wanted(s):
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		}
		if !since.IsZero() && time.Since(since) >= long {
			return s, nil
		}
	}
}

// samples opens a device, on a line or a bus.
func (b Bench) samples(ctx context.Context, t table) (next func(context.Context) (vitals.Sample, error), end func(), err error) {
	if c, ok := catalogue.FindChip(t.Protocol); ok {
		bus, err := b.Ports.OpenI2C(t.Path)
		if err != nil {
			return nil, nil, err
		}
		chip := c.New(bus, catalogue.ChipOpts{Address: uint16(t.Address), Site: t.Site, Supply: t.SupplyMV})
		return chip.Next, func() { _ = bus.Close() }, nil // nothing is left to write
	}
	w, p, err := b.open(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	return p.Listen(w).Next, func() { _ = w.Close() }, nil // as above
}

// why is what went wrong in a step that waited.
func why(err error, waited string) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return waited
	}
	return err.Error()
}

// steady is how long a finger's numbers have to be there.
const steady = 3 * time.Second

func (b Bench) finger(t table) []Step {
	out := func(s vitals.Sample) bool {
		return s.Kind == vitals.KindOximetry && s.Flags.Any(vitals.NoFinger|vitals.SensorOff) && !s.Oximetry.SpO2.Known()
	}
	in := func(s vitals.Sample) bool {
		return s.Kind == vitals.KindOximetry && !s.Flags.Doubted() && s.Oximetry.SpO2.Known() && s.Oximetry.Pulse.Known()
	}
	look := func(name, description, ask string, wanted func(vitals.Sample) bool, long time.Duration, waited, do string) Step {
		return Step{name, description, ask, func(ctx context.Context, _ *Person) Result {
			s, err := b.watch(ctx, t, wanted, long)
			if err != nil {
				return failed(why(err, waited), do)
			}
			if n, known := s.Oximetry.SpO2.Get(); known && (n < 90 || n > 100) {
				return failed("it says "+s.Oximetry.SpO2.String()+" of a well person", "clean the probe and try another finger; then replace the probe", number("SpO2", int(n), "%", "90 to 100"))
			}
			if n, known := s.Oximetry.SpO2.Get(); known {
				p, _ := s.Oximetry.Pulse.Get()
				return passed(number("SpO2", int(n), "%", "90 to 100"), number("pulse", int(p), "/min", ""))
			}
			return passed()
		}}
	}
	return []Step{
		look("finger-out", "The oximeter sees that there is no finger.", "Leave the oximeter's clip empty.", out, time.Second, "it does not see that the clip is empty", "clean its window; keep the sun off it"),
		look("finger-in", "It measures a finger.", "Put your own finger into the clip and hold still.", in, steady, "it gives no number", "turn the finger, warm it; clean the window; then replace the probe"),
		look("finger-out-again", "Its number goes when the finger goes.", "Take the finger out.", out, time.Second, "it keeps a number without a finger", "replace the probe: a number that stays is taken for a patient's"),
	}
}

// The limits of a cuff: what it may lose a minute (ISO 81060-1, 5.2.2: 4 mmHg), from how far up an abort is timed, and how long it may take to be nearly
// empty (IEC 80601-2-30, 201.12.1.104: from 260 to 15 mmHg in 10 s).
const (
	mostLeak  = 4.0
	abortFrom = vitals.MmHg(140)
	nearly    = vitals.MmHg(15)
	mostAbort = 10 * time.Second
	settleFor = time.Second // after the pump stops, air warms the cuff
)

// leaky is a cuff that tests itself.
type leaky interface {
	LeakTest(ctx context.Context, progress func(vitals.MmHg)) (vitals.Sample, error)
}

func (b Bench) cylinder(t table) []Step {
	if p, ok := catalogue.Find(t.Protocol); !ok || p.Cuff == nil {
		return nil // its patient presses start, and nobody can hear it pump
	}
	with := func(ctx context.Context, p *Person, use func(catalogue.Commanded) Result) Result {
		if _, err := p.Answer(ctx, "      Press Enter when it is on the cylinder, and on nobody's arm."); err != nil {
			return skipped("the technician left it out")
		}
		w, protocol, err := b.open(ctx, t)
		if err != nil {
			return failed(err.Error(), "look at the cuff's cable and supply")
		}
		defer w.Close() // the cuff was told to stop
		cuff := protocol.Cuff(w)
		if err := cuff.Init(ctx); err != nil {
			return failed(err.Error(), "look at the cuff's cable and supply")
		}
		return use(cuff)
	}
	return []Step{
		{"cuff-leak", "Cuff, hose and valve hold the air.", "Wrap the cuff around the rigid cylinder.", func(ctx context.Context, p *Person) Result {
			return with(ctx, p, func(c catalogue.Commanded) Result { return leak(ctx, c) })
		}},
		{"cuff-abort", "A cuff that is told to stop is empty at once.", "Leave the cuff on the cylinder.", func(ctx context.Context, p *Person) Result {
			return with(ctx, p, func(c catalogue.Commanded) Result { return abort(ctx, c, p) })
		}},
	}
}

// leak has the cuff hold the air: by its own test where it has one, else by a measurement, which finds no pulse on a cylinder.
func leak(ctx context.Context, c catalogue.Commanded) Result {
	var trace pressures
	var s vitals.Sample
	var err error
	l, tests := c.(leaky)
	if tests {
		s, err = l.LeakTest(ctx, trace.add)
	} else {
		s, err = c.Measure(ctx, vitals.Inflation{}, trace.add)
	}
	if err != nil {
		return failed(why(err, "the test does not end"), "look at the cuff's cable and supply")
	}
	values := []Value{number("highest pressure", int(trace.top), "mmHg", "")}
	lost, told := trace.lost()
	if told = told && tests; told { // a measurement lets the air out by itself
		values = append(values, number("lost in a minute", lost, "mmHg", fmt.Sprintf("at most %.0f", mostLeak)))
	}
	switch {
	case s.Flags.Any(vitals.CuffLoose):
		return failed("it does not fill: "+s.Status, "wrap it tightly; look at the hose and its connector", values...)
	case s.Flags.Any(vitals.CuffLeak) || told && lost > mostLeak:
		return failed("it loses air "+s.Status, "look at the hose, its connector and the bladder; replace the cuff", values...)
	case s.Flags.Any(vitals.Blockage | vitals.Hardware | vitals.Overpressure | vitals.NotReady):
		return failed("the module reports "+s.Flags.String()+" "+s.Status, "replace the module", values...)
	}
	return passed(values...)
}

// abort stops an inflation and times how long the air takes to leave.
func abort(ctx context.Context, c catalogue.Commanded, p *Person) Result {
	rising, stop := context.WithCancel(ctx)
	defer stop()
	high := false
	_, err := c.Measure(rising, vitals.Inflation{}, func(mmHg vitals.MmHg) {
		if mmHg >= abortFrom && !high {
			high = true
			stop()
		}
	})
	begun := time.Now()
	if !high {
		return failed("it did not come to "+abortFrom.String()+": "+why(err, "no pressure"), "look at the hose and its connector")
	}
	limited, cancel := context.WithTimeout(ctx, 2*mostAbort)
	defer cancel()
	for {
		s, err := c.Next(limited)
		if limited.Err() != nil || err != nil {
			return seen(ctx, p)
		}
		if at, known := s.Cuff.Get(); s.Kind == vitals.KindCuffPressure && known && at < nearly {
			took := time.Since(begun)
			v := duration(fmt.Sprintf("from %d to below %d mmHg", int(abortFrom), int(nearly)), took, mostAbort)
			if took > mostAbort {
				return failed("it takes long to be empty", "the valve is stuck: replace the module, and do not use it", v)
			}
			return passed(v)
		}
	}
}

// seen is for a cuff that does not tell its pressure any more.
func seen(ctx context.Context, p *Person) Result {
	yes, err := p.Confirm(ctx, "      This cuff no longer tells its pressure. Was it soft within ten seconds?")
	switch {
	case err != nil:
		return skipped("nobody said whether it was empty")
	case !yes:
		return failed("it stays tight", "the valve is stuck: replace the module, and do not use it")
	}
	return passed(number("soft within 10 s", "seen", "", ""))
}

// pressures are those of a leak test, with when they came.
type pressures struct {
	top  vitals.MmHg
	at   []time.Time
	mmHg []vitals.MmHg
}

func (p *pressures) add(v vitals.MmHg) {
	p.top = max(p.top, v)
	p.at, p.mmHg = append(p.at, time.Now()), append(p.mmHg, v)
}

// opens is how much less than before a frame shows when the valve opens.
const opens = vitals.MmHg(6)

// lost is what was lost in a minute while the air was held: from a moment after the top was reached until the valve opened. It is not told of a hold that
// is too short.
func (p *pressures) lost() (perMinute float64, told bool) {
	first, last := slices.Index(p.mmHg, p.top), 0
	if first < 0 {
		return 0, false
	}
	for last = first; last+1 < len(p.mmHg) && p.mmHg[last]-p.mmHg[last+1] < opens; last++ {
	}
	for first < last && p.at[first].Sub(p.at[slices.Index(p.mmHg, p.top)]) < settleFor {
		first++
	}
	held := p.at[last].Sub(p.at[first])
	if held < settleFor {
		return 0, false
	}
	return float64(p.mmHg[first]-p.mmHg[last]) / held.Minutes(), true
}
