package machine

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Initrd writes an initial ram disk: init as /init, the modules with /modules.list in the order of loading, /sbin/e2fsck, and more files
// (path in the machine -> path here). It is a cpio in the "newc" form, not compressed: unpacking would take longer than reading.
func (k *Kit) Initrd(path, init string, files map[string]string) error {
	all := map[string]string{"init": init, "sbin/e2fsck": k.fsck}
	maps.Copy(all, files)
	var list strings.Builder
	for _, m := range k.modules {
		name := "modules/" + filepath.Base(m)
		all[name] = m
		fmt.Fprintln(&list, name)
	}
	var b bytes.Buffer
	for _, dir := range []string{"dev", "proc", "sys", "run", "data", "tmp", "sbin", "modules"} {
		member(&b, dir, 0o40755, nil)
	}
	member(&b, "modules.list", 0o100644, []byte(list.String()))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		raw, err := os.ReadFile(all[name])
		if err != nil {
			return errors.Join(fmt.Errorf("initrd: %s", name), err)
		}
		member(&b, name, 0o100755, raw)
	}
	member(&b, "TRAILER!!!", 0, nil)
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// member adds a file: a head of 13 hexadecimal numbers, the name, the contents, each filled up to four bytes.
func member(b *bytes.Buffer, name string, mode int, data []byte) {
	fmt.Fprintf(b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0)
	b.WriteString(name + "\x00")
	fill(b)
	b.Write(data)
	fill(b)
}

func fill(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}
