//go:build roots

package main

import (
	"os"
	"os/exec"
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
		_ = machine.Process.Signal(os.Interrupt) // nspawn takes it down
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
}
