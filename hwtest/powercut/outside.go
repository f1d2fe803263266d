package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"nabz/hwtest/powercut/machine"
	"nabz/hwtest/stage"
)

// hostAddress is this side in QEMU's user network.
const hostAddress = "10.0.2.2"

// outside is the world of a kiosk in a machine: peripherals at its serial ports, a worker at its screen, a broker and a clinic. It stays
// while the machine dies.
type outside struct {
	dir    string
	screen string // where the worker reaches it
	bench  stage.Bench
	broker *stage.Process
	clinic *stage.Process
	addr   string // of the broker
}

// deviceSpeed is how much faster than life the devices are.
const deviceSpeed = 20

// newOutside chooses addresses and writes the kiosk's configuration to {dir}/kiosk.toml.
func newOutside(dir string) (o *outside, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	o = &outside{dir: dir, bench: stage.NewBench(filepath.Join(dir, "dev"), deviceSpeed, true)}
	if o.screen, err = stage.FreeAddr(); err != nil {
		return nil, err
	}
	if o.addr, err = stage.FreeAddr(); err != nil {
		return nil, err
	}
	for _, sub := range []string{"log", "record"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	o.broker = o.program("broker", "--data", filepath.Join(dir, "broker"), "--listen", o.addr)
	o.clinic = o.program("serve", "--data", dir, "--broker", "tcp://"+o.addr, "--practice")
	_, port, err := net.SplitHostPort(o.addr)
	if err != nil {
		return nil, err
	}
	return o, stage.Config{
		Name: kioskName, Data: "/data/kiosk", Screen: "127.0.0.1:8080", Broker: hostAddress + ":" + port, Rest: "0s", Gap: "1s",
		Devices: wired(),
	}.Write(o.config())
}

// wired are the usual devices at the machine's serial ports.
func wired() (all []stage.Wired) {
	for i, name := range stage.Devices {
		all = append(all, stage.Wired{Table: name, Protocol: stage.Usual[name], Path: fmt.Sprintf("/dev/ttyS%d", i)})
	}
	return all
}

// kioskName is the machine's in the record.
const kioskName = "cut-01"

func (o *outside) config() string { return filepath.Join(o.dir, "kiosk.toml") }

func (o *outside) program(args ...string) *stage.Process {
	return &stage.Process{Name: "clinic", Args: args, Log: filepath.Join(o.dir, "log", args[0]+".log")}
}

func (o *outside) start(ctx context.Context) error {
	for _, p := range []*stage.Process{o.broker, o.clinic} {
		if _, err := p.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (o *outside) stop() error { return stage.StopAll(o.clinic, o.broker) }

// attach puts the peripherals on a machine's serial ports until it is gone; the devices themselves go on.
func (o *outside) attach(ctx context.Context, v *machine.VM) (detached func(), err error) {
	var wg sync.WaitGroup
	for i, name := range stage.Devices {
		conn, err := v.Dial(machine.Ports[i])
		if err != nil {
			return wg.Wait, err
		}
		d, ok := o.bench.Device(name)
		if !ok {
			return wg.Wait, errors.Join(fmt.Errorf("there is no %s", name), conn.Close())
		}
		wg.Go(func() {
			defer conn.Close()
			_ = d.Serve(ctx, conn) // the machine's end is how it ends
		})
	}
	return wg.Wait, nil
}
