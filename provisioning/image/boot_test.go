//go:build roots

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabz/hwtest/stage"
)

// boot starts systemd in the root, and the kiosk by its unit, with everything that the unit forbids it. A visit then writes to all that the kiosk writes to.
func boot(t *testing.T, root, addr string) {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "boot")
	if err != nil {
		t.Fatal(err)
	}
	machine := exec.Command("systemd-nspawn", "-q", "-D", root, "--boot", "--register=no", "--keep-unit")
	machine.Stdout, machine.Stderr = log, log
	if err := machine.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = machine.Process.Signal(os.Interrupt) // nspawn takes it down; both fail when it is down already
		_ = machine.Wait()
	}()
	w := stage.NewWorker("http://" + addr)
	begun := time.Now()
	for {
		s, err := w.State(t.Context())
		if err == nil && s.Kiosk == "bhu-1" {
			break
		}
		if time.Since(begun) > time.Minute {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("the kiosk's unit does not come up: %v\n%s", err, said)
		}
		stage.Wait(t.Context(), 200*time.Millisecond)
	}
	if err := w.ByHand(t.Context(), "123"); err != nil {
		t.Error(err)
	}
	if s, err := w.State(t.Context()); err != nil || s.Queue.Waiting != 3 {
		t.Errorf("%d wait, %v", s.Queue.Waiting, err)
	}
	// systemd's watchdog waits 20 s: it is fed
	stage.Wait(t.Context(), 45*time.Second)
	if said := inside(t, machine, "systemctl show nabz-kiosk -p NRestarts -p ActiveState"); said != "NRestarts=0\nActiveState=active\n" {
		t.Errorf("after 45 s: %q", said)
	}
	// what the kiosk writes to be switched off
	inside(t, machine, "su -s /bin/sh nabz -c 'echo poweroff > /run/nabz/power-off'")
	down := make(chan error, 1)
	go func() { down <- machine.Wait() }()
	select {
	case err := <-down:
		if err != nil {
			t.Errorf("the machine was not switched off in good order: %v", err)
		}
	case <-time.After(time.Minute):
		said, _ := os.ReadFile(log.Name())
		t.Errorf("the machine is not switched off\n%s", said)
	}
}

// inside runs a command in the booted machine: in the namespaces of its first process.
func inside(t *testing.T, machine *exec.Cmd, command string) string {
	t.Helper()
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", machine.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range children {
		raw, _ := os.ReadFile(file) // a thread that is gone has none
		for _, pid := range strings.Fields(string(raw)) {
			out, err := exec.Command("nsenter", "-t", pid, "-a", "sh", "-c", command).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			return string(out)
		}
	}
	t.Fatal("the machine has no first process")
	return ""
}
