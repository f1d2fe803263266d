package uplink

import (
	"bufio"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"nabz/firmware/broker"
)

// The users of the test broker. The clinic's password is its name.
const (
	kiosk    = "bhu-1"
	password = "swordfish"
)

// access is what kiosk and clinic may do, as in the field; denied leaves a kiosk its state and its hello, and nothing else.
const (
	access = `pattern write kiosk/v1/%u/up/#
pattern write kiosk/v1/%u/live/#
pattern write kiosk/v1/%u/state
pattern read kiosk/v1/%u/down/+
pattern read kiosk/v1/ehr/+/state
`
	denied = `pattern write kiosk/v1/%u/up/hello
pattern write kiosk/v1/%u/state
pattern read kiosk/v1/%u/down/+
pattern read kiosk/v1/ehr/+/state
`
	clinicAccess = `user clinic-1
topic read kiosk/v1/+/up/#
topic read kiosk/v1/+/live/#
topic read kiosk/v1/+/state
topic read $SYS/broker/#
topic write kiosk/v1/+/down/+
topic write kiosk/v1/ehr/clinic-1/state
`
)

// mosquitto is a real broker on a free loopback port.
type mosquitto struct {
	t    testing.TB
	dir  string
	addr string
	cmd  *exec.Cmd
}

func startBroker(t testing.TB, acl string, extra ...string) *mosquitto {
	t.Helper()
	m := &mosquitto{t: t, dir: t.TempDir()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(m.addr)
	m.allow(acl)
	m.write("passwords", kiosk+":"+hashed(t, password)+"\nclinic-1:"+hashed(t, "clinic-1")+"\n")
	m.write("mosquitto.conf", strings.Join(append([]string{
		"user root", "persistence false", "log_dest stderr", "allow_anonymous false", "message_size_limit 262144",
		"password_file " + filepath.Join(m.dir, "passwords"), "acl_file " + filepath.Join(m.dir, "acl"),
		"listener " + port + " 127.0.0.1",
	}, extra...), "\n")+"\n")
	m.run()
	t.Cleanup(m.kill)
	return m
}

// allow sets what the kiosk may do; the clinic may always do all of its own.
func (m *mosquitto) allow(acl string) {
	m.write("acl", acl+clinicAccess)
	if m.cmd != nil {
		m.cmd.Process.Signal(syscall.SIGHUP)
	}
}

// run starts the broker and returns when it serves.
func (m *mosquitto) run() {
	m.t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	m.cmd = exec.Command(path, "-c", filepath.Join(m.dir, "mosquitto.conf"))
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

func (m *mosquitto) opts(user, password string) broker.Opts {
	return broker.Opts{URL: "tcp://" + m.addr, ClientID: user, Username: user, Password: password}
}

func (m *mosquitto) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// hashed is Mosquitto's form of a password: PBKDF2 with SHA-512.
func hashed(t testing.TB, password string) string {
	t.Helper()
	salt := []byte("twelve bytes")
	key, err := pbkdf2.Key(sha512.New, password, salt, 101, 64)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	return "$7$101$" + b64(salt) + "$" + b64(key)
}

// proxy stands between the kiosk and the broker, and can stop carrying bytes, or break what it carries.
type proxy struct {
	addr, to string

	mu    sync.Mutex
	links []*link
}

type link struct {
	near, far net.Conn
	frozen    chan struct{}
}

func through(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), to: to}
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			p.carry(&busy, near)
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		busy.Wait()
	})
	return p
}

func (p *proxy) carry(busy *sync.WaitGroup, near net.Conn) {
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		near.Close()
		return
	}
	l := &link{near: near, far: far, frozen: make(chan struct{})}
	p.mu.Lock()
	p.links = append(p.links, l)
	p.mu.Unlock()
	busy.Go(func() { l.pump(near, far) })
	busy.Go(func() { l.pump(far, near) })
}

func (l *link) pump(from, to net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		select {
		case <-l.frozen:
			return // and leave both ends open
		default:
		}
		if err != nil {
			to.Close()
			return
		}
		to.Write(buf[:n])
	}
}

// freeze stops carrying on the links that are there; new ones work.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		close(l.frozen)
	}
}

// cut breaks every link.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		l.near.Close()
		l.far.Close()
	}
	p.links = nil
}
