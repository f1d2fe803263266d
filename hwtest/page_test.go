package hwtest

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/firmware"
)

// TestPageInABrowser: the browser that shows the kiosk finds the check's page by itself when the kiosk is stopped, each square is where a finger can reach it, and
// it goes back to the kiosk afterwards.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: make deps")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1024, 600))
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	ctx, free := chromedp.NewExecAllocator(ctx, opts...)
	defer free()
	ctx, leave := chromedp.NewContext(ctx)
	defer leave()
	until := func(what, js string) {
		t.Helper()
		for {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js))
			if err == nil && ok {
				return
			}
			if ctx.Err() != nil {
				t.Fatalf("waited in vain for %s: %v", what, err)
			}
			wait(ctx, looksEvery)
		}
	}
	s := newSite(t, 1, "")
	cfg := s.bench.Config
	cfg.Oximeter, cfg.Cuff, cfg.Thermometer = table{}.Device, table{}.Device, table{}.Device
	kiosk := func() (end func()) {
		k, err := firmware.OpenOn(s.box.Ports(), cfg, "1.2.3", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Listen = k.URL()[len("http://"):] // the same address each time
		run, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(run) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if err := k.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	end := kiosk()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1024, 600, chromedp.EmulateTouch), chromedp.Navigate("http://"+cfg.Listen)); err != nil {
		t.Fatal(err)
	}
	until("the kiosk's screen", `!!document.querySelector("#screen")`)
	end()
	page, err := OpenPage(cfg.Listen, Tone())
	if err != nil {
		t.Fatal(err)
	}
	until("the check's page", `document.title === "Check" && !document.querySelector("button")`)
	felt := page.squares()
	until("the squares", `document.querySelectorAll("button").length === 5`)
	if out := os.Getenv("NABZ_SHOTS"); out != "" {
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil || os.WriteFile(filepath.Join(out, "check-touch.png"), png, 0o600) != nil {
			t.Error(err)
		}
	}
	for left := places; left > 0; left-- {
		// the middle of a square is what a finger meets, and not something that lies on it
		until("a square to touch", `(() => { const b = document.querySelector("button"); if (!b || document.querySelectorAll("button").length !== `+string(rune('0'+left))+`) return false;
			const r = b.getBoundingClientRect(); const hit = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) === b; if (hit) b.click(); return hit; })()`)
	}
	<-felt
	page.play()
	until("the tone", `!!document.querySelector("audio")`)
	if err := page.Close(); err != nil {
		t.Fatal(err)
	}
	end = kiosk()
	defer end()
	until("the kiosk's screen again", `!!document.querySelector("#screen")`)
}
