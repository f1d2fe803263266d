package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nabz/firmware"
	"nabz/firmware/broker"
	"nabz/firmware/config"
	"nabz/firmware/wire"
	"nabz/provisioning/authority"
	"nabz/provisioning/est"
	"nabz/provisioning/identity"
)

// steps are commands of this program, one after the other, as the README tells them.
func steps(t *testing.T, all ...string) {
	t.Helper()
	for _, line := range all {
		if code := run(strings.Fields(line)); code != 0 {
			t.Fatalf("kioskctl %s: %d", line, code)
		}
	}
}

// output is what a command prints.
func output(t *testing.T, line string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	steps(t, line)
	os.Stdout = stdout
	w.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// enrolment serves boxes that enrol at the authority in a folder, with the key pair of the broker's host.
func enrolment(t *testing.T) (url string) {
	t.Helper()
	a, err := authority.Open("hq", "synthetic horse staple")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	own, err := tls.LoadX509KeyPair("broker/server.crt", "broker/server.key")
	if err != nil {
		t.Fatal(err)
	}
	lists, err := filepath.Abs("hq/ca.crl")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer((&est.Server{Authority: a, Lists: lists, Grace: 24 * time.Hour, Log: slog.New(slog.DiscardHandler)}).Handler())
	s.TLS = est.TLS(own)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// TestFromNothingToATrustedKiosk: with the commands of the README a kiosk publishes over mutual TLS through a real Mosquitto that takes nobody else; renewed, it goes on with
// the new certificate without a restart; revoked, it is kept out.
func TestFromNothingToATrustedKiosk(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"box", "clinic", "broker"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	write("passphrase", "synthetic horse staple\n")
	steps(t,
		"authority create hq --cost 10 --programme Test --passphrase passphrase",
		"request 127.0.0.1 --out broker", "request clinic-1 --clinic --out clinic",
		"authority sign hq --kind server --passphrase passphrase broker/127.0.0.1.csr",
		"authority sign hq --kind clinic --passphrase passphrase clinic/clinic-1.csr clinic/clinic-1-ward.csr clinic/clinic-1-counter.csr",
		fmt.Sprintf("broker-config broker --at %s/broker --state %s/broker --port %s --clinic clinic-1", here, here, port),
	)
	copyTo := func(from, to string) {
		t.Helper()
		raw, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(to, string(raw))
	}
	copyTo("broker/127.0.0.1.crt", "broker/server.crt")
	copyTo("broker/127.0.0.1.key", "broker/server.key")
	for _, dir := range []string{"broker", "clinic"} {
		copyTo("hq/ca.crt", dir+"/ca.crt")
		copyTo("hq/ca.crl", dir+"/ca.crl")
	}
	conf, err := os.ReadFile("broker/mosquitto.conf")
	if err != nil {
		t.Fatal(err)
	}
	write("broker/mosquitto.conf", string(conf)+"user root\nlog_dest stderr\n")
	stop := mosquitto(t, filepath.Join(here, "broker/mosquitto.conf"))

	line := output(t, "authority invite hq bhu-1 --site BHU-12 --passphrase passphrase --server "+enrolment(t))
	steps(t, "enrol "+line+" --identity box", "label --identity box --out box") // all that is typed at the kiosk
	for name, want := range map[string]string{"box/bhu-1.svg": ">bhu-1<", "box/bhu-1.json": `"kiosk": "bhu-1"`} {
		if raw, err := os.ReadFile(name); err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
	}
	if out := output(t, "authority inventory hq"); !strings.Contains(out, "bhu-1,") || !strings.Contains(out, ",good") {
		t.Errorf("inventory: %s", out)
	}

	url := "ssl://127.0.0.1:" + port
	id, err := broker.Identity{CA: "clinic/ca.crt", Cert: "clinic/clinic-1.crt", Key: "clinic/clinic-1.key"}.Config(nil)
	if err != nil {
		t.Fatal(err)
	}
	hear := func() <-chan string {
		t.Helper()
		conn, err := broker.Connect(t.Context(), broker.Opts{URL: url, ClientID: "clinic-1", TLS: id})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		states := make(chan string, 16)
		err = conn.Subscribe(t.Context(), wire.All(wire.LiveRoot, wire.StateTopic), 1, func(m broker.Message) {
			if s, err := wire.Parse[wire.State](m.Payload); err == nil {
				states <- s.St
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
	states := hear()
	write("kiosk.toml", fmt.Sprintf(`identity = "%[1]s/box"
data = "%[1]s/data"
[screen]
listen = "127.0.0.1:0"
[broker]
url = "%[2]s"
`, here, url))
	cfg, err := config.Load("kiosk.toml")
	if err != nil {
		t.Fatal(err)
	}
	kiosk, err := firmware.Open(cfg, "1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- kiosk.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := errors.Join(<-ended, kiosk.Close()); err != nil {
			t.Error(err)
		}
	})
	expectState(t, states, wire.Online)

	old, err := os.ReadFile("box/kiosk.crt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (identity.Folder{Dir: "box"}).Renew(t.Context(), nil); err != nil { // the kiosk does it by itself when a third of the life is over
		t.Fatal(err)
	}
	if now, err := os.ReadFile("box/kiosk.crt"); err != nil || bytes.Equal(now, old) {
		t.Fatalf("not renewed: %v", err)
	}
	stop()
	stop = mosquitto(t, filepath.Join(here, "broker/mosquitto.conf"))
	expectState(t, hear(), wire.Online) // the renewed certificate is in the place of the first

	steps(t, "authority revoke hq --kind kiosk bhu-1 --why stolen --passphrase passphrase")
	copyTo("hq/ca.crl", "broker/ca.crl")
	stop()
	mosquitto(t, filepath.Join(here, "broker/mosquitto.conf"))
	gone, err := broker.Identity{CA: "box/ca.crt", Cert: "box/kiosk.crt", Key: "box/kiosk.key"}.Config(nil)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := broker.Connect(t.Context(), broker.Opts{URL: url, ClientID: "bhu-1", TLS: gone}); err == nil {
		if err := conn.Publish(t.Context(), broker.Message{Topic: "kiosk/v1/bhu-1/state", QoS: 1, Payload: []byte("x")}); err == nil {
			t.Error("a revoked kiosk came in")
		}
		conn.Close()
	}
}

func expectState(t *testing.T, states <-chan string, want string) {
	t.Helper()
	for {
		select {
		case s := <-states:
			if s == want {
				return
			}
		case <-time.After(time.Minute):
			t.Fatalf("the kiosk never said %s", want)
		}
	}
}

// mosquitto runs one with that configuration until stop.
func mosquitto(t *testing.T, conf string) (stop func()) {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", conf)
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%v: make deps", err)
	}
	stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() } // twice is as good as once
	t.Cleanup(stop)
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.HasSuffix(lines.Text(), " running") {
			go func() {
				for lines.Scan() { // nobody reads it, and it must not stand still
				}
			}()
			return stop
		}
	}
	t.Fatalf("mosquitto does not start:\n%s", strings.Join(said, "\n"))
	return nil
}
