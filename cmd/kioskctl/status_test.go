package main

import (
	"strings"
	"testing"
	"time"

	"nabz/firmware/screen"
)

func TestQueueWordTellsOfRoom(t *testing.T) {
	for full, want := range map[float64]string{0.5: "on disk", 0.85: "nearly full: 85 % of the room is taken", 1.2: "FULL: no visit begins"} {
		if got := queueWord(screen.Queue{Full: full}); !strings.Contains(got, want) || (full < 0.8 && strings.Contains(strings.ToLower(got), "full")) {
			t.Errorf("at %v: %q, want %q", full, got, want)
		}
	}
}

func TestStatusTellsOfTheCertificate(t *testing.T) {
	until := time.Date(2028, 5, 23, 0, 0, 0, 0, time.UTC)
	for want, i := range map[string]screen.Identity{
		"plain no certificate":                                {},
		"sealed certificate until 2028-05-23":                 {Sealed: true, Until: until},
		"sealed certificate until 2028-05-23: it should have": {Sealed: true, Until: until, Ends: true},
	} {
		var b strings.Builder
		if err := printStatus(&b, screen.State{Identity: i}); err != nil {
			t.Fatal(err)
		}
		_, row, _ := strings.Cut(b.String(), "payload")
		if got := strings.Join(strings.Fields(row), " "); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
