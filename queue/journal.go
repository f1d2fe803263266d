package queue

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// journal is the segments: files of one size, filled beforehand so that a write changes no metadata. Frames go behind one another into
// the newest; the oldest is used again when nothing in it is needed. Only the writer changes it.
type journal struct {
	dir      string
	size     int64      // of a segment, bytes
	segments []*segment // oldest first; the last is written to
	spares   []string   // files ready to become segments
	file     *os.File   // of the last segment
	end      int        // where its next frame begins
	first    uint64     // number of its first frame
	next     uint64     // number of the next frame
	flush    func(*os.File) error
}

// segment is one file.
type segment struct {
	number uint32
	live   int // items in it that wait or are parked
	items  int // all of those that the register knows
}

func (s *segment) count(st standing, by int) {
	if s == nil || st == gone {
		return
	}
	s.items += by
	if st.live() {
		s.live += by
	}
}

const (
	segmentExt  = ".log"
	sparePrefix = "spare-"
)

func (j *journal) path(number uint32) string {
	return filepath.Join(j.dir, fmt.Sprintf("%010d%s", number, segmentExt))
}

// list reads the folder.
func (j *journal) list() error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(j.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if number, err := strconv.ParseUint(strings.TrimSuffix(f.Name(), segmentExt), 10, 32); err == nil && strings.HasSuffix(f.Name(), segmentExt) {
			j.segments = append(j.segments, &segment{number: uint32(number)})
			continue
		}
		path := filepath.Join(j.dir, f.Name())
		if info, err := f.Info(); err == nil && info.Size() == j.size && strings.HasPrefix(f.Name(), sparePrefix) {
			j.spares = append(j.spares, path)
		} else if err := os.Remove(path); err != nil { // one that was not finished
			return err
		}
	}
	return nil
}

// read returns a segment's contents, with zeros for what is missing or the card does not answer for, and how much is missing.
func (j *journal) read(number uint32) (b []byte, short int, err error) {
	b, err = os.ReadFile(j.path(number))
	if noAnswer(err) {
		b, err = j.readWhatThereIs(number)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	short = int(j.size) - len(b)
	if short > 0 {
		b = append(b, make([]byte, short)...)
	}
	return b[:j.size], short, nil
}

// readWhatThereIs reads a segment on a card that does not answer for all of it.
func (j *journal) readWhatThereIs(number uint32) ([]byte, error) {
	f, err := os.Open(j.path(number))
	if noAnswer(err) {
		return make([]byte, j.size), nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBlocks(f, int(j.size))
}

// readBlocks reads block by block and leaves zeros where there is no answer.
func readBlocks(f io.ReaderAt, size int) ([]byte, error) {
	b := make([]byte, size)
	for at := 0; at < len(b); at += blockSize {
		n, err := f.ReadAt(b[at:at+blockSize], int64(at))
		switch {
		case noAnswer(err):
			clear(b[at : at+blockSize])
		case errors.Is(err, io.EOF):
			return b[:at+n], nil
		case err != nil:
			return nil, err
		}
	}
	return b, nil
}

// resume makes the last segment the one that is written to, from end on.
func (j *journal) resume(end int, first uint64) (err error) {
	last := j.segments[len(j.segments)-1].number
	if j.file, err = os.OpenFile(j.path(last), os.O_RDWR, 0o600); err != nil {
		return err
	}
	j.end, j.first = end, first
	return nil
}

func (j *journal) active() uint32 { return j.segments[len(j.segments)-1].number }

// fits says whether a frame with so many bytes of entries goes into the active segment.
func (j *journal) fits(length int) bool {
	return j.file != nil && j.end+blocks(length)*blockSize <= int(j.size)
}

// append writes a frame, for which there is room, and flushes it. It returns where the frame stands.
func (j *journal) append(b []byte, count int, run uint64) (place, error) {
	b = seal(b, head{
		count: uint32(count), number: j.next, first: j.first, segment: j.active(), run: run,
	})
	at := place{j.active(), uint32(j.end)}
	if _, err := j.file.WriteAt(b, int64(j.end)); err != nil {
		return at, fmt.Errorf("write journal: %w", err)
	}
	if err := j.flush(j.file); err != nil {
		return at, fmt.Errorf("flush journal: %w", err)
	}
	j.end += len(b)
	j.next++
	return at, nil
}

// extend begins a new segment with a spare file.
func (j *journal) extend(number uint32) error {
	if len(j.spares) == 0 {
		path, err := j.spare()
		if err != nil {
			return err
		}
		j.spares = append(j.spares, path)
	}
	spare := j.spares[len(j.spares)-1]
	if err := errors.Join(os.Rename(spare, j.path(number)), syncDir(j.dir)); err != nil {
		return fmt.Errorf("begin segment: %w", err)
	}
	j.spares = j.spares[:len(j.spares)-1]
	j.segments = append(j.segments, &segment{number: number})
	old := j.file
	if err := j.resume(0, j.next); err != nil {
		return err
	}
	if old == nil {
		return nil
	}
	return old.Close()
}

// spare makes a file that can become a segment.
func (j *journal) spare() (path string, err error) {
	path = filepath.Join(j.dir, fmt.Sprintf("%s%d-%d", sparePrefix, j.next, len(j.spares)))
	if err := writeFlushed(path, make([]byte, j.size)); err != nil {
		return "", errors.Join(fmt.Errorf("make a segment: %w", err), os.Remove(path))
	}
	return path, nil
}

// keptSpares is how many files are kept for reuse. Puts stop at one, so that acknowledgments, which make room, can still be written.
const keptSpares = 2

// retire takes the oldest segment out; its file is used again or removed.
func (j *journal) retire() error {
	old := j.path(j.segments[0].number)
	info, err := os.Stat(old)
	spare := filepath.Join(j.dir, fmt.Sprintf("%s%d", sparePrefix, j.segments[0].number))
	switch {
	case errors.Is(err, fs.ErrNotExist): // it was lost; nothing is left to take out
	case err == nil && info.Size() == j.size && len(j.spares) < keptSpares:
		if err := os.Rename(old, spare); err != nil {
			return fmt.Errorf("retire segment: %w", err)
		}
		j.spares = append(j.spares, spare)
	default:
		if err := os.Remove(old); err != nil {
			return fmt.Errorf("retire segment: %w", err)
		}
	}
	j.segments = slices.Delete(j.segments, 0, 1)
	return nil
}

// find returns the segment of that number, or nil.
func (j *journal) find(number uint32) *segment {
	i, found := slices.BinarySearchFunc(j.segments, number, func(s *segment, n uint32) int { return int(int64(s.number) - int64(n)) })
	if !found {
		return nil
	}
	return j.segments[i]
}

// live is about how many bytes are still needed: each segment by the share of its items that are.
func (j *journal) live() (bytes int64) {
	for _, s := range j.segments {
		bytes += j.size * int64(s.live) / int64(max(s.items, 1))
	}
	return bytes
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// fdatasync flushes a file whose size does not change.
func fdatasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
