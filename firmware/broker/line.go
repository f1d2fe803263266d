package broker

import (
	"errors"
	"io"
	"net"
	"time"
)

// line is the wire to the broker. No write lasts longer than the limit. What ends the wire is told at once: paho tells it only when its
// own goroutines have ended, and one of them may be waiting for a handler that waits for the end.
type line struct {
	net.Conn
	limit time.Duration
	ended func(error)
}

// Reasons for the end that the wire itself does not name.
var (
	errHungUp = errors.New("the broker hung up: it stops, or somebody else uses this client id")
	errSilent = errors.New("the broker does not answer")
)

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		l.ended(errHungUp)
	case err != nil:
		l.ended(err)
	}
	return n, err
}

// Write writes b whole within the limit. After a failed write nothing can follow on the wire, so it is closed: paho would go on after a
// ping that could not be written.
func (l *line) Write(b []byte) (int, error) {
	if err := l.Conn.SetWriteDeadline(time.Now().Add(l.limit)); err != nil {
		l.ended(err)
		return 0, err
	}
	n, err := l.Conn.Write(b)
	if err != nil {
		l.ended(err)
		l.Conn.Close()
	}
	return n, err
}

// SetWriteDeadline does nothing: paho clears the deadline after each publish, and with it that of a ping which is being written.
func (l *line) SetWriteDeadline(time.Time) error { return nil }

// Close is how paho gives up on a silent broker.
func (l *line) Close() error {
	l.ended(errSilent)
	return l.Conn.Close()
}
