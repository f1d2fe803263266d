package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"
)

// Stream seals the many small messages of one live session under a key of its own, which goes to the clinic sealed. A message may get lost; none can be changed, or be passed
// off as one of another session or topic.
//
//	0 u8   liveMark
//	1 u64  number of the message, big-endian: the nonce
//	9 ...  ChaCha20-Poly1305 of it, the topic's last part as additional data
type Stream struct {
	aead cipher.AEAD
	n    uint64
}

const (
	liveMark = 0x6c
	liveHead = 9
)

// BeginStream makes a session's key, and its one sender.
func BeginStream() (key []byte, s *Stream) {
	key = make([]byte, keySize)
	rand.Read(key) // never fails
	s, err := JoinStream(key)
	if err != nil {
		panic("seal: " + err.Error()) // the key has its size: cannot happen
	}
	return key, s
}

// JoinStream is the end of a session that opens.
func JoinStream(key []byte) (*Stream, error) {
	c, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, ErrBroken
	}
	return &Stream{aead: c}, nil
}

// Seal seals the next message.
func (s *Stream) Seal(part string, plain []byte) []byte {
	s.n++
	out := binary.BigEndian.AppendUint64([]byte{liveMark}, s.n)
	return s.aead.Seal(out, s.nonce(out), plain, []byte(part))
}

// Open opens one message, in whatever order they come.
func (s *Stream) Open(part string, sealed []byte) ([]byte, error) {
	if !IsLive(sealed) {
		return nil, ErrBroken
	}
	plain, err := s.aead.Open(nil, s.nonce(sealed), sealed[liveHead:], []byte(part))
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

// IsLive says whether bytes begin like a sealed live message.
func IsLive(b []byte) bool { return len(b) > liveHead && b[0] == liveMark }

func (s *Stream) nonce(message []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	copy(nonce[4:], message[1:liveHead])
	return nonce
}
