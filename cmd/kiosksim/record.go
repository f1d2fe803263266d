package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// copies counts how often each Bundle stands in the clinic's record folder, by Bundle.identifier.
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
		var b struct {
			Identifier struct {
				Value string `json:"value"`
			} `json:"identifier"`
		}
		if err := json.Unmarshal(lines.Bytes(), &b); err != nil || b.Identifier.Value == "" {
			return fmt.Errorf("%s: line %d is no Bundle with an identifier", file, row)
		}
		n[b.Identifier.Value]++
	}
	return lines.Err()
}
