package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"nabz/firmware/fhir"
)

// base is the identifiers' prefix that kiosk and clinic use when nobody tells them another.
const base = "https://nabz.example/fhir"

// copies counts how often each Bundle stands in the clinic's record folder, by Bundle.identifier. A line that breaks a rule of the profile, or
// is not marked as practice, is an error.
func copies(data string) (map[string]int, error) {
	files, err := filepath.Glob(filepath.Join(data, "record", "*.ndjson"))
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	for _, file := range files {
		if err := count(file, n); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func count(file string, n map[string]int) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for row := 1; lines.Scan(); row++ {
		sum, err := fhir.Check(lines.Bytes(), base, true)
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", file, row, err)
		}
		n[sum.ID]++
	}
	return lines.Err()
}
