package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"time"

	"nabz/drivers/vitals"
)

// SunTech is a SunTech Advantage module (OEM manual): it answers what it is asked, and says K by itself when a run is over.
type SunTech struct {
	core
	buf   []byte
	first vitals.MmHg
	run   *run
	runs  uint64
	child bool // the last run was started as a child's
	fault byte // error of the last run
	numbers
}

// numbers are those that the last answer to "result" carried: they stay where old ones should not, and the error tells.
type numbers struct{ sys, dia, mean, rate uint16 }

var _ Device = (*SunTech)(nil)

// NewSunTech returns the module with its cuff on p's arm.
func NewSunTech(p *Patient, o Opts) *SunTech { return &SunTech{core: newCore(p, o), first: 160} }

// Serve implements Device.
func (s *SunTech) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := s.serve(ctx, rw, 100*time.Millisecond, s); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}

func (s *SunTech) String() string { return "simulated cuff suntech" }

// Child says that the last run was started as a child's.
func (s *SunTech) Child() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.child
}

// Pressure is what the cuff has now; 0 when it is empty.
func (s *SunTech) Pressure() vitals.MmHg {
	s.state.Lock()
	defer s.state.Unlock()
	return s.pressure(s.clock.now())
}

func (s *SunTech) pressure(t time.Duration) vitals.MmHg {
	if s.run == nil {
		return 0
	}
	return s.run.pressure(t, &s.faults)
}

func (s *SunTech) tick(t time.Duration, send func([]byte)) {
	if s.run == nil || !s.run.follow(t, &s.faults, s.patient.Vitals()) {
		return
	}
	s.fault = sunErrors[s.run.code]
	if s.run.aborted {
		s.fault = 86
	}
	if s.fault == 0 {
		v := s.patient.Vitals().pressures(s.runs)
		s.numbers = numbers{uint16(v.Systolic), uint16(v.Diastolic), uint16(v.Mean), uint16(v.Pulse)}
	}
	aborted := s.run.aborted
	s.run = nil
	if !aborted {
		send(sunFrame('K'))
	}
}

// sunErrors are the module's error numbers for the outcomes of a run.
var sunErrors = map[string]byte{"06": 87, "07": 87, "08": 85, "09": 1, "10": 3, "11": 2, "12": 89, "13": 2, "14": 87, "15": 97}

func (s *SunTech) receive(now time.Duration, b []byte, send func([]byte)) {
	s.buf = append(s.buf, b...)
	for len(s.buf) >= 3 {
		n := map[byte]int{0x20: 3, 0x87: 3, 0x28: 3, 0x17: 5, 0x79: 5}[s.buf[1]]
		switch {
		case s.buf[0] != 0x3A || n == 0:
			s.buf = s.buf[1:]
			continue
		case len(s.buf) < n:
			return
		case sumOf(s.buf[:n]) != 0:
			s.buf = s.buf[1:]
			continue
		}
		command := s.buf[1 : n-1]
		s.buf = s.buf[n:]
		if answer := s.obey(now, command); answer != nil {
			send(answer)
		}
	}
}

func (s *SunTech) obey(now time.Duration, c []byte) []byte {
	switch c[0] {
	case 0x20, 0x87, 0x28:
		if s.run != nil {
			return sunFrame('B')
		}
		s.begin()
		s.runs++
		s.child = c[0] == 0x87
		s.run = newRun(now, s.first, newHeart(s.patient), false, &s.faults)
		return sunFrame('O')
	case 0x17:
		s.first = vitals.MmHg(binary.LittleEndian.Uint16(c[1:]))
		return sunFrame('O')
	}
	return s.tell(now, c)
}

func (s *SunTech) tell(now time.Duration, c []byte) []byte {
	switch {
	case c[1] == 1:
		if s.run != nil {
			s.run.abort(now, &s.faults)
		}
		return sunFrame('A')
	case c[1] == 5:
		return sunFrame(binary.LittleEndian.AppendUint16(nil, uint16(s.pressure(now)))...)
	case c[1] == 3:
		return s.answer()
	case c[1] == 2 && c[2] == 0x40:
		return sunFrame([]byte("LX 01.02")...)
	case c[1] == 2:
		return sunFrame([]byte(strconv.Itoa(int(s.fault)))...)
	}
	return sunFrame('N')
}

// answer is the result: 21 bytes of data.
func (s *SunTech) answer() []byte {
	n := s.numbers
	if s.fault != 0 && !s.has(Stale) {
		n = numbers{}
	}
	b := binary.LittleEndian.AppendUint16(nil, n.sys)
	b = binary.LittleEndian.AppendUint16(b, n.dia)
	b = append(b, make([]byte, 10)...) // beats, status, tests
	b = append(b, byte(n.rate), 0)
	b = binary.LittleEndian.AppendUint16(b, n.mean)
	return sunFrame(append(b, s.fault, 0, 0)...)
}

func sunFrame(data ...byte) []byte {
	f := append([]byte{0x3E, byte(len(data) + 3)}, data...)
	return append(f, -sumOf(f))
}
