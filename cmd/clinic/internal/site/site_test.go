package site

import (
	"context"
	"encoding/base32"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/cmd/clinic/internal/door"
	"nabz/firmware/secret"
	"nabz/firmware/wire"
)

var (
	key      = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	password = "synthetic horse staple"
)

// place is a clinic with its pages.
type place struct {
	*clinictest.Place
	url   string
	guard *door.Guard
	mount func() // serves what was changed of the guard
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := clinictest.New(t)
	a := door.Account{Name: "d-1", Password: secret.Hash(password), Code: key, Roles: []door.Role{
		{Role: "doctor", Kiosks: []string{"bhu-*"}}, {Role: "supervisor", Kiosks: []string{"bhu-2"}},
	}}
	s := &Site{Hub: p.Hub, Book: p.Book, Log: clinictest.Quiet, Guard: &door.Guard{
		Entry: door.NewEntry([]door.Account{a}), Sessions: door.NewSessions(), Audit: func(door.Event) error { return nil }, Log: clinictest.Quiet,
	}}
	var pages atomic.Value
	mount := func() { pages.Store(s.Handler()) }
	mount()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.Load().(http.Handler).ServeHTTP(w, r) }))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Guard.Host = u.Host
	return &place{p, server.URL, s.Guard, mount}
}

// heard waits until the clinic has heard how a kiosk stands.
func (p *place) heard(kiosk string) {
	p.Helper()
	w := p.Hub.Watch(kiosk, wire.ModeSummary)
	defer w.Close()
	for {
		u, err := w.Next(p.Context())
		if err != nil {
			p.Fatal(err)
		}
		if u.State != nil {
			return
		}
	}
}

// tab is one tab of a real Chromium.
type tab struct {
	*testing.T
	ctx context.Context
}

func newTab(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: make deps")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(390, 844))
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	ctx, free := chromedp.NewExecAllocator(ctx, opts...)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() { leave(); free(); stop() })
	return &tab{t, ctx}
}

func (b *tab) open(url string) {
	b.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.Fatal(err)
	}
}

func js[T any](b *tab, script string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%.100s: %v", script, err)
	}
	return v
}

// until waits for a condition of the page.
func (b *tab) until(what, condition string) {
	b.Helper()
	script := `new Promise((done) => { let n = 0; const t = setInterval(() => { const ok = ` + condition + `; if (ok || n++ > 1500) { clearInterval(t); done(!!ok); } }, 20); })`
	came, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
	for range 5 {
		if err == nil || !strings.Contains(err.Error(), "navigated") {
			break
		}
		came, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
	}
	if err != nil || !came {
		b.Fatalf("%s never came: %v: %s", what, err, js[string](b, "document.body.innerText"))
	}
}

func (b *tab) signIn(url string) {
	b.Helper()
	b.open(url)
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	js[bool](b, `(() => { for (const [n, v] of Object.entries({ name: "d-1", password: "`+password+`", code: "`+code+`" })) document.querySelector("[name=" + n + "]").value = v; return true; })()`)
	if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS("button.primary"))); err != nil {
		b.Fatal(err)
	}
	b.until("the list of kiosks", `document.querySelector(".kiosks")`)
}

// keep writes a picture for people to look at where NABZ_SHOTS says.
func (b *tab) keep(name string) {
	b.Helper()
	dir := os.Getenv("NABZ_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "ward-"+name+".png"), png, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func tile(name string) string {
	return `document.querySelector("[data-tile=` + name + `] output").textContent`
}

// TestTwoKiosks: each page shows its own kiosk's numbers and a wave that moves, on a phone, and a kiosk of another region is not there.
func TestTwoKiosks(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Kiosk("bhu-1", p.Broker, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	p.Kiosk("bhu-2", p.Broker, clinictest.Finger{Visit: "v2", Patient: "000456", SpO2: 91})
	p.Kiosk("layyah-1", p.Broker, clinictest.Finger{Visit: "v3", SpO2: 88})
	b := newTab(t)
	b.signIn(p.url)
	b.until("both kiosks", `[...document.querySelectorAll(".kiosks a")].map((a) => a.innerText).join() === "bhu-1,bhu-2"`)
	b.keep("kiosks")
	for kiosk, want := range map[string][2]string{"bhu-1": {"97", "000123"}, "bhu-2": {"91", "000456"}} {
		b.open(p.url + "/kiosk/" + kiosk)
		b.until("its number", tile("spo2")+` === "`+want[0]+`"`)
		b.until("its patient", `document.querySelector(".who").innerText.includes("`+want[1]+` · female · 1984")`)
		b.until("a wave", `pleth.drawn > 60`)
		b.until("its perfusion index", `document.getElementById("pi").textContent === "PI 4.20 %"`)
		b.until("the temperature, which is older than three seconds", tile("temp")+` === "36.8" && document.querySelector("[data-tile=temp]").classList.contains("dim") && !document.querySelector("[data-tile=spo2]").classList.contains("dim")`)
		if wide := js[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s: the page is %d px too wide for a phone", kiosk, wide)
		}
		b.keep(kiosk)
	}
	b.open(p.url + "/kiosk/layyah-1")
	if text := js[string](b, `document.body.innerText`); !strings.Contains(text, "not found") {
		t.Errorf("a kiosk of another region: %s", text)
	}
}

// TestADeadLinkIsSeen: without data the values are dimmed, then dashes, then the notice with the time stands there. When the link is back all is live
// again, and the gap is in the wave.
func TestADeadLinkIsSeen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := newWire(t, p.Broker)
	p.Kiosk("bhu-1", w.addr, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	b := newTab(t)
	b.signIn(p.url)
	b.open(p.url + "/kiosk/bhu-1?lang=ur")
	b.until("its number", tile("spo2")+` === "97" && document.getElementById("notice").hidden`)
	b.until("the fonts", `document.fonts.check('18px "Naskh"', "ہ") && document.fonts.check('18px "Sans"', "97")`)
	js[bool](b, `window.seen = []; setInterval(() => { const t = document.querySelector("[data-tile=spo2]"), now = (t.classList.contains("dim") ? "dim " : "live ") + (t.querySelector("output").textContent === "--" ? "dashes" : "number") + (document.getElementById("notice").hidden ? "" : " notice"); if (seen.at(-1) !== now) seen.push(now); }, 10); true`)
	w.hold()
	b.until("a dimmed number", `seen.includes("dim number")`)
	b.until("dashes and the notice with the time", `seen.at(-1) === "dim dashes notice" && /^[0-9]{2}:[0-9]{2}:[0-9]{2}$/.test(document.getElementById("since").textContent)`)
	if seen := js[[]string](b, "seen"); len(seen) < 3 || seen[0] != "live number" || slices.Contains(seen, "live dashes") {
		t.Errorf("it went %q", seen)
	}
	b.keep("dead")
	w.release()
	b.until("a live number", tile("spo2")+` === "97" && document.getElementById("notice").hidden`)
}

// TestBetweenVisits: a kiosk that is there and measures nobody says so; nothing of the one before stays.
func TestBetweenVisits(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	stop := p.Kiosk("bhu-1", p.Broker, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	b := newTab(t)
	b.signIn(p.url)
	b.open(p.url + "/kiosk/bhu-1")
	b.until("its number", tile("spo2")+` === "97"`)
	stop()
	b.until("that it is off line", `!document.querySelector("[data-why=offline]").hidden && `+tile("spo2")+` === "--"`)
	p.Kiosk("bhu-1", p.Broker, clinictest.Finger{})
	b.until("that nobody is measured", `!document.getElementById("idle").hidden && document.getElementById("notice").hidden && `+tile("spo2")+` === "--"`)
}

// TestASessionThatEnds: a page whose session is over asks for the sign-in and shows nothing any more.
func TestASessionThatEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Kiosk("bhu-1", p.Broker, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	b := newTab(t)
	b.signIn(p.url)
	b.open(p.url + "/kiosk/bhu-1")
	b.until("its number", tile("spo2")+` === "97"`)
	js[bool](b, `fetch("/sign-out", { method: "POST", headers: { "X-Token": document.querySelector("[name=token]").value } }).then(() => true)`)
	b.until("the sign-in", `location.pathname === "/sign-in"`)
}

func TestWordsAreThereInBoth(t *testing.T) {
	en, ur := slices.Sorted(maps.Keys(all["en"])), slices.Sorted(maps.Keys(all["ur"]))
	if !slices.Equal(en, ur) {
		t.Errorf("en %q\nur %q", en, ur)
	}
	for key, w := range all["ur"] {
		if strings.ContainsAny(w, "۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩") || w == "" {
			t.Errorf("%s: %q", key, w)
		}
	}
}

// TestPracticeSaysSo: every page of a practice clinic, and none of another.
func TestPracticeSaysSo(t *testing.T) {
	for _, practice := range []bool{true, false} {
		s := &Site{Practice: practice, Guard: &door.Guard{Entry: door.NewEntry(nil)}, Log: clinictest.Quiet}
		w := httptest.NewRecorder()
		s.signIn(w, httptest.NewRequest(http.MethodGet, "/sign-in", nil))
		if said := strings.Contains(w.Body.String(), "PRACTICE"); said != practice {
			t.Errorf("practice %t: it says so %t", practice, said)
		}
	}
}
