package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"nabz/drivers/sim"
	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/hwtest/stage"
)

// changes is how often the patient's oxygen changes.
const changes = 100

// measureLatency prints how long a change takes from the simulated oximeter, over its serial line, the kiosk, a link, the broker and the clinic, to the
// frame that shows it in a browser. It is counted from the change itself, up to a sixtieth of a second before the byte leaves. Numbers go once a second, so half a
// second of it is the waiting for the next.
func measureLatency(ctx context.Context, dir string, late time.Duration) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := startClinic(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	k, err := listen(ctx, c.broker, late)
	if err != nil {
		return err
	}
	bench, done, err := startKiosk(ctx, dir, k.Addr().String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	tab, leave, err := openPage(ctx, c)
	if err != nil {
		return err
	}
	defer leave()
	all, err := change(tab, bench)
	if err != nil {
		return err
	}
	name := "oximeter to page, on loopback"
	if late > 0 {
		name = fmt.Sprintf("oximeter to page, %s away from the broker", late)
	}
	row(name, all)
	proxy, err := own(ctx, late, 30)
	if err != nil {
		return err
	}
	row("  the link alone, in the same run", proxy)
	return nil
}

// startKiosk runs a kiosk with an oximeter, in a visit that waits at oximetry.
func startKiosk(ctx context.Context, dir, brokerAddr string) (b stage.Bench, done func() error, err error) {
	b = stage.NewBenchOf(stage.Kit{"oximeter": "contec"}, filepath.Join(dir, "dev"), 1, true)
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	go func() { served <- b.Serve(ctx) }()
	for _, p := range b.Plugs {
		<-p.Ready()
	}
	addr, err := stage.FreeAddr()
	if err != nil {
		stop()
		return b, nil, errors.Join(err, <-served)
	}
	toml := filepath.Join(dir, "kiosk.toml")
	kiosk := &stage.Process{Name: "kiosk", Args: []string{"run", "--config", toml}, Log: filepath.Join(dir, "kiosk.log")}
	done = func() error {
		err := kiosk.Stop()
		stop()
		return errors.Join(err, <-served)
	}
	err = stage.Config{
		Name: "bench", Data: filepath.Join(dir, "data"), Screen: addr, Broker: brokerAddr, Rest: "5m", Gap: "1m", Devices: b.Wired(), Live: true,
	}.Write(toml)
	if err == nil {
		_, err = kiosk.Start(ctx)
	}
	if err != nil {
		stop()
		return b, nil, errors.Join(err, <-served)
	}
	worker := stage.NewWorker("http://" + addr)
	if _, err = worker.Patiently(ctx); err == nil {
		_, err = worker.Skip(ctx, "000123", exam.StepOximetry)
	}
	b.Finger(true)
	if err != nil {
		return b, nil, errors.Join(err, done())
	}
	return b, done, nil
}

// openPage signs in with a browser and opens the kiosk's page, which notes when each number was painted.
func openPage(ctx context.Context, c *clinic) (context.Context, func(), error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("chromium is missing: make deps")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1024, 768))
	tab, free := chromedp.NewExecAllocator(ctx, opts...)
	tab, leave := chromedp.NewContext(tab)
	end := func() { leave(); free() }
	code, err := totp.GenerateCode(codeKey, time.Now())
	if err == nil {
		err = chromedp.Do(tab, chromedp.Navigate("http://"+c.pages+"/sign-in"))
	}
	if err == nil {
		_, err = chromedp.Run(tab, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { for (const [n, v] of Object.entries({ name: %q, password: %q, code: %q }))
			document.querySelector("[name=" + n + "]").value = v; return true; })()`, doctor, password, code)))
	}
	if err == nil {
		err = chromedp.Do(tab, chromedp.Click(chromedp.CSS("button.primary")), chromedp.WaitVisible(chromedp.CSS("#list")), chromedp.Navigate("http://"+c.pages+"/kiosk/bench"))
	}
	if err == nil {
		_, err = chromedp.Run(tab, chromedp.Evaluate[bool](`(() => { const o = document.querySelector("[data-tile=spo2] output"); window.painted = {};
			new MutationObserver(() => { const v = o.textContent; requestAnimationFrame(() => requestAnimationFrame(() => { painted[v] ??= Date.now(); })); })
				.observe(o, { childList: true, characterData: true, subtree: true }); return true; })()`))
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return tab, end, nil
}

// change lets the patient's oxygen change again and again, at moments that have nothing to do with the kiosk's seconds.
func change(tab context.Context, b stage.Bench) (all []time.Duration, err error) {
	value := vitals.Percent(90)
	for i := range changes + 2 { // the first two are for the page to come alive
		value = 91 + (value-90)%8
		if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](fmt.Sprintf(`delete painted["%d"]; true`, value))); err != nil {
			return nil, err
		}
		began := time.Now()
		b.Patient.Become(sim.PatientOpts{SpO2: value})
		at, err := chromedp.Run(tab, chromedp.Evaluate[float64](`new Promise((done) => { const t = setInterval(() => { const at = painted["`+strconv.Itoa(int(value))+`"]; if (at) { clearInterval(t); done(at); } }, 20); })`, chromedp.EvalAwaitPromise))
		if err != nil {
			return nil, err
		}
		if i >= 2 {
			all = append(all, time.UnixMilli(int64(at)).Sub(began))
		}
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
	}
	return all, nil
}
