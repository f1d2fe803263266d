package main

import (
	"strings"
	"testing"

	"nabz/firmware/screen"
)

func TestQueueWordTellsOfRoom(t *testing.T) {
	for full, want := range map[float64]string{0.5: "on disk", 0.85: "nearly full: 85 % of the room is taken", 1.2: "FULL: no visit begins"} {
		if got := queueWord(screen.Queue{Full: full}); !strings.Contains(got, want) || (full < 0.8 && strings.Contains(strings.ToLower(got), "full")) {
			t.Errorf("at %v: %q, want %q", full, got, want)
		}
	}
}
