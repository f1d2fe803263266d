package oximeter

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"nabz/drivers/frame/frametest"
	"nabz/drivers/vitals"
)

// chip is a streamed answer.
func chip(spo2 byte, rate int, quality byte) []byte {
	return stuff([]byte{0x7F, 0x01, spo2, byte(rate >> 8), byte(rate), quality, 50, 1, 2, 3, 4, 0xA8, 0xA9, 7, 8, 9, 10})
}

// well is what the module says while nothing is wrong.
func well(streamed ...[]byte) []byte { return append(chipState(0, 0), bytes.Join(streamed, nil)...) }

func chipState(hi, lo byte) []byte { return stuff([]byte{0x7F, 0x08, hi, lo}) }

func TestChipOx(t *testing.T) {
	const none = -1
	for name, c := range map[string]struct {
		b    []byte
		want reading
	}{
		"no status yet": {chip(97, 72, 90), reading{none, none, none, 10, vitals.NotReady}},
		"numbers":       {well(chip(97, 72, 90)), reading{97, 72, none, 10, 0}},
		"above 255":     {well(chip(97, 300, 90)), reading{97, 300, none, 10, 0}},
		"stuffed":       {well(chip(97, 0xA8, 0x29)), reading{97, 168, none, 10, 0}},
		"no values":     {well(chip(127, 511, 90)), reading{none, none, none, 10, 0}},
		"bad quality":   {well(chip(97, 72, 101)), reading{none, none, none, 10, vitals.Artifact}},
		"no finger":     {append(chipState(0, 0x02), chip(97, 72, 90)...), reading{none, none, none, 10, vitals.NoFinger}},
		"unplugged":     {append(chipState(0, 0x01), chip(97, 72, 90)...), reading{none, none, none, 10, vitals.SensorOff}},
		"searching":     {append(chipState(0, 0x10), chip(97, 72, 90)...), reading{none, none, none, 10, vitals.Searching}},
		"light":         {append(chipState(0x01, 0), chip(97, 72, 90)...), reading{none, none, none, 10, vitals.AmbientLight}},
		"motion":        {append(chipState(0x06, 0), chip(97, 72, 90)...), reading{none, none, none, 10, vitals.Artifact}},
		"low perfusion": {append(chipState(0, 0xC0), chip(97, 72, 90)...), reading{97, 72, none, 10, vitals.LowPerfusion}},
		"system error":  {stuff([]byte{0x0D, 0x01}), reading{none, none, none, none, vitals.Hardware}},
	} {
		got := samples(t, driver("chipox", bytes.NewReader(c.b)))
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestChipOxWaveAndIdentity(t *testing.T) {
	b := slices.Concat(stuff(append([]byte{0x7F, 0x21}, "V3.1"...)), stuff([]byte{0x7F, 0x23, 0x00, 0x12}), chip(97, 72, 90))
	c := NewChipOx(frametest.Capture{Reader: bytes.NewReader(b)})
	if _, err := c.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := []vitals.Pleth{1, 2, 3, 4, 0xA8, 0xA9, 7, 8, 9, 10}; !slices.Equal(c.Wave(), want) {
		t.Errorf("waveform %v", c.Wave())
	}
	if want := (vitals.Identity{Manufacturer: "EnviteC", Model: "ChipOx", Serial: "0012", Firmware: "V3.1"}); c.Identity() != want {
		t.Errorf("identity %+v", c.Identity())
	}
}

// The module is asked who it is, for its status, then for the stream; a silent one is given up after ten seconds.
func TestChipOxAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer here.Close()
		var asked []byte
		go func() {
			defer there.Close()
			for buf := make([]byte, 64); ; {
				n, err := there.Read(buf)
				if err != nil {
					return
				}
				asked = append(asked, buf[:n]...)
			}
		}()
		_, err := NewChipOx(here).Next(context.Background())
		if err == nil || err == io.EOF {
			t.Errorf("a silent module: %v", err)
		}
		synctest.Wait()
		want := slices.Concat(stuff([]byte{0x7F, 0x21}), stuff([]byte{0x7F, 0x23}), stuff([]byte{0x7F, 0x88, 0}),
			stuff([]byte{0x7F, 0xD1, 1, 1, 1, 2, 1, 3, 1, 0x11, 1, 4, 0x0A}))
		if !bytes.HasPrefix(asked, want) {
			t.Errorf("asked % x, want % x first", asked, want)
		}
	})
}
