package site

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/cmd/clinic/internal/door"
)

// startProvider starts a real OpenID provider that sends people back there, and returns its issuer.
func startProvider(t *testing.T, back, secret string) string {
	t.Helper()
	cmd := exec.Command("node", "testdata/provider.mjs", back, secret)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install node 20", err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, issuer, ok := strings.Cut(lines.Text(), "listening "); ok {
			return issuer
		}
	}
	t.Fatal("the OpenID provider does not start: make deps")
	return ""
}

// TestSignInElsewhere: a real provider's people come in with the roles of their groups, and what is not theirs is refused; a way back is good once, for the
// browser that went.
func TestSignInElsewhere(t *testing.T) {
	t.Parallel()
	const secret = "a synthetic secret of thirty-two letters"
	p := newPlace(t)
	p.Kiosk("bhu-1", p.Broker, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	p.Kiosk("layyah-1", p.Broker, clinictest.Finger{})
	var mu sync.Mutex
	var told []door.Event
	p.guard.Audit = func(e door.Event) error {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e)
		return nil
	}
	last := func() door.Event { // the last sign-in: a page that stays open looks on meanwhile
		mu.Lock()
		defer mu.Unlock()
		for i := len(told) - 1; i >= 0; i-- {
			if told[i].Did == "sign-in" {
				return told[i]
			}
		}
		return door.Event{}
	}
	back := p.url + "/sign-in/oidc/back"
	p.guard.Provider = &door.Provider{
		Issuer: startProvider(t, back, secret), ClientID: "nabz", Secret: secret, Back: back, Groups: "groups",
		Roles: []door.GroupRole{{Group: "bhu-doctors", Role: door.Role{Role: "doctor", Kiosks: []string{"bhu-*"}}}},
		Taken: func(name string) bool { return name == "d-1" },
	}
	p.mount()
	as := func(b *tab, name string) {
		t.Helper()
		b.open(p.url)
		b.until("the way to the provider", `document.querySelector('a[href="/sign-in/oidc"]')`)
		js[bool](b, `document.querySelector('a[href="/sign-in/oidc"]').click(); true`)
		b.until("the provider's sign-in", `document.querySelector("[name=login]")`)
		js[bool](b, `document.querySelector("[name=login]").value = "`+name+`"; document.querySelector("[name=password]").value = "x"; document.querySelector("form").submit(); true`)
		b.until("the provider's consent, or the way back", `document.querySelector("[name=prompt][value=consent]") || location.pathname === "/" || location.href.startsWith("`+back+`")`)
		if js[bool](b, `!!document.querySelector("[name=prompt][value=consent]")`) {
			js[bool](b, `document.querySelector("form").submit(); true`)
		}
	}
	b := newTab(t)
	as(b, "ayesha")
	b.until("the kiosks of her groups", `[...document.querySelectorAll(".kiosks a")].map((a) => a.innerText).join() === "bhu-1"`)
	if who := js[string](b, `document.querySelector("header").innerText`); !strings.Contains(who, "ayesha") {
		t.Errorf("it is %q", who)
	}
	b.open(p.url + "/kiosk/bhu-1")
	b.until("its number", tile("spo2")+` === "97"`)
	for name, want := range map[string]string{"d-1": "sub-", "Sara Khan": "sub-"} { // a local account's name, and one that is none of ours in form
		other := newTab(t)
		as(other, name)
		other.until("the list", `document.querySelector(".kiosks")`)
		if e := last(); !e.OK || !strings.HasPrefix(e.Who, want) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	nobody := newTab(t)
	as(nobody, "bilal")
	nobody.until("that he has no role", `document.body.innerText.includes("no role here")`)
	if e := last(); e.OK || e.Why != "no role" || e.Who != "bilal" {
		t.Errorf("the audit was told %+v", e)
	}
	if err := chromedp.Do(nobody.ctx, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	nobody.until("that a way back is good once", `document.body.innerText.includes("refused") || document.body.innerText.includes("wrong")`)
	if e := last(); e.OK || e.Did != "sign-in" {
		t.Errorf("the audit was told %+v", e)
	}
}
