package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The machine's address in QEMU's user network, and where the kiosk's screen listens. The host reaches the screen through screenPort, as
// nobody in a health unit could: the screen itself is for the box alone.
const (
	address    = "10.0.2.15"
	screen     = "127.0.0.1:8080"
	screenPort = ":8080"
)

// kiosk is the process id of the kiosk, once it runs.
var kiosk atomic.Int64

// obey does what the host says while the kiosk runs.
func obey(in *bufio.Scanner) {
	for in.Scan() {
		if pid := int(kiosk.Load()); in.Text() == "STOP" && pid > 0 {
			if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
				fmt.Println("guest: stop:", err)
			}
		}
	}
}

// runKiosk runs the unmodified kiosk as a child, with its data on the card, until it ends; that is an error.
func runKiosk(port io.Writer) error {
	for name, ip := range map[string]string{"lo": "127.0.0.1", "eth0": address} {
		if err := raise(name, net.ParseIP(ip).To4()); err != nil {
			return fmt.Errorf("network %s: %w", name, err)
		}
	}
	if err := os.MkdirAll("/run/lock", 0o755); err != nil {
		return err
	}
	if err := relay(address+screenPort, screen); err != nil {
		return err
	}
	c := exec.Command("/kiosk", "run", "--config", "/kiosk.toml")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	kiosk.Store(int64(c.Process.Pid))
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "kiosk ready") {
			fmt.Fprintln(port, "READY")
		}
	}
	return errors.Join(errors.New("the kiosk ended: see the console"), c.Wait())
}

// raise gives an interface its address and switches it on (netdevice(7)).
func raise(name string, ip net.IP) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s) // only asked with
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := r.SetInet4Addr(ip); err != nil {
		return err
	}
	if err := ioctl(s, unix.SIOCSIFADDR, r); err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return ioctl(s, unix.SIOCSIFFLAGS, r)
}

func ioctl(fd int, what uintptr, r *unix.Ifreq) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), what, uintptr(unsafe.Pointer(r))); e != 0 {
		return e
	}
	return nil
}

// relay passes connections on.
func relay(from, to string) error {
	l, err := net.Listen("tcp", from)
	if err != nil {
		return err
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				fmt.Println("guest: relay:", err)
				return
			}
			go pass(in, to)
		}
	}()
	return nil
}

// pass copies both ways until one side is done. Why a connection ended is its ends' business.
func pass(in net.Conn, to string) {
	defer in.Close()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		defer out.Close()
		_, _ = io.Copy(out, in)
	}()
	_, _ = io.Copy(in, out)
}
