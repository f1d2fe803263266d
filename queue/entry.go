package queue

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("record is damaged")

// kind says what an entry of the journal is.
type kind byte

// The kinds, with the bodies that follow.
const (
	kindPut     kind = 'P' // seq(8) lane(1) put unix ms(8) len id(1) id payload; again for an item that moved
	kindNote    kind = 'N' // seq(8) note
	kindPark    kind = 'K' // seq(8) reason in UTF-8
	kindRelease kind = 'R' // seq(8)
	kindAck     kind = 'A' // seq(8), as often as there are
	kindLost    kind = 'X' // seq(8): its contents cannot be read any more
	kindTold    kind = 'D' // frames from(8) upto(8): their damage was told, and what could be read of them is in later frames
)

// entryHead is len(4) crc32c(4) frame(8) kind(1). The length is that of the body; the checksum is over everything behind itself.
const entryHead = 17

// entry is one change as it stands in the journal.
type entry struct {
	kind  kind
	frame uint64 // that it was written in
	body  []byte
	at    uint32 // offset in the segment
}

func (e entry) seq() uint64 { return binary.BigEndian.Uint64(e.body) }

// appendEntry adds an entry. Its frame number tells it from what an earlier life of the segment left.
func appendEntry(b []byte, frame uint64, k kind, body ...[]byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, frame)
	b = append(b, byte(k))
	for _, part := range body {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-entryHead))
	binary.BigEndian.PutUint32(b[start+4:], crc32.Checksum(b[start+8:], castagnoli))
	return b
}

// maxEntry bounds a body: a payload or note, and what stands before it.
const maxEntry = MaxPayload + 512

// parseEntry reads the entry at the front of b and its whole length.
func parseEntry(b []byte) (e entry, n int, ok bool) {
	if len(b) < entryHead {
		return entry{}, 0, false
	}
	size := binary.BigEndian.Uint32(b)
	n = entryHead + int(size)
	if size > maxEntry || n > len(b) || crc32.Checksum(b[8:n], castagnoli) != binary.BigEndian.Uint32(b[4:]) {
		return entry{}, 0, false
	}
	e = entry{kind: kind(b[16]), frame: binary.BigEndian.Uint64(b[8:]), body: b[entryHead:n]}
	return e, n, e.sound()
}

// sound holds the body to its kind.
func (e entry) sound() bool {
	switch e.kind {
	case kindPut:
		return len(e.body) >= itemHead && len(e.body) >= itemHead+int(e.body[itemHead-1]) && (e.lane() == Urgent || e.lane() == Routine)
	case kindNote, kindPark:
		return len(e.body) >= 8
	case kindRelease, kindLost:
		return len(e.body) == 8
	case kindTold:
		return len(e.body) == 16
	case kindAck:
		return len(e.body) > 0 && len(e.body)%8 == 0
	}
	return false
}

func (e entry) lane() Lane { return Lane(e.body[8]) }

// itemHead is seq(8) lane(1) put(8) len id(1).
const itemHead = 18

func encodeItem(it Item) []byte {
	b := make([]byte, 0, itemHead+len(it.ID)+len(it.Payload))
	b = binary.BigEndian.AppendUint64(b, it.Seq)
	b = append(b, byte(it.Lane))
	b = binary.BigEndian.AppendUint64(b, uint64(it.Put.UnixMilli()))
	b = append(b, byte(len(it.ID)))
	b = append(b, it.ID...)
	return append(b, it.Payload...)
}

// item reads the body of a put. The payload is a copy.
func (e entry) item() Item {
	n := itemHead + int(e.body[itemHead-1])
	return Item{
		Seq: e.seq(), Lane: e.lane(), Put: time.UnixMilli(int64(binary.BigEndian.Uint64(e.body[9:]))),
		ID: string(e.body[itemHead:n]), Payload: append([]byte{}, e.body[n:]...),
	}
}

// seqs reads the body of an ack.
func (e entry) seqs() []uint64 {
	all := make([]uint64, 0, len(e.body)/8)
	for b := e.body; len(b) >= 8; b = b[8:] {
		all = append(all, binary.BigEndian.Uint64(b))
	}
	return all
}

func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
