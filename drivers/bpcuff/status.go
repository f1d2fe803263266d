package bpcuff

import "nabz/drivers/vitals"

// messages are the flags of each message code; a code that is not listed is the device's fault.
var messages = [100]vitals.Flags{
	2: vitals.NotReady, 6: vitals.CuffLoose, 7: vitals.CuffLeak, 8: vitals.Blockage, 9: vitals.WeakPulse | vitals.TimedOut,
	10: vitals.OutOfRange, 11: vitals.Artifact, 12: vitals.Overpressure, 13: vitals.Saturated, 14: vitals.CuffLeak, 15: vitals.Hardware,
}

// names of the message codes, made once so that decoding allocates nothing.
var names = func() (n [100]string) {
	for i := range n {
		n[i] = string([]byte{'M', '0' + byte(i/10), '0' + byte(i%10)})
	}
	return n
}()

// noMessage is the status word of a module that has nothing to report yet.
const noMessage = "M--"

// parseStatus reads a status whose checksum is right.
func parseStatus(b []byte) report {
	r := report{kind: statusFrame, state: b[1], patient: b[4], sample: vitals.Sample{Kind: vitals.KindBloodPressure}}
	s := &r.sample
	code, ok := digits(b[11:13])
	switch {
	case !ok:
		s.Flags, s.Status = vitals.NotReady, noMessage
	case code == 0 || code == 3:
		s.BloodPressure, s.Flags = result(b)
		if s.Flags != 0 {
			s.Status = names[code]
		}
	default:
		s.Flags, s.Status = messages[code], names[code]
		if s.Flags == 0 {
			s.Flags = vitals.Hardware
		}
	}
	return r
}

// result reads the numbers of a status that says it is valid. All three pressures must be there and in order; else none is given.
func result(b []byte) (vitals.BloodPressure, vitals.Flags) {
	sys, ok1 := digits(b[15:18])
	dia, ok2 := digits(b[18:21])
	mean, ok3 := digits(b[21:24])
	if !ok1 || !ok2 || !ok3 {
		return vitals.BloodPressure{}, vitals.NotReady
	}
	bp, flags := pressures(sys, dia, mean)
	if rate, ok := digits(b[26:29]); ok && rate > 0 && flags == 0 {
		bp.Pulse = vitals.Some(vitals.PerMinute(rate))
	}
	return bp, flags
}

// pressures gives three pressures that are in order, or none.
func pressures(sys, dia, mean int) (vitals.BloodPressure, vitals.Flags) {
	if dia <= 0 || sys <= mean || mean <= dia || sys > 400 {
		return vitals.BloodPressure{}, vitals.Implausible
	}
	return vitals.BloodPressure{
		Systolic: vitals.Some(vitals.MmHg(sys)), Diastolic: vitals.Some(vitals.MmHg(dia)), Mean: vitals.Some(vitals.MmHg(mean)),
	}, 0
}
