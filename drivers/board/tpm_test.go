package board

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// chip is a software TPM with a state of its own: another board.
func chip(t *testing.T) TPM {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, "tpm")
	cmd := exec.Command("swtpm", "socket", "--tpm2", "--tpmstate", "dir="+dir, "--server", "type=unixio,path="+at, "--flags", "not-need-init,startup-clear")
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make deps", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for t.Context().Err() == nil {
		if _, err := os.Stat(at); err == nil {
			break
		}
	}
	return TPM{at}
}

// TestTPM: a board unseals what it has sealed, another board does not, nor does anything that was changed.
func TestTPM(t *testing.T) {
	secret := bytes.Repeat([]byte{7, 3}, 16)
	one, other := chip(t), chip(t)
	sealed, err := one.Seal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if !IsSealed(sealed) || bytes.Contains(sealed, secret[:8]) {
		t.Error("it is not sealed")
	}
	if got, err := one.Unseal(sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%x, %v", got, err)
	}
	if got, err := other.Unseal(sealed); err == nil {
		t.Errorf("another board: %x", got)
	}
	spoiled := bytes.Clone(sealed)
	spoiled[len(spoiled)-10] ^= 1
	for name, b := range map[string][]byte{"changed": spoiled, "cut": sealed[:40], "nothing": nil, "no mark": sealed[1:]} {
		if got, err := one.Unseal(b); err == nil {
			t.Errorf("%s: %x", name, got)
		}
	}
	if _, err := (TPM{filepath.Join(t.TempDir(), "none")}).Seal(secret); err == nil {
		t.Error("no TPM has sealed it")
	}
}
