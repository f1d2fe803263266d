package oximeter

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
)

// The published capture gives the numbers that stand beside it.
func TestHeadrotorSession(t *testing.T) {
	got, _ := all(t, bytes.NewReader(frametest.Trace(t, "cms50dplus_v7_session_headrotor.hex")), DialectContec)
	waves := []int{51, 48, 46, 44, 43, 42, 42}
	if len(got) != len(waves) {
		t.Fatalf("%d samples, want %d", len(got), len(waves))
	}
	for i, w := range waves {
		if want := (reading{97, 65, -1, w, 0}); got[i] != want {
			t.Errorf("sample %d: %+v, want %+v", i, got[i], want)
		}
	}
}

// Answers, stored data and a download of the five-byte form hold numbers, but none of them is what the patient has now.
func TestCapturesWithoutLiveData(t *testing.T) {
	for name, want := range map[string]frame.Tally{
		"cms50f37_oscar_comments.hex":      {Frames: 11},
		"cms50_v5_download_apneaboard.hex": {Skipped: 47},
	} {
		t.Run(name, func(t *testing.T) {
			b := frametest.Trace(t, name)
			for _, d := range []Dialect{DialectContec, DialectBerry} {
				got, tally := all(t, iotest.OneByteReader(bytes.NewReader(b)), d)
				if len(got) > 0 {
					t.Errorf("%d samples: %+v", len(got), got)
				}
				if d := cmp.Diff(want, tally); d != "" {
					t.Errorf("tally (-want +got):\n%s", d)
				}
			}
		})
	}
}
