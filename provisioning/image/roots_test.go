//go:build roots

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"nabz/hwtest/stage"
)

// TestCleanRoot: in a Debian of each architecture that has nothing but itself, the packages install, the kiosk starts as its own user, and kioskctl status answers. It needs root, a
// Debian mirror (apt's own), and qemu-user-static for what is foreign here.
func TestCleanRoot(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64", "armhf"} {
		t.Run(arch, func(t *testing.T) { cleanRoot(t, arch) })
	}
}

func cleanRoot(t *testing.T, arch string) {
	out, root := t.TempDir(), filepath.Join(t.TempDir(), "root")
	if err := (cli{Arch: arch, Version: "0.0.1", Commit: "abc", Epoch: 1_764_547_200, Out: out, Module: source}).run(); err != nil {
		t.Fatal(err)
	}
	do := func(name string, args ...string) string {
		t.Helper()
		said, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, said)
		}
		return string(said)
	}
	within := func(args ...string) string { t.Helper(); return do("chroot", append([]string{root}, args...)...) }
	do("debootstrap", "--arch="+arch, "--variant=minbase", "--include=systemd,udev,init-system-helpers,mosquitto,systemd-sysv,dbus", "bookworm", root)
	do("mount", "-t", "proc", "proc", filepath.Join(root, "proc"))
	t.Cleanup(func() { do("umount", "-l", filepath.Join(root, "proc")) })
	debs, err := filepath.Glob(filepath.Join(out, "*.deb"))
	if err != nil || len(debs) != len(packages) {
		t.Fatalf("%q, %v", debs, err)
	}
	install := []string{"dpkg", "-i"}
	for _, deb := range debs {
		do("cp", deb, filepath.Join(root, "tmp"))
		install = append(install, "/tmp/"+filepath.Base(deb))
	}
	within(install...)
	if who := within("stat", "-c", "%U %a", "/etc/nabz/identity"); strings.TrimSpace(who) != "nabz 700" {
		t.Errorf("the identity is %s", who)
	}
	if !strings.Contains(within("id", "nabz"), "dialout") {
		t.Error("the kiosk's user may not use serial ports")
	}
	if _, err := os.Lstat(filepath.Join(root, "etc/systemd/system/multi-user.target.wants/nabz-kiosk.service")); err != nil {
		t.Error(err)
	}
	within("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/nabz-clinic.service", "/usr/lib/systemd/system/nabz-enrol.service")

	addr, err := stage.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	toml := "name = \"bhu-1\"\n[screen]\nlisten = \"" + addr + "\"\n[queue]\nquota_mb = 64\n"
	if err := os.WriteFile(filepath.Join(root, "etc/nabz/kiosk.toml"), []byte(toml), 0o644); err != nil {
		t.Fatal(err)
	}
	within("install", "-d", "-m", "0700", "-o", "nabz", "-g", "nabz", "/var/lib/nabz") // what StateDirectory does
	within("kiosk", "config", "check")
	kiosk := exec.Command("chroot", "--userspec=nabz:nabz", root, "kiosk", "run")
	var said bytes.Buffer
	ready, err := kiosk.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	kiosk.Stderr = &said
	if err := kiosk.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	if n, err := ready.Read(line); err != nil || !bytes.Contains(line[:n], []byte("kiosk ready")) {
		t.Errorf("%q %v", line[:n], err)
	}
	if s := within("kioskctl", "status", "--kiosk", "http://"+addr); !strings.Contains(s, "bhu-1") || !strings.Contains(s, "0 waiting") {
		t.Errorf("status: %s", s)
	}
	if err := kiosk.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := kiosk.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
	if arch == runtime.GOARCH {
		boot(t, root, addr)
	}
	within("dpkg", "-r", "nabz-kiosk")
	if _, err := os.Stat(filepath.Join(root, "var/lib/nabz")); err != nil {
		t.Errorf("the readings went with the package: %v", err)
	}
}
