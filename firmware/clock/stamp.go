package clock

import (
	"fmt"
	"time"
)

// Source is where a wall clock's time came from. The zero value, None, is a clock that nobody set.
type Source string

// The sources, worst first.
const (
	None   Source = "none"
	RTC    Source = "rtc"    // a battery-backed clock: right to seconds a month
	Clinic Source = "clinic" // the hello exchange: right to the round trip
	NTP    Source = "ntp"    // the kernel says that it is disciplined
)

// Stamp is one instant as the kiosk knew it when it happened. It is never changed afterwards; Resolve says what it means now.
type Stamp struct {
	Boot        string        `json:"boot"`        // the kernel's boot id
	SinceBoot   time.Duration `json:"sinceBoot"`   // CLOCK_BOOTTIME, nanoseconds
	Wall        time.Time     `json:"wall"`        // the wall clock as it stood, right or wrong
	Source      Source        `json:"source"`      // where Wall came from
	Uncertainty time.Duration `json:"uncertainty"` // Wall may be this far off, either way; 0 with None means unknown
}

// Since is the time from an earlier stamp to this one. It is unknown across boots (false).
func (s Stamp) Since(earlier Stamp) (time.Duration, bool) {
	return s.SinceBoot - earlier.SinceBoot, s.Boot == earlier.Boot
}

func (s Stamp) String() string {
	return fmt.Sprintf("boot %.8s +%s (%s)", s.Boot, s.SinceBoot.Round(time.Millisecond), s.Source)
}

// Instant is what a Stamp means once the truth is known as far as it ever will be.
type Instant struct {
	Time        time.Time     `json:"time"`        // best estimate; of an unsynchronised boot: the upper bound
	Source      Source        `json:"source"`      // None: only the bounds are known
	Uncertainty time.Duration `json:"uncertainty"` // half width
	NotBefore   time.Time     `json:"notBefore"`   // bounds, set only with None; zero when there is no lower one
	NotAfter    time.Time     `json:"notAfter"`
}

// Synchronised says whether Time is more than a bound.
func (i Instant) Synchronised() bool { return i.Source != None }
