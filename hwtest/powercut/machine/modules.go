package machine

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// closure unpacks the wanted modules and all that they need, and returns their paths in the order in which they can be loaded. What is
// built into the kernel has no file.
func closure(dir string, wanted []string) (order []string, err error) {
	files := map[string]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(d.Name(), ".ko.xz"); err == nil && ok {
			files[canonical(name)] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no modules in %s: remove the cache and start again", dir)
	}
	var visit func(name string) error
	visit = func(name string) error {
		path, ok := files[canonical(name)]
		if !ok || slices.Contains(order, strings.TrimSuffix(path, ".xz")) {
			return nil
		}
		needs, err := unpackModule(path)
		for _, n := range needs {
			err = errors.Join(err, visit(n))
		}
		order = append(order, strings.TrimSuffix(path, ".xz"))
		return err
	}
	for _, name := range wanted {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// unpackModule writes {name}.ko beside {name}.ko.xz and returns what it depends on.
func unpackModule(path string) (needs []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(strings.TrimSuffix(path, ".xz"), raw, 0o600); err != nil {
		return nil, err
	}
	return dependencies(raw)
}

// dependencies reads the section .modinfo of a module: strings that end in zero.
func dependencies(module []byte) (needs []string, err error) {
	e, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := e.Section(".modinfo")
	if section == nil {
		return nil, nil
	}
	info, err := section.Data()
	for line := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(line, "depends="); ok && list != "" {
			needs = append(needs, strings.Split(list, ",")...)
		}
	}
	return needs, err
}
