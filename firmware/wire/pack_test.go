package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nabz/drivers/vitals"
	"nabz/firmware/fhir/fhirtest"
)

// golden returns the compact form of every Bundle that firmware/fhir promises to make.
func golden(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../fhir/testdata/golden/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden Bundles: %v", err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = b.Bytes()
	}
	return all
}

func TestPackRoundTrip(t *testing.T) {
	for name, bundle := range golden(t) {
		for _, compress := range []bool{false, true} {
			payload := Pack(bundle, compress)
			got, err := Unpack(payload)
			if err != nil || len(got) != 1 || !bytes.Equal(got[0], bundle) {
				t.Errorf("%s, compressed %v: %d bundles, %v", name, compress, len(got), err)
			}
			if again := Pack(bundle, compress); !bytes.Equal(again, payload) {
				t.Errorf("%s: packing again gives other bytes", name)
			}
		}
	}
}

func TestUnpackSeveral(t *testing.T) {
	got, err := Unpack([]byte("{\"a\":1}\n\n{\"b\":2}\n"))
	if err != nil || len(got) != 2 || string(got[1]) != `{"b":2}` {
		t.Errorf("%q, %v", got, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	bomb := Pack([]byte("{"+strings.Repeat(" ", 2*MaxPayload)+"}"), true)
	foreign := Pack([]byte(`{"resourceType":"Bundle"}`), true)
	foreign[5] ^= 0xff // another dictionary's number
	for name, payload := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "too much": bomb, "unknown dictionary": foreign, "only magic": zstdMagic,
	} {
		if got, err := Unpack(payload); err == nil {
			t.Errorf("%s: unpacked to %d bundles", name, len(got))
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle"}`))
	f.Add(Pack([]byte(`{"resourceType":"Bundle"}`), true))
	f.Add(zstdMagic)
	f.Fuzz(func(t *testing.T, payload []byte) {
		bundles, err := Unpack(payload)
		if err != nil {
			return
		}
		for _, b := range bundles {
			if len(b) == 0 || bytes.ContainsRune(b, '\n') {
				t.Errorf("a bundle of %d bytes with a line break or nothing in it", len(b))
			}
		}
	})
}

// fresh is Bundles that the dictionary has never seen.
func fresh(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, m := range map[string]vitals.Measurement{
		"blood pressure": fhirtest.BloodPressure, "oximetry": fhirtest.Oximetry, "temperature": fhirtest.Temperature,
	} {
		_, all[name] = fhirtest.Bundle(t, "bhu-layyah-07", m, false)
	}
	return all
}

// The dictionary must help Bundles that it has never seen.
func TestDictionaryFits(t *testing.T) {
	for name, bundle := range fresh(t) {
		if packed := Pack(bundle, true); len(packed)*8 > len(bundle) {
			t.Errorf("%s: %d bytes of %d: make the dictionary anew", name, len(packed), len(bundle))
		}
	}
}

// BenchmarkBytesPerReading reports what one reading costs on the wire, without MQTT's own overhead.
func BenchmarkBytesPerReading(b *testing.B) {
	for name, bundle := range fresh(b) {
		b.Run(name, func(b *testing.B) {
			var packed int
			for b.Loop() {
				packed = len(Pack(bundle, true))
			}
			b.ReportMetric(float64(len(bundle)), "plain-bytes")
			b.ReportMetric(float64(packed), "packed-bytes")
		})
	}
}
