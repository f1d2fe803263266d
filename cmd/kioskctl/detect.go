package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/detect"
	"nabz/drivers/port"
	"nabz/drivers/thermometer"
	"nabz/firmware/live"
	"nabz/firmware/screen"
)

// detectCmd says what is plugged in where.
type detectCmd struct {
	client
	Wait time.Duration `help:"Go on listening to silent ports for so long, while somebody presses start on a cuff that has its own button."`
	JSON bool          `help:"Print what was found as JSON."`
}

// Help implements kong.HelpProvider.
func (detectCmd) Help() string {
	return `Lists every serial port and I2C bus with what answers there, and prints the lines of kiosk.toml that name it. It listens first; to a
silent port it sends questions that move nothing on any device nabz knows of. It takes up to ten seconds. Ports that the running kiosk uses
are left alone and named.

A cuff with its own start button (hbp9030, ua767) is silent until somebody measures: give --wait and press start.

Examples:
  kioskctl detect
  kioskctl detect --wait 2m
  kioskctl detect --json`
}

// Run implements kioskctl detect.
func (c detectCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var s screen.State
	_ = c.get("/api/state", &s) // without a running kiosk no port is in use by it
	places, err := survey(ctx, port.Host, s.Devices, c.Wait)
	if err != nil {
		return err
	}
	chips, err := surveyBuses()
	if err != nil {
		return err
	}
	places = append(places, chips...)
	if c.JSON {
		return printJSON(places)
	}
	return printPlaces(os.Stdout, places)
}

// place is a port or a bus, and what is there.
type place struct {
	Where    string   `json:"where"`              // device file
	Name     string   `json:"name"`               // as kiosk.toml names it
	Text     string   `json:"text,omitempty"`     // what the bridge says of itself
	Protocol string   `json:"protocol,omitempty"` // what answers; empty when nothing does
	Class    string   `json:"class,omitempty"`
	Makes    string   `json:"makes,omitempty"`
	Setting  string   `json:"setting,omitempty"` // of the line, or the chip's address
	Address  uint16   `json:"address,omitempty"`
	Also     []string `json:"also,omitempty"` // other protocols that fit
	Why      string   `json:"why,omitempty"`  // nothing was found
}

// survey looks at all serial ports at once.
func survey(ctx context.Context, s port.System, used []live.Device, wait time.Duration) ([]place, error) {
	ports, err := s.List()
	if err != nil {
		return nil, err
	}
	places := make([]place, len(ports))
	var busy sync.WaitGroup
	for i, p := range ports {
		places[i] = place{Where: p.Path, Name: p.Name(ports).String(), Text: p.Product}
		if d := slices.IndexFunc(used, func(d live.Device) bool { return d.Port == p.Path }); d >= 0 {
			places[i].Why = fmt.Sprintf("in use by the running kiosk: its %s, %s", used[d].Name, used[d].Protocol)
			continue
		}
		busy.Go(func() { places[i].look(ctx, s, p, wait) })
	}
	busy.Wait()
	return places, ctx.Err()
}

// look finds out what answers at a port.
func (p *place) look(ctx context.Context, s port.System, f port.Found, wait time.Duration) {
	all := catalogue.All()
	w, err := s.Open(port.Name{Path: f.Path}, port.Line(all[0].Lines[0]))
	if err != nil {
		p.Why = err.Error()
		return
	}
	defer w.Close() // nothing is left to write
	m, err := detect.Listen(ctx, w, "", all)
	if errors.Is(err, detect.ErrSilent) && wait > 0 {
		m, err = detect.Listen(ctx, w, "", pushed(all, wait))
	}
	if err != nil {
		p.Why = err.Error()
		return
	}
	p.Protocol, p.Class, p.Makes = m.Protocol.Name, string(m.Protocol.Class), m.Protocol.Makes
	p.Setting = fmt.Sprintf("%d 8%c%d", m.Line.Baud, m.Line.Parity, m.Line.StopBits)
	for _, o := range m.Also {
		p.Also = append(p.Also, o.Name)
	}
}

// pushed are the cuffs that speak when their patient has measured.
func pushed(all []catalogue.Protocol, wait time.Duration) (some []catalogue.Protocol) {
	for _, p := range all {
		if p.Pushed {
			p.Pause = wait
			some = append(some, p)
		}
	}
	return some
}

// surveyBuses looks at all I2C buses.
func surveyBuses() ([]place, error) {
	buses, err := port.I2CBuses()
	if err != nil {
		return nil, err
	}
	var all []place
	for _, path := range buses {
		bus, err := port.OpenI2C(path)
		if err != nil {
			all = append(all, place{Where: path, Name: path, Why: err.Error()})
			continue
		}
		found, err := thermometer.Detect(bus)
		all = append(all, placesOf(path, found, errors.Join(err, bus.Close()))...)
	}
	return all, nil
}

func placesOf(path string, found []thermometer.Found, err error) (all []place) {
	for _, f := range found {
		p := place{Where: path, Name: path, Address: f.Addr, Setting: fmt.Sprintf("address %#x", f.Addr)}
		chip, known := catalogue.FindChip(string(f.Chip))
		switch {
		case f.Err != nil:
			p.Why = f.Err.Error()
		case known:
			p.Protocol, p.Class, p.Makes = chip.Name, string(catalogue.Thermometer), chip.Makes
			if !f.Certain {
				p.Also = []string{"a chip that looks the same (LM75, TMP102)"}
			}
		}
		all = append(all, p)
	}
	if err != nil {
		all = append(all, place{Where: path, Name: path, Why: err.Error()})
	}
	if len(all) == 0 {
		all = append(all, place{Where: path, Name: path, Why: "no thermometer answers: check its four wires"})
	}
	return all
}
