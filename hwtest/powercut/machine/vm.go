package machine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Opts says what to boot. Dir is for this machine's sockets and console.
type Opts struct {
	Initrd string
	NBD    string // unix socket of the card
	Dir    string
	Append string // more for the kernel's command line
	Pi     bool   // a Raspberry Pi 3B and its card slot; it cannot be parked
	Wires  bool   // with GPIO lines, USB and a watchdog that the host moves; see Wires
	Screen string // here, host:port, what listens on the machine's port 8080 is reached; empty: nowhere
}

// Ports are the machine's serial ports ttyS0 to ttyS2: unix sockets in Opts.Dir.
var Ports = [...]string{"uart0", "uart1", "uart2"}

// VM is a running machine.
type VM struct {
	cmd   *exec.Cmd
	conn  net.Conn
	lines chan string
	dir   string
	stop  sync.Once
	ended chan struct{}
}

func (k *Kit) args(o Opts) []string {
	if o.Pi {
		return append(k.common(o), k.pi(o)...)
	}
	return append(k.common(o), k.virt(o)...)
}

func (k *Kit) common(o Opts) []string {
	return []string{
		"-display", "none", "-no-reboot", "-nodefaults", "-no-user-config", "-serial", "file:" + filepath.Join(o.Dir, "console"),
		"-kernel", k.kernel, "-initrd", o.Initrd, "-chardev", "socket,id=p0,server=on,wait=off,path=" + filepath.Join(o.Dir, "proto"),
		"-qmp", "unix:" + filepath.Join(o.Dir, "qmp") + ",server=on,wait=off",
	}
}

const cmdline = "quiet loglevel=4 panic=-1 nokaslr mitigations=off random.trust_cpu=on audit=0 "

// virt is QEMU's own board: quick, with the card behind virtio, a network and serial ports.
func (k *Kit) virt(o Opts) []string {
	all := []string{
		"-accel", "tcg", "-M", "virt,gic-version=3", "-cpu", "cortex-a72", "-m", "384", "-smp", "1",
		"-append", "console=ttyAMA0 " + cmdline + o.Append,
		"-drive", "file=nbd+unix:///?socket=" + o.NBD + ",format=raw,if=none,id=d0,cache=writeback", "-device", "virtio-blk-pci,drive=d0",
		"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=p0,name=proto",
		"-netdev", "user,id=n0" + o.forward(), "-device", "virtio-net-pci,netdev=n0,romfile=",
	}
	for _, p := range Ports {
		all = append(all, "-chardev", "socket,id="+p+",server=on,wait=off,path="+filepath.Join(o.Dir, p), "-device", "pci-serial,chardev="+p)
	}
	if o.Wires {
		all = append(all, o.wires()...)
	}
	return all
}

// pi is a Raspberry Pi 3B with its own card slot. QEMU's card never gets a flush, as many real ones do not; so every sector is written
// through, in order, and a cut lands between two sectors of one write. The line to the host is the board's second serial port.
func (k *Kit) pi(o Opts) []string {
	return []string{
		"-accel", "tcg,thread=single", "-M", "raspi3b", "-dtb", k.dtb, "-serial", "chardev:p0",
		"-append", "console=ttyAMA0,115200 maxcpus=1 kiosk.disk=/dev/mmcblk0 kiosk.port=/dev/ttyS1 " + cmdline + o.Append,
		"-drive", "file=nbd+unix:///?socket=" + o.NBD + ",format=raw,if=sd,cache=writethrough",
	}
}

func (o Opts) forward() string {
	if o.Screen == "" {
		return ""
	}
	return ",hostfwd=tcp:" + o.Screen + "-:8080"
}

// Boot starts a machine. It ends with ctx.
func (k *Kit) Boot(ctx context.Context, o Opts) (*VM, error) { return k.start(ctx, o) }

func (k *Kit) start(ctx context.Context, o Opts, more ...string) (*VM, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	for _, old := range append([]string{"proto", "qmp", USBSocket, SerialSocket, testSocket}, Ports[:]...) {
		if err := os.Remove(filepath.Join(o.Dir, old)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	v := &VM{dir: o.Dir, lines: make(chan string, 4096), ended: make(chan struct{})}
	v.cmd = exec.CommandContext(ctx, "qemu-system-aarch64", append(k.args(o), more...)...)
	errs, err := os.Create(filepath.Join(o.Dir, "stderr"))
	if err != nil {
		return nil, err
	}
	v.cmd.Stderr = errs
	if err := v.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start QEMU: %w", err), errs.Close())
	}
	go func() {
		// How it ended is in its console and stderr; being killed is how it usually ends.
		_ = v.cmd.Wait()
		_ = errs.Close()
		close(v.ended)
	}()
	if v.conn, err = v.Dial("proto"); err != nil {
		v.Kill()
		return nil, err
	}
	go v.read()
	return v, nil
}

// Dial connects to one of the machine's sockets, such as a serial port's, which appear when QEMU is ready.
func (v *VM) Dial(name string) (net.Conn, error) {
	for {
		conn, err := net.Dial("unix", filepath.Join(v.dir, name))
		if err == nil {
			return conn, nil
		}
		if err := v.moment(); err != nil {
			return nil, err
		}
	}
}

func (v *VM) read() {
	defer close(v.lines)
	defer v.conn.Close()
	in := bufio.NewScanner(v.conn)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		v.lines <- strings.TrimRight(in.Text(), "\r")
	}
}

// Lines are what the machine says; the channel closes when it is gone.
func (v *VM) Lines() <-chan string { return v.lines }

// Send says a line to the machine.
func (v *VM) Send(line string) error {
	_, err := fmt.Fprintln(v.conn, line)
	return err
}

// Kill takes the power. What the machine had said before can still be read from Lines. It may be repeated.
func (v *VM) Kill() {
	v.stop.Do(func() {
		// An error means that it has ended by itself.
		_ = v.cmd.Process.Kill()
		<-v.ended
	})
}

// Console is the path of what the kernel printed.
func (v *VM) Console() string { return filepath.Join(v.dir, "console") }
