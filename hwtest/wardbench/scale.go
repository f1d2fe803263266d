package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
	"nabz/queue"
)

// What the clinic must serve, and for how long it is watched.
const (
	kiosks   = 50
	watchers = 200
	stalled  = 10
	watching = 30 * time.Second
)

// measureScale prints what watchers of many kiosks cost the clinic, and how long a number takes from a kiosk to them: without and with some who never
// read. All of it runs on this machine, the kiosks too.
func measureScale(ctx context.Context, dir string) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := startClinic(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for i := range kiosks {
		if err := startUplink(ctx, &running, filepath.Join(dir, name(i)), name(i), c.broker); err != nil {
			return err
		}
	}
	cookie, err := c.signIn()
	if err != nil {
		return err
	}
	fmt.Printf("\n%-58s %8s %8s %8s %9s\n", fmt.Sprintf("%d kiosks streaming; ms from kiosk to watcher", kiosks), "p50", "p99", "cpu", "resident")
	for _, deaf := range []int{0, stalled} {
		if err := watched(ctx, c, cookie, deaf); err != nil {
			return err
		}
	}
	return nil
}

func name(i int) string { return fmt.Sprintf("bhu-%02d", i) }

// watched has watchers look for a while, some of whom never read.
func watched(ctx context.Context, c *clinic, cookie string, deaf int) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var late []time.Duration
	var counting atomic.Bool
	var frames atomic.Int64
	var open sync.WaitGroup
	defer open.Wait()
	defer stop()
	for i := range watchers {
		resp, err := c.events(ctx, name(i%kiosks), cookie)
		if err != nil {
			return err
		}
		if i < deaf {
			context.AfterFunc(ctx, func() { resp.Body.Close() })
			continue
		}
		open.Go(func() {
			defer resp.Body.Close() // it ends with ctx
			_ = each(resp, func(raw []byte) {
				now := time.Now()
				var e struct {
					Numbers *wire.Numerics    `json:"numbers"`
					Frames  []json.RawMessage `json:"frames"`
				}
				if json.Unmarshal(raw, &e) != nil || !counting.Load() {
					return
				}
				frames.Add(int64(len(e.Frames)))
				if e.Numbers != nil {
					mu.Lock()
					late = append(late, now.Sub(e.Numbers.At))
					mu.Unlock()
				}
			})
		})
	}
	time.Sleep(watching / 3) // all of them have begun, and what stalls is full
	before, err := c.Usage()
	if err != nil {
		return err
	}
	began := time.Now()
	counting.Store(true)
	time.Sleep(watching)
	counting.Store(false)
	after, err := c.Usage()
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	fmt.Printf("%-58s %8.0f %8.0f %7.0f%% %6.0f MB\n", fmt.Sprintf("%d watchers, %d of whom never read", watchers, deaf), ms(quantile(late, 0.5)), ms(quantile(late, 0.99)),
		100*after.Since(before, time.Since(began)), float64(after.Resident)/1e6)
	wanted, heard := float64(watchers-deaf)*watching.Seconds(), float64(len(late))
	fmt.Printf("  numbers a second and watcher %.2f, frames of the wave %.2f\n", heard/wanted, float64(frames.Load())/wanted)
	return nil
}

// startUplink is a kiosk's real uplink with a queue of its own, whose oximeter is a finger of 60 samples a second.
func startUplink(ctx context.Context, running *sync.WaitGroup, dir, name, addr string) error {
	q, _, err := queue.Open(filepath.Join(dir, "queue"), queue.Opts{})
	if err != nil {
		return err
	}
	clk, err := clock.Open(filepath.Join(dir, "clock.json"))
	if err != nil {
		return errors.Join(err, q.Close())
	}
	there := make(chan struct{})
	var once sync.Once
	up := uplink.New(uplink.Opts{
		Queue: q, Clock: clk, Kiosk: name, Base: "https://nabz.example/fhir", Software: "1", Zone: time.UTC,
		Broker: broker.Opts{URL: "tcp://" + addr, ClientID: name}, Log: slog.New(slog.DiscardHandler), Live: finger{name, time.Now()},
		Receipt: func(uplink.Receipt) {}, Link: func(l uplink.Link) {
			if l.Clinic {
				once.Do(func() { close(there) })
			}
		},
	})
	running.Go(func() {
		_ = up.Run(ctx) // it ends with ctx
		_ = q.Close()   // a temporary folder
	})
	select {
	case <-there:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finger is a visit that never ends.
type finger struct {
	visit string
	begun time.Time
}

// Now implements uplink.Live.
func (f finger) Now() (uplink.Sight, bool) {
	who := reading.PatientRef{Type: reading.MedicalRecord, Value: "000123"}
	return uplink.Sight{Patient: who, Numerics: wire.Numerics{
		Visit: f.visit, Step: "oximetry", SpO2: &wire.Number{V: 97}, Pulse: &wire.Number{V: 72},
	}}, true
}

// Wave implements uplink.Live.
func (f finger) Wave(after uint64) (samples []int, rate int, newest uint64) {
	newest = uint64(time.Since(f.begun)/time.Millisecond)*60/1000 + 1
	for n := after + 1; after > 0 && n <= newest; n++ {
		samples = append(samples, int(n%100))
	}
	return samples, 60, newest
}
