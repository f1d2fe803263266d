package thermometer

import (
	"fmt"
	"io"
	"strings"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// Recorder is an i2c.Bus that writes a Transcript of what goes over another. When the copy cannot be written the transaction reports it.
type Recorder struct {
	bus  i2c.Bus
	file io.Writer
}

// NewRecorder returns bus, recorded to file.
func NewRecorder(bus i2c.Bus, file io.Writer) *Recorder { return &Recorder{bus, file} }

// String implements i2c.Bus.
func (r *Recorder) String() string { return r.bus.String() + ", recorded" }

// SetSpeed implements i2c.Bus.
func (r *Recorder) SetSpeed(f physic.Frequency) error { return r.bus.SetSpeed(f) }

// Tx implements i2c.Bus.
func (r *Recorder) Tx(addr uint16, w, in []byte) error {
	err := r.bus.Tx(addr, w, in)
	var text []byte
	switch {
	case err != nil:
		text = fmt.Appendf(nil, "! %s: %s\n", octets(addr, w), strings.Join(strings.Fields(err.Error()), " "))
	case len(in) == 0:
		text = fmt.Appendf(nil, "> %s\n", octets(addr, w))
	case len(w) == 0:
		text = fmt.Appendf(nil, "< %s\n", octets(addr, in))
	default:
		text = fmt.Appendf(nil, "> %s\n< %s\n", octets(addr, w), octets(addr, in))
	}
	if _, e := r.file.Write(text); e != nil && err == nil {
		err = fmt.Errorf("record: %w", e)
	}
	return err
}

func octets(addr uint16, b []byte) string { return strings.TrimSpace(fmt.Sprintf("%02X % X", addr, b)) }
