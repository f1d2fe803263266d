package firmware

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/tape"
)

// reading is one as it is queued.
func (b *bench) reading(id string) reading.Reading {
	b.t.Helper()
	item, _, err := b.k.queue.Find(id)
	if err != nil {
		b.t.Fatal(err)
	}
	e, err := reading.Decode(item.Payload)
	if err != nil {
		b.t.Fatal(err)
	}
	return *e.Reading
}

// TestEvidence takes a blood pressure and plays what the cuff sent again: the reading's hash is that of the capture, and the driver gives the
// same numbers. A number that was typed has none.
func TestEvidence(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	visit := b.measured()
	b.do(visit, exam.Next{})
	v := b.do(visit, exam.ByHand{Measurement: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))}})
	measured, typed := b.reading(v.Readings[0].ID), b.reading(v.Readings[1].ID)
	b.end()
	b.start()
	capture, err := backend{b.k}.Evidence(measured.ID)
	if err != nil {
		t.Fatal(err)
	}
	if sum := tape.Sum(capture); sum != measured.Evidence {
		t.Errorf("the capture's hash is %s, the reading says %s", sum, measured.Evidence)
	}
	wire, err := port.OpenPlayback(bytes.NewReader(capture), false)
	if err != nil {
		t.Fatal(err)
	}
	par, _ := catalogue.Find("par")
	driver, found := par.Listen(wire), false
	for {
		s, err := driver.Next(context.Background())
		if err != nil {
			break
		}
		found = found || s.Measurement() == measured.Measurement
	}
	if !found {
		t.Errorf("the capture of %d bytes does not give the reading again", len(capture))
	}
	if _, err := (backend{b.k}).Evidence(typed.ID); typed.Evidence != "" || !errors.Is(err, screen.ErrNone) {
		t.Errorf("a number that was typed has evidence %q, %v", typed.Evidence, err)
	}
}
