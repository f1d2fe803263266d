package site

import (
	"fmt"
	"time"
)

// pakistan is the time that the pages show; it has no summer time.
var pakistan = time.FixedZone("PKT", 5*60*60)

// hours is how long ago the Unix second was, as a table shows it: 7 min, 5 h, 3 d.
func hours(now time.Time, second int64) string {
	switch d := now.Sub(time.Unix(second, 0)); {
	case d < 0:
		return "?" // one of the clocks is wrong
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	default:
		return fmt.Sprintf("%d d", int(d/(24*time.Hour)))
	}
}
