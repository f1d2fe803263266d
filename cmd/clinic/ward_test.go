package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// account has this program make one and returns the file of accounts.
func account(t *testing.T, args ...string) (file, told string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"account"}, args...)...)
	cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
	cmd.Stdin = strings.NewReader("synthetic horse staple\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	file = filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"accounts": [%s]}`, out), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, string(out) + stderr.String()
}

// TestPagesFromTheCommandLine: what "clinic account" prints is what "clinic serve" takes, and the pages then ask who it is.
func TestPagesFromTheCommandLine(t *testing.T) {
	file, told := account(t, "doctor-12", "--kiosks", "layyah-*")
	if strings.Contains(told, "staple") || !strings.Contains(told, "otpauth://totp/nabz:doctor-12") {
		t.Errorf("it told %s", told)
	}
	cmd := exec.Command(os.Args[0], "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--ward", "127.0.0.1:0", "--accounts", file)
	cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, addr, ok := strings.Cut(strings.TrimSpace(line), ", pages ")
	if err != nil || !ok {
		t.Fatalf("it said %q, %v", line, err)
	}
	resp, err := http.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/sign-in" {
		t.Errorf("who is not in gets %s, %s", resp.Status, resp.Request.URL)
	}
	if resp, err := http.Get("http://" + addr + "/kiosk/layyah-1/events"); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a stream for nobody: %v, %v", resp, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it did not stop in good order: %v", err)
	}
}
