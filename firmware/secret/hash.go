// Package secret keeps what people type to say who they are: as argon2id, never as it was typed.
package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of one try: 19 MiB and two passes (OWASP's second choice for argon2id), about a fifth of a second on a Raspberry Pi 4.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	threads = 1
	keyLen  = 32
	saltLen = 16
)

// Hash is the argon2id of a secret in the PHC string format.
func Hash(secret string) string {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(secret), salt, passes, memory, threads, keyLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

var errHash = errors.New("not an argon2id hash in PHC form: make one with kioskctl pin or clinic account")

// Check says what is wrong with a hash that somebody wrote into a file, or nil.
func Check(hash string) error {
	_, err := parse(hash)
	return err
}

type parsed struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

// parse reads a hash. Costs far beyond ours are refused: they would stop a small box.
func parse(hash string) (p parsed, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil {
		return p, errHash
	}
	var errs [2]error
	p.salt, errs[0] = base64.RawStdEncoding.DecodeString(parts[4])
	p.key, errs[1] = base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(errs[:]...) != nil || len(p.salt) < 8 || len(p.key) < 16 {
		return p, errHash
	}
	if p.memory < 8 || p.memory > 64<<10 || p.passes < 1 || p.passes > 10 || p.threads < 1 || p.threads > 4 {
		return p, errHash
	}
	return p, nil
}

// Matches says whether hash is that of secret. It takes as long for an empty hash as for any other.
func Matches(hash, secret string) bool {
	p, err := parse(hash)
	if err != nil {
		p = parsed{memory, passes, threads, make([]byte, saltLen), make([]byte, keyLen)}
	}
	key := argon2.IDKey([]byte(secret), p.salt, p.passes, p.memory, p.threads, uint32(len(p.key))) //nolint:gosec // short by parse
	return subtle.ConstantTimeCompare(key, p.key) == 1 && err == nil
}
