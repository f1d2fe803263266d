package thermometer

import (
	"encoding/binary"
	"math"

	"nabz/drivers/vitals"
)

// Record lengths, and where what stands behind the counters begins in both.
const (
	shortRecord = 19
	longRecord  = 33
	recordTail  = 12
)

// States of a record.
const (
	stateFinal   = 6
	stateMonitor = 12
)

// states are the manual's states with what each means for the number.
var states = map[int8]struct {
	name  string
	flags vitals.Flags
}{
	0: {"idle", vitals.NotReady}, 1: {"not-ready", vitals.NotReady}, 2: {"ready", vitals.NotReady},
	3: {"predict", vitals.NotSettled}, 4: {"predict-display", vitals.NotSettled},
	5:          {"predict-position", vitals.NotSettled | vitals.ContactLost},
	stateFinal: {"final", 0}, 7: {"final-position", vitals.ContactLost},
	8: {"final-over", vitals.OutOfRange}, 9: {"final-over-position", vitals.OutOfRange | vitals.ContactLost},
	10: {"final-under", vitals.OutOfRange}, 11: {"final-under-position", vitals.OutOfRange | vitals.ContactLost},
	stateMonitor: {"monitor", 0}, 13: {"end-normal", vitals.NotReady}, 20: {"error", vitals.Hardware},
}

// noProbe is the probe type of an empty socket.
const noProbe = 3

// decode reads the data of a record.
func decode(d []byte) vitals.Sample {
	tail := d[recordTail:]
	algorithm, state, probe := int8(tail[1]), int8(tail[2]), int8(tail[6])
	fault := int16(binary.LittleEndian.Uint16(tail[3:]))
	s := vitals.Sample{Kind: vitals.KindTemperature, Temperature: vitals.Temperature{Site: site(algorithm)}}
	known, ok := states[state]
	s.Status, s.Flags = known.name, known.flags
	if !ok {
		s.Status, s.Flags = "unknown", vitals.Hardware
	}
	if fault != 0 {
		s.Flags |= vitals.Hardware
	}
	if probe == noProbe {
		s.Flags |= vitals.SensorOff
	}
	switch {
	case state == stateFinal && s.Flags == 0:
		s.Temperature.Mode = vitals.Predicted
		take(&s, d[0:])
	case state == stateMonitor && s.Flags == 0:
		s.Temperature.Mode = vitals.Direct
		take(&s, d[4:])
	}
	return s
}

// take gives the sample the value that stands at the start of d, in kelvin, if it can be a temperature at all.
func take(s *vitals.Sample, d []byte) {
	k := float64(math.Float32frombits(binary.LittleEndian.Uint32(d)))
	c := k - 273.15
	if math.IsNaN(c) || c < 0 || c > 60 {
		s.Flags |= vitals.Implausible
		return
	}
	s.Temperature.Value = vitals.Some(vitals.MilliCelsius(math.Round(c*10) * 100))
}

// site is where the algorithm measures: 0 oral, 1 rectal, 2 paediatric axillary, 3 calibration key, 4 adult axillary.
func site(algorithm int8) vitals.Site {
	switch algorithm {
	case 0:
		return vitals.Oral
	case 1:
		return vitals.Rectal
	case 2, 4:
		return vitals.Axillary
	}
	return ""
}
