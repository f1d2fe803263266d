package chain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func line(text string) func(Link) ([]byte, error) {
	return func(l Link) ([]byte, error) {
		return fmt.Appendf(nil, `{"n":%d,"text":%q,"before":%q}`, l.N, text, l.Before), nil
	}
}

func texts(t *testing.T, f *File) (all []string, err error) {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	err = Read(&b, func(raw []byte) error {
		var l struct {
			N    int
			Text string
		}
		if err := json.Unmarshal(raw, &l); err != nil {
			return err
		}
		if l.N != len(all) {
			return fmt.Errorf("number %d", l.N)
		}
		all = append(all, l.Text)
		return nil
	})
	return all, err
}

// TestTurn: a record that has become long goes on in a new file, and so does its chain.
func TestTurn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record")
	f := open(t, path)
	if err := f.Append(line("a")); err != nil {
		t.Fatal(err)
	}
	f.size = most
	if err := f.Append(line("b"), line("c")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, path)
	if err := f.Append(line("d")); err != nil {
		t.Fatal(err)
	}
	if got, err := texts(t, f); err != nil || fmt.Sprint(got) != "[a b c d]" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := os.Stat(path + ".1"); err != nil {
		t.Error(err)
	}
}

// TestALineThatCannotBeMade: nothing of the write is there, and the chain goes on.
func TestALineThatCannotBeMade(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "record"))
	bad := errors.New("no line")
	if err := f.Append(line("a"), func(Link) ([]byte, error) { return nil, bad }); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if err := f.Append(line("b")); err != nil {
		t.Fatal(err)
	}
	if got, err := texts(t, f); err != nil || fmt.Sprint(got) != "[b]" {
		t.Errorf("%v, %v", got, err)
	}
}
