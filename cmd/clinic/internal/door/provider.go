package door

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Provider lets people in whom an OpenID provider knows (OpenID Connect Core 1.0, the authorization code flow with PKCE). What they may do here follows from
// the groups that it says they are in. It is safe for concurrent use.
type Provider struct {
	Issuer   string // its address, exactly as it calls itself
	ClientID string
	Secret   string // of this client; empty for a public one
	Back     string // where it sends people back to: https://{host}/sign-in/oidc/back
	Groups   string // the claim that holds them
	Roles    []GroupRole
	Taken    func(name string) bool // whether a name is a local account's: nobody else may bear it

	mu    sync.Mutex
	found *oidc.Provider
	away  time.Time // when it was last found not to answer
	began map[string]begun
}

// GroupRole is what the members of a group are at some kiosks.
type GroupRole struct {
	Group string `json:"group"`
	Role
}

// begun is a sign-in that is at the provider.
type begun struct {
	verifier, nonce string
	cookie          [sha256.Size]byte
	at              time.Time
}

const (
	askLimit  = 10 * time.Second // how long the provider may take to answer
	tryAgain  = 5 * time.Second  // and how long it is not asked again when it did not
	atMost    = 10 * time.Minute // how long somebody may take to sign in there
	mostBegun = 1000             // sign-ins at once; of more the oldest is forgotten
)

// ErrAway says that the provider cannot be asked now.
var ErrAway = errors.New("the sign-in service does not answer: try again, or use a local account")

// ErrNoRole says that the provider knows the person, and none of the groups has a role here.
var ErrNoRole = errors.New("this account has no role here: ask who runs this")

func (p *Provider) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: askLimit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
}

// ask finds the provider when that was not done yet: a clinic starts without it.
func (p *Provider) ask(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		if time.Since(p.away) < tryAgain {
			return nil, nil, ErrAway // who waits behind one that asks need not wait as long again
		}
		found, err := oidc.NewProvider(context.WithoutCancel(p.client(ctx)), p.Issuer)
		if err != nil {
			p.away = time.Now()
			return nil, nil, ErrAway // the error quotes what came back
		}
		p.found = found
	}
	return p.found, &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: p.found.Endpoint(), RedirectURL: p.Back, Scopes: []string{oidc.ScopeOpenID, "profile", p.Groups},
	}, nil
}

// begin starts a sign-in: where the browser has to go, and what its cookie must hold when it comes back.
func (p *Provider) begin(ctx context.Context, now time.Time) (address, cookie string, err error) {
	_, conf, err := p.ask(ctx)
	if err != nil {
		return "", "", err
	}
	state, cookie := random(), random()
	b := begun{oauth2.GenerateVerifier(), random(), sha256.Sum256([]byte(cookie)), now}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began == nil {
		p.began = map[string]begun{}
	}
	oldest := state
	for other, o := range p.began {
		if now.Sub(o.at) >= atMost {
			delete(p.began, other)
		} else if before, known := p.began[oldest]; !known || o.at.Before(before.at) {
			oldest = other
		}
	}
	if len(p.began) >= mostBegun {
		delete(p.began, oldest)
	}
	p.began[state] = b
	return conf.AuthCodeURL(state, oidc.Nonce(b.nonce), oauth2.S256ChallengeOption(b.verifier)), cookie, nil
}

// take finds the sign-in that a browser comes back from, once.
func (p *Provider) take(state, cookie string, now time.Time) (begun, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, known := p.began[state]
	delete(p.began, state)
	sum := sha256.Sum256([]byte(cookie))
	return b, known && now.Sub(b.at) < atMost && subtle.ConstantTimeCompare(sum[:], b.cookie[:]) == 1
}

// finish is the account of whom the provider let in. The errors are ErrRefused, ErrAway and ErrNoRole.
func (p *Provider) finish(ctx context.Context, state, code, cookie string, now time.Time) (Account, error) {
	b, ok := p.take(state, cookie, now)
	if !ok {
		return Account{}, ErrRefused
	}
	found, conf, err := p.ask(ctx)
	if err != nil {
		return Account{}, err
	}
	ctx, cancel := context.WithTimeout(p.client(ctx), askLimit)
	defer cancel()
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(b.verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return Account{}, ErrRefused
		}
		return Account{}, ErrAway
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(b.nonce)) != 1 {
		return Account{}, ErrRefused
	}
	return p.account(id)
}

// account is what the claims of a verified token make of somebody here.
func (p *Provider) account(id *oidc.IDToken) (Account, error) {
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Account{}, ErrRefused
	}
	a := Account{Name: p.name(id.Subject, claims)}
	for _, group := range texts(claims[p.Groups]) {
		for _, r := range p.Roles {
			if r.Group == group {
				a.Roles = append(a.Roles, r.Role)
			}
		}
	}
	if len(a.Roles) == 0 {
		return a, ErrNoRole
	}
	return a, nil
}

// name is what the audit calls somebody: the name that the provider prefers where it is one of ours in form and nobody else's, and otherwise one made of
// the subject, which never changes.
func (p *Provider) name(subject string, claims map[string]any) string {
	preferred, _ := claims["preferred_username"].(string)
	if preferred = strings.ToLower(preferred); accountName.MatchString(preferred) && !p.Taken(preferred) {
		return preferred
	}
	sum := sha256.Sum256([]byte(p.Issuer + " " + subject))
	return "sub-" + strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(base64.RawURLEncoding.EncodeToString(sum[:]))[:24])
}

// texts are the strings of a claim that is one or a list of them.
func texts(claim any) (all []string) {
	switch c := claim.(type) {
	case string:
		return strings.Fields(c)
	case []any:
		for _, one := range c {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// Check says what is wrong with the settings, or nil.
func (p *Provider) Check() error {
	for _, r := range p.Roles {
		if r.Group == "" {
			return errors.New("a group without a name")
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("group %s: %w", r.Group, err)
		}
	}
	if len(p.Roles) == 0 {
		return errors.New("no group has a role: nobody could sign in through the provider")
	}
	return nil
}
