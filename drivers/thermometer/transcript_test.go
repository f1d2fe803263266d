package thermometer

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
)

func transcript(t testing.TB, text string) *Transcript {
	t.Helper()
	b, err := ParseTranscript(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTranscriptAnswersInOrder(t *testing.T) {
	b := transcript(t, "\ufeff# a probe\n\n> 48 0F # who\r\n< 48 01 17\n! 48 00: remote I/O error\n> 48 01 02 20\n< 48 AA\n")
	in := make([]byte, 2)
	if err := b.Tx(0x48, []byte{0x0F}, in); err != nil || in[0] != 0x01 || in[1] != 0x17 {
		t.Errorf("% X, %v", in, err)
	}
	if err := b.Tx(0x48, []byte{0x00}, in); err == nil || err.Error() != "remote I/O error" {
		t.Errorf("the failed one: %v", err)
	}
	if err := b.Tx(0x48, []byte{0x01, 0x02, 0x20}, nil); err != nil {
		t.Errorf("a write: %v", err)
	}
	if err := b.Tx(0x48, nil, in[:1]); err != nil || in[0] != 0xAA {
		t.Errorf("a read: %X, %v", in[0], err)
	}
	if err := b.Tx(0x48, []byte{0x00}, in); !errors.Is(err, io.EOF) || b.Left() != 0 {
		t.Errorf("at the end: %v, %d left", err, b.Left())
	}
}

func TestTranscriptDiverges(t *testing.T) {
	for name, c := range map[string]struct {
		addr uint16
		w    []byte
		n    int
	}{
		"other address":    {0x49, []byte{0x0F}, 2},
		"other bytes":      {0x48, []byte{0x00}, 2},
		"longer write":     {0x48, []byte{0x0F, 0}, 2},
		"shorter read":     {0x48, []byte{0x0F}, 1},
		"read only":        {0x48, nil, 2},
		"nothing at all":   {0x48, nil, 0},
		"write, not read ": {0x48, []byte{0x0F}, 3},
	} {
		b := transcript(t, "# one\n> 48 0F\n< 48 01 17\n")
		err := b.Tx(c.addr, c.w, make([]byte, c.n))
		if !errors.Is(err, ErrDiverged) || b.Left() != 2 || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v, %d left", name, err, b.Left())
		}
		if err := b.Tx(0x48, []byte{0x0F}, make([]byte, 2)); err != nil {
			t.Errorf("%s: the recorded one after it: %v", name, err)
		}
	}
	b := transcript(t, "! 48 0F: remote I/O error\n")
	if err := b.Tx(0x48, []byte{0x00}, make([]byte, 2)); !errors.Is(err, ErrDiverged) || b.Left() != 1 {
		t.Errorf("another failed then: %v", err)
	}
	b = transcript(t, "> 48 0F\n")
	if err := b.Tx(0x48, []byte{0x0F}, make([]byte, 2)); !errors.Is(err, io.EOF) {
		t.Errorf("cut: %v", err)
	}
}

func TestTranscriptRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"> 48 00\n48 00":       "line 2: begins",
		"> 48 0":               "line 1",
		"> 48 0C80":            "two hexadecimal digits",
		"> 48 XY":              "two hexadecimal digits",
		">":                    "no address",
		"< 48":                 "reads nothing",
		"< 80 00":              "no address",
		"! 48 00":              "no colon",
		"! : because":          "no address",
		"# " + long(1<<20):     "line 1",
		"> 48 00\n< 48 00 5 5": "line 2",
	} {
		if _, err := ParseTranscript(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseTranscript(io.MultiReader(strings.NewReader("> 48 00\n"), brokenReader{})); !errors.Is(err, errNoAck) {
		t.Errorf("a file that fails: %v", err)
	}
	rows := bytes.Repeat([]byte("# sixty-four bytes of a comment, which count for the limit too\n"), 1<<20+1<<15)
	if _, err := ParseTranscript(bytes.NewReader(rows)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("%d bytes: %v", len(rows), err)
	}
}

func long(n int) string { return strings.Repeat("x", n) }

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error)  { return 0, errNoAck }
func (brokenReader) Write([]byte) (int, error) { return 0, errNoAck }

// scripted is a bus whose answers are drawn.
type scripted struct {
	board
	next func(n int) ([]byte, error)
}

func (s *scripted) Tx(_ uint16, _, r []byte) error {
	b, err := s.next(len(r))
	copy(r, b)
	return err
}

// What was recorded plays back: the same answers and the same failures, and nothing is left over.
func TestRecordedPlaysBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type tx struct {
			addr uint16
			w    []byte
			n    int
			r    []byte
			err  error
		}
		var text bytes.Buffer
		bus := &scripted{next: func(n int) ([]byte, error) {
			if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
				return nil, errors.New(rapid.SampledFrom([]string{"no ack", "a: b # c", "two\nlines", ""}).Draw(t, "why"))
			}
			return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "answer"), nil
		}}
		rec := NewRecorder(bus, &text)
		var all []tx
		for range rapid.IntRange(0, 20).Draw(t, "transactions") {
			x := tx{addr: uint16(rapid.IntRange(0, 0x7F).Draw(t, "address")), n: rapid.IntRange(0, 4).Draw(t, "reads")}
			x.w = rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "writes")
			x.r = make([]byte, x.n)
			x.err = rec.Tx(x.addr, x.w, x.r)
			all = append(all, x)
		}
		played, err := ParseTranscript(bytes.NewReader(text.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, &text)
		}
		for i, x := range all {
			r := make([]byte, x.n)
			err := played.Tx(x.addr, x.w, r)
			if (err == nil) != (x.err == nil) || err == nil && !bytes.Equal(r, x.r) || errors.Is(err, ErrDiverged) {
				t.Fatalf("transaction %d: % X, %v; was % X, %v\n%s", i, r, err, x.r, x.err, &text)
			}
		}
		if played.Left() != 0 {
			t.Fatalf("%d lines left over", played.Left())
		}
	})
}

func TestRecordingThatFailsIsReported(t *testing.T) {
	r := NewRecorder(boardOf(0x48, newMAX30205Part(fixed(36))), brokenReader{})
	if err := r.Tx(0x48, []byte{2}, make([]byte, 2)); !errors.Is(err, errNoAck) || !strings.HasPrefix(err.Error(), "record: ") {
		t.Errorf("%v", err)
	}
	if got := r.String(); got != "board, recorded" {
		t.Errorf("%q", got)
	}
}

// A session with each chip, recorded and replayed: the same samples, without waiting.
func TestReplayGivesTheSameSamples(t *testing.T) {
	var text bytes.Buffer
	var live []string
	bubble(t, func(t *testing.T) {
		n := 0.0
		rec := NewRecorder(boardOf(0x48, newTMP117Part(func() float64 { n++; return 30 + n/8 })), &text)
		live = samples(t, NewTMP117(rec, 0x48), 20)
	})
	compareReplay(t, NewTMP117(transcript(t, text.String()), 0x48), live)

	text.Reset()
	bubble(t, func(t *testing.T) {
		rec := NewRecorder(boardOf(0x5A, newMLX90614Part(atRest(34), atRest(25))), &text)
		live = samples(t, NewMLX90614(rec, 0x5A), 70)
	})
	compareReplay(t, NewMLX90614(transcript(t, text.String()), 0x5A), live)

	text.Reset()
	bubble(t, func(t *testing.T) {
		rec := NewRecorder(boardOf(0x48, newMAX30205Part(fixed(36.5))), &text)
		live = samples(t, NewMAX30205(rec, 0x48), 70)
	})
	compareReplay(t, NewMAX30205(transcript(t, text.String()), 0x48), live)

	text.Reset()
	bubble(t, func(t *testing.T) {
		rec := NewRecorder(boardOf(0x3A, newMLX90632Part(34, 25)), &text)
		live = samples(t, NewMLX90632(rec, 0x3A), 65)
	})
	compareReplay(t, NewMLX90632(transcript(t, text.String()), 0x3A), live)
}

func compareReplay(t *testing.T, d sampler, want []string) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		start := time.Now()
		if got := samples(t, d, len(want)); list(got) != list(want) {
			t.Errorf("replayed %q\nwas %q", got, want)
		}
		if s, err := d.Next(t.Context()); !errors.Is(err, io.EOF) || s != (vitals.Sample{}) {
			t.Errorf("at the end: %+v, %v", s, err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a replay waited %s", waited)
		}
	})
}

func FuzzTranscript(f *testing.F) {
	f.Add("# a probe\n> 48 0F # who\n< 48 01 17\n! 48 00: remote I/O error\n")
	f.Add("> 48\n! 7F:\n< 00 00")
	f.Add("\ufeff>48 00\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseTranscript(strings.NewReader(text))
		if err != nil {
			return
		}
		lines := append([]transcribed{}, b.lines...)
		var copied bytes.Buffer
		rec := NewRecorder(b, &copied)
		for _, l := range lines {
			w, r := l.data, []byte(nil)
			if l.what == '<' {
				w, r = nil, make([]byte, len(l.data))
			}
			if err := rec.Tx(l.addr, w, r); errors.Is(err, ErrDiverged) || errors.Is(err, io.EOF) {
				t.Fatalf("line %d does not play: %v", l.row, err)
			}
		}
		again, err := ParseTranscript(&copied)
		if err != nil || len(again.lines) != len(lines) || b.Left() != 0 {
			t.Fatalf("%d lines became %v, %v, %d left", len(lines), again, err, b.Left())
		}
		for i, l := range again.lines {
			if l.what != lines[i].what || l.addr != lines[i].addr || !bytes.Equal(l.data, lines[i].data) {
				t.Fatalf("line %d: %+v became %+v", i, lines[i], l)
			}
		}
	})
}
