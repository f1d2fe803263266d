package broker

import (
	"bufio"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The one user of the test broker.
const (
	user     = "kiosk-1"
	password = "swordfish"
)

// mosquitto is a real broker on a free loopback port.
type mosquitto struct {
	t      testing.TB
	config string
	addr   string
	cmd    *exec.Cmd
}

// start is a broker whose user may read and write open/#.
func start(t testing.TB, extra ...string) *mosquitto {
	t.Helper()
	dir := t.TempDir()
	return serve(t, append([]string{
		"password_file " + write(t, dir, "passwords", user+":$7$101$"+strings.Join(hashed(t, password), "$")+"\n"),
		"acl_file " + write(t, dir, "acl", "user "+user+"\ntopic read open/#\ntopic write open/#\n"),
	}, extra...))
}

// startStrict is a broker that refuses subscriptions, which Mosquitto's access file cannot: only its dynamic security plugin does.
func startStrict(t testing.TB) *mosquitto {
	t.Helper()
	plugin, err := filepath.Glob("/usr/lib/*/mosquitto_dynamic_security.so")
	if err != nil || len(plugin) == 0 {
		t.Fatal("this test needs Mosquitto's dynamic security plugin: apt-get install mosquitto")
	}
	h := hashed(t, password)
	rules := fmt.Sprintf(`{"defaultACLAccess":{"publishClientSend":true,"publishClientReceive":true,"subscribe":false,"unsubscribe":true},
		"clients":[{"username":%q,"salt":%q,"password":%q,"iterations":101,"roles":[]}],"groups":[],"roles":[]}`, user, h[0], h[1])
	return serve(t, []string{
		"plugin " + plugin[0], "plugin_opt_config_file " + write(t, t.TempDir(), "rules.json", rules),
	})
}

func serve(t testing.TB, lines []string) *mosquitto {
	t.Helper()
	m := &mosquitto{t: t, addr: freeAddr(t)}
	_, port, _ := net.SplitHostPort(m.addr)
	usual := []string{"user root", "persistence false", "log_dest stderr", "allow_anonymous false", "listener " + port + " 127.0.0.1"}
	m.config = write(t, t.TempDir(), "mosquitto.conf", strings.Join(append(usual, lines...), "\n")+"\n")
	m.run()
	t.Cleanup(m.kill)
	return m
}

// run starts the broker and returns when it serves.
func (m *mosquitto) run() {
	m.t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	m.cmd = exec.Command(path, "-c", m.config)
	out, err := m.cmd.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatalf("%v: these tests need Mosquitto: apt-get install mosquitto", err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.HasSuffix(lines.Text(), " running") {
			return
		}
	}
	m.t.Fatalf("mosquitto does not start:\n%s", strings.Join(said, "\n"))
}

// kill is kill -9.
func (m *mosquitto) kill() {
	m.cmd.Process.Kill()
	m.cmd.Wait()
}

// freeze stops the broker without closing anything.
func (m *mosquitto) freeze() { m.cmd.Process.Signal(syscall.SIGSTOP) }

func (m *mosquitto) thaw() { m.cmd.Process.Signal(syscall.SIGCONT) }

func (m *mosquitto) opts(id string) Opts {
	return Opts{URL: "tcp://" + m.addr, ClientID: id, Username: user, Password: password}
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// hashed is salt and hash of a password as Mosquitto wants them: PBKDF2 with SHA-512, 101 rounds.
func hashed(t testing.TB, password string) []string {
	t.Helper()
	salt := []byte("twelve bytes")
	key, err := pbkdf2.Key(sha512.New, password, salt, 101, 64)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	return []string{b64(salt), b64(key)}
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
