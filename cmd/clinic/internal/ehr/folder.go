package ehr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nabz/firmware/fhir"
)

// Folder is a record of one FHIR Bundle a line, one file a day (UTC). A line is on stable storage, whole, when Store returns. A line that a
// crash tore is set aside as {day}.ndjson.torn when the folder is opened.
type Folder struct {
	dir string
	now func() time.Time

	mu   sync.Mutex // guards what follows: one writer
	ids  map[string]string
	file *os.File
	day  string
	rows int
}

// OpenFolder opens the record in dir, making it when it is not there, and reads which Bundles it has.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	f := &Folder{dir: dir, now: time.Now, ids: map[string]string{}}
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := trimTorn(file); err != nil {
			return nil, fmt.Errorf("open record: %w", err)
		}
	}
	err = f.Each(func(id string, _ []byte, loc []string) error {
		f.ids[id] = loc[0]
		return nil
	})
	return f, err
}

func (f *Folder) files() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(f.dir, "*.ndjson"))
	if err != nil {
		return nil, fmt.Errorf("list record: %w", err)
	}
	return files, nil
}

// Store implements Record.
func (f *Folder) Store(_ context.Context, id string, bundle []byte, _ fhir.Summary) ([]string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if loc, known := f.ids[id]; known {
		return []string{loc}, true, nil
	}
	if err := f.turnPage(); err != nil {
		return nil, false, err
	}
	if err := f.append(bundle); err != nil {
		return nil, false, fmt.Errorf("record: %w: free space, or check the disk", err)
	}
	f.rows++
	loc := fmt.Sprintf("%s.ndjson#%d", f.day, f.rows)
	f.ids[id] = loc
	return []string{loc}, false, nil
}

// append writes one line and waits for the disk. What a failed write left is cut off again, so that no half line stands before the next.
func (f *Folder) append(bundle []byte) error {
	size, err := f.file.Seek(0, 2)
	if err != nil {
		return err
	}
	line := append(bytes.Clone(bundle), '\n')
	if _, err = f.file.Write(line); err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return errors.Join(err, f.file.Truncate(size))
	}
	return nil
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
	files, err := f.files()
	if err != nil {
		return err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		row := 0
		for line := range bytes.Lines(raw) {
			row++
			line = bytes.TrimRight(line, "\n")
			id, err := identifier(line)
			if err != nil {
				return fmt.Errorf("%s: line %d: %w: mend or move the line", file, row, err)
			}
			if err := g(id, line, []string{fmt.Sprintf("%s#%d", filepath.Base(file), row)}); err != nil {
				return err
			}
		}
	}
	return nil
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

func identifier(bundle []byte) (string, error) {
	var b struct {
		Identifier struct {
			Value string `json:"value"`
		} `json:"identifier"`
	}
	if err := json.Unmarshal(bundle, &b); err != nil || b.Identifier.Value == "" {
		return "", errors.New("no Bundle with an identifier")
	}
	return b.Identifier.Value, nil
}

// trimTorn moves what stands behind the last line break out of the file: the line was never promised to anybody.
func trimTorn(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := bytes.LastIndexByte(raw, '\n') + 1
	if end == len(raw) {
		return nil
	}
	torn, err := os.OpenFile(path+".torn", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = torn.Write(append(raw[end:], '\n'))
	if err := errors.Join(err, torn.Sync(), torn.Close()); err != nil {
		return err
	}
	return os.Truncate(path, int64(end))
}

func countLines(path string) (int, error) {
	raw, err := os.ReadFile(path)
	return bytes.Count(raw, []byte{'\n'}), err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
