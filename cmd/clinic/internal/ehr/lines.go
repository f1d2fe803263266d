package ehr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nabz/firmware/fhir"
)

// line is one Bundle of the record.
type line struct {
	place
	row     int
	bundle  []byte
	id      string
	patient fhir.Identifier
}

func (l line) loc() string { return fmt.Sprintf("%s#%d", filepath.Base(l.file), l.row) }

func (f *Folder) each(g func(line) error) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		row, offset := 0, int64(0)
		for whole := range bytes.Lines(raw) {
			row++
			bundle := bytes.TrimRight(whole, "\n")
			l := line{place: place{file, offset, len(bundle)}, row: row, bundle: bundle}
			if l.id, l.patient, err = identifiers(bundle); err != nil {
				return fmt.Errorf("%s: line %d: %w: mend or move the line", file, row, err)
			}
			if err := g(l); err != nil {
				return err
			}
			offset += int64(len(whole))
		}
	}
	return nil
}

// identifiers are the Bundle's own, and its patient's as the ledger of a Summary names one.
func identifiers(bundle []byte) (id string, patient fhir.Identifier, err error) {
	type identifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	var b struct {
		Identifier identifier `json:"identifier"`
		Entry      []struct {
			Resource struct {
				Kind       string          `json:"resourceType"`
				Identifier json.RawMessage `json:"identifier"`
			} `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(bundle, &b); err != nil || b.Identifier.Value == "" {
		return "", patient, errors.New("no Bundle with an identifier")
	}
	for _, e := range b.Entry {
		var ids []identifier
		if e.Resource.Kind == "Patient" && json.Unmarshal(e.Resource.Identifier, &ids) == nil && len(ids) > 0 {
			patient = fhir.Identifier(ids[0])
		}
	}
	return b.Identifier.Value, patient, nil
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
