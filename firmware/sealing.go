package firmware

import (
	"crypto/x509"
	"fmt"

	"nabz/firmware/config"
	"nabz/firmware/reading"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// sealing closes what this kiosk measures to the clinic's keys, at once when it came about, and signs what leaves. A nil sealing does neither: the plain mode, for records
// that read MQTT directly.
type sealing struct {
	kiosk  string
	to     []seal.Public
	signer *seal.Signer
	cert   []byte
}

// openSealing reads what kiosk.toml says of it; nil is the plain mode.
func openSealing(cfg config.Config) (*sealing, error) {
	if len(cfg.Broker.SealTo) == 0 {
		return nil, nil
	}
	s := &sealing{kiosk: cfg.Name}
	for _, text := range cfg.Broker.SealTo {
		to, err := seal.ParsePublic(text)
		if err != nil {
			return nil, fmt.Errorf("broker.seal_to: %w", err)
		}
		s.to = append(s.to, to)
	}
	var err error
	if s.signer, err = seal.ReadSigner(cfg.Broker.Key); err == nil {
		var c *x509.Certificate
		if c, err = certificateIn(cfg.Broker.Cert); err == nil {
			s.cert = c.Raw
		}
	}
	if err != nil {
		return nil, fmt.Errorf("broker.seal_to: %w", err)
	}
	return s, nil
}

// payload is an entry as the queue keeps it.
func (s *sealing) payload(e reading.Entry) ([]byte, error) {
	if s == nil {
		return e.Encode()
	}
	env, err := s.Envelope(e)
	if err != nil {
		return nil, err
	}
	return env.Encode()
}

// Envelope implements uplink.Sealing.
func (s *sealing) Envelope(e reading.Entry) (reading.Envelope, error) {
	plain, err := e.Encode()
	if err != nil {
		return reading.Envelope{}, err
	}
	env := e.Cover()
	env.Box, err = seal.Seal(s.to, wire.SealedLabel(wire.BundleID(s.kiosk, e.ID())), wire.PackEntry(plain))
	return env, err
}

// Seal implements uplink.Sealing.
func (s *sealing) Seal(label string, plain []byte) ([]byte, error) {
	return seal.Seal(s.to, label, plain)
}

// Signer implements uplink.Sealing.
func (s *sealing) Signer() *seal.Signer { return s.signer }

// Certificate implements uplink.Sealing.
func (s *sealing) Certificate() []byte { return s.cert }
