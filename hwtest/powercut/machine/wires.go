package machine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
)

// Sockets of a machine that has wires (Opts.Wires), beside its serial ports: USB redirection, a USB serial bridge that is plugged and pulled, and the test
// interface that moves GPIO lines.
const (
	USBSocket    = "usbredir"
	SerialSocket = "usbserial"
	testSocket   = "qtest"
)

// WireModules are the kernel's modules for them.
var WireModules = []string{"xhci_pci", "i2c_dev", "i2c_tiny_usb", "ftdi_sio", "i6300esb"}

// wires are QEMU's arguments: a USB host with a redirected device, a watchdog that resets the machine, the board's own PL061 on the test interface.
func (o Opts) wires() []string {
	at := func(name string) string { return ",server=on,wait=off,path=" + filepath.Join(o.Dir, name) }
	return []string{
		"-device", "qemu-xhci,id=xhci", "-chardev", "socket,id=redir" + at(USBSocket), "-device", "usb-redir,chardev=redir,id=bridge,bus=xhci.0",
		"-chardev", "socket,id=serial" + at(SerialSocket),
		"-device", "i6300esb", "-action", "watchdog=reset",
		"-qtest", "unix:" + filepath.Join(o.Dir, testSocket) + ",server=on,wait=off",
	}
}

// Wires move what is around a machine: its GPIO lines and its USB plug.
type Wires struct {
	mu     sync.Mutex
	qmp    net.Conn
	says   *bufio.Scanner
	test   net.Conn
	reads  *bufio.Reader
	gpio   string // of the PL061, in QEMU's tree
	events []string
}

// Wires connects to a running machine that has them.
func (v *VM) Wires() (*Wires, error) {
	w := &Wires{}
	var err error
	if w.qmp, err = v.Dial("qmp"); err != nil {
		return nil, err
	}
	w.says = bufio.NewScanner(w.qmp)
	w.says.Buffer(nil, 1<<20)
	if w.test, err = v.Dial(testSocket); err != nil {
		return nil, errors.Join(err, w.qmp.Close())
	}
	w.reads = bufio.NewReader(w.test)
	if _, err := w.ask("qmp_capabilities", nil); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if w.gpio, err = w.find("pl061"); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close lets go of both interfaces.
func (w *Wires) Close() error { return errors.Join(w.qmp.Close(), w.test.Close()) }

// ask runs one command of the QEMU Machine Protocol. Events that come before the answer are kept.
func (w *Wires) ask(command string, arguments any) (json.RawMessage, error) {
	raw, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, arguments})
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(w.qmp, "%s\n", raw); err != nil {
		return nil, err
	}
	for w.says.Scan() {
		var a struct {
			Return json.RawMessage
			Error  *struct{ Desc string }
			Event  string
		}
		if err := json.Unmarshal(w.says.Bytes(), &a); err != nil {
			return nil, err
		}
		switch {
		case a.Error != nil:
			return nil, fmt.Errorf("QEMU: %s: %s", command, a.Error.Desc)
		case a.Return != nil:
			return a.Return, nil
		case a.Event != "":
			w.events = append(w.events, a.Event)
		}
	}
	return nil, errors.Join(errors.New("QEMU does not answer"), w.says.Err())
}

// find is the path of the first device of a type that hangs at the board.
func (w *Wires) find(kind string) (string, error) {
	const root = "/machine/unattached"
	raw, err := w.ask("qom-list", map[string]string{"path": root})
	if err != nil {
		return "", err
	}
	var all []struct{ Name, Type string }
	if err := json.Unmarshal(raw, &all); err != nil {
		return "", err
	}
	for _, d := range all {
		if strings.Contains(d.Type, kind) {
			return root + "/" + d.Name, nil
		}
	}
	return "", fmt.Errorf("this machine has no %s", kind)
}

// say runs one command of the test interface (QEMU, docs/devel/qtest.rst).
func (w *Wires) say(command string) (string, error) {
	if _, err := fmt.Fprintln(w.test, command); err != nil {
		return "", err
	}
	for {
		line, err := w.reads.ReadString('\n')
		switch {
		case err != nil:
			return "", err
		case strings.HasPrefix(line, "IRQ"): // news of an interrupt
		case strings.HasPrefix(line, "OK"):
			return strings.TrimSpace(strings.TrimPrefix(line, "OK")), nil
		default:
			return "", fmt.Errorf("QEMU: %s: %s", command, strings.TrimSpace(line))
		}
	}
}

// Line gives an input of the PL061 a level, from outside.
func (w *Wires) Line(n int, high bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	level := 0
	if high {
		level = 1
	}
	_, err := w.say(fmt.Sprintf("set_irq_in %s unnamed-gpio-in %d %d", w.gpio, n, level))
	return err
}

// The PL061 of the virt board, and where all its lines are read (ARM DDI0190B, GPIODATA with all bits of its mask).
const pl061Data = 0x9030000 + 0x3fc

// Driven says whether a line that the machine drives is high.
func (w *Wires) Driven(n int) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, err := w.say(fmt.Sprintf("readl %#x", pl061Data))
	if err != nil {
		return false, err
	}
	var levels uint64
	if _, err := fmt.Sscanf(text, "0x%x", &levels); err != nil {
		return false, fmt.Errorf("QEMU: the lines are %q", text)
	}
	return levels>>n&1 != 0, nil
}

// Plug puts the USB serial bridge in (an FTDI, 0403:6001), Pull pulls it out.
func (w *Wires) Plug() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.ask("device_add", map[string]string{"driver": "usb-serial", "chardev": "serial", "id": "plug", "bus": "xhci.0"})
	return err
}

// Pull pulls it out.
func (w *Wires) Pull() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.ask("device_del", map[string]string{"id": "plug"})
	return err
}

// Bitten waits for the end of the machine and says whether its watchdog was why.
func (w *Wires) Bitten() bool {
	for w.says.Scan() {
		var e struct{ Event string }
		if json.Unmarshal(w.says.Bytes(), &e) == nil && e.Event != "" {
			w.events = append(w.events, e.Event)
		}
	}
	for _, e := range w.events {
		if e == "WATCHDOG" {
			return true
		}
	}
	return false
}
