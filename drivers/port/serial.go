package port

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.bug.st/serial"
)

// Line is one setting of a serial line.
type Line struct {
	Baud     int
	Parity   byte // 'N', 'E' or 'O'
	StopBits int  // 1 or 2
}

// Name says which port: by path, or by the USB identity of the bridge behind it.
type Name struct {
	Path string
	USB  USB
}

// String is the name as a person would write it.
func (n Name) String() string {
	if n.Path != "" {
		return n.Path
	}
	return n.USB.String()
}

// Errors that callers act on.
var (
	ErrGone   = errors.New("device is gone: check its plug")
	ErrClosed = errors.New("port is closed")
)

// Serial is an open line. Reads and writes may be on different goroutines; one goroutine at a time for each.
type Serial struct {
	path  string
	usb   USB
	port  serial.Port
	lock  *os.File
	reads *deadline
	shut  chan struct{} // closed by Close
	bytes chan []byte   // what the pump read
	rest  []byte        // of the last chunk; only Read touches it
	gone  chan struct{} // closed when the pump has ended

	writes sync.WaitGroup // goroutines that write
	mu     sync.Mutex     // guards what follows, and every call into port that a closed descriptor would hurt
	closed bool
	limit  time.Time     // write deadline
	stuck  chan struct{} // not nil while an abandoned write is still in the kernel
}

// OpenSerial opens the line raw and exclusively and throws away old input. Errors say what to do: plug it in, stop who has it, fix the
// permission.
func OpenSerial(n Name, l Line) (*Serial, error) {
	return Host.Open(n, l)
}

// Open is OpenSerial on a system that may be another than this one.
func (s System) Open(n Name, l Line) (*Serial, error) {
	path, err := s.locate(n)
	if err != nil {
		return nil, err
	}
	mode, err := modeOf(l)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", n, err)
	}
	lock, err := acquire(path)
	if err != nil {
		return nil, err
	}
	p, err := serial.Open(path, mode)
	if err != nil {
		return nil, errors.Join(openError(path, err), lock.Close())
	}
	if err := drain(p); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), p.Close(), lock.Close())
	}
	open := &Serial{
		path: path, usb: cmp.Or(s.identify(path), s.identify(n.Path)), port: p, lock: lock, reads: newDeadline(),
		bytes: make(chan []byte), gone: make(chan struct{}), shut: make(chan struct{}),
	}
	go open.pump()
	return open, nil
}

// drain throws away old input: what the kernel holds, and what came while it was dropped. It also finds out whether the line can be read
// at all: select(2) knows descriptors below 1024 only, and the library panics on others.
func drain(p serial.Port) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("too many files are open (%v): set LimitNOFILE=1024", r)
		}
	}()
	if err := errors.Join(p.ResetInputBuffer(), p.SetReadTimeout(0)); err != nil {
		return fmt.Errorf("drop old input: %w", err)
	}
	if _, err := p.Read(make([]byte, 4096)); err != nil {
		return fmt.Errorf("drop old input: %w", err)
	}
	return p.SetReadTimeout(serial.NoTimeout)
}

func (s System) locate(n Name) (string, error) {
	if n.Path != "" {
		path, err := filepath.EvalSymlinks(n.Path)
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("open %s: no such port: plug the device in", n.Path)
		}
		return path, err
	}
	found, err := s.Find(n.USB)
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("open %s: no such device: plug it in", n.USB)
	case 1:
		return found[0].Path, nil
	}
	return "", fmt.Errorf("open %s: %d devices look like this: name one by its serial number or its socket, such as %s", n.USB, len(found), found[0].USB)
}

func modeOf(l Line) (*serial.Mode, error) {
	m := &serial.Mode{BaudRate: l.Baud, DataBits: 8}
	switch l.Parity {
	case 'N':
		m.Parity = serial.NoParity
	case 'E':
		m.Parity = serial.EvenParity
	case 'O':
		m.Parity = serial.OddParity
	default:
		return nil, fmt.Errorf("parity %q: use N, E or O", l.Parity)
	}
	switch l.StopBits {
	case 1:
		m.StopBits = serial.OneStopBit
	case 2:
		m.StopBits = serial.TwoStopBits
	default:
		return nil, fmt.Errorf("%d stop bits: use 1 or 2", l.StopBits)
	}
	if l.Baud <= 0 {
		return nil, fmt.Errorf("%d baud: give a speed", l.Baud)
	}
	return m, nil
}

func openError(path string, err error) error {
	var p *serial.PortError
	switch {
	case errors.As(err, &p) && p.Code() == serial.PortBusy:
		return fmt.Errorf("open %s: in use by another program: stop it", path)
	case errors.As(err, &p) && p.Code() == serial.PermissionDenied, errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open %s: permission denied: add this user to the group dialout", path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open %s: no such port: plug the device in", path)
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// pump owns the reading side: it blocks in the kernel so that Read can have a deadline without polling.
func (s *Serial) pump() {
	defer close(s.gone)
	for {
		buf := make([]byte, 1024)
		n, err := s.port.Read(buf)
		if err != nil || n == 0 {
			return
		}
		select {
		case s.bytes <- buf[:n]:
		case <-s.shut:
			return
		}
	}
}

// Read returns what has arrived, waiting for at least one byte. It returns os.ErrDeadlineExceeded after the read deadline, ErrClosed after
// Close, and ErrGone when the device was pulled.
func (s *Serial) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		select {
		case <-s.reads.wait():
			return 0, os.ErrDeadlineExceeded
		default:
		}
		select {
		case s.rest = <-s.bytes:
		case <-s.reads.wait():
			return 0, os.ErrDeadlineExceeded
		case <-s.shut:
			return 0, ErrClosed
		case <-s.gone:
			return 0, s.over()
		}
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *Serial) over() error {
	if s.isClosed() {
		return ErrClosed
	}
	return fmt.Errorf("read %s: %w", s.path, ErrGone)
}

func (s *Serial) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// SetReadDeadline sets when reads give up; the zero time is never. A moment in the past interrupts a Read that waits.
func (s *Serial) SetReadDeadline(t time.Time) error {
	s.reads.set(t)
	return nil
}

// Path is the device file that was opened.
func (s *Serial) Path() string { return s.path }

// Identity is the USB identity of the bridge; zero when it is not on USB.
func (s *Serial) Identity() USB { return s.usb }

// SetLine changes the line's setting and throws away what the kernel holds: it was read with the setting before.
func (s *Serial) SetLine(l Line) error {
	mode, err := modeOf(l)
	if err != nil {
		return fmt.Errorf("set %s: %w", s.path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if err := errors.Join(s.port.SetMode(mode), s.port.ResetInputBuffer()); err != nil {
		return fmt.Errorf("set %s: %w", s.path, err)
	}
	return nil
}

// Close gives the port up. A Read that waits returns ErrClosed. It may be repeated.
func (s *Serial) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.shut)
	s.settle() // else what is being written could reach the next file of that descriptor
	err := s.port.Close()
	<-s.gone
	return errors.Join(err, s.lock.Close())
}
