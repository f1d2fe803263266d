package thermometer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"

	"nabz/drivers/vitals"
)

var errNoAck = errors.New("remote I/O error")

// part is a chip on a board.
type part interface {
	write(b []byte)
	read(r []byte)
}

// board is a bus with chips on it, and the faults that buses have.
type board struct {
	parts  map[uint16]part
	count  int                      // transactions so far
	refuse func(n int) bool         // whether transaction n fails
	bend   func(n int, read []byte) // what the wire does to the bytes of transaction n
	stored int                      // transactions that wrote more than a register's number
}

func boardOf(addr uint16, p part) *board { return &board{parts: map[uint16]part{addr: p}} }

func (b *board) String() string                  { return "board" }
func (b *board) SetSpeed(physic.Frequency) error { return nil }

func (b *board) Tx(addr uint16, w, r []byte) error {
	n := b.count
	b.count++
	p := b.parts[addr]
	if p == nil || b.refuse != nil && b.refuse(n) {
		return errNoAck
	}
	if len(w) > 0 {
		p.write(w)
	}
	if _, wide := p.(*wide); len(w) > 1 && !(wide && len(w) == 2) {
		b.stored++
	}
	if len(r) > 0 {
		p.read(r)
		if b.bend != nil {
			b.bend(n, r)
		}
	}
	return nil
}

// words is a chip of 16-bit registers with addresses of one byte; short ones have 8 bits.
type words struct {
	reg     map[byte]uint16
	short   map[byte]bool
	at      byte
	written func(reg byte, v uint16)
	asked   func(reg byte) // before it is read
}

func (p *words) write(b []byte) {
	p.at = b[0]
	if len(b) == 1 {
		return
	}
	v := uint16(b[1])
	if !p.short[p.at] {
		v = binary.BigEndian.Uint16(b[1:])
	}
	p.reg[p.at] = v
	if p.written != nil {
		p.written(p.at, v)
	}
}

func (p *words) read(r []byte) {
	if p.asked != nil {
		p.asked(p.at)
	}
	if p.short[p.at] {
		r[0] = byte(p.reg[p.at])
		return
	}
	binary.BigEndian.PutUint16(r, p.reg[p.at])
	if p.at == tmp117Config && p.reg[tmp117ID] == tmp117Device {
		p.reg[p.at] &^= tmp117Ready
	}
}

// newTMP117Part is a TMP117 that converts by itself once a second; celsius gives what it feels.
func newTMP117Part(celsius func() float64) *words {
	p := &words{reg: map[byte]uint16{
		0x00: tmp117Unmeasured, 0x01: 0x0220, 0x02: 0x6000, 0x03: 0x8000, 0x05: 0x1234, 0x06: 0x5678, 0x08: 0x9ABC, 0x0F: tmp117Device,
	}}
	from, done := time.Now(), 0
	p.asked = func(reg byte) {
		if n := int(time.Since(from) / time.Second); reg == tmp117Config && n > done && p.reg[tmp117Config]>>10&3 == 0 {
			done = n
			p.reg[tmp117Temperature] = uint16(int16(celsius() * 128))
			p.reg[tmp117Config] |= tmp117Ready
		}
	}
	return p
}

// newMAX30205Part is a MAX30205 that converts on command.
func newMAX30205Part(celsius func() float64) *words {
	p := &words{reg: map[byte]uint16{2: 0x4B00, 3: 0x5000}, short: map[byte]bool{1: true}}
	var ready time.Time
	p.written = func(reg byte, v uint16) {
		if reg == max30205Config && v&0x80 != 0 && v&1 != 0 {
			p.reg[reg], ready = v&^0x80, time.Now().Add(50*time.Millisecond)
		}
	}
	p.asked = func(reg byte) {
		if reg == max30205Temperature && !ready.IsZero() && !time.Now().Before(ready) {
			p.reg[reg], ready = uint16(int16(celsius()*256)), time.Time{}
		}
	}
	return p
}

// smbus is an MLX90614.
type smbus struct {
	addr uint16
	word map[byte]uint16
	at   byte
}

func (p *smbus) write(b []byte) { p.at = b[0] }

func (p *smbus) read(r []byte) {
	binary.LittleEndian.PutUint16(r, p.word[p.at])
	r[2] = pec(p.addr, p.at, r[0], r[1])
}

// newMLX90614Part sees skin and ambient, in 0.02 K.
func newMLX90614Part(skin, ambient uint16) *smbus {
	return &smbus{addr: 0x5A, word: map[byte]uint16{
		0x06: ambient, 0x07: skin, 0x24: 0xFFFF, 0x2E: 0xBE5A, 0x3C: 1, 0x3D: 2, 0x3E: 3, 0x3F: 0xABCD,
	}}
}

// wide is an MLX90632: 16-bit registers with addresses of two bytes.
type wide struct {
	reg    map[uint16]uint16
	at     uint16
	silent bool // it measures nothing
}

func (p *wide) write(b []byte) {
	p.at = binary.BigEndian.Uint16(b)
	if len(b) == 4 {
		p.reg[p.at] = binary.BigEndian.Uint16(b[2:])
	}
}

func (p *wide) read(r []byte) {
	binary.BigEndian.PutUint16(r, p.reg[p.at])
	if p.at == mlx90632Status && !p.silent {
		p.reg[p.at] = 0b101 // a measurement ends: new, position 1
	}
}

// sampler is any of the drivers.
type sampler interface {
	Next(ctx context.Context) (vitals.Sample, error)
}

// samples takes n samples and puts them in words.
func samples(t testing.TB, d sampler, n int) []string {
	t.Helper()
	var got []string
	for range n {
		s, err := d.Next(t.Context())
		if err != nil {
			t.Fatalf("sample %d: %v", len(got), err)
		}
		if s.Kind != vitals.KindTemperature {
			t.Fatalf("sample %d is of kind %v", len(got), s.Kind)
		}
		if s.Flags != 0 && s.Temperature.Value.Known() {
			t.Fatalf("sample %d has flags %v and the number %v", len(got), s.Flags, s.Temperature.Value)
		}
		got = append(got, text(s))
	}
	return got
}

// bubble runs a test of a driver in time that does not pass by itself.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func fixed(celsius float64) func() float64 { return func() float64 { return celsius } }

func list(s []string) string { return fmt.Sprintf("%q", s) }
