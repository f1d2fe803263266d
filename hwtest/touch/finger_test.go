package touch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/hwtest/stage"
)

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
	ctx, stop := context.WithTimeout(t.Context(), 6*time.Minute)
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
	got := js[string](f, `new Promise((done) => { let n = 0; const t = setInterval(() => {
		const s = document.querySelector("#screen form")?.dataset.screen;
		if ([`+list+`].includes(s) || n++ > 1500) { clearInterval(t); done(s); } }, 20); })`)
	if !slices.Contains(screens, got) {
		f.Fatalf("%.300s stays, want one of %v", js[string](f, shown), screens)
	}
	return got
}

// touch touches a button and waits until the kiosk has answered.
func (f *finger) touch(tap string) {
	f.Helper()
	f.taps++
	button := fmt.Sprintf("button[value=%q]", tap)
	if offers := js[[]string](f, `[...document.querySelectorAll("button[name=tap]:not([disabled])")].map((b) => b.value)`); !slices.Contains(offers, tap) {
		f.Fatalf("%s is not offered on %s, but %v", tap, js[string](f, `document.querySelector("#screen form").dataset.screen`), offers)
	}
	before := js[string](f, `document.querySelector("#screen form").dataset.rev`)
	from := time.Now()
	defer func() { f.waited += time.Since(from) }()
	err := chromedp.Do(f.ctx, chromedp.Tap(chromedp.CSS(button)))
	if err != nil && strings.Contains(err.Error(), "node with given id") { // the page was drawn anew between the look and the touch
		err = chromedp.Do(f.ctx, chromedp.Tap(chromedp.CSS(button)))
	}
	if err != nil {
		f.Fatalf("touch %s: %v", tap, err)
	}
	if tap == "breath" {
		return // the page stays: the next breath comes soon
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

// turn makes the panel another one.
func (f *finger) turn(size [2]int64) {
	f.Helper()
	if err := chromedp.Do(f.ctx, chromedp.EmulateViewport(size[0], size[1], chromedp.EmulateTouch)); err != nil {
		f.Fatal(err)
	}
}
