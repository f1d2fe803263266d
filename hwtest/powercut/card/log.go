package card

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// The log begins with logMagic. Then come records, integers big-endian:
//
//	'W' first(8) sectors(4) data   a write; writes are numbered from 1 in the order of the log
//	'Z' first(8) sectors(4)        zeroes or trim
//	'F' write(8)                   a FLUSH took effect: every write up to this number is durable
//	'U' write(8)                   a FUA write took effect
//	'M' length(4) text             a mark
const logMagic = "nabz card log 1\n"

// Log records every operation of one card that changes what is durable or could be, and what the host knew meanwhile, for States. It writes
// to w at once and unbuffered; one write is at most 32 MiB and a few bytes.
type Log struct {
	mu      sync.Mutex
	w       io.Writer
	err     error // the first failure; the card returns it
	claimed bool
}

// NewLog starts a log on w. It serves one Open; w must take writes until that card is cut or closed and the last Mark is made.
func NewLog(w io.Writer) *Log {
	l := &Log{w: w}
	l.put([]byte(logMagic), nil)
	return l
}

// Mark records what the host knows at this point ("acked 17"), in order with the operations. A FLUSH that was answered before Mark is
// called stands before it. A failure to write shows in the card's Cut or Close, if it comes before.
func (l *Log) Mark(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(binary.BigEndian.AppendUint32([]byte{'M'}, uint32(len(text))), []byte(text))
}

// claim takes the log for one card. A nil log is claimed by anyone.
func (l *Log) claim() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claimed {
		return errors.New("the log belongs to another card already: give every Open its own")
	}
	l.claimed = true
	return l.err
}

func (l *Log) wrote(w *write) error {
	kind := byte('W')
	if w.data == nil {
		kind = 'Z'
	}
	head := binary.BigEndian.AppendUint64([]byte{kind}, uint64(w.first))
	return l.record(binary.BigEndian.AppendUint32(head, uint32(w.n)), w.data)
}

func (l *Log) settled(b barrier) error {
	if b.only > 0 {
		return l.record(binary.BigEndian.AppendUint64([]byte{'U'}, uint64(b.only)), nil)
	}
	return l.record(binary.BigEndian.AppendUint64([]byte{'F'}, uint64(b.upTo)), nil)
}

func (l *Log) record(head, body []byte) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(head, body)
	return l.err
}

// put writes one record, unless an earlier one failed: a log with a gap would replay into states that never were.
func (l *Log) put(head, body []byte) {
	if l.err != nil {
		return
	}
	_, l.err = l.w.Write(head)
	if l.err == nil && len(body) > 0 {
		_, l.err = l.w.Write(body)
	}
	if l.err != nil {
		l.err = fmt.Errorf("card: write log: %w", l.err)
	}
}

// entry is one record read back. Of a write it has all but the number.
type entry struct {
	kind     byte
	first, n int64
	seq      int64
	data     []byte
	mark     string
}

// isOp tells an operation from a mark.
func (e entry) isOp() bool { return e.kind != 'M' }

// logReader reads a log from its start.
type logReader struct{ r *bufio.Reader }

func newLogReader(r io.Reader) (*logReader, error) {
	l := &logReader{bufio.NewReaderSize(r, 1<<20)}
	magic := make([]byte, len(logMagic))
	if _, err := io.ReadFull(l.r, magic); err != nil || string(magic) != logMagic {
		return nil, fmt.Errorf("not a card log: it begins with %q", magic)
	}
	return l, nil
}

// next is the next record, or io.EOF after the last whole one. With skip the data of writes is passed over.
func (l *logReader) next(skip bool) (entry, error) {
	kind, err := l.r.ReadByte()
	if err != nil {
		return entry{}, err
	}
	e := entry{kind: kind}
	switch kind {
	case 'W', 'Z':
		err = l.write(&e, skip)
	case 'F', 'U':
		e.seq, err = l.number(8)
	case 'M':
		err = l.text(&e)
	default:
		err = fmt.Errorf("unknown record %q", kind)
	}
	if err != nil {
		return e, fmt.Errorf("card log is damaged or cut short: %w", noEOF(err))
	}
	return e, nil
}

func (l *logReader) write(e *entry, skip bool) (err error) {
	if e.first, err = l.number(8); err != nil {
		return err
	}
	if e.n, err = l.number(4); err != nil {
		return err
	}
	if e.kind == 'Z' {
		return nil
	}
	if e.n < 1 || e.n > maxBlock/sector {
		return fmt.Errorf("a write of %d sectors", e.n)
	}
	if skip {
		_, err = l.r.Discard(int(e.n * sector))
		return err
	}
	e.data = make([]byte, e.n*sector)
	_, err = io.ReadFull(l.r, e.data)
	return err
}

func (l *logReader) text(e *entry) error {
	n, err := l.number(4)
	if err != nil {
		return err
	}
	p, err := io.ReadAll(io.LimitReader(l.r, n))
	if err == nil && int64(len(p)) < n {
		err = io.ErrUnexpectedEOF
	}
	e.mark = string(p)
	return err
}

// number reads an integer of so many bytes.
func (l *logReader) number(bytes int) (int64, error) {
	p := make([]byte, 8)
	_, err := io.ReadFull(l.r, p[8-bytes:])
	return int64(binary.BigEndian.Uint64(p)), err
}

// noEOF keeps an end inside a record from looking like the end of the log.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
