package firmware

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"nabz/drivers/board"
	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/power"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
)

// TestSupplyIsWatched: what the supply says gets to whoever waits for it, and a supply that cannot be read does not end the task.
func TestSupplyIsWatched(t *testing.T) {
	var state live.Board[power.State]
	var charge atomic.Int64
	charge.Store(-1)
	task := &supply{state: &state, verdict: new(live.Board[power.Verdict]), measuring: func() bool { return false }, log: slog.New(slog.DiscardHandler), read: func() (board.Power, error) {
		n := charge.Load()
		if n < 0 {
			return board.Power{}, errors.New("no answer")
		}
		return board.Power{Source: board.Battery, Charge: vitals.Some(vitals.Percent(n))}, nil
	}}
	ctx := t.Context()
	go task.Run(ctx) // its error is ctx's
	for want := range []bool{false, true} {
		for {
			s, changed := state.Get()
			if s.Source == board.Battery && s.Low == (want == 1) {
				break
			}
			charge.Store(int64([]int{60, 9}[want]))
			<-changed
		}
	}
}

// TestNoVisitBeginsOnALowBattery: one that has begun goes on.
func TestNoVisitBeginsOnALowBattery(t *testing.T) {
	b := newBench(t)
	b.start()
	visit := b.open()
	b.k.power.Set(power.State{Source: board.Battery, Charge: vitals.Some(vitals.Percent(9)), Low: true})
	b.until("a low battery", func(s screen.State) bool { return s.Power.Low && *s.Power.Charge == 9 })
	b.do(visit, exam.Skip{Reason: exam.SkipOther})
	b.do(visit, exam.Cancel{})
	who := exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000124"}, Operator: "w-7"}
	if _, err := (backend{b.k}).Open(t.Context(), who); !errors.Is(err, screen.ErrLow) {
		t.Errorf("a visit began on a low battery: %v", err)
	}
	b.k.power.Set(power.State{Source: board.Mains})
	if _, err := (backend{b.k}).Open(t.Context(), who); err != nil {
		t.Errorf("back on mains: %v", err)
	}
}
