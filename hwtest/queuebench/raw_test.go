package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestReferencesWriteWhatIsPut(t *testing.T) {
	for _, together := range []bool{false, true} {
		for name, grows := range map[string]bool{inPlace: false, growing: true} {
			path := filepath.Join(t.TempDir(), "file")
			c, err := rawContender(name, path, together)
			must(t, err)
			var all []byte
			for i := range uint64(10) {
				r := makeRecord(i)
				must(t, c.put(t.Context(), r))
				all = append(all, r.payload...)
			}
			must(t, c.close())
			b, err := os.ReadFile(path)
			must(t, err)
			if !bytes.HasPrefix(b, all) {
				t.Errorf("%s: the file does not begin with what was put", name)
			}
			if size := map[bool]int{true: len(all), false: preallocated}[grows]; len(b) != size {
				t.Errorf("%s: %d bytes, want %d", name, len(b), size)
			}
		}
	}
}

func TestPreallocatedFileBeginsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := os.Create(path)
	must(t, err)
	r := &rawFile{f: f, size: 10}
	for _, b := range []string{"aaaa", "bbbb", "cccc"} {
		must(t, r.write([]byte(b)))
	}
	must(t, r.close())
	b, err := os.ReadFile(path)
	must(t, err)
	want(t, "contents", string(b), "ccccbbbb")
}
