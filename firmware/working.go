package firmware

import (
	"slices"

	"nabz/firmware/clock"
	"nabz/firmware/exam"
)

// Profiles are the site profiles that the clinic sent.
func (k *Kiosk) Profiles() <-chan []byte { return k.profiles }

// Working names what works now: each device that answers, and the link.
func (k *Kiosk) Working() (all []string) {
	devices, _ := k.devices.Get()
	for _, d := range devices {
		if d.State == "connected" {
			all = append(all, d.Name)
		}
	}
	if link, _ := k.link.Get(); link.Clinic {
		all = append(all, "link")
	}
	return all
}

// Idle says that nobody is being measured, and nobody learns: a moment in which the kiosk may begin anew.
func (k *Kiosk) Idle() bool {
	visit, _ := k.desk.view.Get()
	return visit == nil && !k.practice.going()
}

// measuring says that something is being measured that a switched-off box would spoil.
func (k *Kiosk) measuring() bool {
	v, _ := k.desk.view.Get()
	if v == nil {
		return false
	}
	awaited := v.Countdown > 0 && (v.Step == exam.StepOximetry || v.Step == exam.StepTemperature)
	return awaited || v.Breaths != nil || slices.Contains(v.Actions, exam.ActStopCuff)
}

// TimeKnown says that some source has told the time since this boot.
func (k *Kiosk) TimeKnown() bool { return k.clock.Now().Source != clock.None }
