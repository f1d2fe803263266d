package machine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInitrd reads the archive back as the kernel does: heads of 110 bytes, everything at multiples of four.
func TestInitrd(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	k := &Kit{fsck: file("e2fsck", "check"), modules: []string{file("b.ko", "bb"), file("a.ko", "a")}}
	out := filepath.Join(dir, "initrd")
	if err := k.Initrd(out, file("init", "first process"), map[string]string{"etc": file("x", "more")}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for rest := b; ; {
		var mode, size, length int
		if _, err := fmt.Sscanf(string(rest[14:22])+" "+string(rest[54:62])+" "+string(rest[94:102]), "%x %x %x", &mode, &size, &length); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(rest, []byte("070701")) {
			t.Fatalf("no head at %d", len(b)-len(rest))
		}
		name := string(rest[110 : 110+length-1])
		data := (110 + length + 3) / 4 * 4
		if name == "TRAILER!!!" {
			break
		}
		if mode>>12 == 8 {
			got[name] = string(rest[data : data+size])
		}
		rest = rest[data+(size+3)/4*4:]
	}
	want := map[string]string{
		"init": "first process", "sbin/e2fsck": "check", "etc": "more", "modules/a.ko": "a", "modules/b.ko": "bb",
		"modules.list": "modules/b.ko\nmodules/a.ko\n",
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s holds %q, want %q", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d: %v", len(got), len(want), got)
	}
}

func TestClosureNeedsModules(t *testing.T) {
	if _, err := closure(t.TempDir(), []string{"ext4"}); err == nil || !strings.Contains(err.Error(), "no modules") {
		t.Errorf("an empty cache: %v", err)
	}
}
