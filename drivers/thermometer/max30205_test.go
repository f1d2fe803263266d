package thermometer

import (
	"errors"
	"testing"
	"time"

	"nabz/drivers/vitals"
)

func TestDecodeMAX30205(t *testing.T) {
	for raw, want := range map[uint16]string{
		0x2500: "37.000 °C oral direct",
		0x2540: "37.250 °C oral direct",
		0x2501: "37.004 °C oral direct",
		0x1900: "25.000 °C oral direct",
		0x0A00: "10.000 °C oral direct",
		0x09FF: "-- oral direct out-of-range",
		0x2D00: "45.000 °C oral direct",
		0x2D01: "-- oral direct out-of-range",
		0x0000: "-- oral direct not-ready",
		0xFFFF: "-- oral direct sensor-off",
		0x8000: "-- oral direct out-of-range",
		0x7FFF: "-- oral direct out-of-range",
	} {
		if got := text(decodeMAX30205(raw, vitals.Oral)); got != want {
			t.Errorf("%04X: %q, want %q", raw, got, want)
		}
	}
}

func TestMAX30205(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0.0
		d := NewMAX30205(boardOf(0x48, newMAX30205Part(func() float64 { n++; return 20 + n })), 0x48)
		if got := samples(t, d, 3); list(got) != `["21.000 °C  direct" "22.000 °C  direct" "23.000 °C  direct"]` {
			t.Errorf("got %q", got)
		}
	})
}

// While it approaches it is read once a second; a minute after it became warm every ten seconds; and fast again when it is taken out.
func TestMAX30205RestsWhenWarm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		feels := 22.0
		d := NewMAX30205(boardOf(0x48, newMAX30205Part(func() float64 { return feels })), 0x48)
		start := time.Now()
		took := func(n int) time.Duration {
			from := time.Since(start)
			samples(t, d, n)
			return (time.Since(start) - from).Round(time.Second)
		}
		if got := took(20); got != 19*time.Second {
			t.Errorf("20 readings of a cool probe in %s", got)
		}
		feels = 36.6
		if got := took(61); got != 61*time.Second {
			t.Errorf("the first minute: 61 readings in %s", got)
		}
		if got := took(3); got != 30*time.Second {
			t.Errorf("three readings at rest in %s", got)
		}
		feels = 28
		took(1)
		if got := took(5); got != 5*time.Second {
			t.Errorf("taken out: five readings in %s", got)
		}
	})
}

func TestMAX30205Reset(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newMAX30205Part(fixed(36.5))
		d := NewMAX30205(boardOf(0x48, p), 0x48)
		samples(t, d, 1)
		p.reg = map[byte]uint16{2: 0x4B00, 3: 0x5000}
		if got := samples(t, d, 1); got[0] != "36.500 °C  direct" || p.reg[max30205Config] != max30205Resting {
			t.Errorf("got %q, configuration %02X", got, p.reg[max30205Config])
		}
	})
}

// One that takes no command has the value of power-up, 0000, which is no temperature.
func TestMAX30205ThatNeverConverts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newMAX30205Part(fixed(36.5))
		p.written = nil
		if got := samples(t, NewMAX30205(boardOf(0x48, p), 0x48), 2); list(got) != `["--  direct not-ready" "--  direct not-ready"]` {
			t.Errorf("got %q", got)
		}
	})
}

func TestMAX30205Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		low, high uint16
		want      error
	}{
		"other limits": {0x4600, 0x5000, ErrWrongChip},
		"a TMP117":     {0x6000, 0x8000, ErrWrongChip},
		"stuck low":    {0, 0, ErrStuck},
		"stuck high":   {0xFFFF, 0xFFFF, ErrStuck},
	} {
		t.Run(name, func(t *testing.T) {
			p := newMAX30205Part(fixed(36.5))
			p.reg[2], p.reg[3] = c.low, c.high
			if s, err := NewMAX30205(boardOf(0x48, p), 0x48).Next(t.Context()); !errors.Is(err, c.want) || s != (vitals.Sample{}) {
				t.Errorf("%+v, %v; want %v", s, err, c.want)
			}
		})
	}
	if _, err := NewMAX30205(&board{}, 0x48).Next(t.Context()); !errors.Is(err, ErrAbsent) || !errors.Is(err, errNoAck) {
		t.Errorf("nothing there: %v", err)
	}
}
