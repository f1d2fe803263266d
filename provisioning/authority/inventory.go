package authority

import (
	"encoding/hex"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Box is a kiosk as the log knows it.
type Box struct {
	Name, Site    string
	Key           string // fingerprint of its key, as people read it; the label has it
	Issued, Until time.Time
	Standing      string // "good", "ended", "revoked", or "invited" before it ever came
}

// Inventory is the state of every kiosk that a log has, by name.
func Inventory(log io.Reader, now time.Time) ([]Box, error) {
	all := map[string]*Box{}
	err := ReadLog(log, func(e Entry) {
		if e.Kind != Kiosk {
			return
		}
		b := all[e.Name]
		if b == nil {
			b = &Box{Name: e.Name}
			all[e.Name] = b
		}
		b.follow(e)
	})
	if err != nil {
		return nil, err
	}
	var boxes []Box
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b := *all[name]
		if b.Standing == "good" && !now.Before(b.Until) {
			b.Standing = "ended"
		}
		boxes = append(boxes, b)
	}
	return boxes, nil
}

func (b *Box) follow(e Entry) {
	if e.Site != "" {
		b.Site = e.Site
	}
	switch e.Did {
	case Invited:
		if b.Standing == "" {
			b.Standing = "invited"
		}
	case Issued:
		b.Standing, b.Issued, b.Until, b.Key = "good", e.At, e.Until, spokenKey(e.Key)
	case Revoked:
		if spokenKey(e.Key) == b.Key {
			b.Standing = "revoked"
		}
	}
}

// spokenKey is KeyFingerprint of the key that an entry names.
func spokenKey(digest string) string {
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) < spokenBytes {
		return digest
	}
	return speak(sum[:spokenBytes])
}

// RootFingerprint is the fingerprint of the root of the authority in a folder.
func RootFingerprint(dir string) (string, error) {
	c, err := readCertificate(filepath.Join(dir, "root.crt"))
	if err != nil {
		return "", err
	}
	return Fingerprint(c), nil
}
