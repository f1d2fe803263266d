package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nabz/hwtest/powercut/work"
)

func mounts() error {
	for _, m := range []struct{ kind, at string }{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"}} {
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	return nil
}

// loadModules loads those of /modules.list that are wanted now, in its order.
func loadModules(now func(name string) bool) error {
	list, err := os.ReadFile("/modules.list")
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(list)) {
		if !now(name) {
			continue
		}
		f, err := os.Open("/" + name)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		if err := f.Close(); err != nil {
			return err
		}
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	return nil
}

// bootArg is the kernel's argument of that name, or what else.
func bootArg(name, otherwise string) (string, error) {
	raw, err := os.ReadFile("/proc/cmdline")
	for word := range strings.FieldsSeq(string(raw)) {
		if v, ok := strings.CutPrefix(word, name+"="); ok {
			return v, err
		}
	}
	return otherwise, err
}

// openPort opens the line to the host: a serial port when the kernel was told of one, or virtio's.
func openPort() (*os.File, error) {
	path, err := bootArg("kiosk.port", "")
	if err != nil {
		return nil, err
	}
	if path != "" {
		return openSerial(path)
	}
	for {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if raw, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(raw)) == "proto" {
				return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(name)), os.O_RDWR, 0)
			}
		}
		moment()
	}
}

// openSerial opens a serial port that passes bytes as they are.
func openSerial(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return nil, err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB|unix.CBAUD) | unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return f, unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t)
}

// moment is how long the kernel gets to make a device appear before it is looked for again.
func moment() { time.Sleep(5 * time.Millisecond) }

// freshen gives the machine what is its own: a restored one has the same random state and boot id each time.
func freshen(entropy, boot string) error {
	seed, err := hex.DecodeString(entropy)
	if err != nil {
		return err
	}
	random, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	const (
		add    = 0x40085203 // RNDADDENTROPY, random(4): two 32-bit numbers, bits and bytes, and the bytes
		reseed = 0x5207     // RNDRESEEDCRNG
	)
	pool := binary.NativeEndian.AppendUint32(nil, uint32(8*len(seed)))
	pool = append(binary.NativeEndian.AppendUint32(pool, uint32(len(seed))), seed...)
	_, _, e := unix.Syscall(unix.SYS_IOCTL, random.Fd(), add, uintptr(unsafe.Pointer(&pool[0])))
	if e != 0 {
		return fmt.Errorf("entropy: %w", e)
	}
	if err := errors.Join(unix.IoctlSetInt(int(random.Fd()), reseed, 0), random.Close()); err != nil {
		return fmt.Errorf("entropy: %w", err)
	}
	if err := os.WriteFile("/run/boot_id", []byte(boot+"\n"), 0o444); err != nil {
		return err
	}
	return unix.Mount("/run/boot_id", "/proc/sys/kernel/random/boot_id", "", unix.MS_BIND, "")
}

// check runs e2fsck. What it prints goes to the console.
func check(device string, how ...string) (status int, err error) {
	c := exec.Command("/sbin/e2fsck", append(how, device)...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	err = c.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	return 0, err
}

// mountCard checks and mounts the card as the box does at each start. status is e2fsck's: 0 clean, 1 repaired, 4 and more not.
func mountCard(device, at string) (status int, err error) {
	for {
		if _, err := os.Stat(device); err == nil {
			break
		}
		moment()
	}
	for _, how := range work.Checks {
		if status, err = check(device, how...); err != nil || status <= 1 {
			break
		}
	}
	if err == nil && status > 1 {
		err = errors.New("it cannot repair the card: see the console")
	}
	if err != nil {
		return status, fmt.Errorf("e2fsck: %w", err)
	}
	if err := unix.Mount(device, at, "ext4", unix.MS_NOATIME, "errors=remount-ro"); err != nil {
		return status, fmt.Errorf("mount: %w", err)
	}
	return status, nil
}
