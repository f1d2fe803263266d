package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/sim"
	"nabz/firmware/screen"
	"nabz/hwtest/powercut/card"
	"nabz/hwtest/powercut/machine"
	"nabz/hwtest/stage"
)

// rig is the machine and what is around it.
type rig struct {
	dir  string
	kit  *machine.Kit
	opts machine.Opts

	bus     *sim.I2C
	probe   *sim.TMP117
	cell    *sim.Cell
	patient *sim.Patient
	cuff    *sim.PAR

	broker, clinic *stage.Process
	addr           string // of the broker

	card   *card.Card
	vm     *machine.VM
	wires  *machine.Wires
	worker *stage.Worker
	visit  string
}

// Lines of the machine's PL061: 3 is its power button.
const (
	mainsLine = 5
	lampLine  = 6
)

// speed is how much faster than life the cuff and the probe are.
const speed = 10

// hostAddress is this side in QEMU's user network.
const hostAddress = "10.0.2.2"

func newRig(dir string, kit *machine.Kit) (*rig, error) {
	p := sim.NewPatient(sim.PatientOpts{})
	o := sim.Opts{Speed: speed, ByHand: true}
	r := &rig{
		dir: dir, kit: kit, bus: sim.NewI2C(), probe: sim.NewTMP117(p, o), cell: sim.NewCell(80), patient: p, cuff: sim.NewPAR(p, o),
		opts: machine.Opts{Initrd: filepath.Join(dir, "initrd"), NBD: filepath.Join(dir, "nbd"), Wires: true},
	}
	r.bus.Attach(0x48, r.probe)
	r.bus.Attach(0x36, sim.MAX1704x{Cell: r.cell})
	var err error
	if r.opts.Screen, err = stage.FreeAddr(); err != nil {
		return nil, err
	}
	if r.addr, err = stage.FreeAddr(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		return nil, err
	}
	r.worker = stage.NewWorker("http://" + r.opts.Screen)
	text := fmt.Sprintf(`name = "hil-1"
data = "/data/kiosk"
practice = true
[exam]
rest = "0s"
gap = "0s"
[broker]
url = "tcp://%s:%s"
[cuff]
protocol = "par"
usb = "0403:6001"
[thermometer]
protocol = "tmp117"
path = "/dev/i2c-0"
site = "axillary"
[board]
chip = "9030000.pl061"
mains_lost = { line = %d, active = "high" }
lamp = { line = %d }
watchdog = "/dev/watchdog"
gauge = { kind = "max17048", bus = "/dev/i2c-0" }
`, hostAddress, port, mainsLine, lampLine)
	return r, os.WriteFile(r.config(), []byte(text), 0o600)
}

func (r *rig) config() string { return filepath.Join(r.dir, "kiosk.toml") }

// outside starts what stays: the card, a broker and a clinic.
func (r *rig) outside(ctx context.Context) error {
	image := filepath.Join(r.dir, "card.img")
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(160<<20), f.Close()); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", image).CombinedOutput(); err != nil {
		return fmt.Errorf("format the card: %w: %s", err, out)
	}
	if r.card, err = card.Open(image, card.Opts{}); err != nil {
		return err
	}
	l, err := net.Listen("unix", r.opts.NBD)
	if err != nil {
		return err
	}
	go func() {
		if err := r.card.Serve(l); err != nil {
			fmt.Fprintln(os.Stderr, "card:", err)
		}
	}()
	program := func(args ...string) *stage.Process {
		return &stage.Process{Name: "clinic", Args: args, Log: filepath.Join(r.dir, args[0]+".log")}
	}
	r.broker = program("broker", "--data", filepath.Join(r.dir, "broker"), "--listen", r.addr)
	r.clinic = program("serve", "--data", filepath.Join(r.dir, "clinic"), "--broker", "tcp://"+r.addr, "--practice")
	for _, p := range []*stage.Process{r.broker, r.clinic} {
		if _, err := p.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// end stops everything.
func (r *rig) end() {
	if r.vm != nil {
		r.vm.Kill()
	}
	_ = stage.StopAll(r.clinic, r.broker) // it is over
	_ = r.card.Close()
}

// boot switches a machine on, with the card as it is, and has the kiosk run.
func (r *rig) boot(ctx context.Context) (string, error) {
	r.opts.Dir = filepath.Join(r.dir, fmt.Sprintf("machine-%d", time.Now().UnixNano()))
	var err error
	if r.vm, err = r.kit.Boot(ctx, r.opts); err != nil {
		return "", err
	}
	if r.wires, err = r.vm.Wires(); err != nil {
		return "", err
	}
	usb, err := r.vm.Dial(machine.USBSocket)
	if err != nil {
		return "", err
	}
	go func() { _ = (&bridge{bus: r.bus}).serve(usb) }() // the machine's end is how it ends
	serial, err := r.vm.Dial(machine.SerialSocket)
	if err != nil {
		return "", err
	}
	go func() { _ = r.cuff.Serve(ctx, serial) }() // likewise
	if err := r.wires.Plug(); err != nil {
		return "", err
	}
	for line := range r.vm.Lines() {
		switch {
		case line == "SNAP":
			seed := make([]byte, 32)
			_, _ = rand.Read(seed) // it never fails
			if err := r.vm.Send(fmt.Sprintf("GO entropy=%s boot=%s seed=1 life=1 kiosk=yes", hex.EncodeToString(seed), uuid.NewString())); err != nil {
				return "", err
			}
		case line == "READY":
			s, err := r.worker.Patiently(ctx)
			return "kiosk " + s.Kiosk + " runs on Debian's kernel", err
		case len(line) > 5 && line[:5] == "FATAL":
			return "", errors.New(line)
		}
	}
	return "", fmt.Errorf("the machine ended: see %s", r.vm.Console())
}

// until looks at the screen until it is as wanted, and says how long that took.
func (r *rig) until(ctx context.Context, what string, ok func(screen.State) bool) (screen.State, time.Duration, error) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		s, err := r.worker.State(ctx)
		if err == nil && ok(s) {
			return s, time.Since(begun), nil
		}
		if ctx.Err() != nil {
			return s, 0, fmt.Errorf("waited for %s in vain: devices %+v, power %+v", what, s.Devices, s.Power)
		}
		stage.Wait(ctx, 20*time.Millisecond)
	}
}

func device(s screen.State, name, state string) bool {
	for _, d := range s.Devices {
		if d.Name == name {
			return d.State == state
		}
	}
	return false
}
