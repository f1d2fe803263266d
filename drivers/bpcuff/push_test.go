package bpcuff

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/frame/frametest"
)

func TestHBP9030(t *testing.T) {
	const none = "-- -- -- -- "
	line := func(vitals string) string { return "2026,07,11,09,05,12345678901234567890," + vitals + "\r\n" }
	for name, c := range map[string]struct{ line, want string }{
		"good":                {line("0,120,080,072,0"), "120 mmHg 80 mmHg -- 72 /min"},
		"error, blanks":       {line("1,   ,   ,   ,0"), none + "1 aborted"},
		"error, old numbers":  {line("3,120,080,072,0"), none + "3 aborted"},
		"movement":            {line("0,120,080,072,1"), none + "artifact"},
		"too high":            {line("0,261,080,072,0"), none + "out-of-range"},
		"pulse too low":       {line("0,120,080,039,0"), none + "out-of-range"},
		"diastolic above":     {line("0,080,120,072,0"), none + "implausible"},
		"blank without error": {line("0,   ,080,072,0"), ""},
		"no date":             {strings.Replace(line("0,120,080,072,0"), "2026,07", "2026,13", 1), ""},
		"another format":      {"bp,12345678901234567890,2026/07/11,09:05,120,090,080,072,0\r\n", none + OtherFormat + " not-ready"},
		"short":               {line("0,120,080,072"), ""},
		"without its end":     {strings.TrimSpace(line("0,120,080,072,0")), "120 mmHg 80 mmHg -- 72 /min"},
	} {
		if got := strings.Join(texts(t, listenerOn("hbp9030", strings.NewReader(c.line))), ","); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHBP9030Trace(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/traces/omron_hbp9030_text.txt")
	if os.IsNotExist(err) {
		t.Skip("the captures are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	got := texts(t, listenerOn("hbp9030", bytes.NewReader(raw)))
	if want := "120 mmHg 80 mmHg -- 72 /min,-- -- -- -- 1 aborted"; strings.Join(got, ",") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Half a line is forgotten after a second; the monitor may be silent for hours.
func TestHBP9030HalfALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() {
			io.WriteString(far, "2026,07,11,09,05,123456")
			time.Sleep(5 * time.Hour) // of the bubble
			io.WriteString(far, "2026,07,11,14,05,12345678901234567890,0,120,080,072,0\r\n")
		}()
		s, err := NewHBP9030(near).Next(t.Context())
		if err != nil || text(s) != "120 mmHg 80 mmHg -- 72 /min" {
			t.Errorf("%q, %v", text(s), err)
		}
		near.Close()
		far.Close()
	})
}

// record is what the cuff sends: measured at 09:{measured}, sent at 09:{sent}.
func record(status byte, sys, dia, rate, mean int, measured, sent byte) []byte {
	b := make([]byte, recordHead)
	copy(b, recordStart)
	at := func(i int, minute byte) { copy(b[i:], []byte{0xEA, 0x07, 11, 26, 9, minute, 0}) } // 2026
	at(9, measured)
	at(16, sent)
	copy(b[35:], "5070000001  ")
	return fmt.Appendf(b, "%02X%02X%02X%02X%02X", status, sys-dia, dia, rate, mean)
}

func TestUA767(t *testing.T) {
	const none = "-- -- -- -- "
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"good":                   {record(0x80, 128, 82, 70, 97, 5, 6), "128 mmHg 82 mmHg 97 mmHg 70 /min"},
		"measurement error":      {record(0x81, 128, 82, 70, 97, 5, 6), none + "81 artifact"},
		"cuff error":             {record(0x83, 0, 0, 0, 0, 5, 6), none + "83 cuff-loose"},
		"irregular":              {record(0x8F, 128, 82, 70, 97, 5, 6), none + "8F artifact irregular-pulse"},
		"battery":                {record(0x8A, 128, 82, 70, 97, 5, 6), none + "8A battery-low not-ready"},
		"unknown":                {record(0x12, 128, 82, 70, 97, 5, 6), none + "12 hardware"},
		"from memory":            {record(0x80, 128, 82, 70, 97, 5, 11), none + "stale"},
		"impossible":             {record(0x80, 128, 82, 70, 140, 5, 6), none + "implausible"},
		"measured after it left": {record(0x80, 128, 82, 70, 97, 7, 6), none + "stale"},
	} {
		if got := strings.Join(texts(t, listenerOn("ua767", bytes.NewReader(c.b))), ","); strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestUA767Trace(t *testing.T) {
	got := texts(t, listenerOn("ua767", bytes.NewReader(frametest.Trace(t, "and_ua767pbt_built.hex"))))
	if want := "128 mmHg 82 mmHg 97 mmHg 70 /min,-- -- -- -- 83 cuff-loose"; strings.Join(got, ",") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A record is confirmed when its sample has been taken, a quarter of a second after it came; one that comes again is confirmed too, and is
// no second measurement.
func TestUA767Confirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		u := NewUA767(near)
		answers := make(chan time.Duration, 3)
		go func() {
			began := time.Now()
			for _, minute := range []byte{5, 5, 9} {
				far.Write(record(0x80, 128, 82, 70, 97, minute, minute))
				b := make([]byte, 4)
				if _, err := io.ReadFull(far, b); err != nil || string(b) != "PWA1" {
					t.Errorf("answer %q, %v", b, err)
				}
				answers <- time.Since(began)
				began = time.Now()
			}
		}()
		for range 2 {
			if s, err := u.Next(t.Context()); err != nil || text(s) != "128 mmHg 82 mmHg 97 mmHg 70 /min" {
				t.Errorf("%q, %v", text(s), err)
			}
		}
		near.SetReadDeadline(time.Now())
		go u.Next(t.Context()) // confirms the last
		for range 3 {
			if d := <-answers; d < confirmAfter {
				t.Errorf("answered after %s", d)
			}
		}
		if id := u.Identity(); id.Serial != "5070000001" {
			t.Errorf("identity %+v", id)
		}
		near.Close()
		far.Close()
		synctest.Wait()
	})
}
