package sim

import (
	"context"
	"fmt"
	"io"
	"time"
)

const recordPeriod = 173 * time.Millisecond // between asynchronous records; one sample of the module

// SureTemp is a Welch Allyn SureTemp Plus module (OEM Implementation Manual 71332-0000B) with an oral probe.
type SureTemp struct {
	core
	buf     []byte
	probe   probe
	counter uint32 // samples since the restart
	records byte   // asynchronous records: 0 none, 1 of 33 bytes, 2 of 19 bytes
	poll    bool   // one record is owed whatever the probe does: the host has just asked for records
	site    byte   // default probe mode: 0 oral, 1 paediatric axillary, 2 adult axillary
	locked  bool   // the host, not the holder's switch, says where the probe is
	pauseMS uint16 // clinical pause
}

var _ Device = (*SureTemp)(nil)

// NewSureTemp returns the thermometer with its probe in the holder.
func NewSureTemp(p *Patient, o Opts) *SureTemp {
	return &SureTemp{core: newCore(p, o), probe: newProbe()}
}

// Serve implements Device.
func (s *SureTemp) Serve(ctx context.Context, rw io.ReadWriter) error {
	if err := s.serve(ctx, rw, recordPeriod, s); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}

func (s *SureTemp) String() string { return "simulated thermometer suretemp" }

// TakeProbe takes the probe out of its holder; two seconds later it is under the patient's tongue.
func (s *SureTemp) TakeProbe() {
	s.state.Lock()
	defer s.state.Unlock()
	s.probe.takeAt(0)
}

// ReturnProbe puts it back, which ends the measurement.
func (s *SureTemp) ReturnProbe() {
	s.state.Lock()
	defer s.state.Unlock()
	s.probe.putBack()
}

func (s *SureTemp) tick(t time.Duration, send func([]byte)) {
	was := s.probe.active()
	if s.probe.leaves(t) {
		s.begin()
	}
	s.probe.follow(t, &s.faults, s.patient.Vitals())
	s.counter++
	if s.records != 0 && (s.probe.active() || was || s.poll) {
		send(s.reply(codeRecords, s.record(s.records)...))
	}
	if was && !s.probe.active() {
		s.records = 0
	}
	s.poll = false
	if !s.byHand && s.probe.done(t) {
		s.probe.putBack()
	}
}

// ask switches records on or off; a patient who helps takes the probe a second later, and returns it when nobody wants records.
func (s *SureTemp) ask(now time.Duration, form byte) {
	s.records, s.poll = form, form != 0
	if s.byHand {
		return
	}
	if form == 0 {
		s.probe.putBack()
	} else if !s.probe.wanted {
		s.probe.takeAt(now + time.Second)
	}
}
