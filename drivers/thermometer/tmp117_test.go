package thermometer

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c/i2ctest"

	"nabz/drivers/vitals"
)

func TestDecodeTMP117(t *testing.T) {
	for raw, want := range map[uint16]string{
		0x1280: "37.000 °C axillary direct",
		0x12C0: "37.500 °C axillary direct",
		0x0C80: "25.000 °C axillary direct",
		0x0500: "10.000 °C axillary direct",
		0x04FF: "-- axillary direct out-of-range",
		0x1680: "45.000 °C axillary direct",
		0x1681: "-- axillary direct out-of-range",
		0x0000: "-- axillary direct out-of-range",
		0xFFFF: "-- axillary direct out-of-range",
		0x7FFF: "-- axillary direct out-of-range",
		0x8000: "-- axillary direct not-ready",
		0x8001: "-- axillary direct out-of-range",
	} {
		if got := text(decodeTMP117(raw, vitals.Axillary)); got != want {
			t.Errorf("%04X: %q, want %q", raw, got, want)
		}
	}
}

// vectors reads pairs of a raw value and degrees Celsius.
func vectors(t *testing.T, file, table string) map[uint16]float64 {
	t.Helper()
	b, err := os.ReadFile("../../../shared/traces/" + file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the captures are not beside this checkout")
	}
	var all map[string]json.RawMessage
	var rows [][2]any
	if err := errors.Join(err, json.Unmarshal(b, &all), json.Unmarshal(all[table], &rows)); err != nil {
		t.Fatal(err)
	}
	pairs := map[uint16]float64{}
	for _, row := range rows {
		digits := strings.TrimPrefix(strings.ReplaceAll(row[0].(string), " ", ""), "0x")
		raw, err := strconv.ParseUint(digits, 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		pairs[uint16(raw)] = row[1].(float64)
	}
	if len(pairs) < 4 {
		t.Fatalf("%s has %d %s vectors", file, len(pairs), table)
	}
	return pairs
}

func TestVectorsOfContactChips(t *testing.T) {
	check := func(t *testing.T, pairs map[uint16]float64, num, den int) {
		for raw, want := range pairs {
			if got := scale(int16(raw), num, den); got != vitals.MilliCelsius(math.Round(want*1000)) {
				t.Errorf("%04X: %v, want %v °C", raw, got, want)
			}
		}
	}
	t.Run("tmp117", func(t *testing.T) { check(t, vectors(t, "tmp117.json", "convert"), 125, 16) })
	t.Run("max30205", func(t *testing.T) { check(t, vectors(t, "max30205.json", "normal"), 125, 32) })
}

// The very bytes: who are you, your own number, the offset, run, and then a conversion that was ready and is read twice.
func TestTMP117Transactions(t *testing.T) {
	var ops []i2ctest.IO
	ask := func(reg byte, answer ...byte) { ops = append(ops, i2ctest.IO{Addr: 0x48, W: []byte{reg}, R: answer}) }
	for _, reg := range [][]byte{{0x0F, 0x01, 0x17}, {0x05, 1, 2}, {0x06, 3, 4}, {0x08, 5, 6}, {0x07, 0, 0}} {
		ask(reg[0], reg[1:]...)
		ask(reg[0], reg[1:]...)
	}
	ops = append(ops, i2ctest.IO{Addr: 0x48, W: []byte{0x01, 0x02, 0x20}})
	ask(0x01, 0x02, 0x20)
	ask(0x01, 0x22, 0x20)
	ask(0x00, 0x12, 0x80)
	ask(0x00, 0x12, 0x80)
	bus := &i2ctest.Playback{Ops: ops, DontPanic: true}
	d := NewTMP117(bus, 0x48)
	s, err := d.Next(t.Context())
	if text(s) != "37.000 °C  direct" || err != nil {
		t.Errorf("%q, %v", text(s), err)
	}
	if want := (vitals.Identity{Manufacturer: "Texas Instruments", Model: "TMP117", Serial: "010203040506"}); d.Identity() != want {
		t.Errorf("identity %+v", d.Identity())
	}
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
}

func TestTMP117OneReadingASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start, n := time.Now(), 0.0
		d := NewTMP117(boardOf(0x48, newTMP117Part(func() float64 { n++; return 30 + n })), 0x48)
		d.Site = vitals.Oral
		got := samples(t, d, 4)
		want := []string{"31.000 °C oral direct", "32.000 °C oral direct", "33.000 °C oral direct", "34.000 °C oral direct"}
		if list(got) != list(want) {
			t.Errorf("got %q", got)
		}
		if took := time.Since(start); took < 4*time.Second || took > 4200*time.Millisecond {
			t.Errorf("four conversions took %s", took)
		}
	})
}

// What was converted before the driver came says nothing of now.
func TestTMP117OldConversionIsNotGiven(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newTMP117Part(fixed(36.5))
		p.reg[tmp117Temperature], p.reg[tmp117Config] = 0x1400, tmp117Running|tmp117Ready // 40 °C, of the patient before
		if got := samples(t, NewTMP117(boardOf(0x48, p), 0x48), 1); got[0] != "36.500 °C  direct" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTMP117ThatNeverConverts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newTMP117Part(fixed(36.5))
		p.asked = nil
		if got := samples(t, NewTMP117(boardOf(0x48, p), 0x48), 2); list(got) != `["--  direct not-ready" "--  direct not-ready"]` {
			t.Errorf("got %q", got)
		}
	})
}

// A chip that lost power comes back with its settings of power-up; the driver starts again.
func TestTMP117Reset(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newTMP117Part(fixed(36.5))
		d := NewTMP117(boardOf(0x48, p), 0x48)
		before := samples(t, d, 1)
		p.reg[tmp117Config], p.reg[tmp117Temperature] = 0x0420, tmp117Unmeasured // shut down
		got := append(before, samples(t, d, 2)...)
		if list(got) != `["36.500 °C  direct" "--  direct not-ready" "36.500 °C  direct"]` {
			t.Errorf("got %q", got)
		}
	})
}

func TestTMP117Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*words, *TMP117)
		want  error
	}{
		"tmp116":         {func(p *words, _ *TMP117) { p.reg[tmp117ID] = 0x1116 }, ErrWrongChip},
		"stuck low":      {func(p *words, _ *TMP117) { p.reg[tmp117ID] = 0 }, ErrStuck},
		"stuck high":     {func(p *words, _ *TMP117) { p.reg[tmp117ID] = 0xFFFF }, ErrStuck},
		"foreign offset": {func(p *words, _ *TMP117) { p.reg[tmp117Offset] = 0x0010 }, ErrSettings},
		"lost offset":    {func(_ *words, d *TMP117) { d.Offset = 0x0010 }, ErrSettings},
		"takes nothing":  {func(p *words, _ *TMP117) { p.written = func(reg byte, _ uint16) { p.reg[reg] = 0x0400 } }, ErrDamaged},
		"other address":  {func(_ *words, d *TMP117) { d.addr = 0x49 }, ErrAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTMP117Part(fixed(36.5))
			d := NewTMP117(boardOf(0x48, p), 0x48)
			c.alter(p, d)
			s, err := d.Next(t.Context())
			if !errors.Is(err, c.want) || s != (vitals.Sample{}) {
				t.Errorf("%+v, %v; want %v", s, err, c.want)
			}
		})
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := NewTMP117(boardOf(0x48, newTMP117Part(fixed(36.5))), 0x48)
		samples(t, d, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := d.Next(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		if got := samples(t, d, 1); got[0] != "36.500 °C  direct" {
			t.Errorf("then %q", got)
		}
	})
}
