package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"nabz/firmware/exam"
	"nabz/hwtest/stage"
)

// The limits of the screen, on the kiosk's own hardware. Here they are a reading of this machine beside that of an empty page.
const (
	mostPaint = 300.0 // ms from navigation to the first contentful paint
	mostDraw  = 100.0 // ms of the main thread a second, while the pulse wave is drawn
)

// paints is how often each page is loaded; drawing is how long the wave is watched.
const (
	paints  = 7
	drawing = 6 * time.Second
)

// measurePage prints what the touchscreen costs its browser: the first paint, the main thread while the pulse wave is drawn, and the bytes of the
// page, each beside an empty page in the same browser.
func measurePage(dir string) (err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return errors.New("chromium is missing: make deps")
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	bench := stage.NewBench(filepath.Join(dir, "dev"), 1, true)
	served := make(chan error, 1)
	go func() { served <- bench.Serve(ctx) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()
	kiosk, url, err := start(ctx, dir, bench)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kiosk.Stop()) }()
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!doctype html><title>x</title><p>x</p>")) // the browser is ours
	}))
	defer empty.Close()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1024, 600))
	tab, free := chromedp.NewExecAllocator(ctx, opts...)
	defer free()
	tab, leave := chromedp.NewContext(tab)
	defer leave()
	return compare(tab, url, empty.URL, stage.NewWorker(url), bench)
}

func compare(tab context.Context, url, empty string, w *stage.Worker, bench stage.Bench) error {
	blank, err := firstPaint(tab, empty)
	if err != nil {
		return err
	}
	page, err := firstPaint(tab, url)
	if err != nil {
		return err
	}
	bytes, err := evaluate[float64](tab, `[...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
		.filter((e) => !e.name.includes("/events") && !e.name.includes("/say/")).reduce((n, e) => n + e.decodedBodySize, 0)`)
	if err != nil {
		return err
	}
	if err := toWave(tab, w, bench); err != nil {
		return err
	}
	drawn, err := busy(tab)
	if err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(empty)); err != nil {
		return err
	}
	idle, err := busy(tab)
	if err != nil {
		return err
	}
	fmt.Printf("%-28s %10s %10s\n", "touchscreen in Chromium", "empty page", "screen")
	fmt.Printf("%-28s %7.0f ms %7.0f ms   (limit %.0f)\n", "first contentful paint", blank, page, mostPaint)
	fmt.Printf("%-28s %7.1f ms %7.1f ms   (limit %.0f)\n", "main thread, pleth, a second", idle, drawn, mostDraw)
	fmt.Printf("%-28s %10s %7.0f kB\n", "page, style, script, fonts", "", bytes/1000)
	if page-blank > mostPaint || drawn-idle > mostDraw {
		return errors.New("the screen is too heavy")
	}
	return nil
}

func evaluate[T any](tab context.Context, js string) (T, error) {
	return chromedp.Run(tab, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// firstPaint is the median of several loads, fonts and all from the kiosk each time.
func firstPaint(tab context.Context, url string) (float64, error) {
	var all []float64
	for range paints {
		if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
			return 0, err
		}
		ms, err := evaluate[float64](tab, `new Promise((done) => { const look = () => { const p = performance.getEntriesByName("first-contentful-paint")[0];
			p ? done(p.startTime) : setTimeout(look, 10); }; look(); })`)
		if err != nil {
			return 0, err
		}
		all = append(all, ms)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// toWave opens a visit, skips the blood pressure and waits until the pulse wave is on the page.
func toWave(tab context.Context, w *stage.Worker, bench stage.Bench) error {
	visit, err := w.Skip(tab, "000123", exam.StepOximetry)
	if err != nil {
		return fmt.Errorf("visit %s: %w", visit, err)
	}
	bench.Finger(true)
	_, err = evaluate[bool](tab, `new Promise((done) => { const look = () => document.querySelector("[data-live=spo2]")?.textContent > "0" ? done(true) : setTimeout(look, 50); look(); })`)
	return err
}

// busy is the main thread's work in milliseconds a second, over the time of drawing.
func busy(tab context.Context) (float64, error) {
	if _, err := chromedp.Call(tab, performance.Enable, performance.EnableParams{}); err != nil {
		return 0, err
	}
	before, err := worked(tab)
	if err != nil {
		return 0, err
	}
	stage.Wait(tab, drawing)
	after, err := worked(tab)
	return (after - before) * 1000 / drawing.Seconds(), err
}

func worked(tab context.Context) (float64, error) {
	m, err := chromedp.Call(tab, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		return 0, err
	}
	for _, one := range m.Metrics {
		if one.Name == "TaskDuration" {
			return one.Value, nil
		}
	}
	return 0, errors.New("the browser does not say how busy it was")
}
