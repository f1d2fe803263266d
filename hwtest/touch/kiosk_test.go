package touch

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/port"
	"nabz/drivers/sim"
	"nabz/firmware"
	"nabz/firmware/config"
	"nabz/firmware/live"
	"nabz/hwtest/stage"
)

// kiosk is a running kiosk with simulated devices on its wires.
type kiosk struct {
	*testing.T
	cfg    config.Config
	system port.System
	bench  stage.Bench
	stop   context.CancelFunc
	ended  chan error
	k      *firmware.Kiosk
}

// newKiosk starts one with the usual devices. With byHand finger and probe stay where they are, so that no result comes between a look and a touch.
func newKiosk(t *testing.T, byHand bool) *kiosk {
	t.Helper()
	return newKioskOf(t, stage.Usual, byHand, "", nil)
}

// newKioskOf starts one with the devices of a kit, and with a thermometer chip on an I2C bus where its name is given.
func newKioskOf(t *testing.T, kit stage.Kit, byHand bool, chip string, bus *sim.I2C) *kiosk {
	t.Helper()
	dir := t.TempDir()
	bench := stage.NewBenchOf(kit, filepath.Join(dir, "dev"), 20, byHand)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- bench.Serve(ctx) }()
	t.Cleanup(func() { stop(); <-served })
	for _, p := range bench.Plugs {
		<-p.Ready()
	}
	addr, err := stage.FreeAddr() // the same one after a restart: the page is still open
	if err != nil {
		t.Fatal(err)
	}
	wired, system := bench.Wired(), port.Host
	if chip != "" {
		wired = append(wired, stage.Wired{Table: "thermometer", Protocol: chip, Path: "/dev/i2c-1"})
		system.OpenI2C = func(string) (i2c.BusCloser, error) { return openBus{bus}, nil }
	}
	toml := filepath.Join(dir, "kiosk.toml")
	if err := (stage.Config{
		Name: "bhu-test", Data: filepath.Join(dir, "data"), Screen: addr, Broker: "127.0.0.1:1", Rest: "0s", Gap: "0s",
		Devices: wired,
	}).Write(toml); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(toml)
	if err != nil {
		t.Fatal(err)
	}
	k := &kiosk{T: t, cfg: cfg, system: system, bench: bench}
	t.Cleanup(k.end)
	k.start()
	return k
}

func (k *kiosk) start() {
	k.Helper()
	var err error
	if k.k, err = firmware.OpenOn(k.system, k.cfg, "1.2.3", slog.New(slog.DiscardHandler)); err != nil {
		k.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	k.stop, k.ended = stop, make(chan error, 1)
	go func() { k.ended <- k.k.Run(ctx) }()
}

func (k *kiosk) end() {
	if k.k == nil {
		return
	}
	k.stop()
	if err := errors.Join(<-k.ended, k.k.Close()); err != nil {
		k.Error(err)
	}
	k.k = nil
}

// openBus is a simulated bus as somebody has it open.
type openBus struct{ *sim.I2C }

// Close implements i2c.BusCloser.
func (openBus) Close() error { return nil }

// connected waits until every device is found.
func (k *kiosk) connected() {
	k.Helper()
	w := stage.NewWorker(k.k.URL())
	for {
		s, err := w.State(k.Context())
		if err != nil {
			k.Fatal(err)
		}
		if !slices.ContainsFunc(s.Devices, func(d live.Device) bool { return d.State != "connected" }) {
			return
		}
		stage.Wait(k.Context(), stage.Glance)
	}
}
