package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
	"nabz/firmware/screen"
)

// demoCmd runs three scripted visits, each on a kiosk of its own, against one broker and one clinic.
type demoCmd struct {
	Data  string  `default:".nabz/demo" help:"Folder for everything that this run keeps; emptied at the start."`
	Speed float64 `default:"20" help:"How much faster than life cuff and thermometer are."`
}

// Run implements kiosksim demo.
func (c demoCmd) Run(ctx context.Context) error {
	s, err := newSite(c.Data, siteOpts{kiosks: 3, speed: c.Speed, rest: "1s", gap: "1s", byHand: true})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for _, k := range s.kiosks {
		g.Go(func() error { return k.Serve(ctx) })
	}
	var rows []row
	g.Go(func() error {
		defer cancel()
		rows, err = s.demo(ctx)
		return err
	})
	if err := g.Wait(); err != nil && rows == nil {
		return err
	}
	printRows(os.Stdout, rows)
	fmt.Printf("\n%d saved readings, record in %s/record\n", len(rows), c.Data)
	return judge(rows, 9)
}

// demo starts the site, runs the visits and waits for their receipts.
func (s *site) demo(ctx context.Context) (rows []row, err error) {
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	visits := []func(context.Context, *site, *kiosk) error{normal, faulty, cutOff}
	g, gctx := errgroup.WithContext(ctx)
	for i, visit := range visits {
		g.Go(func() error { return visit(gctx, s, s.kiosks[i]) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return s.settle(ctx, 20*time.Second)
}

// normal is a visit in which all goes well.
func normal(ctx context.Context, _ *site, k *kiosk) error {
	say(k, "a visit in which all goes well")
	return k.play(ctx, "000101", func(screen.State) {})
}

// faulty is a visit in which every device has its faults once.
func faulty(ctx context.Context, _ *site, k *kiosk) error {
	say(k, "a visit with a fault on every device")
	k.Patient.Become(sim.PatientOpts{Systolic: 142, Diastolic: 88, Temperature: 38_200})
	k.Sims["cuff"].InjectN(sim.LooseCuff, 1)
	k.Sims["thermometer"].InjectN(sim.ProbeMoved, 1)
	k.Sims["oximeter"].Inject(sim.Noise)
	var finger, plug sync.Once
	return k.play(ctx, "000102", func(s screen.State) {
		if s.Visit == nil || s.Visit.Step != "oximetry" {
			return
		}
		finger.Do(func() {
			say(k, "the finger slips out and comes back; noise on the line")
			k.Sims["oximeter"].Inject(sim.FingerOut)
			time.AfterFunc(time.Second, func() { k.Sims["oximeter"].Clear() })
		})
		plug.Do(func() {
			time.AfterFunc(3*time.Second, func() {
				say(k, "the oximeter is unplugged and plugged in again")
				k.Plugs["oximeter"].Unplug()
				time.AfterFunc(500*time.Millisecond, k.Plugs["oximeter"].Replug)
			})
		})
	})
}

// cutOff is a visit during which the broker dies and comes back.
func cutOff(ctx context.Context, s *site, k *kiosk) error {
	say(k, "a visit during which the broker dies and comes back")
	k.Patient.Become(sim.PatientOpts{Systolic: 156, Diastolic: 94, SpO2: 94})
	var cut sync.Once
	err := k.play(ctx, "000103", func(st screen.State) {
		if st.Visit == nil || st.Visit.Step != "oximetry" {
			return
		}
		cut.Do(func() {
			say(k, "the broker is killed; the visit goes on")
			s.broker.Kill()
		})
	})
	if err != nil {
		return err
	}
	say(k, "the visit is over; the broker is started again")
	_, err = s.broker.Start(ctx)
	return err
}

func say(k *kiosk, what string) {
	fmt.Printf("%s  %s: %s\n", time.Now().Format("15:04:05"), k.name, what)
}
