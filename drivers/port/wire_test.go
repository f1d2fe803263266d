package port

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestPlayback(t *testing.T) {
	cases := map[string]struct {
		in   string
		raw  bool
		want string
	}{
		"both directions":       {in: "# a session\n> 7d 81\n< 01 e0\n< 85\n", want: "\x01\xe0\x85"},
		"no spaces, big":        {in: "<01E085\n", want: "\x01\xe0\x85"},
		"comment behind":        {in: "< 01 e0 # finger in\n", want: "\x01\xe0"},
		"spaces and blanks":     {in: "\n   \n  <  01\t e0  \r\n", want: "\x01\xe0"},
		"mark of a text file":   {in: "\ufeff< 01\n", want: "\x01"},
		"no last line end":      {in: "< 01", want: "\x01"},
		"nothing on the line":   {in: "<\n>\n", want: ""},
		"empty":                 {in: "", want: ""},
		"raw":                   {in: "# < 01\n\x00\xff", raw: true, want: "# < 01\n\x00\xff"},
		"only what it was told": {in: "> 01 02\n", want: ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := OpenPlayback(strings.NewReader(c.in), c.raw)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(p)
			if string(got) != c.want || err != nil {
				t.Errorf("got % X (%v), want % X", got, err, c.want)
			}
		})
	}
}

func TestPlaybackNamesTheLine(t *testing.T) {
	for in, want := range map[string]string{
		"< 01\n# fine\n< 0g\n":   "line 3",
		"< 01\n\n01 02\n":        "line 3",
		"< 012\n":                "line 1",
		"> zz\n":                 "line 1",
		"< 01\n\x01\xe0\x85\xb3": "line 2",
		"< 01 ; finger in\n":     "line 1",
		"< 01 e0 8 5 b3\n":       "line 1",
		"< 01\n< 01 e08 5\n":     "line 2",
		"< 01\n< " + strings.Repeat("00", 1<<20) + "\n": "line 2",
	} {
		if _, err := OpenPlayback(strings.NewReader(in), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %.80v, want %s", in, err, want)
		}
	}
}

func TestPlaybackPassesOnReadErrors(t *testing.T) {
	broken := errors.New("disk is gone")
	for _, raw := range []bool{false, true} {
		if _, err := OpenPlayback(iotest.ErrReader(broken), raw); !errors.Is(err, broken) {
			t.Errorf("raw %t: error %v, want %v", raw, err, broken)
		}
	}
}

// zeros is a capture without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A capture that is too large is refused; the first part of it alone would look like all of it.
func TestPlaybackIsNeverCutShort(t *testing.T) {
	for name, n := range map[string]int64{"just fits": 1 << 10, "one too many": 1<<10 + 1} {
		p, err := openPlayback(io.LimitReader(zeros{}, n), true, 1<<10)
		if fits := n <= 1<<10; (err == nil) != fits {
			t.Errorf("%s: playback %v, error %v", name, p != nil, err)
		}
	}
	text := strings.Repeat("< 01\n", 200)
	if _, err := openPlayback(strings.NewReader(text), false, 500); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("error %v, want one that says the capture is too large", err)
	}
}

// A playback has no far end: it swallows what it is told, and no deadline stops it.
func TestPlaybackNeverWaits(t *testing.T) {
	p, err := OpenPlayback(strings.NewReader("< 01"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Error(err)
	}
	if n, err := p.Write([]byte("abc")); n != 3 || err != nil {
		t.Errorf("wrote %d bytes: %v", n, err)
	}
	got, err := io.ReadAll(p)
	if !bytes.Equal(got, []byte{1}) || err != nil {
		t.Errorf("got % X (%v)", got, err)
	}
	if n, err := p.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d bytes, error %v, want io.EOF", n, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// talk is a wire that answers what it is asked.
type talk struct {
	io.Reader
	said bytes.Buffer
}

func (w *talk) Write(b []byte) (int, error)     { return w.said.Write(b) }
func (w *talk) SetReadDeadline(time.Time) error { return nil }
func (w *talk) Close() error                    { return nil }

func TestRecordThenPlayback(t *testing.T) {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	for name, arrive := range map[string]func(io.Reader) io.Reader{
		"at once": same, "one by one": iotest.OneByteReader, "with the end": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			far := &talk{Reader: arrive(bytes.NewReader(all[:]))}
			w := Record(far, &file)
			send(t, w, "\x7d\x81\xa1")
			heard, err := io.ReadAll(w)
			if err != nil || !bytes.Equal(heard, all[:]) || far.said.String() != "\x7d\x81\xa1" {
				t.Fatalf("the recorder changed what passed: %d bytes heard (%v), % X said", len(heard), err, far.said.Bytes())
			}
			if !strings.HasPrefix(file.String(), "> 7d 81 a1\n< ") {
				t.Errorf("the recording begins with %.20q", file.String())
			}
			p, err := OpenPlayback(&file, false)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := io.ReadAll(p); !bytes.Equal(again, all[:]) || err != nil {
				t.Errorf("played back % X (%v)", again, err)
			}
		})
	}
}

func same(r io.Reader) io.Reader { return r }

// A recording that cannot be written is no recording: whoever records must hear of it.
func TestRecordReportsAFullDisk(t *testing.T) {
	w := Record(&talk{Reader: strings.NewReader("a")}, full{})
	if _, err := w.Write([]byte("a")); !errors.Is(err, errFull) {
		t.Errorf("write: error %v, want %v", err, errFull)
	}
	if n, err := w.Read(make([]byte, 1)); n != 1 || !errors.Is(err, errFull) {
		t.Errorf("read: %d bytes, error %v, want %v", n, err, errFull)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestTrace(t *testing.T) {
	var log bytes.Buffer
	w := Trace(&talk{Reader: strings.NewReader("\x01\xe0")}, &log)
	send(t, w, "\x7d\x81")
	receive(t, w, "\x01\xe0")
	if n, err := w.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d bytes, error %v", n, err)
	}
	want := regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3} > 7d 81\n\d\d:\d\d:\d\d\.\d{3} < 01 e0\n$`)
	if !want.Match(log.Bytes()) {
		t.Errorf("the log is %q, want one line a read or write and none for the end", log.String())
	}
}

// Watching a line takes none of its deadlines away.
func TestWatchedSerialKeepsItsDeadlines(t *testing.T) {
	_, host := newPair(t)
	w := Trace(host, io.Discard)
	if err := w.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: error %v, want os.ErrDeadlineExceeded", err)
	}
	if err := w.(interface{ SetWriteDeadline(time.Time) error }).SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: error %v, want os.ErrDeadlineExceeded", err)
	}
}

func ExampleRecord() {
	far, _ := OpenPlayback(strings.NewReader("< 06 80 80 87"), false)
	w := Record(far, os.Stdout)
	_, _ = w.Write([]byte{0x7d, 0x81, 0xa0})
	b := make([]byte, 16)
	n, _ := w.Read(b)
	fmt.Println(n, "bytes")
	// Output:
	// > 7d 81 a0
	// < 06 80 80 87
	// 4 bytes
}
