package fhir

import (
	"errors"
	"fmt"
	"time"

	"nabz/drivers/vitals"
)

// breaths is the respiratory rate that a person counted.
func breaths(h head, m vitals.Respiration, window time.Duration) ([]*observation, error) {
	rate, ok := m.Rate.Get()
	switch {
	case ok && h.absent != "":
		return nil, errBoth
	case !ok && h.absent == "":
		return nil, nil
	case !ok:
		return []*observation{newObservation(h, respSuffix, respiration, missing(h.absent))}, nil
	}
	o := newObservation(h, respSuffix, respiration, known(respiration, whole(rate)))
	if window > 0 {
		o.Method = &concept{Text: fmt.Sprintf("Counted over %d s", int64(window.Round(time.Second)/time.Second))}
	}
	return []*observation{o}, nil
}

// judged is what a person saw and asked, one Observation for each answer that there is.
func judged(h head, m vitals.Condition) ([]*observation, error) {
	if h.absent != "" {
		return nil, errors.New("what was not asked is not sent")
	}
	var found []*observation
	for _, part := range []struct {
		suffix string
		vital  vital
		answer string
	}{
		{awakeSuffix, responsiveness, string(m.Consciousness)},
		{airSuffix, inspired, string(m.Breathing)},
		{childSuffix, pregnancy, string(m.Pregnancy)},
	} {
		if part.answer == "" {
			continue
		}
		a, ok := chosen(part.vital, part.answer)
		if !ok {
			return nil, errors.New("an answer is none that this version knows")
		}
		found = append(found, newObservation(h, part.suffix, part.vital, a))
	}
	return found, nil
}
