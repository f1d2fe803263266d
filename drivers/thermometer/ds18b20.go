package thermometer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"nabz/drivers/vitals"
)

// ErrUnmeasured says that a DS18B20 answered with something that is no measurement: its value after power-up, or what it has when it is
// badly supplied.
var ErrUnmeasured = errors.New("nothing was measured")

// DS18B20 reads a Maxim DS18B20 that Linux drives (w1_therm). It is for the inside of the box and never for a patient: it is good to
// 0.5 °C. So it gives a bare temperature and no vitals.Sample, which nothing could take for a reading.
type DS18B20 struct{ folder fs.FS }

// NewDS18B20 returns a driver of the sensor whose folder this is (in Linux /sys/bus/w1/devices/28-...).
func NewDS18B20(folder fs.FS) *DS18B20 { return &DS18B20{folder} }

// Temperature measures, which takes the kernel up to a second, and returns thousandths of a degree Celsius, -55..125 °C. The error is
// ErrUnmeasured at 85 °C, which the sensor has after power-up, and at 127.9375 °C, which it has when badly supplied; ErrDamaged when the
// checksum is wrong; ErrAbsent when nothing answered; or the file's own.
func (d *DS18B20) Temperature() (vitals.MilliCelsius, error) {
	text, err := fs.ReadFile(d.folder, "temperature")
	if errors.Is(err, fs.ErrNotExist) {
		return d.scratchpad() // kernels before 5.8
	}
	if err != nil {
		return 0, fmt.Errorf("thermometer: ds18b20: read it: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("thermometer: ds18b20: %w: %q is no temperature", ErrDamaged, text)
	}
	return believed(vitals.MilliCelsius(n))
}

// scratchpad reads the older file: the nine bytes twice, with the kernel's word on the checksum. The temperature in it may be an old one,
// so the bytes are what counts.
func (d *DS18B20) scratchpad() (vitals.MilliCelsius, error) {
	text, err := fs.ReadFile(d.folder, "w1_slave")
	if err != nil {
		return 0, fmt.Errorf("thermometer: ds18b20: read it: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	digits, verdict, found := strings.Cut(string(line), ":")
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil || !found || !strings.HasSuffix(strings.TrimSpace(verdict), "YES") {
		return 0, fmt.Errorf("thermometer: ds18b20: %w: the kernel read %q", ErrDamaged, line)
	}
	return decodeDS18B20(b)
}

// Bytes of a scratchpad.
const (
	scratchpadLength = 9
	powerUpCount     = 0x0C // of byte 6, beside 85 °C
)

// decodeDS18B20 reads a scratchpad: temperature (2, low byte first), limits (2), configuration, FF, count, 10, checksum.
func decodeDS18B20(b []byte) (vitals.MilliCelsius, error) {
	switch {
	case len(b) != scratchpadLength:
		return 0, fmt.Errorf("thermometer: ds18b20: %w: %d bytes, want %d", ErrDamaged, len(b), scratchpadLength)
	case bytes.Count(b, []byte{0xFF}) == len(b):
		return 0, fmt.Errorf("thermometer: ds18b20: %w: check its cable", ErrAbsent)
	case crc1Wire(b) != 0:
		return 0, fmt.Errorf("thermometer: ds18b20: %w: checksum of % X", ErrDamaged, b)
	case b[4]&0x9F != 0x1F || b[5] != 0xFF: // nine zeros have a right checksum
		return 0, fmt.Errorf("thermometer: ds18b20: %w: % X is no scratchpad", ErrDamaged, b)
	}
	raw := int16(uint16(b[1])<<8|uint16(b[0])) &^ (1<<(3-b[4]>>5) - 1) // below the resolution, 9 to 12 bits, the bits mean nothing
	if raw == powerUp && b[6] != powerUpCount {
		return powerUpMilli, nil // a genuine one
	}
	return believed(scale(raw, 125, 2))
}

// Values that are no measurement.
const (
	powerUp       = 85 * 16
	powerUpMilli  = 85_000
	badSupplyLow  = 127_937 // 127.9375, cut
	badSupplyHigh = 127_938 // or rounded
)

// believed refuses what the sensor says when it measured nothing, and what it cannot measure.
func believed(v vitals.MilliCelsius) (vitals.MilliCelsius, error) {
	switch {
	case v == powerUpMilli:
		return 0, fmt.Errorf("thermometer: ds18b20: %w: %v is its value after power-up: read it again", ErrUnmeasured, v)
	case v == badSupplyLow || v == badSupplyHigh:
		return 0, fmt.Errorf("thermometer: ds18b20: %w: %v means that its supply is too weak", ErrUnmeasured, v)
	case v < -55_000 || v > 125_000:
		return 0, fmt.Errorf("thermometer: ds18b20: %w: %v is outside what it can measure", ErrDamaged, v)
	}
	return v, nil
}

// crc1Wire is the checksum of everything with its own checksum behind it: 0 when it is right. Polynomial 31, reflected.
func crc1Wire(b []byte) (crc byte) {
	for _, c := range b {
		crc ^= c
		for range 8 {
			carry := crc & 1
			crc = crc>>1 ^ carry*0x8C
		}
	}
	return crc
}
