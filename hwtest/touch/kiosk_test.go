package touch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
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
	file   string // kiosk.toml
	url    string
	system port.System
	bench  stage.Bench
	end    func() // stops it, or kills it where it is a process of its own
	killed bool   // it is
}

// newKiosk starts one with the usual devices. With byHand finger and probe stay where they are, so that no result comes between a look and a touch.
func newKiosk(t *testing.T, byHand bool) *kiosk {
	t.Helper()
	return newKioskOf(t, stage.Usual, byHand, "", nil)
}

// newProcess starts one with the usual devices as a process of its own, which nothing but SIGKILL ends.
func newProcess(t *testing.T) *kiosk {
	t.Helper()
	k := prepared(t, stage.Usual, true, "", nil)
	k.killed = true
	k.start()
	return k
}

// newKioskOf starts one with the devices of a kit, and with a thermometer chip on an I2C bus where its name is given.
func newKioskOf(t *testing.T, kit stage.Kit, byHand bool, chip string, bus *sim.I2C) *kiosk {
	t.Helper()
	k := prepared(t, kit, byHand, chip, bus)
	k.start()
	return k
}

// prepared is one that is still off.
func prepared(t *testing.T, kit stage.Kit, byHand bool, chip string, bus *sim.I2C) *kiosk {
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
	k := &kiosk{T: t, file: toml, url: "http://" + addr, system: system, bench: bench}
	t.Cleanup(func() { k.end() })
	return k
}

func (k *kiosk) start() {
	k.Helper()
	if k.killed {
		k.end = k.process()
		return
	}
	opened, err := open(k.system, k.file)
	if err != nil {
		k.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- opened.Run(ctx) }()
	k.end = sync.OnceFunc(func() {
		stop()
		if err := errors.Join(<-ended, opened.Close()); err != nil {
			k.Error(err)
		}
	})
}

func open(system port.System, file string) (*firmware.Kiosk, error) {
	cfg, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	return firmware.OpenOn(system, cfg, "1.2.3", slog.New(slog.DiscardHandler))
}

// asKiosk tells this program to be the kiosk of that file, and to say so when it serves.
const asKiosk = "NABZ_TOUCH_KIOSK"

// process starts this program again as the kiosk, and returns how it is killed.
func (k *kiosk) process() (kill func()) {
	k.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asKiosk+"="+k.file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // ended by itself is as good
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		kill()
		k.Fatalf("the kiosk said %q: %v: %s", line, err, &stderr)
	}
	return kill
}

// beKiosk is what process starts; it ends with a signal or a fault.
func beKiosk(file string) error {
	k, err := open(port.Host, file)
	if err != nil {
		return err
	}
	fmt.Println("serves")
	return k.Run(context.Background())
}

// openBus is a simulated bus as somebody has it open.
type openBus struct{ *sim.I2C }

// Close implements i2c.BusCloser.
func (openBus) Close() error { return nil }

// connected waits until every device is found.
func (k *kiosk) connected() {
	k.Helper()
	w := stage.NewWorker(k.url)
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
