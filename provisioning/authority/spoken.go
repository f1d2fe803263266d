package authority

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"

	"nabz/firmware/wire"
)

// spoken writes bytes so that people can read them out and type them: Crockford's base 32, four at a time.
var spoken = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// spokenBytes is how many bytes of a token or a fingerprint are spoken: 80 bits, which nobody guesses or meets by trying.
const spokenBytes = 10

func speak(b []byte) string {
	text := spoken.EncodeToString(b)
	var groups []string
	for ; len(text) > 4; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(append(groups, text), "-")
}

// heard undoes what people do to what speak wrote.
func heard(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	b, err := spoken.DecodeString(text)
	if err != nil || len(b) != spokenBytes {
		return nil, fmt.Errorf("%d letters and digits are needed, in groups of four", spokenBytes*8/5)
	}
	return b, nil
}

func newToken() string {
	b := make([]byte, spokenBytes)
	rand.Read(b) // never fails
	return speak(b)
}

// Fingerprint tells one certificate from all others, as people read it out: the first 80 bits of its SHA-256.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return speak(sum[:spokenBytes])
}

// Is says whether that is what people typed of a certificate's fingerprint.
func Is(c *x509.Certificate, typed string) bool {
	b, err := heard(typed)
	return err == nil && speak(b) == Fingerprint(c)
}

// Invitation lets one box have the certificate of a name, once.
type Invitation struct {
	Server string // where to ask: https://host:port
	Name   string
	Token  string // of one use
	Root   string // fingerprint of the authority's root
}

// String is the invitation as one line, which a label's QR code has too: https://host:port/name#token.root.
func (i Invitation) String() string {
	return fmt.Sprintf("%s/%s#%s.%s", strings.TrimSuffix(i.Server, "/"), i.Name, i.Token, i.Root)
}

// ParseInvitation reads what String wrote.
func ParseInvitation(line string) (Invitation, error) {
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return Invitation{}, fmt.Errorf("an invitation begins with https:// and a host, as kioskctl authority invite wrote it")
	}
	i := Invitation{Server: "https://" + u.Host, Name: strings.Trim(u.Path, "/")}
	if err := wire.CheckKiosk(i.Name); err != nil {
		return Invitation{}, fmt.Errorf("invitation: %w", err)
	}
	var both bool
	i.Token, i.Root, both = strings.Cut(u.Fragment, ".")
	for what, text := range map[string]*string{"token": &i.Token, "fingerprint": &i.Root} {
		b, err := heard(*text)
		if err != nil || !both {
			return Invitation{}, fmt.Errorf("invitation: its %s is not whole: %d letters and digits in groups of four", what, spokenBytes*8/5)
		}
		*text = speak(b)
	}
	return i, nil
}

// KeyFingerprint tells a box from all others, as people read it out: the first 80 bits of the SHA-256 of its public key. It stays the same when it is renewed.
func KeyFingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return speak(sum[:spokenBytes])
}
