package card

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestIntegrity: over random operations and new connections the card reads like a plain array, and an orderly Close leaves that array.
func TestIntegrity(t *testing.T) {
	t.Parallel()
	const sectors = 48
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		r := insert(t, scratch(t, root), sectors, Opts{Lies: rapid.Bool().Draw(t, "lies")})
		c := r.connect(t)
		model := make([]uint64, sectors)
		for v := range uint64(rapid.IntRange(1, 40).Draw(t, "operations")) {
			first := rapid.Int64Range(0, sectors-1).Draw(t, "first")
			n := rapid.Int64Range(1, min(12, sectors-first)).Draw(t, "n")
			flags := uint16(rapid.IntRange(0, 1).Draw(t, "fua"))
			switch rapid.SampledFrom([]string{"write", "write", "read", "zeroes", "trim", "flush", "reconnect"}).Draw(t, "do") {
			case "write":
				c.write(t, flags, first, n, v+1)
				fill(model[first:first+n], v+1)
			case "zeroes":
				c.do(t, cmdZeroes, flags|flagNoHole, uint64(first*sector), uint32(n*sector), nil)
				fill(model[first:first+n], 0)
			case "trim":
				c.do(t, cmdTrim, flags, uint64(first*sector), uint32(n*sector), nil)
				fill(model[first:first+n], 0)
			case "read":
				got := versions(c.do(t, cmdRead, 0, uint64(first*sector), uint32(n*sector), nil))
				if !slices.Equal(got, model[first:first+n]) {
					t.Fatalf("read of %d from %d gave %d, want %d", n, first, got, model[first:first+n])
				}
			case "flush":
				c.flush(t)
			case "reconnect":
				c.conn.Close()
				c = r.connect(t)
			}
		}
		if got := r.close(t); !slices.Equal(got, model) {
			t.Fatalf("image holds %d, want %d", got, model)
		}
	})
}

func fill(p []uint64, v uint64) {
	for i := range p {
		p[i] = v
	}
}

// TestBigZeroes: zeroes of a size that becomes a hole in the image read as zeroes and stay inside their range.
func TestBigZeroes(t *testing.T) {
	t.Parallel()
	const sectors = 2048
	r := insert(t, t.TempDir(), sectors, Opts{})
	c := r.connect(t)
	c.write(t, 0, 0, sectors, 5)
	c.flush(t)
	c.do(t, cmdZeroes, flagFUA, 3*sector, 1001*sector, nil)
	got, _ := r.cut(t, DropAll)
	for s, v := range got {
		if want := uint64(5); (v == want) == (s >= 3 && s < 1004) {
			t.Fatalf("sector %d holds %d", s, v)
		}
	}
}

// TestOffIsOff: what a card that is off answers to each method.
func TestOffIsOff(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	if _, err := r.Cut("gently"); err == nil || !strings.Contains(err.Error(), "dropall") {
		t.Errorf("an unknown mode gave %v: it must name those there are", err)
	}
	r.connect(t).flush(t) // still alive
	r.cut(t, DropAll)
	if _, err := r.Cut(DropAll); err == nil {
		t.Error("a second cut succeeded")
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close after Cut: %v", err)
	}
	if err := r.Serve(newPipes()); err != nil {
		t.Errorf("Serve after Cut: %v", err)
	}
}

// TestOpenRefuses images that cannot be a card.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, size := range map[string]int{"empty": 0, "odd": 1000} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Opts{}); err == nil || !strings.Contains(err.Error(), "512") {
			t.Errorf("%s image: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing"), Opts{}); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("missing image: %v", err)
	}
}

func unwrapAll(err error) error {
	for {
		next, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = next.Unwrap()
	}
}

// TestBrokenLog: a log that cannot be written is an error of the card, not a short log.
func TestBrokenLog(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{Log: NewLog(&failing{after: 3})})
	c := r.connect(t)
	c.write(t, 0, 0, 1, 1)
	if a := <-c.send(cmdFlush, 0, 0, 0, nil); a.code != errIO {
		t.Errorf("FLUSH was answered with %d", a.code)
	}
	if _, err := r.Cut(DropAll); err == nil || !strings.Contains(err.Error(), "disk of the log is full") {
		t.Errorf("Cut gave %v", err)
	}
}

// failing fails every write after so many.
type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	f.after--
	if f.after < 0 {
		return 0, fmt.Errorf("disk of the log is full")
	}
	return len(p), nil
}
