package validity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestBegin(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	shown := func(days ...int) error {
		e := &tls.CertificateVerificationError{Err: errors.New("refused")}
		for _, d := range days {
			e.UnverifiedCertificates = append(e.UnverifiedCertificates, &x509.Certificate{NotBefore: now.AddDate(0, 0, d)})
		}
		return fmt.Errorf("dial: %w", e)
	}
	for name, c := range map[string]struct {
		err   error
		days  int
		later bool
	}{
		"begun": {shown(-5, -9), 0, false}, "to begin": {shown(30, -9), 30, true}, "both": {shown(30, 60), 60, true}, "none": {shown(), 0, false},
		"another fault": {errors.New("refused"), 0, false}, "no fault": {nil, 0, false},
	} {
		if begin, later := Begin(c.err, now); later != c.later || !begin.Equal(now.AddDate(0, 0, c.days)) {
			t.Errorf("%s: %s, %t", name, begin, later)
		}
	}
}
