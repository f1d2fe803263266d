package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
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
	said, stop := serving(t, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--ward", "127.0.0.1:0", "--accounts", file)
	_, addr, _ := strings.Cut(said, ", pages ")
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
	stop()
}

// serving runs this program until stop, and returns the line in which it says that it is ready.
func serving(t *testing.T, args ...string) (said string, stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait()); err != nil {
			t.Errorf("it did not stop in good order: %v: %s", err, &stderr)
		}
	})
	t.Cleanup(stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, " ready: ") {
		t.Fatalf("it said %q, %v: %s", line, err, &stderr)
	}
	return strings.TrimSpace(line), stop
}

// TestReplicaFromTheCommandLine: a second process serves the pages; who signs in there is in its clinic's audit. What cannot work is said at once.
func TestReplicaFromTheCommandLine(t *testing.T) {
	file, told := account(t, "doctor-12", "--kiosks", "*")
	data := t.TempDir()
	said, stop := serving(t, "serve", "--data", data, "--listen", "127.0.0.1:0", "--replicas")
	_, rest, _ := strings.Cut(said, "broker ")
	url, _, _ := strings.Cut(rest, ",")
	said, _ = serving(t, "replica", "--of", "clinic-1", "--name", "clinic-2", "--broker", url, "--ward", "127.0.0.1:0", "--accounts", file)
	_, addr, _ := strings.Cut(said, "pages ")
	_, rest, _ = strings.Cut(told, "secret=")
	key, _, _ := strings.Cut(rest, "&")
	code, err := totp.GenerateCode(strings.TrimSpace(key), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	form := neturl.Values{"name": {"doctor-12"}, "password": {"synthetic horse staple"}, "code": {code}}
	req, err := http.NewRequest(http.MethodPost, "http://"+addr+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "http://"+addr)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("sign-in: %s", resp.Status)
	}
	raw, err := os.ReadFile(filepath.Join(data, "audit", "audit.ndjson"))
	if err != nil || !strings.Contains(string(raw), `"doctor-12"`) {
		t.Errorf("the clinic's audit: %s, %v", raw, err)
	}
	stop()
	for name, args := range map[string][]string{
		"its clinic's own name": {"--of", "clinic-1", "--name", "clinic-1"}, "no name of one": {"--of", "clinic-1", "--name", "Clinic 2"},
	} {
		cmd := exec.Command(os.Args[0], append([]string{"replica", "--broker", url, "--ward", "127.0.0.1:0", "--accounts", file}, args...)...)
		cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "--name") {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
}
