package ward_test

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/firmware/broker"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

const (
	patient = "774410-kq"
	words   = "Ask 774410-kq about her medicine"
)

// tap is what the broker sees.
type tap struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func listen(t *testing.T, addr string) *tap {
	t.Helper()
	c, err := broker.Connect(t.Context(), broker.Opts{URL: "tcp://" + addr, ClientID: "tap"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := &tap{}
	err = c.Subscribe(t.Context(), "#", 0, func(m broker.Message) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all.WriteString(m.Topic + " " + string(m.Payload) + "\n")
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tap) has(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.all.String(), text)
}

// TestTheBrokerSeesNobody: a doctor sees whose numbers they are, her wave and her record, the worker reads what a doctor writes, and the broker between them sees none of it;
// where nothing is sealed the same tap hears all of it.
func TestTheBrokerSeesNobody(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *clinictest.Place{"sealed": clinictest.NewSealed, "plain": clinictest.New} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			b := listen(t, p.Broker)
			u := p.Unit("bhu-1", p.Broker, clinictest.Finger{Visit: "visit-of-hers", Patient: patient, SpO2: 93})
			w := p.Hub.Watch("bhu-1", wire.ModeWave)
			defer w.Close()
			for number, frames := false, false; !number || !frames; {
				got, err := w.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				frames = frames || len(got.Frames) > 0
				number = number || got.Numbers != nil && got.Numbers.SpO2 != nil && got.Numbers.SpO2.V == 93 && got.Patient != nil && got.Patient.Value == patient
			}
			id := u.Put(patient, fhirtest.BloodPressure, time.Minute)
			u.Reached(id, uplink.Recorded)
			if _, err := p.Book.Open(t.Context(), id); err != nil {
				t.Errorf("the doctor cannot open it: %v", err)
			}
			if err := p.Book.Ask(t.Context(), "bhu-1", wire.Command{Kind: wire.CommandMessage, Of: id, TTL: 600, By: "d-1", Text: words}); err != nil {
				t.Fatal(err)
			}
			for len(u.Requests.Waiting()) == 0 && t.Context().Err() == nil { // the uplink takes the bell's ringing
				runtime.Gosched()
			}
			if all := u.Requests.Waiting(); len(all) != 1 || all[0].Text != words {
				t.Errorf("the worker reads %+v", all)
			}
			for _, text := range []string{patient, "visit-of-hers", `"spo2"`, words, "Observation\"", `"value"`} {
				if b.has(text) != (name == "plain") {
					t.Errorf("the broker sees %q: %t", text, b.has(text))
				}
			}
			if !b.has("bhu-1/live/") || !b.has("bhu-1/up/obs") || !b.has("bhu-1/down/cmd") {
				t.Error("the tap hears too little")
			}
		})
	}
}
