package intake_test

import (
	"bytes"
	"testing"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/firmware/broker"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

// sender is a kiosk that publishes what it likes.
type sender struct {
	t    *testing.T
	conn *broker.Conn
	acks chan wire.Ack
}

func newSender(t *testing.T, addr, kiosk string) *sender {
	t.Helper()
	c, err := broker.Connect(t.Context(), broker.Opts{URL: "tcp://" + addr, ClientID: kiosk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s := &sender{t, c, make(chan wire.Ack, 8)}
	err = c.Subscribe(t.Context(), wire.Topic(wire.LiveRoot, kiosk, wire.DownAck), 1, func(m broker.Message) {
		if a, err := wire.ParseAck(m.Payload); err == nil {
			s.acks <- a
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sender) publish(kiosk, part string, payload []byte) {
	s.t.Helper()
	if err := s.conn.Publish(s.t.Context(), broker.Message{Topic: wire.Topic(wire.LiveRoot, kiosk, part), QoS: 1, Payload: payload}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sender) answer(payload []byte) wire.Ack {
	s.t.Helper()
	s.publish("bhu-1", wire.UpObs, payload)
	return <-s.acks
}

// TestSealedReadings: what the kiosk sealed and signed is recorded once; what it has not signed, or cannot have, is not, and the kiosk keeps what it has.
func TestSealedReadings(t *testing.T) {
	p := clinictest.NewSealed(t)
	s := newSender(t, p.Broker, "bhu-1")
	own, other := p.Closing("bhu-1"), p.Closing("bhu-2")
	entry := func() reading.Entry {
		r := fhirtest.Reading(fhirtest.BloodPressure, false)
		return reading.Entry{Reading: &r}
	}
	first := entry()
	good := own.Payload(t, first)
	if a := s.answer(good); a.Status != wire.Retry {
		t.Errorf("before its certificate came: %+v", a)
	}
	hello := func(cert []byte) { s.publish("bhu-1", wire.UpHello, wire.Encode(wire.Hello{Nonce: "n", Cert: cert})) }
	hello(other.Certificate()) // another kiosk's: not taken
	hello([]byte("none"))
	if a := s.answer(good); a.Status != wire.Retry {
		t.Errorf("with another kiosk's certificate: %+v", a)
	}
	stranger := clinictest.NewSealed(t).Closing("bhu-1")
	hello(stranger.Certificate())
	if a := s.answer(stranger.Payload(t, entry())); a.Status != wire.Retry {
		t.Errorf("of another authority: %+v", a)
	}
	hello(own.Certificate())
	if a := s.answer(good); a.Status != wire.Stored {
		t.Errorf("good: %+v", a)
	}
	if a := s.answer(own.Payload(t, first)); a.Status != wire.Duplicate {
		t.Errorf("again, sealed anew: %+v", a)
	}
	second := own.Payload(t, entry())
	for _, at := range []int{len(second) - 200, len(second) - 100, len(second) - 1} {
		spoiled := bytes.Clone(second)
		spoiled[at] ^= 1
		if a := s.answer(spoiled); a.Status != wire.Retry {
			t.Errorf("byte %d of %d changed: %+v", at, len(second), a)
		}
	}
	if a := s.answer(second); a.Status != wire.Stored {
		t.Errorf("and as it was: %+v", a)
	}
	unfit := entry()
	unfit.Reading.Patient.Type = "none"
	if a := s.answer(own.Payload(t, unfit)); a.Status != wire.Rejected || len(a.Reason) == 0 {
		t.Errorf("what can never be recorded has to be parked: %+v", a)
	}
	s.publish("bhu-1", wire.UpObs, other.Payload(t, entry())) // speaks for another: nobody is answered
	s.publish("bhu-1", wire.UpObs, second[:40])
	if a := s.answer(second); a.Status != wire.Duplicate {
		t.Errorf("after what is nobody's: %+v", a)
	}
}

// TestProfilesAreSent: a kiosk that is on line gets the profile that lies here for it until it says that it has it, or has taken it back; nobody gets another's.
func TestProfilesAreSent(t *testing.T) {
	p := clinictest.New(t)
	ca := clinictest.NewSealed(t)
	for _, kiosk := range []string{"bhu-1", "bhu-2"} {
		p.PutProfile(kiosk, ca.SignProfile("[profile]\nkiosks = [\""+kiosk+"\"]\nversion = 3\n"))
	}
	s := newSender(t, p.Broker, "bhu-1")
	came := make(chan []byte, 8)
	err := s.conn.Subscribe(t.Context(), wire.Topic(wire.LiveRoot, "bhu-1", wire.DownCfg), 1, func(m broker.Message) { came <- m.Payload })
	if err != nil {
		t.Fatal(err)
	}
	says := func(have, refused uint64) {
		s.publish("bhu-1", wire.StateTopic, wire.Encode(wire.State{St: wire.Online, Session: "s", Profile: have, Refused: refused}))
		s.publish("bhu-1", wire.UpObs, wire.Pack(practiceBundle(t), false)) // its receipt says that the state was looked at
		<-s.acks
	}
	says(0, 0)
	says(2, 0)
	if len(came) != 2 || !bytes.Contains(<-came, []byte(`kiosks = ["bhu-1"]`)) {
		t.Errorf("%d came", len(came))
	}
	<-came
	says(3, 0)
	says(0, 3)
	if len(came) != 0 {
		t.Errorf("%d came to a kiosk that has it or took it back", len(came))
	}
}

// practiceBundle is answered, and recorded nowhere.
func practiceBundle(t *testing.T) []byte {
	t.Helper()
	_, b := fhirtest.Bundle(t, "bhu-1", fhirtest.Temperature, true)
	return b
}
