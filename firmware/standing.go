package firmware

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"sync"
	"time"

	"nabz/firmware/screen"
)

// ownCertificate is the kiosk's, as its file has it now: it is renewed while the kiosk runs.
type ownCertificate struct {
	mu   sync.Mutex
	read time.Time // the file's time when it was read
	cert *x509.Certificate
}

func (o *ownCertificate) get(path string) *x509.Certificate {
	o.mu.Lock()
	defer o.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil || info.ModTime().Equal(o.read) {
		return o.cert
	}
	if c, err := certificateIn(path); err == nil {
		o.cert, o.read = c, info.ModTime()
	}
	return o.cert
}

// certificateIn is the first certificate of a file in PEM: the kiosk's own stands before the authorities.
func certificateIn(path string) (*x509.Certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return x509.ParseCertificate(block.Bytes)
}

// standing is who this kiosk is to others, for the technician.
func (k *Kiosk) standing() screen.Identity {
	s := screen.Identity{Sealed: k.sealing != nil, Profile: k.cfg.Profile, Refused: k.cfg.Refused}
	c := k.certificate.get(k.cfg.Broker.Cert)
	if c == nil {
		return s
	}
	s.Until = c.NotAfter.In(k.cfg.Zone)
	life := c.NotAfter.Sub(c.NotBefore)
	s.Ends = c.NotAfter.Sub(k.clock.AtLeast()) < life/2 // a third was the time to renew it
	return s
}
