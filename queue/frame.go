package queue

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Sizes. A frame begins at a block and fills whole blocks, so that a block which holds something promised is never written again.
const (
	blockSize   = 4096
	segmentSize = 1 << 20 // usually; what a head says is held to it
	headSize    = 44
	tailSize    = 16
)

var magic = []byte("nbz1")

// head is the front of a frame:
//
//	0      4        8        12      16       24       32        36    44
//	+------+--------+--------+-------+--------+--------+---------+-----+----------+- - -+---------+
//	| nbz1 | crc32c | length | count | number | first  | segment | run | entries  | 0   | trailer |
//	+------+--------+--------+-------+--------+--------+---------+-----+----------+- - -+---------+
//
// The checksum is over the rest of the head; entries have their own. The trailer ends the last block and repeats number(8) and length(4)
// with a crc32c(4), so that a frame whose head was damaged is still known to have been there.
type head struct {
	length  uint32 // of the entries, in bytes
	count   uint32 // of the entries
	number  uint64 // of the frame; the next one has the next
	first   uint64 // number of the segment's first frame
	segment uint32 // this one; what an earlier life of the file left has another
	run     uint64 // running time, seconds
}

// blocks is how many blocks a frame with so many bytes of entries fills.
func blocks(length int) int { return (headSize + length + tailSize + blockSize - 1) / blockSize }

// seal makes a frame of b, which has room for the head and then the entries.
func seal(b []byte, h head) []byte {
	h.length = uint32(len(b) - headSize)
	b = append(b, make([]byte, blocks(int(h.length))*blockSize-len(b))...)
	copy(b, magic)
	binary.BigEndian.PutUint32(b[8:], h.length)
	binary.BigEndian.PutUint32(b[12:], h.count)
	binary.BigEndian.PutUint64(b[16:], h.number)
	binary.BigEndian.PutUint64(b[24:], h.first)
	binary.BigEndian.PutUint32(b[32:], h.segment)
	binary.BigEndian.PutUint64(b[36:], h.run)
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(b[8:headSize], castagnoli))
	t := b[len(b)-tailSize:]
	binary.BigEndian.PutUint64(t, h.number)
	binary.BigEndian.PutUint32(t[8:], h.length)
	binary.BigEndian.PutUint32(t[12:], crc32.Checksum(t[:12], castagnoli))
	return b
}

// parseHead reads a head that belongs to the segment.
func parseHead(b []byte, segment uint32) (h head, ok bool) {
	if len(b) < headSize || !bytes.Equal(b[:4], magic) || crc32.Checksum(b[8:headSize], castagnoli) != binary.BigEndian.Uint32(b[4:]) {
		return head{}, false
	}
	h = head{
		length: binary.BigEndian.Uint32(b[8:]), count: binary.BigEndian.Uint32(b[12:]), number: binary.BigEndian.Uint64(b[16:]),
		first: binary.BigEndian.Uint64(b[24:]), segment: binary.BigEndian.Uint32(b[32:]), run: binary.BigEndian.Uint64(b[36:]),
	}
	return h, h.segment == segment && h.length <= segmentSize
}

// endsFrame says whether a block ends a frame of that number.
func endsFrame(block []byte, number uint64) bool {
	t := block[len(block)-tailSize:]
	return binary.BigEndian.Uint64(t) == number && crc32.Checksum(t[:12], castagnoli) == binary.BigEndian.Uint32(t[12:])
}

// entriesOf reads the entries of the frame that begins at offset; ok says that all of them are sound.
func entriesOf(seg []byte, offset int, h head) (all []entry, ok bool) {
	end := offset + headSize + int(h.length)
	if end > len(seg) {
		return nil, false
	}
	for at := offset + headSize; at < end; {
		e, n, sound := parseEntry(seg[at:end])
		if !sound || e.frame != h.number {
			return all, false
		}
		e.at = uint32(at)
		all = append(all, e)
		at += n
	}
	return all, len(all) == int(h.count)
}

// salvage finds every sound entry of frames from until below upto, wherever it stands in a damaged stretch.
func salvage(seg []byte, begin, end int, from, upto uint64) (all []entry) {
	for at := begin; at+entryHead <= end; {
		if f := binary.BigEndian.Uint64(seg[at+8:]); f < from || f >= upto {
			at++
			continue
		}
		e, n, sound := parseEntry(seg[at:end])
		if !sound {
			at++
			continue
		}
		e.at = uint32(at)
		all = append(all, e)
		at += n
	}
	return all
}
