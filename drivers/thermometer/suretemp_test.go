package thermometer

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
	"nabz/drivers/vitals"
)

func text(s vitals.Sample) string {
	t := s.Temperature
	return strings.TrimSpace(fmt.Sprintf("%s %v %s %s %v", s.Status, t.Value, t.Site, t.Mode, s.Flags))
}

func all(t testing.TB, r io.Reader) ([]string, frame.Tally) {
	t.Helper()
	d := NewSureTemp(frametest.Capture{Reader: r})
	var got []string
	for {
		s, err := d.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return got, d.Tally()
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text(s))
	}
}

// record is a 19-byte record as the manual lays it out.
type record struct {
	final, probe             float32
	method, algorithm, state int8
	err                      int16
	kind                     int8
}

func (r record) frame(code uint16) []byte {
	f := append(lead[:], byte(code>>8), byte(code), typeAnswer, shortRecord, 0)
	f = binary.LittleEndian.AppendUint32(f, math.Float32bits(r.final))
	f = binary.LittleEndian.AppendUint32(f, math.Float32bits(r.probe))
	f = binary.LittleEndian.AppendUint32(f, 78)
	f = append(f, byte(r.method), byte(r.algorithm), byte(r.state))
	f = binary.LittleEndian.AppendUint16(f, uint16(r.err))
	f = append(f, 1, byte(r.kind))
	return append(f, -sum(f))
}

func TestDecode(t *testing.T) {
	nan := float32(math.NaN())
	cases := map[string]struct {
		r    record
		want string
	}{
		"final oral":              {record{final: 309.95, probe: 309, state: 6}, "final 36.800 °C oral predicted"},
		"final axillary":          {record{final: 311.37, state: 6, algorithm: 4}, "final 38.200 °C axillary predicted"},
		"final, probe moved":      {record{final: 309.95, state: 7}, "final-position -- oral  contact-lost"},
		"final over":              {record{final: 320, state: 8}, "final-over -- oral  out-of-range"},
		"final under, moved":      {record{final: 300, state: 11}, "final-under-position -- oral  out-of-range contact-lost"},
		"final with an error":     {record{final: 309.95, state: 6, err: 5}, "final -- oral  hardware"},
		"final, not a number":     {record{final: nan, state: 6}, "final -- oral predicted implausible"},
		"final, infinite":         {record{final: float32(math.Inf(1)), state: 6}, "final -- oral predicted implausible"},
		"final, zero kelvin":      {record{final: 0, state: 6}, "final -- oral predicted implausible"},
		"final without a probe":   {record{final: 309.95, state: 6, kind: 3}, "final -- oral  sensor-off"},
		"ready":                   {record{probe: 307.37, state: 2}, "ready -- oral  not-ready"},
		"predicting":              {record{probe: 308, state: 3}, "predict -- oral  not-settled"},
		"predicted, not yet over": {record{final: 309.9, state: 4}, "predict-display -- oral  not-settled"},
		"monitor":                 {record{probe: 309.95, state: 12, method: 1}, "monitor 36.800 °C oral direct"},
		"error state":             {record{state: 20}, "error -- oral  hardware"},
		"unknown state":           {record{final: 309.95, state: 99}, "unknown -- oral  hardware"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, code := range []uint16{codeRecord, codeRecords} {
				if got, _ := all(t, bytes.NewReader(c.r.frame(code))); len(got) != 1 || got[0] != c.want {
					t.Errorf("%04X: got %q, want %q", code, got, c.want)
				}
			}
		})
	}
}

const refusal = "refused --   hardware"

// Frames that the manual prints.
func TestManualFrames(t *testing.T) {
	for _, c := range []struct{ name, frame, want string }{
		{"19 bytes", "03 02 10 94 1c 02 13 00 00 00 00 00 76 af 99 43 4e 00 00 00 00 00 02 00 00 01 00 d4", "ready -- oral  not-ready"},
		{
			"33 bytes", "03 02 10 94 1c 02 21 00 00 00 00 00 76 af 99 43 4e 00 23 00 00 00 02 00 00 01 00 ef 9e 52 46 5d 4d 94 43 51 12 3d 46 bd 01 59",
			"ready -- oral  not-ready",
		},
		{"version", "03 02 10 29 36 02 04 00 37 2e 35 00 ec", ""},
		{"records on", "03 02 10 94 34 02 00 00 21", ""},
		{"a refusal", "03 02 10 94 34 03 00 00 20", refusal},
		{"a refusal with data", "03 02 10 94 34 00 02 00 01 00 20", refusal},
	} {
		got, tally := all(t, bytes.NewReader(frametest.Hex(t, c.frame)))
		if strings.Join(got, "") != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if tally != (frame.Tally{Frames: 1}) {
			t.Errorf("%s: tally %+v", c.name, tally)
		}
	}
	if got, want := fmt.Sprintf("% x", command(codeRecords, longRecords)), "03 02 10 94 34 01 01 00 01 20"; got != want {
		t.Errorf("records on: %s, want %s", got, want)
	}
	if got, want := fmt.Sprintf("% x", command(codeRecord)), "03 02 10 94 1c 01 00 00 3a"; got != want {
		t.Errorf("one record: %s, want %s", got, want)
	}
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/traces/suretemp_plus.json")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the captures are not beside this checkout")
	}
	var v struct{ Frames map[string]string }
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for name, f := range v.Frames {
		if _, tally := all(t, bytes.NewReader(frametest.Hex(t, f))); tally != (frame.Tally{Frames: 1}) {
			t.Errorf("%s: tally %+v, want one good frame", name, tally)
		}
	}
}

func TestDamagedRecord(t *testing.T) {
	good := record{final: 309.95, state: 6}.frame(codeRecord)
	next := record{state: 2}.frame(codeRecord)
	for i := range good {
		damaged := map[string][]byte{
			"lost":    append(append([]byte{}, good[:i]...), good[i+1:]...),
			"doubled": append(append([]byte{}, good[:i+1]...), good[i:]...),
			"cut":     good[:i],
		}
		for bit := range 8 {
			d := append([]byte{}, good...)
			d[i] ^= 1 << bit
			damaged[fmt.Sprint("bit ", bit)] = d
		}
		for what, d := range damaged {
			got, _ := all(t, bytes.NewReader(append(d, bytes.Repeat(next, 3)...)))
			if len(got) == 0 || got[len(got)-1] != "ready -- oral  not-ready" {
				t.Fatalf("byte %d %s: the frames after it are lost: %q", i, what, got)
			}
			for _, g := range got {
				if strings.Contains(g, "°C") && g != "final 36.800 °C oral predicted" {
					t.Fatalf("byte %d %s: invented %q", i, what, g)
				}
			}
		}
	}
}

func TestSameFramesHoweverBytesArrive(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for n := 1; n <= 300; n += 7 {
		stream := make([]byte, n)
		for i := range stream {
			stream[i] = byte(rng.Uint32())
		}
		for range 4 {
			stream = append(stream, record{final: 309.95, state: 6}.frame(codeRecords)...)
		}
		whole, _ := all(t, bytes.NewReader(stream))
		single, _ := all(t, iotest.OneByteReader(bytes.NewReader(stream)))
		if len(whole) < 3 || strings.Join(whole, ",") != strings.Join(single, ",") {
			t.Fatalf("after %d bytes of noise: at once %q, one by one %q", n, whole, single)
		}
	}
}

func TestRefusedRecordsArePolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		go func() {
			b := make([]byte, maxFrame)
			for {
				n, err := far.Read(b)
				if err != nil {
					return
				}
				if codeOf(b[:n]) == codeRecords {
					far.Write([]byte{0x03, 0x02, 0x10, 0x94, 0x34, 0x03, 0x00, 0x00, 0x20})
					continue
				}
				far.Write(record{state: 2}.frame(codeRecord))
			}
		}()
		d := NewSureTemp(near)
		for _, want := range []string{refusal, "ready -- oral  not-ready", "ready -- oral  not-ready"} {
			s, err := d.Next(t.Context())
			if err != nil || text(s) != want {
				t.Fatalf("got %q, %v; want %q", text(s), err, want)
			}
		}
	})
}

func TestSilenceAndVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		asked := make(chan int)
		go func() {
			n, b := 0, make([]byte, maxFrame)
			for {
				if _, err := far.Read(b); err != nil {
					asked <- n
					return
				}
				n++
			}
		}()
		d := NewSureTemp(near)
		if _, err := d.Next(t.Context()); !errors.Is(err, frame.ErrSilent) {
			t.Errorf("after silence: %v", err)
		}
		far.Close()
		if n := <-asked; n < 4 {
			t.Errorf("asked %d times in ten seconds of silence", n)
		}
		if _, err := d.Next(t.Context()); err == nil || errors.Is(err, frame.ErrSilent) {
			t.Errorf("the port vanished: %v", err)
		}
		near.Close()
	})
}

func FuzzSureTemp(f *testing.F) {
	f.Add(record{final: 309.95, state: 6}.frame(codeRecord))
	f.Add(append(record{state: 2}.frame(codeRecords), record{final: 309.95, state: 6}.frame(codeRecord)...))
	f.Add([]byte{0x03, 0x02, 0x10, 0x94, 0x34, 0x03, 0x00, 0x00, 0x20})
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, tally := all(t, bytes.NewReader(b))
		single, _ := all(t, iotest.OneByteReader(bytes.NewReader(b)))
		if strings.Join(whole, ",") != strings.Join(single, ",") {
			t.Errorf("at once %q, one by one %q", whole, single)
		}
		if tally.Frames < 0 || tally.Skipped > len(b) {
			t.Errorf("tally %+v of %d bytes", tally, len(b))
		}
	})
}

// One frame cut and decoded: the goal is no allocation.
func BenchmarkSureTemp(b *testing.B) {
	d := NewSureTemp(frametest.Capture{Reader: &frametest.Endless{Bytes: record{final: 309.95, state: 6}.frame(codeRecord)}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
