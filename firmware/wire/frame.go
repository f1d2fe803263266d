package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
)

// Frame is a run of the pulse wave without a gap, as it goes to a doctor's page: 24 bytes of header and a byte a sample, integers little-endian.
//
//	 0 u8   version, 1
//	 1 u8   flags: bit 0 no finger, bit 1 weak signal, bit 2 samples are missing before this frame
//	 2 u16  sequence number, by one for each frame that the kiosk made, sent or not
//	 4 u64  time of the first sample by the kiosk's clock, Unix microseconds
//	12 u16  time between two samples, in tens of microseconds
//	14 u8   number of samples, 1 to 255
//	15 u8   bits of a sample, 7 or 8
//	16 u32  the session (SessionHash), so that a frame of another is known for one
//	20 u32  zero
type Frame struct {
	NoFinger, Weak, Gap bool

	Seq     uint16
	Start   int64  // Unix microseconds
	Period  uint16 // tens of microseconds
	Bits    uint8
	Session uint32
	Samples []byte
}

const (
	frameVersion = 1
	frameHeader  = 24

	flagNoFinger, flagWeak, flagGap = 1, 2, 4
)

// MostSamples is how many a frame holds.
const MostSamples = 255

// SessionHash is how a frame names its session.
func SessionHash(session string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(session)) // never fails
	return h.Sum32()
}

// Marshal writes the frame. It panics on one that ParseFrame could not read back: without samples, or with too many.
func (f Frame) Marshal() []byte {
	if len(f.Samples) == 0 || len(f.Samples) > MostSamples {
		panic(fmt.Sprintf("wire: a frame of %d samples", len(f.Samples)))
	}
	b := make([]byte, frameHeader, frameHeader+len(f.Samples))
	b[0] = frameVersion
	for flag, set := range map[byte]bool{flagNoFinger: f.NoFinger, flagWeak: f.Weak, flagGap: f.Gap} {
		if set {
			b[1] |= flag
		}
	}
	binary.LittleEndian.PutUint16(b[2:], f.Seq)
	binary.LittleEndian.PutUint64(b[4:], uint64(f.Start))
	binary.LittleEndian.PutUint16(b[12:], f.Period)
	b[14], b[15] = byte(len(f.Samples)), f.Bits
	binary.LittleEndian.PutUint32(b[16:], f.Session)
	return append(b, f.Samples...)
}

// ParseFrame reads one. It refuses other versions, lengths that do not agree, a period of zero, and samples that do not fit their bits.
func ParseFrame(b []byte) (Frame, error) {
	switch {
	case len(b) < frameHeader:
		return Frame{}, fmt.Errorf("frame: %d bytes, want %d and samples", len(b), frameHeader)
	case b[0] != frameVersion:
		return Frame{}, fmt.Errorf("frame: version %d: the kiosk is newer than this clinic", b[0])
	case int(b[14]) == 0 || len(b) != frameHeader+int(b[14]):
		return Frame{}, fmt.Errorf("frame: %d samples in %d bytes", b[14], len(b))
	case b[15] != 7 && b[15] != 8:
		return Frame{}, fmt.Errorf("frame: samples of %d bits", b[15])
	}
	f := Frame{
		NoFinger: b[1]&flagNoFinger != 0, Weak: b[1]&flagWeak != 0, Gap: b[1]&flagGap != 0,
		Seq: binary.LittleEndian.Uint16(b[2:]), Start: int64(binary.LittleEndian.Uint64(b[4:])), Period: binary.LittleEndian.Uint16(b[12:]),
		Bits: b[15], Session: binary.LittleEndian.Uint32(b[16:]), Samples: b[frameHeader:],
	}
	if f.Period == 0 {
		return Frame{}, errors.New("frame: no time between samples")
	}
	for _, s := range f.Samples {
		if int(s) >= 1<<f.Bits {
			return Frame{}, fmt.Errorf("frame: a sample of more than %d bits", f.Bits)
		}
	}
	return f, nil
}
