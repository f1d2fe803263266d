package guide

import (
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

func (s Session) tapPatient(t Tap) (Session, Call) {
	switch place := s.Place; {
	case t.Do == "recent" && place == Identify:
		return s.recent(t.Value), nil
	case t.Do == "next" && place == Identify && s.Typed != "":
		return s.number(s.Typed)
	case t.Do == "next" && place == Birth && (s.Typed == "" || len(s.Typed) == 4):
		s.Patient.Birth = s.Typed
		return s.at(Sex), nil
	case t.Do == "sex" && place == Sex:
		s.Patient.Sex = reading.Sex(t.Value)
		return s.at(Confirm), nil
	case t.Do == "next" && place == Confirm:
		return s, Open{Patient: s.Patient, Operator: s.Operator()}
	}
	return s, nil
}

// recent takes one of the patients that were here lately.
func (s Session) recent(value string) Session {
	for _, p := range s.Recent {
		if p.Value == value {
			s.Patient = p
			return s.at(Confirm)
		}
	}
	return s
}

// number goes on with a number: to the confirmation when the patient was here lately; otherwise the kiosk looks among the visits that it keeps.
// Thirteen digits are a CNIC.
func (s Session) number(number string) (Session, Call) {
	if r := s.recent(number); r.Place == Confirm {
		return r, nil
	}
	s.Patient = reading.PatientRef{Type: reading.MedicalRecord, Value: number}
	if len(number) == 13 {
		s.Patient.Type = reading.NationalNumber
	}
	return s.at(Birth), Find{s.Patient}
}

// Found is the session after the kiosk has found the patient among the visits that it keeps.
func (s Session) Found(p reading.PatientRef) Session {
	s.Patient = p
	return s.at(Confirm)
}

// mostRecent is how many patients are offered without typing.
const mostRecent = 6

// Opened is the session after the kiosk has opened the visit that Open asked for.
func (s Session) Opened() Session {
	recent := []reading.PatientRef{s.Patient}
	for _, p := range s.Recent {
		if p.Value != s.Patient.Value && len(recent) < mostRecent {
			recent = append(recent, p)
		}
	}
	s.Recent, s.Patient = recent, reading.PatientRef{}
	return s.at(Visit)
}

// Over is the session after the visit has ended.
func (s Session) Over(v exam.View) Session {
	s = s.at(Saved)
	s.Last, s.Stopped = v.Readings, v.Step == exam.StepCancelled
	return s
}

// Refuse is the session after the kiosk refused to open the visit because the number is none.
func (s Session) Refuse() Session {
	s = s.at(Identify)
	s.Why = "identify.refused"
	return s
}

// Masked is a number as people who stand around may see it: the last four digits of a CNIC.
func Masked(p reading.PatientRef) string {
	if p.Type != reading.NationalNumber || len(p.Value) < 5 {
		return p.Value
	}
	return "…" + p.Value[len(p.Value)-4:]
}

// Plain is a number as it stands on the card, for comparing.
func Plain(p reading.PatientRef) string {
	if p.Type != reading.NationalNumber || len(p.Value) != 13 {
		return p.Value
	}
	return p.Value[:5] + "-" + p.Value[5:12] + "-" + p.Value[12:]
}
