package door

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuer is an OpenID provider that can be made to lie: it answers every code with the claims of the test.
type issuer struct {
	*testing.T
	*httptest.Server
	key    *rsa.PrivateKey
	signer *rsa.PrivateKey // of the tokens; another than key for a forged one
	claims map[string]any
	plain  bool // tokens are not signed at all
	asked  url.Values
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{T: t, key: key, signer: key}
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	answer := func(path string, v func() any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm() // of a GET there is none
			if path == "/token" {
				i.asked = r.PostForm
			}
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(v()); err != nil {
				t.Error(err)
			}
		})
	}
	answer("/.well-known/openid-configuration", func() any {
		return map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		}
	})
	answer("/keys", func() any {
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "RS256"}}}
	})
	answer("/token", func() any { return map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.token()} })
	return i
}

func (i *issuer) token() string {
	if i.plain {
		body, err := json.Marshal(i.claims)
		if err != nil {
			i.Fatal(err)
		}
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(`{"alg":"none"}`)) + "." + enc(body) + "."
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: i.signer}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		i.Fatal(err)
	}
	raw, err := jwt.Signed(s).Claims(i.claims).Serialize()
	if err != nil {
		i.Fatal(err)
	}
	return raw
}

// TestForgedTokensLetNobodyIn: whatever is wrong with a token or with the way back, nobody comes in; a good one lets its person in with the roles of her
// groups, and the code was asked for with the verifier that belongs to it.
func TestForgedTokensLetNobodyIn(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		claims map[string]any
		change func(*issuer, *way)
		want   error
	}{
		"good":              {},
		"group as a text":   {claims: map[string]any{"groups": "staff doctors"}},
		"no group":          {claims: map[string]any{"groups": []string{"staff"}}, want: ErrNoRole},
		"groups as numbers": {claims: map[string]any{"groups": []int{7}}, want: ErrNoRole},
		"another clinic's":  {claims: map[string]any{"aud": "other"}, want: ErrRefused},
		"another issuer's":  {claims: map[string]any{"iss": "https://other.example"}, want: ErrRefused},
		"an old one":        {claims: map[string]any{"exp": now.Add(-time.Hour).Unix()}, want: ErrRefused},
		"another sign-in's": {claims: map[string]any{"nonce": "other"}, want: ErrRefused},
		"without a nonce":   {claims: map[string]any{"nonce": ""}, want: ErrRefused},
		"another key's":     {change: func(i *issuer, _ *way) { i.signer = other }, want: ErrRefused},
		"not signed":        {change: func(i *issuer, _ *way) { i.plain = true }, want: ErrRefused},
		"another browser":   {change: func(_ *issuer, w *way) { w.cookie = "other" }, want: ErrRefused},
		"another state":     {change: func(_ *issuer, w *way) { w.state = "other" }, want: ErrRefused},
		"too late":          {change: func(_ *issuer, w *way) { w.after = atMost }, want: ErrRefused},
		"provider gone":     {change: func(i *issuer, _ *way) { i.Close() }, want: ErrAway},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			p := &Provider{
				Issuer: i.URL, ClientID: "nabz", Back: "http://127.0.0.1/back", Groups: "groups", Taken: func(string) bool { return false },
				Roles: []GroupRole{{"doctors", Role{"doctor", []string{"bhu-*"}}}},
			}
			address, cookie, err := p.begin(t.Context(), now)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			w := &way{state: u.Query().Get("state"), cookie: cookie}
			i.claims = map[string]any{
				"iss": i.URL, "aud": "nabz", "sub": "s-1", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "nonce": u.Query().Get("nonce"),
				"groups": []string{"doctors"}, "preferred_username": "Ayesha",
			}
			maps.Copy(i.claims, c.claims)
			if c.change != nil {
				c.change(i, w)
			}
			a, err := p.finish(t.Context(), w.state, "code", w.cookie, now.Add(w.after))
			if !errors.Is(err, c.want) || err == nil && (a.Name != "ayesha" || !a.May(Look, "bhu-1") || a.May(Look, "layyah-1") || a.May(Supervise, "bhu-1")) {
				t.Errorf("%+v, %v; want %v", a, err, c.want)
			}
			if err == nil && (len(i.asked.Get("code_verifier")) < 43 || u.Query().Get("code_challenge_method") != "S256") {
				t.Errorf("asked with %v after %s", i.asked, u.Query())
			}
			if _, err := p.finish(t.Context(), w.state, "code", w.cookie, now); err == nil {
				t.Error("the same way back was good twice")
			}
		})
	}
}

// way is how somebody comes back.
type way struct {
	state, cookie string
	after         time.Duration
}

// TestManySignIns: one that nobody finishes is forgotten, and many of them keep nobody out.
func TestManySignIns(t *testing.T) {
	p := &Provider{Issuer: newIssuer(t).URL, ClientID: "nabz", Groups: "groups"}
	now := time.Now()
	for i := range mostBegun + 20 {
		if _, _, err := p.begin(t.Context(), now.Add(time.Duration(i)*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(p.began); n != mostBegun {
		t.Errorf("%d are remembered", n)
	}
	if _, _, err := p.begin(t.Context(), now.Add(time.Hour)); err != nil || len(p.began) != 1 {
		t.Errorf("%d after an hour, %v", len(p.began), err)
	}
}

func TestProviderSettings(t *testing.T) {
	for name, c := range map[string]struct {
		roles []GroupRole
		ok    bool
	}{
		"good": {[]GroupRole{{"g", Role{"doctor", []string{"*"}}}}, true}, "none": {nil, false}, "no name": {[]GroupRole{{"", Role{"doctor", []string{"*"}}}}, false},
		"no such role": {[]GroupRole{{"g", Role{"king", []string{"*"}}}}, false}, "no pattern": {[]GroupRole{{"g", Role{"doctor", []string{"["}}}}, false},
	} {
		if err := (&Provider{Roles: c.roles}).Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
