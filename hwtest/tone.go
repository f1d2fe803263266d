package hwtest

import (
	"bytes"
	"encoding/binary"
	"math"
)

// The tone of the sound's step: an A, for a second, loud enough for a room with people.
const (
	toneHertz = 440
	toneRate  = 16000
	toneLoud  = 0.6
)

// Tone is it as a WAV file (RIFF, PCM, 16 bits, one channel).
func Tone() []byte {
	var b bytes.Buffer
	put := func(all ...any) {
		for _, v := range all {
			if s, ok := v.(string); ok {
				b.WriteString(s)
				continue
			}
			_ = binary.Write(&b, binary.LittleEndian, v) // a Buffer takes it
		}
	}
	const bytesIn = toneRate * 2
	put("RIFF", uint32(36+bytesIn), "WAVEfmt ", uint32(16), uint16(1), uint16(1), uint32(toneRate), uint32(bytesIn), uint16(2), uint16(16), "data", uint32(bytesIn))
	for i := range toneRate {
		put(int16(toneLoud * math.MaxInt16 * math.Sin(2*math.Pi*toneHertz*float64(i)/toneRate)))
	}
	return b.Bytes()
}
