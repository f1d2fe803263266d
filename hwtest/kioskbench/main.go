// Command kioskbench measures what a kiosk costs its box: the share of one processor and the resident memory, first with nothing plugged in and
// then with oximeter, cuff and thermometer streaming while a worker takes a patient through a visit and a page is open on the screen. The kiosk is the one beside this program (make bin).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"nabz/firmware/screen"
	"nabz/hwtest/stage"
)

const length = 25 * time.Second

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("kioskbench: ", err)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "nabz-kioskbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // a temporary folder
	fmt.Printf("%-28s %10s %10s %10s\n", "kiosk", "processor", "resident", "peak")
	for _, busy := range []bool{false, true} {
		u, share, err := measure(filepath.Join(dir, fmt.Sprint(busy)), busy)
		if err != nil {
			return err
		}
		name := "nothing plugged in"
		if busy {
			name = "all devices, a visit"
		}
		fmt.Printf("%-28s %9.2f%% %7.1f MB %7.1f MB\n", name, 100*share, mega(u.Resident), mega(u.Peak))
	}
	return errors.Join(measureVisits(filepath.Join(dir, "visits")), measurePage(filepath.Join(dir, "page")))
}

func mega(b uint64) float64 { return float64(b) / 1e6 }

// measure runs one kiosk and looks at its process from the outside.
func measure(dir string, busy bool) (u stage.Usage, share float64, err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	bench := stage.NewBench(filepath.Join(dir, "dev"), 1, true)
	if busy {
		served := make(chan error, 1)
		go func() { served <- bench.Serve(ctx) }()
		defer func() { stop(); err = errors.Join(err, <-served) }()
		for _, p := range bench.Plugs {
			<-p.Ready()
		}
	}
	kiosk, url, err := start(ctx, dir, bench)
	if err != nil {
		return u, 0, err
	}
	defer func() { err = errors.Join(err, kiosk.Stop()) }()
	worker := stage.NewWorker(url)
	looking, done := context.WithTimeout(ctx, length)
	defer done()
	if _, err := worker.Patiently(ctx); err != nil {
		return u, 0, err
	}
	if busy {
		page := make(chan error, 1)
		go func() { page <- watch(looking, url) }()
		defer func() { done(); err = errors.Join(err, <-page) }()
	}
	before, err := kiosk.Usage()
	if err != nil {
		return u, 0, err
	}
	began := time.Now()
	if err := use(looking, worker, bench, busy); err != nil {
		return u, 0, err
	}
	after, err := kiosk.Usage()
	if err != nil {
		return u, 0, err
	}
	return after, after.Since(before, time.Since(began)), nil
}

// watch is a page: it reads the stream until ctx ends.
func watch(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // the stream has no end of its own
	if _, err := io.Copy(io.Discard, resp.Body); ctx.Err() == nil {
		return fmt.Errorf("the page's stream ended: %w", err)
	}
	return nil
}

func start(ctx context.Context, dir string, bench stage.Bench) (*stage.Process, string, error) {
	addr, err := stage.FreeAddr()
	if err != nil {
		return nil, "", err
	}
	toml := filepath.Join(dir, "kiosk.toml")
	err = errors.Join(os.MkdirAll(dir, 0o700), stage.Config{
		Name: "bench", Data: filepath.Join(dir, "data"), Screen: addr, Broker: "127.0.0.1:1", Rest: "0s", Gap: "0s",
		Devices: bench.Wired(),
	}.Write(toml))
	if err != nil {
		return nil, "", err
	}
	p := &stage.Process{Name: "kiosk", Args: []string{"run", "--config", toml}, Log: filepath.Join(dir, "kiosk.log")}
	_, err = p.Start(ctx)
	return p, "http://" + addr, err
}

// use has a worker take visits until ctx ends, with a finger in the oximeter and the probe out all the time; or only looks.
func use(ctx context.Context, w *stage.Worker, bench stage.Bench, busy bool) error {
	for ctx.Err() == nil {
		if !busy {
			if _, err := w.Patiently(ctx); err != nil {
				return nil
			}
			stage.Wait(ctx, stage.Glance)
			continue
		}
		err := w.Play(ctx, bench, "000123", func(screen.State) {
			bench.Finger(true)
			bench.Probe(true)
		})
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
