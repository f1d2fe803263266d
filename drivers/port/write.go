package port

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// usualWrite is how long a write may take when no deadline is set: commands are short, and a line that takes none is stuck.
const usualWrite = 5 * time.Second

// settleTime is how long Close waits for a write.
const settleTime = 100 * time.Millisecond

// SetWriteDeadline sets when writes give up; the zero time is five seconds after each begins.
func (s *Serial) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = t
	return nil
}

// Write sends b, all of it or with an error; after the deadline it sends nothing. A write that the kernel does not finish by the deadline is
// abandoned with os.ErrDeadlineExceeded: part of it may have left, and further writes fail until it has ended, which closing the far end
// brings about.
func (s *Serial) Write(b []byte) (int, error) {
	limit, err := s.mayWrite()
	if err != nil {
		return 0, err
	}
	type outcome struct {
		n   int
		err error
	}
	done, own := make(chan outcome, 1), append([]byte(nil), b...)
	stuck := make(chan struct{})
	go func() {
		defer s.writes.Done()
		defer close(stuck)
		n, err := s.writeAll(own)
		done <- outcome{n, err}
	}()
	t := time.NewTimer(time.Until(limit))
	defer t.Stop()
	select {
	case o := <-done:
		if errors.Is(o.err, ErrClosed) {
			return o.n, o.err
		}
		if o.err != nil {
			return o.n, fmt.Errorf("write %s: %w (%w)", s.path, ErrGone, o.err)
		}
		return o.n, nil
	case <-t.C:
		s.mu.Lock()
		s.stuck = stuck
		s.mu.Unlock()
		return 0, fmt.Errorf("write %s: the device takes nothing: %w", s.path, os.ErrDeadlineExceeded)
	}
}

// writeAll writes b; a signal to the process may cut a write short in the kernel.
func (s *Serial) writeAll(b []byte) (n int, err error) {
	for n < len(b) {
		if s.isClosed() {
			return n, ErrClosed
		}
		m, err := s.port.Write(b[n:])
		if n += m; err != nil && !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
	return n, nil
}

// settle waits until no write is on its way into the kernel, where a closed descriptor does no harm: one that is not through by then is
// stuck there.
func (s *Serial) settle() {
	idle := make(chan struct{})
	go func() {
		s.writes.Wait()
		close(idle)
	}()
	t := time.NewTimer(settleTime)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
}

// mayWrite lets a write begin and returns its deadline.
func (s *Serial) mayWrite() (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return time.Time{}, ErrClosed
	}
	if s.stuck != nil {
		select {
		case <-s.stuck:
			s.stuck = nil
		default:
			return time.Time{}, fmt.Errorf("write %s: an earlier write is still stuck: close and open it again: %w", s.path, os.ErrDeadlineExceeded)
		}
	}
	limit := s.limit
	if limit.IsZero() {
		limit = time.Now().Add(usualWrite)
	}
	if time.Until(limit) <= 0 {
		return time.Time{}, fmt.Errorf("write %s: nothing sent: %w", s.path, os.ErrDeadlineExceeded)
	}
	s.writes.Add(1)
	return limit, nil
}
