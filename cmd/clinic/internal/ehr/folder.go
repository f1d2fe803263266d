package ehr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"nabz/firmware/fhir"
)

// Folder is a record of one FHIR Bundle a line, one file a day (UTC). A line is on stable storage, whole, when Store returns. A line that a
// crash tore is set aside as {day}.ndjson.torn when the folder is opened.
type Folder struct {
	dir string
	now func() time.Time

	mu      sync.Mutex // guards what follows: one writer
	ids     map[string]string
	persons map[fhir.Identifier][]place
	file    *os.File
	day     string
	rows    int
}

// place is where a line of the record stands.
type place struct {
	file   string
	offset int64
	length int
}

// OpenFolder opens the record in dir, making it when it is not there, and reads which Bundles it has.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	f := &Folder{dir: dir, now: time.Now, ids: map[string]string{}, persons: map[fhir.Identifier][]place{}}
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := trimTorn(file); err != nil {
			return nil, fmt.Errorf("open record: %w", err)
		}
	}
	return f, f.each(func(l line) error {
		f.ids[l.id] = l.loc()
		f.persons[l.patient] = append(f.persons[l.patient], l.place)
		return nil
	})
}

func (f *Folder) files() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(f.dir, "*.ndjson"))
	if err != nil {
		return nil, fmt.Errorf("list record: %w", err)
	}
	return files, nil
}

// Store implements Record.
func (f *Folder) Store(_ context.Context, id string, bundle []byte, s fhir.Summary) ([]string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if loc, known := f.ids[id]; known {
		return []string{loc}, true, nil
	}
	if err := f.turnPage(); err != nil {
		return nil, false, err
	}
	at, err := f.append(bundle)
	if err != nil {
		return nil, false, fmt.Errorf("record: %w: free space, or check the disk", err)
	}
	f.rows++
	f.persons[s.Patient] = append(f.persons[s.Patient], place{f.file.Name(), at, len(bundle)})
	loc := fmt.Sprintf("%s.ndjson#%d", f.day, f.rows)
	f.ids[id] = loc
	return []string{loc}, false, nil
}

// append writes one line and waits for the disk. What a failed write left is cut off again, so that no half line stands before the next.
func (f *Folder) append(bundle []byte) (at int64, err error) {
	size, err := f.file.Seek(0, 2)
	if err != nil {
		return 0, err
	}
	line := append(bytes.Clone(bundle), '\n')
	if _, err = f.file.Write(line); err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return 0, errors.Join(err, f.file.Truncate(size))
	}
	return size, nil
}

// turnPage opens the file of the present day.
func (f *Folder) turnPage() error {
	day := f.now().UTC().Format(time.DateOnly)
	if f.file != nil && f.day == day {
		return nil
	}
	if f.file != nil {
		if err := f.file.Close(); err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	path := filepath.Join(f.dir, day+".ndjson")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	rows, err := countLines(path)
	if err := errors.Join(err, syncDir(f.dir)); err != nil {
		return errors.Join(fmt.Errorf("record: %w", err), file.Close())
	}
	f.file, f.day, f.rows = file, day, rows
	return nil
}

// Each implements Record.
func (f *Folder) Each(g func(id string, bundle []byte, loc []string) error) error {
	return f.each(func(l line) error { return g(l.id, l.bundle, []string{l.loc()}) })
}

// History implements Record.
func (f *Folder) History(_ context.Context, patient fhir.Identifier, most int) ([][]byte, bool, error) {
	f.mu.Lock()
	places := f.persons[patient]
	more := len(places) > most
	places = slices.Clone(places[max(0, len(places)-most):])
	f.mu.Unlock()
	var all [][]byte
	for _, p := range places {
		raw, err := p.read()
		if err != nil {
			return nil, false, fmt.Errorf("read record: %w", err)
		}
		all = append(all, raw)
	}
	return all, more, nil
}

func (p place) read() ([]byte, error) {
	file, err := os.Open(p.file)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw := make([]byte, p.length)
	_, err = file.ReadAt(raw, p.offset)
	return raw, err
}

// Close implements Record.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Describe implements Record.
func (f *Folder) Describe(context.Context) (software, version string, err error) {
	return "nabz record folder", "4.0.1", nil
}
