package site

import (
	"testing"
	"time"

	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/wire"
)

// TestTroublesOfProvisioning: a supervisor hears of a certificate that nobody renewed and of a profile that a kiosk has taken back.
func TestTroublesOfProvisioning(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	u := unit{Standing: ward.Standing{Kiosk: "bhu-1", State: wire.State{St: wire.Online, Clock: "ntp", Refused: 8, Ends: now.AddDate(0, 1, 0).Unix()}}}
	got := u.Troubles(now)
	want := []trouble{{"fleet.certificate", "2027-01-01"}, {"fleet.refused", "8"}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v, want %+v", got, want)
	}
}
