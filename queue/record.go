package queue

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("record is damaged")

// itemHead is crc32c(4) seq(8) lane(1) put(8) len id(1).
const itemHead = 22

func encodeItem(it Item) []byte {
	b := make([]byte, 4, itemHead+len(it.ID)+len(it.Payload))
	b = binary.BigEndian.AppendUint64(b, it.Seq)
	b = append(b, byte(it.Lane))
	b = binary.BigEndian.AppendUint64(b, uint64(it.Put.UnixMilli()))
	b = append(b, byte(len(it.ID)))
	b = append(b, it.ID...)
	b = append(b, it.Payload...)
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

// decodeItem reads the record that stands under seq. The payload is a copy.
func decodeItem(seq uint64, b []byte) (Item, error) {
	if len(b) < itemHead || crc32.Checksum(b[4:], castagnoli) != binary.BigEndian.Uint32(b) {
		return Item{}, errDamaged
	}
	it := Item{Seq: binary.BigEndian.Uint64(b[4:]), Lane: Lane(b[12]), Put: time.UnixMilli(int64(binary.BigEndian.Uint64(b[13:])))}
	n := int(b[21])
	if it.Seq != seq || len(b) < itemHead+n || (it.Lane != Urgent && it.Lane != Routine) {
		return Item{}, errDamaged
	}
	it.ID = string(b[itemHead : itemHead+n])
	it.Payload = append([]byte{}, b[itemHead+n:]...)
	return it, nil
}

func encodeNote(note []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(note, castagnoli)), note...)
}

func decodeNote(b []byte) ([]byte, error) {
	if len(b) < 4 || crc32.Checksum(b[4:], castagnoli) != binary.BigEndian.Uint32(b) {
		return nil, errDamaged
	}
	return append([]byte{}, b[4:]...), nil
}

// Keys; the package doc draws them.
var (
	keyLast = []byte("mlast")
	keyRun  = []byte("mrun")
	keyDone = []byte("mdone")
)

func seqKey(kind byte, seq uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, seq) }

func idKey(id string) []byte { return append([]byte{'r'}, id...) }

func ageKey(kind byte, run time.Duration, seq uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{kind}, uint64(run/time.Second))
	return binary.BigEndian.AppendUint64(b, seq)
}

// agedSeq takes an age key apart.
func agedSeq(key []byte) (run time.Duration, seq uint64) {
	return time.Duration(binary.BigEndian.Uint64(key[1:])) * time.Second, binary.BigEndian.Uint64(key[9:])
}

func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
