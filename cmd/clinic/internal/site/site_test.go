package site

import (
	"context"
	"encoding/base32"
	"errors"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"nabz/cmd/clinic/internal/bus"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/intake"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/secret"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
	"nabz/queue"
)

var (
	quiet    = slog.New(slog.DiscardHandler)
	key      = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	password = "synthetic horse staple"
)

// finger is a visit whose oximeter sends 60 samples a second.
type finger struct {
	visit string
	spo2  int
	begun time.Time
}

func (f finger) Now() (uplink.Sight, bool) {
	return uplink.Sight{Numerics: wire.Numerics{
		Visit: f.visit, Step: "oximetry", SpO2: &wire.Number{V: f.spo2}, Pulse: &wire.Number{V: 72}, Celsius: &wire.Number{V: 36_800, Age: 4000},
	}}, f.visit != ""
}

func (f finger) Wave(after uint64) (samples []int, rate int, newest uint64) {
	newest = uint64(time.Since(f.begun)/time.Millisecond)*60/1000 + 1
	for n := after + 1; after > 0 && n <= newest; n++ {
		samples = append(samples, int(n%100))
	}
	return samples, 60, newest
}

// place is a broker, a clinic with its pages, and kiosks' real uplinks.
type place struct {
	*testing.T
	addr string // of the broker
	hub  *ward.Hub
	url  string // of the pages
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	b, err := bus.Start(filepath.Join(dir, "broker"), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	l, err := ledger.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	record, err := ehr.OpenFolder(filepath.Join(dir, "record"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(record.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	p := &place{T: t, addr: b.Addr(), hub: ward.NewHub(quiet)}
	at := broker.Opts{URL: "tcp://" + p.addr}
	in := intake.New(intake.Opts{Name: "clinic-1", Base: "https://nabz.example/fhir", Broker: at, Ledger: l, Record: record, Log: quiet})
	p.background(in.Run)
	line := ward.Line{Hub: p.hub, Name: "clinic-1", Root: wire.LiveRoot, Broker: at, Log: quiet}
	p.background(line.Run)
	a := door.Account{Name: "d-1", Password: secret.Hash(password), Code: key, Roles: []door.Role{{Role: "doctor", Kiosks: []string{"bhu-*"}}}}
	s := &Site{Hub: p.hub, Log: quiet, Guard: &door.Guard{
		Entry: door.NewEntry([]door.Account{a}), Sessions: door.NewSessions(), Audit: func(door.Event) error { return nil }, Log: quiet,
	}}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Guard.Host, p.url = u.Host, server.URL
	return p
}

// background runs a task until the test ends, and returns when it is ready.
func (p *place) background(run func(context.Context, func()) error) (stop func()) {
	p.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended, up := make(chan error, 1), make(chan struct{})
	var once sync.Once
	go func() { ended <- run(ctx, func() { once.Do(func() { close(up) }) }) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			p.Error(err)
		}
	})
	p.Cleanup(stop)
	select {
	case <-up:
	case err := <-ended:
		p.Fatal(err)
	}
	return stop
}

// kiosk is one at that broker, or at a wire to it.
func (p *place) kiosk(name, addr string, f finger) (stop func()) {
	p.Helper()
	dir := p.TempDir()
	q, _, err := queue.Open(filepath.Join(dir, "queue"), queue.Opts{})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { q.Close() })
	c, err := clock.Open(filepath.Join(dir, "clock.json"))
	if err != nil {
		p.Fatal(err)
	}
	f.begun = time.Now()
	return p.background(func(ctx context.Context, ready func()) error {
		return uplink.New(uplink.Opts{
			Queue: q, Clock: c, Kiosk: name, Base: "https://nabz.example/fhir", Software: "1", Zone: time.UTC,
			Broker: broker.Opts{URL: "tcp://" + addr, ClientID: name}, Log: quiet, Live: f,
			Receipt: func(uplink.Receipt) {}, Link: func(l uplink.Link) {
				if l.Clinic {
					ready()
				}
			},
		}).Run(ctx)
	})
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
	if err != nil && strings.Contains(err.Error(), "navigated") { // the page before was asked
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
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
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
	p.kiosk("bhu-1", p.addr, finger{visit: "v1", spo2: 97})
	p.kiosk("bhu-2", p.addr, finger{visit: "v2", spo2: 91})
	p.kiosk("layyah-1", p.addr, finger{visit: "v3", spo2: 88})
	b := newTab(t)
	b.signIn(p.url)
	b.until("both kiosks", `[...document.querySelectorAll(".kiosks a")].map((a) => a.innerText).join() === "bhu-1,bhu-2"`)
	b.keep("kiosks")
	for kiosk, want := range map[string]string{"bhu-1": "97", "bhu-2": "91"} {
		b.open(p.url + "/kiosk/" + kiosk)
		b.until("its number", tile("spo2")+` === "`+want+`"`)
		b.until("a wave", `pleth.drawn > 60`)
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
	w := newWire(t, p.addr)
	p.kiosk("bhu-1", w.addr, finger{visit: "v1", spo2: 97})
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
	stop := p.kiosk("bhu-1", p.addr, finger{visit: "v1", spo2: 97})
	b := newTab(t)
	b.signIn(p.url)
	b.open(p.url + "/kiosk/bhu-1")
	b.until("its number", tile("spo2")+` === "97"`)
	stop()
	b.until("that it is off line", `!document.querySelector("[data-why=offline]").hidden && `+tile("spo2")+` === "--"`)
	p.kiosk("bhu-1", p.addr, finger{})
	b.until("that nobody is measured", `!document.getElementById("idle").hidden && document.getElementById("notice").hidden && `+tile("spo2")+` === "--"`)
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
