// Package catalogue is the list of what nabz speaks to: each protocol by the name that kiosk.toml and kioskctl use, with the line settings to try
// and the driver behind it. It knows which driver is whose and nothing of what they say.
package catalogue

import (
	"context"
	"slices"
	"time"

	"nabz/drivers/bpcuff"
	"nabz/drivers/frame"
	"nabz/drivers/monitor"
	"nabz/drivers/oximeter"
	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
)

// Class is the table of kiosk.toml that a protocol belongs to.
type Class string

// The classes. A monitor takes the place of the others.
const (
	Oximeter    Class = "oximeter"
	Cuff        Class = "cuff"
	Thermometer Class = "thermometer"
	Monitor     Class = "monitor"
)

// Listener is a driver that gives one sample after another.
type Listener interface {
	Next(ctx context.Context) (vitals.Sample, error)
	Tally() frame.Tally
}

// Commanded is a cuff that the host starts and stops.
type Commanded interface {
	Listener
	Init(ctx context.Context) error
	Measure(ctx context.Context, order vitals.Inflation, progress func(vitals.MmHg)) (vitals.Sample, error)
	Abort() error
}

// Protocol is one way in which a device on a serial line speaks.
type Protocol struct {
	Name   string
	Class  Class
	Makes  string // whose, for people
	Lines  []frame.Line
	Listen func(frame.Port) Listener
	Cuff   func(frame.Port) Commanded // nil but for a cuff that is commanded
	Pushed bool                       // a cuff whose patient presses start
	Ask    []byte                     // what may be sent to an unknown device, to which this one answers; nil where there is none
	Pause  time.Duration              // the longest between two frames of a device that sends unasked
}

// often is the Pause of a device that sends tens of frames a second, with room for how USB gathers them.
const often = 300 * time.Millisecond

// combined is the cuff of the combined board, to be asked what its line is.
var combined = bpcuff.NewPAR(nil, bpcuff.PAROpts{Combined: true})

// protocols are in the order in which kioskctl lists them.
var protocols = []Protocol{
	{
		Name: "contec", Class: Oximeter, Makes: "Contec CMS50 family", Lines: (*oximeter.Contec)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return oximeter.NewContec(p, oximeter.DialectContec) },
		Ask:    (*oximeter.Contec)(nil).Question(), Pause: often,
	},
	{
		Name: "bci", Class: Oximeter, Makes: "Berry, BCI and others with the five-byte stream", Lines: (*oximeter.Contec)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return oximeter.NewContec(p, oximeter.DialectBerry) },
		Pause:  often,
	},
	{
		Name: "nonin", Class: Oximeter, Makes: "Nonin OEM III, Xpod, iPod, 3150, 9560", Lines: (*oximeter.Nonin)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return oximeter.NewNonin(p) },
		Pause:  time.Second + often,
	},
	{
		Name: "chipox", Class: Oximeter, Makes: "EnviteC ChipOx", Lines: (*oximeter.ChipOx)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return oximeter.NewChipOx(p) },
		Ask:    (*oximeter.ChipOx)(nil).Question(), Pause: often,
	},
	par("par", "PAR NIBP2010, NIBP2020 UP; UN300C without its oximeter", bpcuff.PAROpts{}),
	par("par-combined", "PAR's combined board", bpcuff.PAROpts{Combined: true}),
	{
		Name: "suntech", Class: Cuff, Makes: "SunTech Advantage OEM, Mini, A+, LX", Lines: (*bpcuff.SunTech)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return bpcuff.NewSunTech(p) },
		Cuff:   func(p frame.Port) Commanded { return bpcuff.NewSunTech(p) },
		Ask:    (*bpcuff.SunTech)(nil).Question(),
	},
	{
		Name: "hbp9030", Class: Cuff, Makes: "Omron HBP-9030", Lines: (*bpcuff.HBP9030)(nil).Lines(), Pushed: true,
		Listen: func(p frame.Port) Listener { return bpcuff.NewHBP9030(p) },
	},
	{
		Name: "ua767", Class: Cuff, Makes: "A&D UA-767PBT", Lines: (*bpcuff.UA767)(nil).Lines(), Pushed: true,
		Listen: func(p frame.Port) Listener { return bpcuff.NewUA767(p) },
	},
	{
		Name: "suretemp", Class: Thermometer, Makes: "Welch Allyn SureTemp Plus module", Lines: (*thermometer.SureTemp)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return thermometer.NewSureTemp(p) },
		Ask:    (*thermometer.SureTemp)(nil).Question(), Pause: often,
	},
	{
		Name: "pm6750", Class: Monitor, Makes: "Berry PM6750", Lines: (*monitor.PM6750)(nil).Lines(),
		Listen: func(p frame.Port) Listener { return monitor.NewPM6750(p) },
		Ask:    (*monitor.PM6750)(nil).Question(), Pause: time.Second + often,
	},
	{
		Name: "un300c", Class: Monitor, Makes: "UN300C (ABATON) with its oximeter", Lines: combined.Lines(),
		Listen: listenUN300C, Ask: combined.Question(), Pause: time.Second + often,
	},
}

func par(name, makes string, o bpcuff.PAROpts) Protocol {
	return Protocol{
		Name: name, Class: Cuff, Makes: makes, Lines: bpcuff.NewPAR(nil, o).Lines(),
		Listen: func(p frame.Port) Listener { return bpcuff.NewPAR(p, o) },
		Cuff:   func(p frame.Port) Commanded { return bpcuff.NewPAR(p, o) },
		Ask:    bpcuff.NewPAR(nil, o).Question(),
	}
}

// All are the protocols of serial lines.
func All() []Protocol { return slices.Clone(protocols) }

// Find returns the protocol of that name.
func Find(name string) (Protocol, bool) {
	i := slices.IndexFunc(protocols, func(p Protocol) bool { return p.Name == name })
	if i < 0 {
		return Protocol{}, false
	}
	return protocols[i], true
}

// Names are those of a class, or of all classes when it is empty.
func Names(c Class) (names []string) {
	for _, p := range protocols {
		if c == "" || p.Class == c {
			names = append(names, p.Name)
		}
	}
	return names
}
