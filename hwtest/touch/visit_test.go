package touch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/firmware"
	"nabz/firmware/config"
	"nabz/hwtest/stage"
)

// kiosk is a running kiosk with simulated devices on its wires.
type kiosk struct {
	*testing.T
	cfg   config.Config
	bench stage.Bench
	stop  context.CancelFunc
	ended chan error
	k     *firmware.Kiosk
}

// newKiosk starts one. With byHand finger and probe stay where they are, so that no result comes between a look and a touch.
func newKiosk(t *testing.T, byHand bool) *kiosk {
	t.Helper()
	dir := t.TempDir()
	bench := stage.NewBench(filepath.Join(dir, "dev"), 20, byHand)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- bench.Serve(ctx) }()
	t.Cleanup(func() { stop(); <-served })
	for _, p := range bench.Plugs {
		<-p.Ready()
	}
	addr, err := stage.FreeAddr() // the same one after a restart: the page is still open
	if err != nil {
		t.Fatal(err)
	}
	toml := filepath.Join(dir, "kiosk.toml")
	if err := (stage.Config{
		Name: "bhu-test", Data: filepath.Join(dir, "data"), Screen: addr, Broker: "127.0.0.1:1", Rest: "0s", Gap: "0s",
		Oximeter: bench.Path("oximeter"), Cuff: bench.Path("cuff"), Thermometer: bench.Path("thermometer"),
	}).Write(toml); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(toml)
	if err != nil {
		t.Fatal(err)
	}
	k := &kiosk{T: t, cfg: cfg, bench: bench}
	t.Cleanup(k.end)
	k.start()
	return k
}

func (k *kiosk) start() {
	k.Helper()
	var err error
	if k.k, err = firmware.Open(k.cfg, "1.2.3", slog.New(slog.DiscardHandler)); err != nil {
		k.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	k.stop, k.ended = stop, make(chan error, 1)
	go func() { k.ended <- k.k.Run(ctx) }()
}

func (k *kiosk) end() {
	if k.k == nil {
		return
	}
	k.stop()
	if err := errors.Join(<-k.ended, k.k.Close()); err != nil {
		k.Error(err)
	}
	k.k = nil
}

// finger is one tab of Chromium, and who touches it.
type finger struct {
	*testing.T
	ctx    context.Context
	taps   int
	waited time.Duration // for the kiosk's answers
}

func newFinger(t *testing.T, url string, w, h int64) *finger {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: make deps")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("touch-events", "enabled"))
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	ctx, free := chromedp.NewExecAllocator(ctx, opts...)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() { leave(); free(); stop() })
	f := &finger{T: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(w, h, chromedp.EmulateTouch), chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	js[bool](f, `window.broken = []; document.addEventListener("securitypolicyviolation", (e) => broken.push(e.violatedDirective + " " + e.blockedURI)); true`)
	return f
}

func js[T any](f *finger, script string) T {
	f.Helper()
	v, err := chromedp.Run(f.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		f.Fatalf("%.100s: %v", script, err)
	}
	return v
}

// sees waits until one of these screens is shown and returns which.
func (f *finger) sees(screens ...string) string {
	f.Helper()
	list := ""
	for _, s := range screens {
		list += fmt.Sprintf("%q,", s)
	}
	return js[string](f, `new Promise((done) => { const t = setInterval(() => {
		const s = document.querySelector("#screen form")?.dataset.screen;
		if ([`+list+`].includes(s)) { clearInterval(t); done(s); } }, 20); })`)
}

// touch touches a button and waits until the kiosk has answered.
func (f *finger) touch(tap string) {
	f.Helper()
	f.taps++
	button := fmt.Sprintf("button[value=%q]", tap)
	before := js[string](f, `document.querySelector("#screen form").dataset.rev`)
	from := time.Now()
	defer func() { f.waited += time.Since(from) }()
	if err := chromedp.Do(f.ctx, chromedp.Tap(chromedp.CSS(button))); err != nil {
		f.Fatalf("touch %s: %v", tap, err)
	}
	js[bool](f, `new Promise((done) => { const t = setInterval(() => {
		if (document.querySelector("#screen form")?.dataset.rev !== `+fmt.Sprintf("%q", before)+` && !busy) { clearInterval(t); done(true); } }, 10); })`)
}

// keep writes a picture for people to look at where NABZ_SHOTS says.
func (f *finger) keep(name string) {
	f.Helper()
	dir := os.Getenv("NABZ_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(f.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		f.Fatal(err)
	}
}

func (f *finger) signIn(lang string) {
	f.Helper()
	f.sees("ready")
	if lang == "en" {
		f.touch("lang en")
	}
	f.touch("start")
	f.sees("staff")
	f.touch("number " + stage.WorkerNumber)
	f.sees("pin")
	f.digits(stage.WorkerPIN)
	f.touch("next")
	f.sees("home")
}

// digits types on the pad.
func (f *finger) digits(some string) {
	f.Helper()
	for _, d := range some {
		f.touch("digit " + string(d))
	}
}

// newPatient types a number and says who it is.
func (f *finger) newPatient() {
	f.Helper()
	f.touch("start")
	f.sees("identify")
	for _, d := range "123" {
		f.touch("digit " + string(d))
	}
	f.touch("next")
	f.sees("birth")
	for _, d := range "1984" {
		f.touch("digit " + string(d))
	}
	f.touch("next")
	f.sees("sex")
	f.touch("sex female")
	f.sees("confirm")
	f.touch("next")
}

// measured goes from the first screen of the visit to the end. at is called on each screen.
func (f *finger) measured(name string, at func(screen string)) {
	f.Helper()
	f.sees("bp-prep")
	at("bp-prep")
	f.touch("start-cuff")
	f.sees("bp-run")
	at("bp-run")
	f.sees("bp-result")
	f.keep(name + "-bp")
	at("bp-result")
	f.touch("next")
	f.sees("spo2-live")
	at("spo2-live")
	f.sees("spo2-result")
	at("spo2-result")
	f.touch("next")
	f.sees("temp-result")
	at("temp-result")
	f.touch("next")
	f.sees("review")
	f.keep(name + "-review")
	at("review")
	f.touch("finish")
	f.sees("saved")
	f.keep(name + "-saved")
	at("saved")
}

// TestWholeVisitByTouch takes a new patient and then the same one again through a visit, in each language. A known patient takes nine touches at
// most, and no rule of the page's policy is broken.
func TestWholeVisitByTouch(t *testing.T) {
	for lang, size := range map[string][2]int64{"ur": {800, 480}, "en": {1024, 600}} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel() // it waits for its own devices
			k := newKiosk(t, false)
			f := newFinger(t, k.k.URL(), size[0], size[1])
			f.signIn(lang)
			f.newPatient()
			f.measured(lang, func(string) {})
			cards := js[[]string](f, `[...document.querySelectorAll(".card .value")].map((e) => e.innerText.replace(/\s/g, " "))`)
			if want := []string{"122/78 mmHg", "97 %", "72 /min", "36.8 °C"}; !slices.Equal(cards, want) {
				t.Errorf("saved: %q, want %q", cards, want)
			}
			f.taps, f.waited = 0, 0
			f.touch("start")
			f.sees("identify")
			f.touch("recent 123")
			f.sees("confirm")
			f.touch("next")
			f.measured(lang+"-again", func(string) {})
			if f.taps > 9 {
				t.Errorf("a known patient takes %d touches, want 9 at most", f.taps)
			}
			// A touch takes a practised hand about a second and a half (to look, reach and touch); the rest is the kiosk's.
			spent := time.Duration(f.taps)*1500*time.Millisecond + f.waited
			if spent >= 15*time.Second {
				t.Errorf("a known patient takes %s of the worker's time beside the measurements", spent)
			}
			t.Logf("%d touches for a known patient, %s until the kiosk answered them", f.taps, f.waited)
			if away := js[[]string](f, `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin + "/"))`); len(away) > 0 {
				t.Errorf("requests left the kiosk: %v", away)
			}
			if broken := js[[]string](f, "broken"); len(broken) > 0 {
				t.Errorf("the page's policy was broken: %v", broken)
			}
			if got := js[string](f, "document.documentElement.lang"); got != lang {
				t.Errorf("the page is in %q", got)
			}
		})
	}
}

// TestPulledPlugsAreSaid pulls each device while its step is prepared: the screen says so by itself, and goes back when it is plugged in.
func TestPulledPlugsAreSaid(t *testing.T) {
	t.Parallel() // it waits for its own devices
	k := newKiosk(t, true)
	f := newFinger(t, k.k.URL(), 800, 480)
	f.signIn("ur")
	f.newPatient()
	for _, device := range []string{"cuff", "oximeter", "thermometer"} {
		f.sees("bp-prep", "spo2-prep", "spo2-live", "temp-prep", "temp-run")
		k.bench.Plugs[device].Unplug()
		f.sees("missing", "fault")
		f.keep("pulled-" + device)
		k.bench.Plugs[device].Replug()
		f.sees("bp-prep", "spo2-prep", "spo2-live", "temp-prep", "temp-run")
		f.touch("skip")
		f.touch("reason other")
	}
	f.sees("review")
}

// TestRestartAtEveryScreen stops the kiosk at each screen of a visit and starts it again: the same screen, with the same values.
func TestRestartAtEveryScreen(t *testing.T) {
	t.Parallel() // it waits for its own devices
	k := newKiosk(t, true)
	f := newFinger(t, k.k.URL(), 1024, 600)
	seen := func(screen string) {
		t.Helper()
		before := js[string](f, shown)
		k.end()
		k.start()
		if err := chromedp.Do(f.ctx, chromedp.Navigate(k.k.URL())); err != nil {
			t.Fatal(err)
		}
		if screen == "bp-run" || screen == "spo2-live" { // the inflation is over and the window begins again; the step is the same
			js[bool](f, `document.querySelector(".rail [aria-current]") !== null`)
			return
		}
		if after := js[string](f, shown); after != before {
			t.Errorf("%s: before %q, after a restart %q", screen, before, after)
		}
	}
	f.sees("ready")
	seen("ready")
	f.touch("start")
	f.touch("digit 7")
	seen("staff")
	f.touch("next")
	seen("pin")
	f.digits(stage.WorkerPIN)
	f.touch("next")
	seen("home")
	f.touch("status")
	seen("status")
	f.touch("back")
	f.touch("today")
	seen("today")
	f.touch("back")
	f.touch("start")
	f.touch("digit 1")
	f.touch("digit 2")
	seen("identify")
	f.touch("next")
	f.touch("digit 1")
	f.touch("digit 9")
	f.touch("digit 8")
	f.touch("digit 4")
	seen("birth")
	f.touch("next")
	seen("sex")
	f.touch("sex male")
	seen("confirm")
	f.touch("next")
	f.sees("bp-prep")
	f.touch("skip")
	seen("skip")
	f.touch("back")
	f.touch("by-hand")
	f.touch("digit 1")
	seen("by-hand")
	f.touch("back")
	seen("bp-prep")
	f.touch("skip")
	f.touch("reason other")
	f.sees("spo2-prep", "spo2-live")
	f.touch("skip")
	f.touch("reason refused")
	f.sees("temp-prep", "temp-run")
	f.touch("skip")
	f.touch("reason not-needed")
	f.sees("review")
	seen("review")
	f.touch("finish")
	f.sees("saved")
	seen("saved")
}

// shown is the screen as a person sees it, without what moves.
const shown = `(() => { const f = document.querySelector("#screen form").cloneNode(true); f.querySelectorAll("header, [data-live]").forEach((e) => e.remove());
	return f.dataset.screen + ": " + f.textContent.replace(/\s+/g, " "); })()`
