package thermometer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"nabz/drivers/frame/frametest"
)

// scratch is a scratchpad with a right checksum; count is its byte 6.
func scratch(raw uint16, count byte) []byte {
	b := []byte{byte(raw), byte(raw >> 8), 0x4B, 0x46, 0x7F, 0xFF, count, 0x10}
	return append(b, crc1Wire(b))
}

// coarse is a scratchpad of nine bits, whose last three mean nothing.
func coarse(raw uint16) []byte {
	b := scratch(raw, 0x10)
	b[4] = 0x1F
	b[8] = crc1Wire(b[:8])
	return b
}

func TestDecodeDS18B20(t *testing.T) {
	for name, c := range map[string]struct {
		pad  string
		want string
		err  error
	}{
		"recorded, 10 bits":  {"e0 01 00 00 3f ff 10 10 3f", "30.000 °C", nil},
		"nine bits":          {fmt.Sprintf("%x", coarse(0x0257)), "37.000 °C", nil},
		"power-up":           {"50 05 4b 46 7f ff 0c 10 1c", "", ErrUnmeasured},
		"zeros":              {"00 00 00 00 00 00 00 00 00", "", ErrDamaged},
		"ones":               {"ff ff ff ff ff ff ff ff ff", "", ErrAbsent},
		"wrong checksum":     {"e0 01 00 00 3f ff 10 10 3e", "", ErrDamaged},
		"cut":                {"e0 01 00 00 3f ff 10 10", "", ErrDamaged},
		"genuine 85":         {fmt.Sprintf("%x", scratch(0x0550, 0x10)), "85.000 °C", nil},
		"badly supplied":     {fmt.Sprintf("%x", scratch(0x07FF, 0x10)), "", ErrUnmeasured},
		"hottest":            {fmt.Sprintf("%x", scratch(0x07D0, 0x10)), "125.000 °C", nil},
		"hotter than it can": {fmt.Sprintf("%x", scratch(0x07D8, 0x10)), "", ErrDamaged},
		"coldest":            {fmt.Sprintf("%x", scratch(0xFC90, 0x10)), "-55.000 °C", nil},
		"colder than it can": {fmt.Sprintf("%x", scratch(0x8000, 0x10)), "", ErrDamaged},
		"minus a sixteenth":  {fmt.Sprintf("%x", scratch(0xFFFF, 0x10)), "-0.063 °C", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeDS18B20(frametest.Hex(t, c.pad))
			if !errors.Is(err, c.err) || err == nil && got.String() != c.want || err != nil && got != 0 {
				t.Errorf("%v, %v; want %s, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestVectorsOfDS18B20(t *testing.T) {
	for raw, want := range vectors(t, "ds18b20.json", "convert") {
		if got := scale(int16(raw<<8|raw>>8), 125, 2); got != scale(int16(want*16), 125, 2) {
			t.Errorf("%04X: %v, want %v", raw, got, want)
		}
	}
}

// One bit of a scratchpad that changes is always found.
func TestDS18B20BitFlips(t *testing.T) {
	for bit := range 9 * 8 {
		b := scratch(0x0250, 0x10)
		b[bit/8] ^= 1 << (bit % 8)
		if got, err := decodeDS18B20(b); err == nil {
			t.Errorf("bit %d: %v", bit, got)
		}
	}
}

func TestDS18B20Files(t *testing.T) {
	good := "50 02 4b 46 7f ff 10 10 " + fmt.Sprintf("%02x", scratch(0x0250, 0x10)[8])
	for name, c := range map[string]struct {
		file, text string
		want       string
		err        error
	}{
		"temperature":          {"temperature", "37000\n", "37.000 °C", nil},
		"below zero":           {"temperature", "-62\n", "-0.062 °C", nil},
		"power-up":             {"temperature", "85000\n", "", ErrUnmeasured},
		"badly supplied":       {"temperature", "127937\n", "", ErrUnmeasured},
		"beyond it":            {"temperature", "-55001\n", "", ErrDamaged},
		"empty":                {"temperature", "", "", ErrDamaged},
		"words":                {"temperature", "NaN\n", "", ErrDamaged},
		"old kernel":           {"w1_slave", good + " : crc=00 YES\n" + good + " t=37000\n", "37.000 °C", nil},
		"old kernel, bad sum":  {"w1_slave", good + " : crc=00 NO\n" + good + " t=37000\n", "", ErrDamaged},
		"old kernel, power-up": {"w1_slave", "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n t=85000\n", "", ErrUnmeasured},
		"old kernel, cut":      {"w1_slave", "50 05", "", ErrDamaged},
		"pulled":               {"name", "28-0", "", fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NewDS18B20(fstest.MapFS{c.file: {Data: []byte(c.text)}}).Temperature()
			if !errors.Is(err, c.err) || err == nil && got.String() != c.want || err != nil && got != 0 {
				t.Errorf("%v, %v; want %s, %v", got, err, c.want, c.err)
			}
		})
	}
}

type failing struct{ fs.FS }

func (failing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errNoAck}
}

// What the kernel says of a checksum (EIO) is passed on, and the old file, with its old number, is not looked at.
func TestDS18B20ReadError(t *testing.T) {
	if _, err := NewDS18B20(failing{}).Temperature(); !errors.Is(err, errNoAck) || !strings.Contains(err.Error(), "temperature") {
		t.Errorf("%v", err)
	}
}

func FuzzDS18B20(f *testing.F) {
	f.Add("50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n", "85000")
	f.Add("e0 01 00 00 3f ff 10 10 3f : crc=3f YES\n", "")
	f.Add("00 00 00 00 00 00 00 00 00 : crc=00 YES\n", "127937\n")
	f.Fuzz(func(t *testing.T, old, now string) {
		for _, folder := range []fstest.MapFS{{"w1_slave": {Data: []byte(old)}}, {"temperature": {Data: []byte(now)}}} {
			v, err := NewDS18B20(folder).Temperature()
			if err == nil && (v < -55_000 || v > 125_000) || err != nil && v != 0 {
				t.Errorf("%q %q: %v, %v", old, now, v, err)
			}
		}
	})
}
