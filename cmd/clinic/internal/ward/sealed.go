package ward

import (
	"sync"

	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// Seals open what kiosks seal to this clinic, of the sessions that somebody watches.
type Seals struct {
	Keys []seal.Private

	mu   sync.Mutex
	live map[string]session // by kiosk
}

type session struct {
	id     string
	stream *seal.Stream
}

// opened reads the word of whose a session is, sealed or not, and remembers what opens the session.
func (s *Seals) opened(kiosk string, payload []byte) (wire.VisitOpened, error) {
	v, sealed := wire.ParseVisitSealed(payload)
	if !sealed {
		return wire.ParseVisitOpened(payload)
	}
	inner, err := seal.Open(s.Keys, wire.SessionLabel(kiosk, v.Session), v.Box)
	if err != nil {
		return wire.VisitOpened{}, err
	}
	k, err := wire.ParseSessionKey(inner, v.Session)
	if err != nil {
		return wire.VisitOpened{}, err
	}
	stream, err := seal.JoinStream(k.Key)
	if err != nil {
		return wire.VisitOpened{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		s.live = map[string]session{}
	}
	s.live[kiosk] = session{v.Session, stream}
	return k.VisitOpened, nil
}

// open opens a live message. It is nil while the word of whose it is has not come: then it is nobody's, and shown to nobody.
func (s *Seals) open(kiosk, id, part string, payload []byte) ([]byte, error) {
	if !seal.IsLive(payload) {
		return payload, nil
	}
	s.mu.Lock()
	at := s.live[kiosk]
	s.mu.Unlock()
	if at.id != id {
		return nil, nil
	}
	return at.stream.Open(part, payload)
}

// forget drops what opens a kiosk's session when nobody watches it any longer.
func (s *Seals) forget(kiosk string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, kiosk)
}
