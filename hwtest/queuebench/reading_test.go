package main

import (
	"encoding/json"
	"testing"
)

func TestReadings(t *testing.T) {
	last, seen := "", map[string]bool{}
	for n := range uint64(200_000) {
		r := makeRecord(n)
		if len(r.payload) != payloadSize {
			t.Fatalf("reading %d has %d bytes", n, len(r.payload))
		}
		if n < 2000 && !json.Valid(r.payload) {
			t.Fatalf("reading %d is no JSON: %s", n, r.payload)
		}
		if seen[r.id] || r.id <= last {
			t.Fatalf("id %s of reading %d is not after %s", r.id, n, last)
		}
		seen[r.id], last = true, r.id
	}
	if a, b := makeRecord(7), makeRecord(7); a.id != b.id {
		t.Errorf("the same reading has ids %s and %s", a.id, b.id)
	}
}
