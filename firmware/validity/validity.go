// Package validity helps whose clock stands behind: a box that boots in 1970, or a year after it was switched off, meets certificates that begin in its future.
package validity

import (
	"crypto/tls"
	"errors"
	"time"
)

// Begin says from a refused connection when all certificates that the other end showed had begun, and whether that is later than now. A signature says that a certificate has
// begun, so the present is at least then; looked at again by that time, the certificates are held to everything else: who signed, for whom, and their end.
func Begin(err error, now time.Time) (begin time.Time, later bool) {
	var refused *tls.CertificateVerificationError
	if !errors.As(err, &refused) {
		return now, false
	}
	begin = now
	for _, c := range refused.UnverifiedCertificates {
		if c.NotBefore.After(begin) {
			begin = c.NotBefore
		}
	}
	return begin, begin.After(now)
}
