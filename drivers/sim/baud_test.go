package sim

import (
	"bytes"
	"testing"
	"testing/quick"
)

// What a receiver makes of another speed, by hand: bits go lowest first, after a start bit (0) and before a stop bit (1).
func TestResample(t *testing.T) {
	cases := map[string]struct {
		from, to   int
		sent, want []byte
	}{
		"same speed":        {9600, 9600, []byte{0x55, 0xAA}, []byte{0x55, 0xAA}},
		"any speed":         {0, 9600, []byte{0x55}, []byte{0x55}},
		"unknown speed":     {9600, 0, []byte{0x55}, []byte{0x55}},
		"twice as fast":     {9600, 19200, []byte{0xFF}, []byte{0xFE}},   // start is a start and one bit
		"half as fast":      {19200, 9600, []byte{0xFF}, nil},            // the start bit is a spike, gone before the first look
		"a break":           {9600, 115200, []byte{0x00}, []byte{0x00}},  // nine low bits, no stop bit to be seen
		"six times":         {19200, 115200, []byte{0xFF}, []byte{0xE0}}, // five low bits after the start
		"two bytes, 2 to 1": {9600, 19200, []byte{0xFF, 0xFF}, []byte{0xFE, 0xFE}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := resample(c.sent, c.from, c.to); !bytes.Equal(got, c.want) {
				t.Errorf("% X arrives as % X, want % X", c.sent, got, c.want)
			}
		})
	}
}

// There and back, a receiver that is fast enough hears no more bytes than there are falling edges.
func TestResampleEnds(t *testing.T) {
	speeds := []int{4800, 9600, 19200, 115200}
	if err := quick.Check(func(b []byte, from, to uint8) bool {
		got := resample(b, speeds[from%4], speeds[to%4])
		return len(got) <= 5*len(b)
	}, nil); err != nil {
		t.Error(err)
	}
}
