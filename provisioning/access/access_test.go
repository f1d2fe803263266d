package access

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
	"nabz/provisioning/authority"
)

const passphrase = "synthetic horse staple"

// site is a real Mosquitto with the rules that are written here, and its authority.
type site struct {
	*testing.T
	dir, url string
	ca       *authority.Authority
	caDir    string
	port     int
	nats     bool
	kiosks   []string // users of a nats-server
	stop     func()
}

// both runs a test on each broker.
func both(t *testing.T, test func(*site)) {
	for name, nats := range map[string]bool{"mosquitto": false, "nats-server": true} {
		t.Run(name, func(t *testing.T) { test(newSite(t, nats)) })
	}
}

func newSite(t *testing.T, nats bool) *site {
	t.Helper()
	s := &site{T: t, nats: nats, kiosks: []string{"bhu-1", "bhu-2"}, dir: t.TempDir(), caDir: filepath.Join(t.TempDir(), "hq")}
	s.ca = s.programme(s.caDir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	s.url = "ssl://127.0.0.1:" + strconv.Itoa(s.port)
	key, cert := s.pair(s.ca, authority.Request{Kind: authority.Server, Name: "127.0.0.1", Life: time.Hour, Anew: true})
	s.write("server.key", key)
	s.write("server.crt", cert)
	s.trust()
	s.run()
	return s
}

// programme is an authority; a guess at its passphrase is cheap.
func (s *site) programme(dir string) *authority.Authority {
	s.Helper()
	if err := authority.Create(dir, "Test", passphrase, 10); err != nil {
		s.Fatal(err)
	}
	a, err := authority.Open(dir, passphrase)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { a.Close() })
	return a
}

// trust copies what the authority has to the broker.
func (s *site) trust() {
	for _, name := range []string{"ca.crt", "ca.crl"} {
		raw, err := os.ReadFile(filepath.Join(s.caDir, name))
		if err != nil {
			s.Fatal(err)
		}
		s.write(name, raw)
	}
}

func (s *site) write(name string, raw []byte) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), raw, 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *site) run() {
	s.Helper()
	o := Opts{Root: wire.LiveRoot, Dir: s.dir, State: s.dir, Port: s.port, Clinics: []string{"clinic-1"}, Replicas: []string{"clinic-2"}}
	if s.nats {
		s.runNATS(o)
		return
	}
	conf, acl, err := Mosquitto(o)
	if err != nil {
		s.Fatal(err)
	}
	s.write("mosquitto.conf", []byte(conf+"user root\nlog_dest stderr\nlog_type all\n"))
	s.write("acl", []byte(acl))
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", filepath.Join(s.dir, "mosquitto.conf"))
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.Fatalf("%v: make deps", err)
	}
	s.stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // ended by itself is as good
	s.Cleanup(s.stop)
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.HasSuffix(lines.Text(), " running") {
			go func() {
				for lines.Scan() { // nobody reads it, and it must not stand still
				}
			}()
			return
		}
	}
	s.Fatalf("mosquitto does not start:\n%s", strings.Join(said, "\n"))
}

// runNATS runs a nats-server by the file that an operator gives it.
func (s *site) runNATS(o Opts) {
	s.Helper()
	conf, err := NATS(o, s.kiosks)
	if err != nil {
		s.Fatal(err)
	}
	s.write("nats.conf", []byte(conf))
	opts, err := server.ProcessConfigFile(filepath.Join(s.dir, "nats.conf"))
	if err != nil {
		s.Fatal(err)
	}
	opts.NoSigs, opts.NoLog = true, true
	n, err := server.NewServer(opts)
	if err != nil {
		s.Fatal(err)
	}
	n.Start()
	s.stop = sync.OnceFunc(func() { n.Shutdown(); n.WaitForShutdown() })
	s.Cleanup(s.stop)
	if !n.ReadyForConnections(10 * time.Second) {
		s.Fatal("nats-server is not ready")
	}
}

// pair is a key and a certificate, as PEM.
func (s *site) pair(ca *authority.Authority, r authority.Request) (key, cert []byte) {
	s.Helper()
	key, err := authority.NewKey()
	if err == nil {
		r.CSR, err = authority.RequestOf(key, r.Name)
	}
	if err != nil {
		s.Fatal(err)
	}
	c, err := ca.Issue(r)
	if err != nil {
		s.Fatal(err)
	}
	return key, authority.Chain(c)
}

// as is what somebody of that name connects with.
func (s *site) as(ca *authority.Authority, k authority.Kind, name string) *tls.Config {
	s.Helper()
	key, cert := s.pair(ca, authority.Request{Kind: k, Name: name, Life: time.Hour, Anew: true})
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		s.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.ca.Trusted()) {
		s.Fatal("nothing to trust")
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

func (s *site) connect(c *tls.Config, id string) (*broker.Conn, error) {
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	conn, err := broker.Connect(ctx, broker.Opts{URL: s.url, ClientID: id, TLS: c, Secret: secretOf(c)})
	if err == nil {
		s.Cleanup(conn.Close)
	}
	return conn, err
}

func (s *site) in(c *tls.Config, id string) *broker.Conn {
	s.Helper()
	conn, err := s.connect(c, id)
	if err != nil {
		s.Fatal(err)
	}
	return conn
}

// hears are the topics that somebody receives, in order.
func (s *site) hears(conn *broker.Conn, filters ...string) <-chan string {
	s.Helper()
	heard := make(chan string, 64)
	for _, f := range filters {
		if err := conn.Subscribe(s.Context(), f, 1, func(m broker.Message) { heard <- m.Topic }); err != nil {
			s.Fatal(err)
		}
	}
	return heard
}

func (s *site) say(conn *broker.Conn, topic string) {
	s.Helper()
	if err := conn.Publish(s.Context(), broker.Message{Topic: topic, QoS: 1, Payload: []byte("x")}); err != nil {
		s.Fatal(err)
	}
}

// tries publishes what must not arrive, on a connection of its own: Mosquitto 2.0.11 says PUBACK to what it denies, or hangs up.
func (s *site) tries(c *tls.Config, id, topic string, payload []byte) {
	s.Helper()
	conn := s.in(c, id)
	_ = conn.Publish(s.Context(), broker.Message{Topic: topic, QoS: 1, Payload: payload}) // as above
	conn.Close()
}

// outside tries to publish with a program that claims any client id that one tells it.
func (s *site) outside(c *tls.Config, id, topic string) {
	s.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.Certificates[0].PrivateKey)
	if err != nil {
		s.Fatal(err)
	}
	s.write("thief.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	s.write("thief.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificates[0].Certificate[0]}))
	at := func(name string) string { return filepath.Join(s.dir, name) }
	cmd := exec.Command("mosquitto_pub", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-i", id, "-q", "0", "-t", topic, "-m", "x",
		"--cafile", at("ca.crt"), "--cert", at("thief.crt"), "--key", at("thief.key"))
	if out, err := cmd.CombinedOutput(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.Fatalf("%v: %s: make deps", err, out)
	}
}

// TestAKioskSpeaksOnlyForItself: what a kiosk may say arrives, what it may not does not, and it hears what is its own and nothing else.
func TestAKioskSpeaksOnlyForItself(t *testing.T) { both(t, aKioskSpeaksOnlyForItself) }

func aKioskSpeaksOnlyForItself(s *site) {
	t := s.T
	clinic := s.in(s.as(s.ca, authority.Clinic, "clinic-1"), "clinic-1")
	heard := s.hears(clinic, "kiosk/v1/+/up/#", "kiosk/v1/+/state")
	one, two := s.as(s.ca, authority.Kiosk, "bhu-1"), s.as(s.ca, authority.Kiosk, "bhu-2")
	for _, topic := range []string{
		"kiosk/v1/bhu-2/up/obs", "kiosk/v1/bhu-2/state", "kiosk/v1/bhu-2/live/s/num", "kiosk/v1/bhu-1/down/ack", "kiosk/v1/bhu-2/down/cmd", "kiosk/v1/ehr/clinic-1/state",
		"kiosk/v1/ehr/clinic-1/ask/clinic-2", "kiosk-test/v1/bhu-1/up/obs", "kiosk/v1/bhu-1", "other",
	} {
		s.tries(one, "bhu-1", topic, []byte("x"))
	}
	s.tries(one, "bhu-1", "kiosk/v1/bhu-1/up/obs", make([]byte, 300<<10)) // larger than any Bundle
	s.say(s.in(two, "bhu-2"), "kiosk/v1/bhu-2/up/obs")
	conn := s.in(one, "bhu-1")
	mine := s.hears(conn, "kiosk/v1/bhu-1/down/+")
	for _, filter := range []string{"#", "kiosk/v1/#", "kiosk/v1/bhu-2/down/+", "kiosk/v1/+/down/+", "kiosk/v1/bhu-2/up/obs", "kiosk/v1/+/live/#", "kiosk/v1/ehr/clinic-1/ask/+", "$SYS/#"} {
		_ = conn.Subscribe(t.Context(), filter, 1, func(m broker.Message) {
			if m.Topic != "kiosk/v1/bhu-1/down/ack" {
				t.Errorf("by %s it hears %s", filter, m.Topic)
			}
		}) // Mosquitto may grant it; then nothing must come by it
	}
	s.say(clinic, "kiosk/v1/bhu-2/down/ack")
	s.say(clinic, "kiosk/v1/bhu-1/down/ack")
	if got := <-mine; got != "kiosk/v1/bhu-1/down/ack" {
		t.Errorf("bhu-1 hears %s", got)
	}
	s.say(conn, "kiosk/v1/bhu-1/up/obs") // comes after all that it must not say
	for _, want := range []string{"kiosk/v1/bhu-2/up/obs", "kiosk/v1/bhu-1/up/obs"} {
		if got := <-heard; got != want {
			t.Errorf("the clinic hears %s, want %s", got, want)
		}
	}
}

// TestNobodyTakesASession: whatever client id a certificate's owner claims, it is known by the certificate's name.
func TestNobodyTakesASession(t *testing.T) { both(t, nobodyTakesASession) }

func nobodyTakesASession(s *site) {
	t := s.T
	victim := s.in(s.as(s.ca, authority.Kiosk, "bhu-1"), "bhu-1")
	clinic := s.in(s.as(s.ca, authority.Clinic, "clinic-1"), "clinic-1")
	thief := s.as(s.ca, authority.Kiosk, "bhu-2")
	heard := s.hears(clinic, "kiosk/v1/+/up/#")
	for _, claims := range []string{"bhu-1", "clinic-1"} {
		s.outside(thief, claims, "kiosk/v1/bhu-1/up/obs")
	}
	for name, c := range map[string]*broker.Conn{"the victim": victim, "the clinic": clinic} {
		select {
		case <-c.Done():
			t.Errorf("%s was thrown out: %v", name, c.Err())
		default:
		}
	}
	s.say(victim, "kiosk/v1/bhu-1/up/evt")
	if got := <-heard; got != "kiosk/v1/bhu-1/up/evt" {
		t.Errorf("the thief speaks for the victim: %s", got)
	}
}

// TestWhoIsKeptOut: no certificate, a revoked one, an expired one, another authority's, a server's, and one that its owner made himself.
func TestWhoIsKeptOut(t *testing.T) { both(t, whoIsKeptOut) }

func whoIsKeptOut(s *site) {
	t := s.T
	good := s.as(s.ca, authority.Kiosk, "bhu-1")
	stolen := s.as(s.ca, authority.Kiosk, "bhu-2")
	s.in(stolen, "bhu-2").Close()
	if err := s.ca.Revoke(authority.Kiosk, "bhu-2", "stolen"); err != nil {
		t.Fatal(err)
	}
	s.trust()
	s.stop() // Mosquitto reads a revocation list at its start; a nats-server knows its users
	s.kiosks = []string{"bhu-1"}
	s.run()
	nobody := good.Clone()
	nobody.Certificates = nil
	expired := s.over("bhu-1")
	for name, c := range map[string]*tls.Config{
		"no certificate": nobody, "revoked": stolen, "another authority's": s.as(s.programme(filepath.Join(t.TempDir(), "other")), authority.Kiosk, "bhu-1"), "expired": expired,
		"a server's": s.as(s.ca, authority.Server, "10.0.0.1"),
	} {
		if conn, err := s.connect(c, "bhu-1"); err == nil {
			// with TLS 1.3 a client hears of its refusal with the first answer only
			if err := conn.Publish(t.Context(), broker.Message{Topic: "kiosk/v1/bhu-1/state", QoS: 1, Payload: []byte("x")}); err == nil {
				t.Errorf("%s: came in", name)
			}
		}
	}
	s.in(good, "bhu-1")
}

// over is a certificate of the authority whose life has ended.
func (s *site) over(name string) *tls.Config {
	s.Helper()
	key, err := authority.NewKey()
	if err != nil {
		s.Fatal(err)
	}
	csr, err := authority.RequestOf(key, name)
	if err != nil {
		s.Fatal(err)
	}
	c, err := s.ca.Issue(authority.Request{Kind: authority.Kiosk, Name: name, CSR: csr, Life: time.Nanosecond, Anew: true})
	if err != nil {
		s.Fatal(err)
	}
	if block, _ := pem.Decode(key); block == nil {
		s.Fatal("no key")
	}
	pair, err := tls.X509KeyPair(authority.Chain(c), key)
	if err != nil {
		s.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.ca.Trusted())
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

func TestRulesRefuseNames(t *testing.T) {
	for _, o := range []Opts{{}, {Clinics: []string{"Clinic 1"}}, {Clinics: []string{"ehr"}}, {Clinics: []string{"clinic-1"}, Replicas: []string{"a\nuser x"}}} {
		if _, _, err := Mosquitto(o); err == nil {
			t.Errorf("%+v: rules were written", o)
		}
	}
}

// secretOf is what its owner alone knows.
func secretOf(c *tls.Config) []byte {
	if len(c.Certificates) == 0 {
		return nil
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.Certificates[0].PrivateKey)
	if err != nil {
		return nil
	}
	return key
}

func TestNATSRefusesNames(t *testing.T) {
	good := Opts{Clinics: []string{"clinic-1"}}
	for _, kiosks := range [][]string{{"BHU 1"}, {"ehr"}, {"a\"} ] }"}} {
		if _, err := NATS(good, kiosks); err == nil {
			t.Errorf("%q: rules were written", kiosks)
		}
	}
	if _, err := NATS(Opts{}, nil); err == nil {
		t.Error("without a clinic rules were written")
	}
}
