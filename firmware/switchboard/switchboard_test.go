package switchboard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/sim"
	"nabz/firmware/switchboard"
)

// box is a kiosk's USB hub and its switchboard.
type box struct {
	*testing.T
	hub   *sim.Hub
	board *switchboard.Board
	who   *sim.Patient
}

func newBox(t *testing.T) *box {
	t.Helper()
	t.Parallel()
	hub, err := sim.NewHub(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t, hub, switchboard.New(port.System{Class: hub.Class(), Dev: hub.Dev()}), sim.NewPatient(sim.PatientOpts{})}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.board.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the board ended with %v", err)
		}
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// twin is a bridge whose maker gave it no serial number; spare is of another maker.
var (
	twin  = sim.Bridge{Vendor: "10C4", Product: "EA60"}
	spare = sim.Bridge{Vendor: "1A86", Product: "7523"}
)

var (
	oximeter = switchboard.Want{Class: catalogue.Oximeter, Protocol: "contec", Port: port.ParseName("10C4:EA60")}
	cuff     = switchboard.Want{Class: catalogue.Cuff, Protocol: "par", Port: port.ParseName("10C4:EA60")}
	button   = switchboard.Want{Class: catalogue.Cuff, Protocol: "hbp9030", Port: port.ParseName("0590:0090")}
)

func (b *box) contec() sim.Device { return sim.NewContec(b.who, sim.Opts{ByHand: true}) }
func (b *box) par() sim.Device    { return sim.NewPAR(b.who, sim.Opts{}) }

func (b *box) plug(socket string, bridge sim.Bridge, d sim.Device) {
	b.Helper()
	if err := b.hub.Plug(socket, bridge, d); err != nil {
		b.Fatal(err)
	}
}

func (b *box) pull(socket string) {
	b.Helper()
	if err := b.hub.Pull(socket); err != nil {
		b.Fatal(err)
	}
}

// find starts to look for a device; the channel gives what was found.
func (b *box) find(w switchboard.Want) <-chan switchboard.Line {
	found := make(chan switchboard.Line, 1)
	go func() {
		l, err := b.board.Find(b.Context(), w, func(error) {})
		if err == nil {
			found <- l
		}
	}()
	return found
}

// patience is more than any look may take; it ends a test that would hang.
const patience = 30 * time.Second

// is waits for a device and says where it is to be.
func (b *box) is(found <-chan switchboard.Line, protocol, socket string) switchboard.Line {
	b.Helper()
	select {
	case l := <-found:
		if id := l.Identity(); l.Protocol.Name != protocol || !strings.HasPrefix(id.Socket, socket+":") {
			b.Errorf("found %s at %s, want %s at %s", l.Protocol.Name, id.Socket, protocol, socket)
		}
		b.Cleanup(func() { l.Close() })
		return l
	case <-time.After(patience):
		b.Fatalf("%s is not found", protocol)
	}
	return switchboard.Line{}
}

func TestTwinsEndWhereTheyBelong(t *testing.T) {
	b := newBox(t)
	b.plug("1-1.1", twin, b.par())
	b.plug("1-1.2", twin, b.contec())
	o, c := b.find(oximeter), b.find(cuff)
	first := b.is(o, "contec", "1-1.2")
	second := b.is(c, "par", "1-1.1")

	b.pull("1-1.1")
	b.pull("1-1.2")
	first.Close()
	second.Close()
	b.plug("1-1.1", twin, b.contec()) // the other way round: sockets and names have changed
	b.plug("1-1.2", twin, b.par())
	o, c = b.find(oximeter), b.find(cuff)
	b.is(o, "contec", "1-1.1")
	b.is(c, "par", "1-1.2")
}

func TestDeviceThatComesLater(t *testing.T) {
	b := newBox(t)
	why := make(chan error, 10)
	found := make(chan switchboard.Line, 1)
	go func() {
		if l, err := b.board.Find(b.Context(), oximeter, func(err error) { why <- err }); err == nil {
			found <- l
		}
	}()
	if err := <-why; !strings.Contains(err.Error(), "10C4:EA60: no such device: plug it in") {
		t.Errorf("meanwhile the reason is %q", err)
	}
	b.plug("1-1.3", twin, b.contec())
	b.is(found, "contec", "1-1.3")
}

func TestAnotherMakeOnAnotherBridge(t *testing.T) {
	b := newBox(t)
	b.plug("1-1.1", spare, sim.NewNonin(b.who, sim.Opts{Format: 2}))
	b.is(b.find(oximeter), "nonin", "1-1.1")
}

func TestAnotherMakeOnTheSameBridge(t *testing.T) {
	b := newBox(t)
	b.plug("1-1.1", twin, sim.NewSunTech(b.who, sim.Opts{}))
	b.is(b.find(cuff), "suntech", "1-1.1")
}

func TestNamedByPathsThatSwapped(t *testing.T) {
	b := newBox(t)
	b.plug("1-1.1", twin, b.par())
	b.plug("1-1.2", spare, b.contec())
	o, c := oximeter, cuff
	o.Port = port.Name{Path: b.hub.Dev() + "/ttyUSB0"}
	c.Port = port.Name{Path: b.hub.Dev() + "/ttyUSB1"}
	atOxi, atCuff := b.find(o), b.find(c)
	b.is(atOxi, "contec", "1-1.2")
	b.is(atCuff, "par", "1-1.1")
}

// A cuff with a button is silent: its port is taken as it stands, but not before the oximeter was looked for on a bridge that looks the same.
func TestCuffWithAButton(t *testing.T) {
	b := newBox(t)
	bridge := sim.Bridge{Vendor: "0590", Product: "0090"}
	b.plug("1-1.1", bridge, sim.NewHBP9030(b.who, sim.Opts{}))
	first := b.is(b.find(button), "hbp9030", "1-1.1")
	first.Close()

	o := oximeter
	o.Port = button.Port
	b.plug("1-1.2", bridge, b.contec())
	atOxi := b.find(o)
	b.is(atOxi, "contec", "1-1.2")
	b.is(b.find(button), "hbp9030", "1-1.1")
}

func TestDeviceInUseIsLeftAlone(t *testing.T) {
	b := newBox(t)
	b.plug("1-1.1", twin, b.contec())
	l := b.is(b.find(oximeter), "contec", "1-1.1")
	c := b.find(cuff) // names the same bridge
	b.plug("1-1.2", twin, b.par())
	b.is(c, "par", "1-1.2")
	if _, err := l.Write([]byte{0}); err != nil {
		t.Errorf("the oximeter's port was disturbed: %v", err)
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	b := newBox(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.board.Find(ctx, oximeter, func(error) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
