package frame

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// Port is what a driver needs of a wire; port.Serial, port.Playback and net.Pipe satisfy it. Read returns os.ErrDeadlineExceeded after
// the deadline.
type Port interface {
	io.ReadWriter
	SetReadDeadline(t time.Time) error
}

// Line is one setting of a serial line. Drivers list the ones to try; whoever opens ports converts it.
type Line struct {
	Baud     int
	Parity   byte // 'N', 'E' or 'O'
	StopBits int  // 1 or 2
}

// Tally counts what a driver has read.
type Tally struct {
	Frames      int `json:"frames"`      // well-formed frames
	Skipped     int `json:"skipped"`     // bytes that belonged to no frame
	BadChecksum int `json:"badChecksum"` // frames whose checksum was wrong
}

// ErrSilent says that the device sent nothing that is a frame in the time it was given.
var ErrSilent = errors.New("device is silent")

// Reader finds frames in what a Port delivers. It is not safe for concurrent use.
type Reader struct {
	port  Port
	split bufio.SplitFunc
	buf   []byte
	r, w  int  // unread bytes are buf[r:w]
	last  int  // length of the frame that Next returned last
	eof   bool // the port will give no more
	fail  error
	tally Tally
}

// NewReader returns a Reader that finds frames with split. A frame may be up to max bytes long. What split passes over (a nil token, or
// an advance longer than its token) is counted as skipped; a token ends where its advance ends.
func NewReader(p Port, split bufio.SplitFunc, max int) *Reader {
	return &Reader{port: p, split: split, buf: make([]byte, 2*max)}
}

// Next returns the next frame; it is valid until the next call. It returns ErrSilent when no frame came in the given time (0 = wait
// for ever), ctx's error when ctx ended, and the port's own error (io.EOF at the end of a playback) when it has no more to give.
func (r *Reader) Next(ctx context.Context, silence time.Duration) ([]byte, error) {
	var deadline time.Time
	if silence > 0 {
		deadline = time.Now().Add(silence)
	}
	for {
		token, err := r.cut()
		if token != nil || err != nil {
			return token, err
		}
		if r.eof {
			r.tally.Skipped += r.w - r.r
			r.r = r.w
			return nil, r.fail
		}
		if err := r.fill(ctx, deadline); err != nil {
			return nil, err
		}
	}
}

// Tally returns what was counted so far.
func (r *Reader) Tally() Tally { return r.tally }

// Reject takes back the frame that Next just returned, because its checksum is wrong: it counts as damaged, and the search goes on at
// its second byte, since a good frame may begin inside it.
func (r *Reader) Reject() {
	r.tally.BadChecksum++
	r.tally.Frames--
	r.tally.Skipped++
	r.r -= r.last - 1
}

// Reset forgets bytes that were read and not yet cut, as after opening a port with old input in it.
func (r *Reader) Reset() { r.r, r.w = 0, 0 }

func (r *Reader) cut() ([]byte, error) {
	for r.r < r.w {
		advance, token, err := r.split(r.buf[r.r:r.w], r.eof)
		if err != nil {
			return nil, err
		}
		if advance == 0 && token == nil {
			if r.w-r.r == len(r.buf) { // split waits for more than fits: it lost its way
				advance = 1
			} else {
				return nil, nil
			}
		}
		r.r += advance
		r.tally.Skipped += advance - len(token)
		if token != nil {
			r.tally.Frames++
			r.last = len(token)
			return token, nil
		}
	}
	return nil, nil
}

func (r *Reader) fill(ctx context.Context, deadline time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	copy(r.buf, r.buf[r.r:r.w])
	r.r, r.w = 0, r.w-r.r
	n, err := read(ctx, r.port, r.buf[r.w:], deadline)
	r.w += n
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrSilent
	}
	r.eof, r.fail = true, err
	return nil
}

// read reads once, giving up at the deadline or when ctx ends.
func read(ctx context.Context, p Port, b []byte, deadline time.Time) (int, error) {
	if err := p.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	if ctx.Done() == nil {
		return p.Read(b)
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		_ = p.SetReadDeadline(time.Unix(1, 0))
	})
	n, err := p.Read(b)
	if !stop() {
		<-fired // else it could cut short a later read under another context
	}
	return n, err
}
