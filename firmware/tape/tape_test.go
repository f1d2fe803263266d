package tape

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tape := New("contec 115200 8N1")
		fmt.Fprint(tape, "< 01\n")
		time.Sleep(time.Second)
		from := time.Now()
		fmt.Fprint(tape, "> 7D\n")
		time.Sleep(time.Second)
		fmt.Fprint(tape, "< 02\n")
		if got := string(tape.Since(from)); got != "# contec 115200 8N1\n> 7D\n< 02\n" {
			t.Errorf("got %q", got)
		}
		if got := tape.Since(time.Now().Add(time.Second)); got != nil {
			t.Errorf("of the future: %q", got)
		}
	})
}

// A tape is bounded, and what it drops is the oldest, in whole lines.
func TestTapeIsBounded(t *testing.T) {
	tape := New("x")
	line := "< " + strings.Repeat("00 ", 333) + "\n"
	for range 1000 {
		fmt.Fprint(tape, line)
	}
	fmt.Fprint(tape, "< FF\n")
	got := string(tape.Since(time.Time{}))
	if len(got) > mostExtract+10 || !strings.HasSuffix(got, line+"< FF\n") || !strings.HasPrefix(got, "# x\n< 00") {
		t.Errorf("%d bytes, from %q to %q", len(got), got[:20], got[len(got)-10:])
	}
	if tape.size > most || len(tape.pieces) > most/len(line)+2 {
		t.Errorf("%d bytes in %d pieces are kept", tape.size, len(tape.pieces))
	}
}

func TestSum(t *testing.T) {
	if got := Sum([]byte("abc")); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" { // FIPS 180-2, appendix B.1
		t.Errorf("%s", got)
	}
}
