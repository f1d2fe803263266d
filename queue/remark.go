package queue

import (
	"encoding/binary"
	"hash/crc32"
)

// encode is crc32c(4), length of the reason(4), reason, note.
func (m *remark) encode() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(len(m.why)))
	b = append(append(b, m.why...), m.note...)
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

func decodeRemark(b []byte) (*remark, error) {
	if len(b) < 8 || crc32.Checksum(b[4:], castagnoli) != binary.BigEndian.Uint32(b) {
		return nil, errDamaged
	}
	n := binary.BigEndian.Uint32(b[4:])
	if uint64(n) > uint64(len(b)-8) {
		return nil, errDamaged
	}
	m := &remark{why: string(b[8 : 8+n])}
	if note := b[8+n:]; len(note) > 0 {
		m.note = append([]byte{}, note...)
	}
	return m, nil
}

// remark returns what stands beside an item, for changing it.
func (q *Queue) remark(seq uint64) *remark {
	m := q.remarks[seq]
	if m == nil {
		m = &remark{}
		q.remarks[seq] = m
	}
	m.dirty = true
	return m
}
