package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
	"nabz/hwtest/stage"
)

// runCmd is a whole site for a person to look at.
type runCmd struct {
	Data  string  `default:".nabz/run" help:"Folder for everything that this run keeps; emptied at the start."`
	Speed float64 `default:"1" help:"How much faster than life the devices are."`
}

// Run implements kiosksim run.
func (c runCmd) Run(ctx context.Context) error {
	s, err := newSite(c.Data, siteOpts{kiosks: 1, speed: c.Speed, rest: "10s", gap: "10s"})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	k := s.kiosks[0]
	g.Go(func() error { return k.Serve(ctx) })
	g.Go(func() error {
		if err := s.start(ctx); err != nil {
			return errors.Join(err, s.stop())
		}
		fmt.Printf(lookAt, k.url, s.brokerAddr, c.Data, c.Data)
		go orders(os.Stdin, k.Bench) // ends with its input
		select {
		case <-ctx.Done():
		case <-k.Ended:
			err = fmt.Errorf("the kiosk ended: %s", k.LastLine())
		}
		return errors.Join(err, s.stop())
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	fmt.Println("stopped")
	return nil
}

const lookAt = `
  screen   %s  (worker 7, PIN 4821; technician, PIN 7316)
  broker   %s  (practice root kiosk-test/v1)
  record   %s/record/*.ndjson
  logs     %s/log

Faults: type "oximeter finger-out", "cuff loose-cuff", "thermometer probe-moved", "oximeter unplug", "oximeter clear".
Ctrl-C stops everything.
`

// devicesCmd is the peripherals alone, for a kiosk of one's own.
type devicesCmd struct {
	Dir   string  `default:".nabz/dev" help:"Folder in which the ports appear: oximeter, cuff, thermometer."`
	Speed float64 `default:"1" help:"How much faster than life the devices are."`
}

// Run implements kiosksim devices.
func (c devicesCmd) Run(ctx context.Context) error {
	b := stage.NewBench(c.Dir, c.Speed, false)
	fmt.Printf("ports: %s, %s, %s\n", b.Path("oximeter"), b.Path("cuff"), b.Path("thermometer"))
	go orders(os.Stdin, b) // ends with its input
	return b.Serve(ctx)
}

// orders reads faults to make, one a line: a device and a fault, or "clear", "unplug", "replug".
func orders(in io.Reader, b stage.Bench) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 0 {
			if err := obey(b, words); err != nil {
				fmt.Println(err)
			}
		}
	}
}

func obey(b stage.Bench, words []string) error {
	d, ok := b.Device(words[0])
	if !ok || len(words) != 2 {
		return errors.New(`say a device (oximeter, cuff, thermometer) and a fault, or "clear", "unplug", "replug"`)
	}
	switch words[1] {
	case "clear":
		d.Clear()
	case "unplug":
		b.Plugs[words[0]].Unplug()
	case "replug":
		b.Plugs[words[0]].Replug()
	default:
		f, err := sim.ParseFault(words[1])
		if err != nil {
			return err
		}
		d.Inject(f)
	}
	return nil
}
