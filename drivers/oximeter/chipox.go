package oximeter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// ChipOx reads an EnviteC ChipOx module. It is not safe for concurrent use.
type ChipOx struct {
	port     frame.Port
	reader   *frame.Reader
	body     [chipMost]byte // of the frame that was taken apart last
	waves    []vitals.Pleth
	wave     [chipSamples]vitals.Pleth
	status   uint16
	told     time.Time // when the status came last
	asked    time.Time // when the last request left
	measured time.Time // when the last sample came
	round    int       // requests of the greeting that were sent
	identity vitals.Identity
}

// Bytes of the frame.
const (
	chipMark    = 0xA8
	chipEscape  = 0xA9
	chipRestore = 0x20
	chipChannel = 0x7F
	chipFault   = 0x0D // the channel of system errors
	chipMost    = 64   // bytes between two marks
	chipSamples = 10
)

// The requests, without channel and checksum.
var (
	chipFirmware = []byte{0x21}
	chipSerial   = []byte{0x23}
	chipStatus   = []byte{0x88, 0x00}
	chipStream   = []byte{0xD1, 0x01, 0x01, 0x01, 0x02, 0x01, 0x03, 0x01, 0x11, 0x01, 0x04, 0x0A}
)

// chipGreeting is the order of requests until the module streams. The status comes before the stream, since without one there is no number.
var chipGreeting = [...][]byte{chipFirmware, chipSerial, chipStatus, chipStream}

// Times of the driver.
const (
	chipAskEvery = 500 * time.Millisecond // between requests; so often the status is asked for, which may forbid numbers
	chipStatusIn = 2 * time.Second        // a status holds so long: three answers may be lost
	chipRestart  = 2 * time.Second        // without a sample, before the module is greeted again
	chipSilence  = 10 * time.Second       // without a sample, before it is given up
	chipLook     = 100 * time.Millisecond // how often Next looks at the clock while nothing comes
)

// NewChipOx returns a driver on an open port.
func NewChipOx(p frame.Port) *ChipOx {
	return &ChipOx{
		port: p, reader: frame.NewReader(p, splitChip, chipMost+2),
		identity: vitals.Identity{Manufacturer: "EnviteC", Model: "ChipOx"},
	}
}

// Lines are the settings to try.
func (c *ChipOx) Lines() []frame.Line { return []frame.Line{{Baud: 9600, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (c *ChipOx) Tally() frame.Tally { return c.reader.Tally() }

// Question is what may be sent to a device that is not known: a ChipOx answers with its status.
func (*ChipOx) Question() []byte { return stuff(append([]byte{chipChannel}, chipStatus...)) }

// Identity has serial number and firmware once the module has told them.
func (c *ChipOx) Identity() vitals.Identity { return c.identity }

// Wave is the waveform of the sample that Next returned last: ten values, 10 ms apart. It is valid until the next call.
func (c *ChipOx) Wave() []vitals.Pleth { return c.waves }

// Next returns a sample ten times a second, asking for stream and status meanwhile. It returns frame.ErrSilent after ten seconds without a
// sample, ctx's error when ctx ends, and the port's own error when it fails (io.EOF at the end of a playback).
func (c *ChipOx) Next(ctx context.Context) (vitals.Sample, error) {
	c.waves = nil
	for {
		now := time.Now()
		if err := c.ask(now); err != nil {
			return vitals.Sample{}, err
		}
		f, err := c.reader.Next(ctx, chipLook)
		now = time.Now()
		switch {
		case errors.Is(err, frame.ErrSilent) && now.Sub(c.measured) < chipSilence:
			continue
		case errors.Is(err, frame.ErrSilent):
			return vitals.Sample{}, fmt.Errorf("oximeter: %w for %s: check its cable and power", err, chipSilence)
		case err != nil:
			return vitals.Sample{}, err
		}
		body, ok := c.unstuff(f)
		if !ok {
			c.reader.Reject()
			continue
		}
		if s, ok := c.take(body, now); ok {
			c.measured = now
			return s, nil
		}
	}
}

// ask sends the next request when it is due.
func (c *ChipOx) ask(now time.Time) error {
	if c.measured.IsZero() {
		c.measured = now
	}
	if now.Sub(c.asked) < chipAskEvery {
		return nil
	}
	c.asked = now
	if _, err := c.port.Write(stuff(append([]byte{chipChannel}, c.request(now)...))); err != nil {
		return fmt.Errorf("oximeter: ask: %w", err)
	}
	return nil
}

// request is the status while the module streams. Else it is the greeting, again and again: the module may have been switched off and on,
// or a request got lost.
func (c *ChipOx) request(now time.Time) []byte {
	if c.round == len(chipGreeting) {
		if now.Sub(c.measured) < chipRestart {
			return chipStatus
		}
		c.round = 0
	}
	c.round++
	return chipGreeting[c.round-1]
}

// take reads a body whose checksum is right.
func (c *ChipOx) take(b []byte, now time.Time) (vitals.Sample, bool) {
	switch {
	case len(b) > 0 && b[0] == chipFault:
		return vitals.Sample{Kind: vitals.KindOximetry, Flags: vitals.Hardware}, true
	case len(b) < 2 || b[0] != chipChannel:
	case b[1] == 0x08 && len(b) >= 4:
		c.status, c.told = uint16(b[2])<<8|uint16(b[3]), now
	case b[1] == chipFirmware[0]:
		tell(&c.identity.Firmware, b[2:])
	case b[1] == chipSerial[0]:
		tell(&c.identity.Serial, b[2:])
	case len(b) == 7+chipSamples:
		return c.stream(b, now), true
	}
	return vitals.Sample{}, false
}

// flags are those of the status: without one nobody knows whether there is a finger.
func (c *ChipOx) flags(now time.Time) vitals.Flags {
	switch {
	case c.told.IsZero():
		return vitals.NotReady
	case now.Sub(c.told) >= chipStatusIn:
		return vitals.Stale
	}
	return chipFlags(c.status)
}

// tell keeps what the module says of itself, as text where it is text.
func tell(to *string, b []byte) {
	text := bytes.TrimRight(b, "\x00 ")
	for _, c := range text {
		if c < ' ' || c > '~' {
			*to = fmt.Sprintf("%X", b)
			return
		}
	}
	*to = string(text)
}

// stream reads id SpO2 PR(2) quality amplitude and ten samples.
func (c *ChipOx) stream(b []byte, now time.Time) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindOximetry, Flags: c.flags(now)}
	for i, v := range b[7:] {
		c.wave[i] = vitals.Pleth(v)
	}
	c.waves = c.wave[:]
	o := &s.Oximetry
	o.Pleth = vitals.Some(c.wave[chipSamples-1])
	if quality := b[5]; quality > 100 {
		s.Flags |= vitals.Artifact
	}
	if s.Flags.Doubted() {
		return s
	}
	o.SpO2 = saturation(b[2])
	if rate := int(b[3])<<8 | int(b[4]); rate > 0 && rate < 400 {
		o.Pulse = vitals.Some(vitals.PerMinute(rate))
	}
	return s
}

// chipBits are the flags of the status bits, from bit 0 on.
var chipBits = [16]vitals.Flags{
	0: vitals.SensorOff, 1: vitals.NoFinger, 4: vitals.Searching, 5: vitals.SearchTimeout, 6: vitals.LowPerfusion, 7: vitals.LowPerfusion,
	8: vitals.AmbientLight, 9: vitals.Artifact, 10: vitals.Artifact, 11: vitals.Hardware, 12: vitals.Hardware, 13: vitals.Hardware,
	14: vitals.SensorOff,
}

func chipFlags(status uint16) (f vitals.Flags) {
	for i, flag := range chipBits {
		set(&f, flag, status&(1<<i) != 0 && flag != 0)
	}
	return f
}
