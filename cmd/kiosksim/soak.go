package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
	"nabz/firmware/screen"
	"nabz/hwtest/stage"
)

// soakCmd kills kiosk, broker and clinic at random while visits go on, and then counts.
type soakCmd struct {
	Data     string  `default:".nabz/soak" help:"Folder for everything that this run keeps; emptied at the start."`
	Readings int     `default:"200" help:"How many readings to save."`
	Kills    int     `default:"50" help:"How many times to kill -9 a kiosk, the broker or the clinic."`
	Kiosks   int     `default:"4" help:"How many kiosks work at the same time."`
	Speed    float64 `default:"20" help:"How much faster than life cuff and thermometer are."`
	Seed     uint64  `help:"Seed of the kills; 0 takes a new one and prints it."`
}

// soak is one run: the promises that screens made, and the kills.
type soak struct {
	*site
	want int
	rng  *rand.Rand

	mu       sync.Mutex
	promised map[string]bool // Bundle ids of what a screen called saved
	kills    map[string]int
}

// Run implements kiosksim soak.
func (c soakCmd) Run(ctx context.Context) error {
	s, err := newSite(c.Data, siteOpts{kiosks: c.Kiosks, speed: c.Speed, rest: "0s", gap: "1s", byHand: true})
	if err != nil {
		return err
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	fmt.Printf("soak: %d readings, %d kills, seed %d\n", c.Readings, c.Kills, c.Seed)
	k := &soak{
		site: s, want: c.Readings, rng: rand.New(rand.NewPCG(c.Seed, 0)), promised: map[string]bool{}, kills: map[string]int{},
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, gctx := errgroup.WithContext(ctx)
	for _, kiosk := range s.kiosks {
		g.Go(func() error { return kiosk.Serve(gctx) })
	}
	g.Go(func() error {
		defer cancel()
		return k.run(gctx, c.Kills)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (k *soak) run(ctx context.Context, kills int) (err error) {
	defer func() { err = errors.Join(err, k.stop()) }()
	if err := k.start(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := k.work(ctx, kills); err != nil {
		return err
	}
	if err := k.arrive(ctx, 2*time.Minute); err != nil {
		return err
	}
	fmt.Printf("soak: %d readings called saved, each in the record exactly once; kills %v; %s\n",
		len(k.promised), k.kills, time.Since(began).Round(time.Second))
	return nil
}

// work lets patients come until enough is saved and enough was killed.
func (k *soak) work(ctx context.Context, kills int) error {
	g, gctx := errgroup.WithContext(ctx)
	killed := make(chan struct{})
	for i, kiosk := range k.kiosks {
		g.Go(func() error {
			for n := 0; !k.enough() || !closed(killed); n++ {
				kiosk.Patient.Become(sim.PatientOpts{Seed: uint64(100*i + n + 1), Systolic: 148, Diastolic: 91})
				if err := kiosk.play(gctx, fmt.Sprintf("%03d%03d", i, n), k.watch(kiosk)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(killed)
		return k.killer(gctx, kills)
	})
	return g.Wait()
}

// killer kills one program after another, spread over the run, and starts each again.
func (k *soak) killer(ctx context.Context, kills int) error {
	programs := []*stage.Process{k.broker, k.clinic}
	for _, kiosk := range k.kiosks {
		programs = append(programs, kiosk.Process)
	}
	for range kills {
		stage.Wait(ctx, time.Duration(500+k.rng.IntN(4000))*time.Millisecond)
		victim := programs[k.pick()]
		victim.Kill()
		k.kills[k.label(victim)]++
		stage.Wait(ctx, time.Duration(k.rng.IntN(1500))*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := victim.Start(ctx); err != nil {
			return fmt.Errorf("after kill -9 it does not start again: %w", err)
		}
	}
	return nil
}

// pick chooses broker, clinic or some kiosk, each third of the times.
func (k *soak) pick() int {
	if n := k.rng.IntN(3); n < 2 {
		return n
	}
	return 2 + k.rng.IntN(len(k.kiosks))
}

func (k *soak) label(p *stage.Process) string {
	switch p {
	case k.broker:
		return "broker"
	case k.clinic:
		return "clinic"
	}
	return "kiosk"
}

// watch notes every promise that the screen makes.
func (k *soak) watch(kiosk *kiosk) func(screen.State) {
	return func(s screen.State) {
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, r := range s.Receipts {
			if r.Saved != nil {
				k.promised[kiosk.name+"-"+r.Entry] = true
			}
		}
	}
}

func (k *soak) enough() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.promised) >= k.want
}

// arrive waits until every promise is in the record, then checks that nothing stands there twice.
func (k *soak) arrive(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		record, err := stage.Copies(k.data)
		if err != nil {
			return err
		}
		missing := k.missing(record)
		if len(missing) == 0 {
			return once(record)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d saved readings are not in the record after %s: %s", len(missing), patience, strings.Join(missing, " "))
		}
		stage.Wait(ctx, stage.Glance)
	}
}

func (k *soak) missing(record map[string]int) []string {
	var ids []string
	for id := range k.promised {
		if record[id] == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func once(record map[string]int) error {
	for id, n := range record {
		if n != 1 {
			return fmt.Errorf("%s is in the record %d times", id, n)
		}
	}
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
