package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// ChipOx is an EnviteC ChipOx module: it answers requests, and streams ten times a second once it was asked to.
type ChipOx struct {
	core
	finger    finger
	buf       []byte
	streaming bool
	wave      [10]byte
	status    uint16
}

var _ Device = (*ChipOx)(nil)

// NewChipOx returns the module on p's finger.
func NewChipOx(p *Patient, o Opts) *ChipOx {
	return &ChipOx{core: newCore(p, o), finger: finger{heart: newHeart(p)}}
}

// Serve implements Device.
func (c *ChipOx) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := c.serve(ctx, rw, 100*time.Millisecond, c); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

func (c *ChipOx) String() string { return "simulated oximeter chipox" }

// FingerIn puts the patient's finger in.
func (c *ChipOx) FingerIn() {
	c.state.Lock()
	defer c.state.Unlock()
	c.finger.putIn(0)
}

// FingerOut takes the finger out.
func (c *ChipOx) FingerOut() {
	c.state.Lock()
	defer c.state.Unlock()
	c.finger.takeOut()
}

func (c *ChipOx) tick(t time.Duration, send func([]byte)) {
	if c.finger.arrives(t) {
		c.begin()
	}
	d := c.finger.show(t, &c.faults, c.patient.Vitals())
	copy(c.wave[:], c.wave[1:])
	c.wave[9] = d.wave
	c.status = uint16(flag(d.noFinger))<<1 | uint16(flag(d.searching))<<4 | uint16(flag(d.tooLong))<<5 | uint16(flag(c.has(WeakPulse)))<<6 |
		uint16(flag(c.has(Motion)))<<9 | uint16(flag(c.has(Broken)))<<11
	if !c.streaming {
		return
	}
	rate, quality := d.pulse.or(0), byte(90)
	if c.has(Motion) {
		quality = 120
	}
	send(chipFrame(append([]byte{0x7F, 0x01, byte(d.spo2.or(0)), byte(rate >> 8), byte(rate), quality, d.bar}, c.wave[:]...)))
}

// receive answers each request between two marks.
func (c *ChipOx) receive(now time.Duration, b []byte, send func([]byte)) {
	c.buf = append(c.buf, b...)
	for {
		end := bytes.IndexByte(c.buf, 0xA8)
		if end < 0 {
			return
		}
		body, ok := chipBody(c.buf[:end])
		c.buf = c.buf[end+1:]
		if ok {
			c.obey(now, body, send)
		}
	}
}

func (c *ChipOx) obey(now time.Duration, body []byte, send func([]byte)) {
	switch {
	case len(body) < 2 || body[0] != 0x7F:
	case body[1] == 0x21:
		send(chipFrame(append([]byte{0x7F, 0x21}, "V1.7"...)))
	case body[1] == 0x23:
		send(chipFrame([]byte{0x7F, 0x23, 0x01, 0x02, 0x03, 0x04}))
	case body[1] == 0x88:
		send(chipFrame([]byte{0x7F, 0x08, byte(c.status >> 8), byte(c.status)}))
	case body[1] == 0xD1:
		c.streaming = true
		if !c.byHand && !c.finger.wanted {
			c.finger.putIn(now + time.Second)
		}
	}
}

// chipFrame puts a body between marks, with its checksum, stuffed.
func chipFrame(body []byte) []byte {
	hi, lo := chipCheck(body)
	f := []byte{0xA8}
	for _, b := range append(bytes.Clone(body), hi, lo) {
		switch b {
		case 0xA8:
			f = append(f, 0xA9, 0x88)
		case 0xA9:
			f = append(f, 0xA9, 0x89)
		default:
			f = append(f, b)
		}
	}
	return append(f, 0xA8)
}

// chipBody undoes it; ok says that the checksum is right.
func chipBody(b []byte) (body []byte, ok bool) {
	for i := 0; i < len(b); i++ {
		v := b[i]
		if v == 0xA9 && i+1 < len(b) {
			i++
			v = b[i] | 0x20
		}
		body = append(body, v)
	}
	if len(body) < 3 {
		return nil, false
	}
	n := len(body) - 2
	hi, lo := chipCheck(body[:n])
	return body[:n], body[n] == hi && body[n+1] == lo
}

func chipCheck(body []byte) (hi, lo byte) {
	for _, b := range body {
		v := int(hi)<<8 + int(lo) + int(b)
		lo = byte(v)
		hi = byte(v>>8) + (lo ^ b)
	}
	return hi, lo
}
