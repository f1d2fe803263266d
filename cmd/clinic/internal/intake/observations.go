package intake

import (
	"context"
	"errors"
	"strings"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/broker"
	"nabz/firmware/fhir"
	"nabz/firmware/wire"
)

// hello answers with the clinic's time.
func (d *desks) hello(kiosk string, m broker.Message) error {
	h, err := wire.Parse[wire.Hello](m.Payload)
	if err != nil {
		d.in.Log.Warn("hello not understood", "kiosk", kiosk)
		return nil
	}
	if err := d.in.know(kiosk, h.Cert); err != nil {
		d.in.Log.Error("a kiosk's certificate is not taken, nor what it signs", "kiosk", kiosk, "why", err)
	}
	reply := wire.HelloReply{Nonce: h.Nonce}
	if h.Check {
		reply.Record = d.describe()
	}
	reply.Now = time.Now().UTC()
	return d.tell(kiosk, wire.DownHello, wire.Encode(reply))
}

// describeFor is how long the record may take to say what it is.
const describeFor = 5 * time.Second

func (d *desks) describe() *wire.RecordState {
	ctx, cancel := context.WithTimeout(d.ctx, describeFor)
	defer cancel()
	software, version, err := d.in.Record.Describe(ctx)
	if err != nil {
		return &wire.RecordState{Why: err.Error()}
	}
	return &wire.RecordState{Software: software, FHIR: version}
}

// observations records every Bundle of a publish and publishes a receipt for each.
func (d *desks) observations(kiosk string, m broker.Message) error {
	if wire.IsSealed(m.Payload) {
		return d.sealed(kiosk, m.Payload)
	}
	bundles, err := wire.Unpack(m.Payload)
	if err != nil {
		// Without an id there is nobody to answer. The kiosk keeps the entry and sends it again; the operator has to look.
		d.in.Log.Error("payload not understood", "kiosk", kiosk, "why", err)
		return nil
	}
	for _, b := range bundles {
		ack := d.in.record(d.ctx, kiosk, b)
		if ack.ID == "" {
			continue
		}
		if err := d.answer(kiosk, ack); err != nil {
			return err
		}
	}
	return nil
}

// answer publishes a receipt; one that the kiosk must get and that could not be published is kept for when it is back.
func (d *desks) answer(kiosk string, ack wire.Ack) error {
	payload := wire.Encode(ack)
	err := d.tell(kiosk, wire.DownAck, payload)
	if err != nil && ack.Status != wire.Retry {
		return errors.Join(err, d.in.Ledger.Keep(kiosk, payload))
	}
	return err
}

// record does everything for one Bundle and returns its receipt; the receipt has no id when the Bundle has none that is the kiosk's.
func (in *Intake) record(ctx context.Context, kiosk string, bundle []byte) wire.Ack {
	sum, err := fhir.Check(bundle, in.Base, in.Practice)
	ack := wire.Ack{ID: sum.ID, By: in.Name, Now: time.Now().UTC()}
	_, own := wire.EntryID(kiosk, sum.ID)
	switch {
	case sum.ID == "":
		in.Log.Error("a Bundle whose id cannot be read", "kiosk", kiosk, "why", err)
		return wire.Ack{}
	case !own:
		in.Log.Error("a kiosk speaks for another", "kiosk", kiosk)
		return wire.Ack{} // the id's own kiosk must not be told
	case sum.Kiosk != "" && sum.Kiosk != kiosk:
		in.Log.Error("a kiosk speaks for another", "kiosk", kiosk)
		ack.Status, ack.Reason = wire.Rejected, []string{"the gateway Device is not the kiosk that sent it"}
		return ack
	case err != nil:
		in.Log.Warn("refused", "id", sum.ID, "why", err)
		ack.Status, ack.Reason = wire.Rejected, strings.Split(err.Error(), "\n")
		return ack
	}
	ack.Status, ack.Loc, ack.Reason = in.store(ctx, bundle, sum)
	return ack
}

// store looks the Bundle up, records it and notes it.
func (in *Intake) store(ctx context.Context, bundle []byte, sum fhir.Summary) (wire.Status, []string, []string) {
	hash := ledger.Hash(bundle)
	known, found, err := in.Ledger.Find(sum.ID)
	if err != nil {
		in.Log.Error("ledger", "why", err)
		return wire.Retry, nil, []string{"the clinic's ledger failed"}
	}
	if found {
		if known.Hash != hash {
			in.Log.Error("the same id came with other bytes; the first stays", "id", sum.ID)
		}
		return wire.Duplicate, known.Loc, nil
	}
	loc, already, err := in.Record.Store(ctx, sum.ID, bundle, sum)
	if err != nil {
		return in.failed(sum.ID, err)
	}
	unread, err := chart.Recorded(in.Ledger, bundle, time.Now().UTC())
	if err == nil {
		err = in.Ledger.Add(sum.ID, ledger.Entry{Hash: hash, Loc: loc, Patient: sum.Patient}, unread)
	}
	if err != nil {
		in.Log.Error("ledger", "why", err)
		return wire.Retry, nil, []string{"the clinic's ledger failed"}
	}
	if already {
		return wire.Duplicate, loc, nil
	}
	return wire.Stored, loc, nil
}

func (in *Intake) failed(id string, err error) (wire.Status, []string, []string) {
	var refusal *ehr.Refusal
	if errors.As(err, &refusal) {
		in.Log.Warn("the record refuses it", "id", id, "reasons", refusal.Reasons)
		return wire.Rejected, nil, refusal.Reasons
	}
	if ehr.IsAlarm(err) {
		in.Log.Error("the record cannot be used", "why", err)
	} else {
		in.Log.Warn("not recorded yet", "id", id, "why", err)
	}
	return wire.Retry, nil, []string{err.Error()}
}
