package sim

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// line is one connection to a host: what arrives, an outbox for what leaves, and the faults that belong to a wire.
type line struct {
	rw     io.ReadWriter
	faults *faults
	rng    *rand.Rand
	in     chan []byte
	out    chan []byte
	fail   chan error // room for the reader's and the writer's last word
	done   chan struct{}
	busy   sync.WaitGroup
}

func openLine(rw io.ReadWriter, f *faults, rng *rand.Rand) *line {
	l := &line{
		rw: rw, faults: f, rng: rng,
		in: make(chan []byte), out: make(chan []byte, 256), fail: make(chan error, 2), done: make(chan struct{}),
	}
	l.busy.Go(l.read)
	l.busy.Go(l.write)
	return l
}

// close stops both directions. A wire without deadlines cannot be interrupted: its reader ends when the wire does.
func (l *line) close() {
	close(l.done)
	wire, ok := l.rw.(interface{ SetDeadline(time.Time) error })
	if !ok || wire.SetDeadline(time.Unix(1, 0)) != nil {
		return
	}
	l.busy.Wait()
	_ = wire.SetDeadline(time.Time{}) // the wire may be gone; then there is nothing to restore
}

func (l *line) read() {
	for buf := make([]byte, 256); ; {
		n, err := l.rw.Read(buf)
		if n > 0 {
			select {
			case l.in <- bytes.Clone(buf[:n]):
			case <-l.done:
				return
			}
		}
		if err != nil {
			l.fail <- err
			return
		}
	}
}

// write cuts each frame in two, each time elsewhere.
func (l *line) write() {
	for cut := 0; ; cut += 3 {
		select {
		case frame := <-l.out:
			at := cut % len(frame)
			if err := l.put(frame[:at], frame[at:]); err != nil {
				l.fail <- err
				return
			}
		case <-l.done:
			return
		}
	}
}

func (l *line) put(pieces ...[]byte) error {
	for _, piece := range pieces {
		if len(piece) == 0 {
			continue
		}
		if _, err := l.rw.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// send puts a frame into the outbox, spoiled by the faults of the wire. What finds no room is lost.
func (l *line) send(frame []byte) {
	if l.faults.has(Silence) {
		return
	}
	if l.faults.has(Garbage) && l.rng.IntN(2) == 0 {
		frame = damage(l.rng, frame)
	}
	if l.faults.has(Noise) && l.rng.IntN(2) == 0 {
		frame = append(noise(l.rng), frame...)
	}
	select {
	case l.out <- frame:
	default:
	}
}

// damage returns frame with one byte flipped in one bit, lost or doubled, or without its end; never empty.
func damage(rng *rand.Rand, frame []byte) []byte {
	f, i := bytes.Clone(frame), rng.IntN(len(frame))
	switch rng.IntN(4) {
	case 0:
		f[i] ^= 1 << rng.IntN(8)
	case 1:
		f = slices.Insert(f, i, f[i])
	case 2:
		if len(f) > 1 {
			f = slices.Delete(f, i, i+1)
		}
	case 3:
		f = f[:max(1, i)]
	}
	return f
}

func noise(rng *rand.Rand) []byte {
	b := make([]byte, 1+rng.IntN(20))
	for i := range b {
		b[i] = byte(rng.UintN(256))
	}
	return b
}
