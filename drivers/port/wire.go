package port

import (
	"fmt"
	"io"
	"time"
)

// Wire is what a driver's port is made of: Serial, Playback, and any of them watched.
type Wire interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
}

// Trace returns w with a log of both directions: one line a read or write, with the time.
//
//	15:04:05.000 < 01 e0 85 b3
//	15:04:05.010 > 7d 81 af 80
func Trace(w Wire, log io.Writer) Wire {
	return &watched{w, func(direction byte, b []byte) error {
		_, err := fmt.Fprintf(log, "%s %c % x\n", time.Now().Format("15:04:05.000"), direction, b)
		return err
	}}
}

// Record returns w with a copy of both directions in the form that OpenPlayback reads. When the copy cannot be written, the read or write
// reports it.
func Record(w Wire, file io.Writer) Wire {
	return &watched{w, func(direction byte, b []byte) error {
		_, err := fmt.Fprintf(file, "%c % x\n", direction, b)
		return err
	}}
}

// watched tells note of everything that passes: '<' from the device, '>' to it.
type watched struct {
	Wire
	note func(direction byte, b []byte) error
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Wire.Read(b)
	if n > 0 {
		if e := w.note('<', b[:n]); e != nil && err == nil {
			err = fmt.Errorf("record: %w", e)
		}
	}
	return n, err
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Wire.Write(b)
	if n > 0 {
		if e := w.note('>', b[:n]); e != nil && err == nil {
			err = fmt.Errorf("record: %w", e)
		}
	}
	return n, err
}

// SetWriteDeadline passes the deadline on where the wire has one.
func (w *watched) SetWriteDeadline(t time.Time) error {
	if d, ok := w.Wire.(interface{ SetWriteDeadline(time.Time) error }); ok {
		return d.SetWriteDeadline(t)
	}
	return nil
}
