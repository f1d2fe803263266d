package vitals

import (
	"fmt"
	"maps"
	"slices"
)

// SiteLimits are a site's own urgent limits for adults, by the name of a quantity, in the units of its type: systolic, diastolic, pulse, saturation, celsius, breaths. They
// take the place of Calm: a clinic high in the mountains is not called for every SpO2 of 91.
type SiteLimits map[string]Range

var limitNames = map[string]Quantity{
	"systolic": Systolic, "diastolic": Diastolic, "pulse": Pulse, "saturation": Saturation, "celsius": Celsius, "breaths": Breaths,
}

// Check says what is wrong: an unknown name, or limits that are not within the hard ones, in order.
func (l SiteLimits) Check() error {
	for _, name := range slices.Sorted(maps.Keys(l)) {
		q, known := limitNames[name]
		if !known {
			return fmt.Errorf("%s: use %v", name, slices.Sorted(maps.Keys(limitNames)))
		}
		if r, hard := l[name], Hard[q]; r.Low < hard.Low || r.High > hard.High || r.Low >= r.High {
			return fmt.Errorf("%s: %d to %d: use two within %d and %d", name, r.Low, r.High, hard.Low, hard.High)
		}
	}
	return nil
}

// Urgent says whether a measurement should reach a doctor before anything else: Judge, with the site's limits where it has some for an adult.
func (l SiteLimits) Urgent(m Measurement, b Band) bool {
	if len(l) == 0 || b != Adult && b != UnknownAge {
		return Judge(m, b).Urgent
	}
	own := map[Quantity]Range{}
	for name, r := range l {
		own[limitNames[name]] = r
	}
	urgent := false
	each(m, func(q Quantity, v int) {
		r, ok := own[q]
		if !ok {
			r = Calm[b][q]
		}
		urgent = urgent || q != Perfusion && !r.Holds(v)
	})
	if _, ok := m.(Condition); ok {
		return Judge(m, b).Urgent
	}
	return urgent
}
