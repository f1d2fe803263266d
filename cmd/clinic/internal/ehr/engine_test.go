package ehr

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/reading"
)

// engine starts a real FHIR engine and returns its address.
func engine(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("node", "testdata/engine.mjs")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install node 20", err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), "listening ")
	if !ok {
		t.Fatalf("the FHIR engine does not start (%v): run npm ci", err)
	}
	return url
}

// count is how many resources of a kind the engine has.
func count(t *testing.T, url, kind string) int {
	t.Helper()
	resp, err := http.Get(url + "/" + kind)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b struct{ Entry []json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&b); err != nil {
		t.Fatal(err)
	}
	return len(b.Entry)
}

// A Bundle sent twice stands once on a real server, patients and devices too, and a retraction corrects what is there.
func TestRealEngine(t *testing.T) {
	url := engine(t)
	s := OpenServer(url + "/")
	r := fhirtest.Reading(fhirtest.BloodPressure, false)
	bundle := fhirtest.Encode(t, "bhu-1", reading.Entry{Reading: &r})
	post := func(bundle []byte, wantAlready bool) {
		t.Helper()
		sum, err := fhir.Check(bundle, fhirtest.Base, false)
		if err != nil {
			t.Fatal(err)
		}
		loc, already, err := s.Store(t.Context(), sum.ID, bundle, sum)
		if err != nil || already != wantAlready || len(loc) != 2 {
			t.Fatalf("located at %v, already %v, want %v: %v", loc, already, wantAlready, err)
		}
	}
	post(bundle, false)
	post(bundle, true)
	_, other := fhirtest.Bundle(t, "bhu-1", fhirtest.Oximetry, false)
	post(other, false)
	if p, d, o := count(t, url, "Patient"), count(t, url, "Device"), count(t, url, "Observation"); p != 1 || d != 2 || o != 4 {
		t.Errorf("%d patients, %d devices, %d observations; want 1, 2 (the sensor's serial is the same), 4", p, d, o)
	}
	taken := clock.Stamp{Boot: "b", SinceBoot: r.Taken.SinceBoot + 1e9, Wall: fhirtest.Taken, Source: clock.NTP}
	gone := reading.Retraction{ID: fhirtest.Reading(fhirtest.Oximetry, false).ID, Of: r, Operator: "w-12", Taken: taken}
	post(fhirtest.Encode(t, "bhu-1", reading.Entry{Retraction: &gone}), true)
	if o := count(t, url, "Observation"); o != 4 {
		t.Errorf("after the retraction there are %d observations, want the same 4", o)
	}
}

// TestHistoryOfARealEngine: a patient's Observations come back from a real server with what measured them, and nobody else's.
func TestHistoryOfARealEngine(t *testing.T) {
	s := OpenServer(engine(t))
	checkHistory(t, s)
}
