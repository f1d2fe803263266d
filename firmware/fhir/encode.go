package fhir

import (
	"errors"
	"fmt"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// Context is what an entry does not know about itself. It must be the same on every retry, or the bytes differ: note Instant and Sent
// with the item when it is first sent.
type Context struct {
	Kiosk    string         // the kiosk's name: 1 to 40 of a-z, 0-9 and -
	Base     string         // where our identifiers live, without a slash at the end: https://nabz.example/fhir
	Software string         // the kiosk's software version; may be empty
	Zone     *time.Location // the offset that times are written with
	Instant  clock.Instant  // clock.Resolve of the entry's Taken
	Sent     time.Time      // when the Bundle was first sent
}

func (c Context) check() error {
	switch {
	case !kioskForm.MatchString(c.Kiosk):
		return errors.New("the kiosk's name is not 1 to 40 of a-z, 0-9 and -")
	case !baseForm.MatchString(c.Base):
		return errors.New("the base of the identifiers is no http address without a slash at its end")
	case c.Zone == nil:
		return errors.New("no time zone is set")
	}
	return nil
}

// Encode returns the transaction Bundle for one entry, as one line. The same entry and Context give the same bytes.
//
// A reading becomes Observations that are created unless the record has them. A retraction becomes the same Observations with status
// entered-in-error, which replace those of the reading or, when it has not arrived, take their place so that it never will.
//
// It refuses what it cannot say truthfully: a time before 2020 (ErrTime: encode again once the clock is set), a surface temperature, a
// reading with neither a number nor a reason, and more than MaxSize bytes (ErrTooLarge). Its errors name the entry and never the patient
// or a value.
func Encode(e reading.Entry, c Context) ([]byte, error) {
	r, err := readingOf(e)
	if err != nil {
		return nil, fmt.Errorf("encode fhir: %w", err)
	}
	b, err := newBundle(e, r, c)
	if err != nil {
		return nil, fmt.Errorf("encode %s as fhir: %w", e.ID(), err)
	}
	out, err := marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode %s as fhir: %w", e.ID(), err)
	}
	if len(out) > MaxSize {
		return nil, fmt.Errorf("encode %s as fhir: %w", e.ID(), ErrTooLarge)
	}
	if _, err := Check(out, c.Base, r.Practice); err != nil {
		return nil, fmt.Errorf("encode %s as fhir: %w", e.ID(), err)
	}
	return out, nil
}

// readingOf is the reading that an entry holds or retracts.
func readingOf(e reading.Entry) (reading.Reading, error) {
	switch {
	case e.Reading != nil && e.Retraction == nil:
		return *e.Reading, checkID(e.Reading.ID)
	case e.Retraction != nil && e.Reading == nil:
		return e.Retraction.Of, errors.Join(checkID(e.Retraction.ID), checkID(e.Retraction.Of.ID))
	}
	return reading.Reading{}, errors.New("an entry is a reading or a retraction")
}

func checkID(id string) error {
	if !entryForm.MatchString(id) {
		return fmt.Errorf("id %q is not a UUID in lower case", id)
	}
	return nil
}

// newBundle puts patient, devices and Observations together.
func newBundle(e reading.Entry, r reading.Reading, c Context) (*bundle, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	when, err := momentsOf(e, c)
	if err != nil {
		return nil, err
	}
	who, err := newPatient(r.Patient, c.Base, r.Practice)
	if err != nil {
		return nil, err
	}
	id := Identifier{System: c.Base + readingPath, Value: c.Kiosk + "-" + e.ID()}
	h, err := newHead(e, r, c, when, id)
	if err != nil {
		return nil, err
	}
	found, err := observe(h, r)
	if err != nil {
		return nil, err
	}
	entries := []entry{
		create(h.subject.Reference, who),
		create(h.gateway.Reference, newGateway(c, when.taken, r.Practice)),
	}
	if h.sensor != nil {
		entries = append(entries, create(h.sensor.Reference, newSensor(r.Device, r.Measurement.Kind(), c, r.Practice)))
	}
	return &bundle{
		ResourceType: "Bundle", Meta: newMeta(r.Practice), Identifier: identifier{System: id.System, Value: id.Value}, Type: "transaction",
		Timestamp: c.Sent.In(c.Zone).Format(millisForm), Entry: append(entries, requests(found, id, e.Retraction != nil)...),
	}, nil
}

// requests asks for each Observation: to create it, or to replace it when the entry is a retraction.
func requests(found []*observation, id Identifier, retracted bool) []entry {
	ask := func(url string, o *observation) entry { return create(url, o) }
	if retracted {
		ask = update
	}
	entries := make([]entry, 0, len(found))
	for _, o := range found {
		entries = append(entries, ask(fullURL(id, first(o).Value), o))
	}
	return entries
}
