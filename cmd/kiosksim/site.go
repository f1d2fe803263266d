package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"nabz/firmware/screen"
	"nabz/hwtest/stage"
)

// site is a whole deployment on this machine: a broker, a clinic and some kiosks, each a process of its own, all in practice.
type site struct {
	data   string
	broker *stage.Process
	clinic *stage.Process
	kiosks []*kiosk

	brokerAddr string
}

// kiosk is one unmodified kiosk with its simulated peripherals.
type kiosk struct {
	*stage.Process
	stage.Bench
	name string
	url  string // of its screen; stays over restarts
}

// play takes one patient through a whole visit.
func (k *kiosk) play(ctx context.Context, patient string, watch func(screen.State)) error {
	if err := stage.NewWorker(k.url).Play(ctx, k.Bench, patient, watch); err != nil {
		return fmt.Errorf("%s: %w", k.name, err)
	}
	return nil
}

// siteOpts says what a site is made of.
type siteOpts struct {
	kiosks    int
	speed     float64 // of the devices, against life
	rest, gap string  // the exam's, as in kiosk.toml
	byHand    bool    // scripts move finger and probe
}

// newSite lays out the folders below data; what an earlier run left there is removed.
func newSite(data string, o siteOpts) (*site, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(data); err != nil {
		return nil, err
	}
	s := &site{data: data}
	if s.brokerAddr, err = stage.FreeAddr(); err != nil {
		return nil, err
	}
	for _, dir := range []string{"log", "record", "dev"} {
		if err := os.MkdirAll(filepath.Join(data, dir), 0o700); err != nil {
			return nil, err
		}
	}
	s.broker = s.program("clinic", "broker", "broker", "--data", filepath.Join(data, "broker"), "--listen", s.brokerAddr)
	s.clinic = s.program("clinic", "clinic", "serve", "--data", data, "--broker", "tcp://"+s.brokerAddr, "--practice")
	for i := range o.kiosks {
		k, err := s.newKiosk(fmt.Sprintf("sim-%02d", i+1), o)
		if err != nil {
			return nil, err
		}
		s.kiosks = append(s.kiosks, k)
	}
	return s, nil
}

func (s *site) program(name, log string, args ...string) *stage.Process {
	return &stage.Process{Name: name, Args: args, Log: filepath.Join(s.data, "log", log+".log")}
}

func (s *site) newKiosk(name string, o siteOpts) (*kiosk, error) {
	screen, err := stage.FreeAddr()
	if err != nil {
		return nil, err
	}
	k := &kiosk{name: name, url: "http://" + screen, Bench: stage.NewBench(filepath.Join(s.data, "dev", name), o.speed, o.byHand)}
	file := filepath.Join(s.data, name+".toml")
	if err := (stage.Config{
		Name: name, Data: filepath.Join(s.data, name), Screen: screen, Broker: s.brokerAddr, Rest: o.rest, Gap: o.gap,
		Devices: k.Wired(),
	}).Write(file); err != nil {
		return nil, err
	}
	k.Process = s.program("kiosk", name, "run", "--config", file)
	return k, nil
}

// start starts everything in the order in which a person would.
func (s *site) start(ctx context.Context) error {
	for _, p := range []*stage.Process{s.broker, s.clinic} {
		if _, err := p.Start(ctx); err != nil {
			return err
		}
	}
	for _, k := range s.kiosks {
		if _, err := k.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stop stops kiosks, clinic and broker, in that order, so that nothing is cut off.
func (s *site) stop() error {
	var all []*stage.Process
	for _, k := range s.kiosks {
		all = append(all, k.Process)
	}
	return stage.StopAll(append(all, s.clinic, s.broker)...)
}
