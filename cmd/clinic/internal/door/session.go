package door

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"sync"
	"time"
)

// Session is one person who is in, at one browser.
type Session struct {
	Account Account
	Token   string // to be sent with everything that changes something
	began   time.Time
	last    time.Time
	recent  *recent
}

// recent is what the audit was told of a session not long ago.
type recent struct {
	mu sync.Mutex
	at map[string]time.Time
}

const retold = 10 * time.Minute

func (r *recent) told(what string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, known := r.at[what]
	return known && now.Sub(at) < retold
}

func (r *recent) note(what string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.at, func(_ string, at time.Time) bool { return now.Sub(at) >= retold })
	r.at[what] = now
}

const (
	idleTime    = 15 * time.Minute
	longestTime = 10 * time.Hour // a shift
)

// Sessions are all who are in. They end with the process. They are safe for concurrent use.
type Sessions struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*Session // by the hash of what the cookie holds: whoever reads memory cannot come in with it
}

// NewSessions returns none.
func NewSessions() *Sessions { return &Sessions{all: map[[sha256.Size]byte]*Session{}} }

func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Begin lets an account in, and returns what the cookie holds.
func (s *Sessions) Begin(a Account, now time.Time) (cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, old := range s.all {
		if old.over(now) {
			delete(s.all, key)
		}
	}
	cookie = random()
	s.all[sha256.Sum256([]byte(cookie))] = &Session{Account: a, Token: random(), began: now, last: now, recent: &recent{at: map[string]time.Time{}}}
	return cookie
}

func (s *Session) over(now time.Time) bool {
	return now.Sub(s.last) >= idleTime || now.Sub(s.began) >= longestTime
}

// Find returns the session of a cookie that is still good. touched says that a person did something: a page that only listens does not keep a session.
func (s *Sessions) Find(cookie string, touched bool, now time.Time) (Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := sha256.Sum256([]byte(cookie))
	one := s.all[key]
	if one == nil {
		return Session{}, false
	}
	if one.over(now) {
		delete(s.all, key)
		return Session{}, false
	}
	if touched {
		one.last = now
	}
	return *one, true
}

// End ends the session of a cookie: it opens nothing any more.
func (s *Sessions) End(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, sha256.Sum256([]byte(cookie)))
}
