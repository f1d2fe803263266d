package guide

import (
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// Idle is the session after nobody has touched the screen for long: without a visit the worker is signed out, in a visit the screen is locked.
// While something is measured it stays as it is: whoever stands there must be able to stop the cuff.
func (s Session) Idle(v *exam.View) Session {
	switch {
	case s.Locked || s.Place == Ready || v != nil && live(v) != "":
		return s
	case v != nil:
		s.Locked, s.Typed = true, ""
	default:
		s.Worker, s.Patient = "", reading.PatientRef{}
		s = s.at(Ready)
	}
	s.Rev++
	return s
}

// unlock takes the number of whoever goes on.
func (s Session) unlock(t Tap) Session {
	switch {
	case t.Do == "digit":
		n := s
		n.Place = Staff
		s.Typed = n.digit(t.Value).Typed
	case t.Do == "erase" && s.Typed != "":
		s.Typed = s.Typed[:len(s.Typed)-1]
	case t.Do == "next" && s.Typed != "":
		s.Worker, s.Typed, s.Locked = "w-"+s.Typed, "", false
	default:
		return s
	}
	s.Rev++
	return s
}
