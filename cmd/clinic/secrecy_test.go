package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"nabz/firmware"
	"nabz/firmware/audit"
	"nabz/firmware/config"
	"nabz/firmware/fhir"
	"nabz/firmware/seal"
	"nabz/firmware/secret"
	"nabz/firmware/wire"
	"nabz/hwtest/stage"
	"nabz/provisioning/access"
	"nabz/provisioning/authority"
)

// programme is an authority, a broker by its rules, and the folders of everybody.
type programme struct {
	*testing.T
	dir string
	ca  *authority.Authority
	url string
}

func newProgramme(t *testing.T) *programme {
	t.Helper()
	p := &programme{T: t, dir: t.TempDir()}
	if err := authority.Create(p.at("hq"), "Test", "synthetic horse staple", 10); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.ca, err = authority.Open(p.at("hq"), "synthetic horse staple"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.ca.Close() })
	p.must(os.Mkdir(p.at("export"), 0o700))
	for _, dir := range []string{"broker", "clinic", "box", "listener"} {
		p.must(os.Mkdir(p.at(dir), 0o700))
		p.write(dir+"/ca.crt", p.ca.Trusted())
	}
	crl, err := os.ReadFile(p.at("hq/ca.crl"))
	p.must(err)
	p.write("broker/ca.crl", crl)
	p.pair("broker/server", authority.Server, "127.0.0.1")
	key := p.key("clinic/clinic-1.key")
	for _, name := range access.Connections("clinic-1", false) {
		p.certificate("clinic/"+name+".crt", key, authority.Clinic, name)
	}
	p.pair("box/kiosk", authority.Kiosk, "bhu-1")
	p.pair("listener/clinic-9", authority.Clinic, "clinic-9")
	p.write("box/enrolment.json", []byte(`{"name":"bhu-1"}`))
	return p
}

func (p *programme) at(name string) string { return filepath.Join(p.dir, name) }

func (p *programme) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *programme) write(name string, raw []byte) {
	p.Helper()
	p.must(os.WriteFile(p.at(name), raw, 0o600))
}

func (p *programme) key(file string) []byte {
	p.Helper()
	key, err := authority.NewKey()
	p.must(err)
	p.write(file, key)
	return key
}

func (p *programme) certificate(file string, key []byte, k authority.Kind, name string) {
	p.Helper()
	csr, err := authority.RequestOf(key, name)
	p.must(err)
	c, err := p.ca.Issue(authority.Request{Kind: k, Name: name, CSR: csr, Life: 24 * time.Hour})
	p.must(err)
	p.write(file, append(authority.Chain(c), p.ca.Trusted()...))
}

func (p *programme) pair(base string, k authority.Kind, name string) {
	p.Helper()
	p.certificate(base+".crt", p.key(base+".key"), k, name)
}

// serve starts a Mosquitto that keeps everything that it can keep, and says all it can say.
func (p *programme) serve() (stop func()) {
	p.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	p.url = fmt.Sprintf("ssl://127.0.0.1:%d", port)
	conf, acl, err := access.Mosquitto(access.Opts{
		Root: wire.LiveRoot, Dir: p.at("broker"), State: p.at("broker"), Port: port, Clinics: []string{"clinic-1", "clinic-9"},
	})
	p.must(err)
	p.write("broker/acl", []byte(acl))
	p.write("broker/mosquitto.conf", []byte(conf+"user root\nlog_type all\nlog_dest stderr\n"))
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", p.at("broker/mosquitto.conf"))
	out, err := cmd.StderrPipe()
	p.must(err)
	p.must(cmd.Start())
	ended := make(chan error, 1)
	stop = sync.OnceFunc(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait(); <-ended })
	p.Cleanup(stop)
	up := make(chan struct{})
	go func() {
		var said bytes.Buffer
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
			if strings.HasSuffix(lines.Text(), " running") {
				close(up)
			}
		}
		ended <- os.WriteFile(p.at("broker/log"), said.Bytes(), 0o600)
	}()
	select {
	case <-up:
	case err := <-ended:
		p.Fatalf("mosquitto does not run: %v", err)
	}
	return stop
}

// keepForListener has the broker keep every message for a subscriber that is away.
func (p *programme) keepForListener() {
	p.Helper()
	u, err := url.Parse(p.url)
	p.must(err)
	at := func(name string) string { return p.at("listener/" + name) }
	out, err := exec.Command("mosquitto_sub", "-h", u.Hostname(), "-p", u.Port(), "-c", "-i", "clinic-9", "-q", "1", "-t", "kiosk/v1/+/up/#", "-t", "kiosk/v1/+/state",
		"--cafile", at("ca.crt"), "--cert", at("clinic-9.crt"), "--key", at("clinic-9.key"), "-E").CombinedOutput()
	if err != nil {
		p.Fatalf("mosquitto_sub: %v: %s: make deps", err, out)
	}
}

// kiosk runs the whole kiosk on its folder until stop. What it logs is kept.
func (p *programme) kiosk(sealTo []string, logs *bytes.Buffer) (url string, stop func()) {
	p.Helper()
	to := ""
	for _, k := range sealTo {
		to += fmt.Sprintf("%q, ", k)
	}
	cfg, err := config.Parse(fmt.Appendf(nil, "identity = %q\ndata = %q\n[screen]\nlisten = \"127.0.0.1:0\"\n[queue]\nquota_mb = 64\n[broker]\nurl = %q\nseal_to = [%s]\n[staff]\nexport = %q\ntechnician_pin = %q\n",
		p.at("box"), p.at("data"), p.url, to, p.at("export"), secret.Hash(stage.TechnicianPIN)))
	p.must(err)
	k, err := firmware.Open(cfg, "1", slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	p.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, k.Close()); err != nil {
			p.Error(err)
		}
	})
	p.Cleanup(stop)
	return k.URL(), stop
}

// clinic runs until stop, and says all it says into clinic/log.
func (p *programme) clinic() (stop func()) {
	p.Helper()
	log, err := os.Create(p.at("clinic/log"))
	p.must(err)
	cmd := exec.Command(os.Args[0], "serve", "--data", p.at("clinic/data"), "--broker", p.url, "--broker-tls", p.at("clinic"), "--seal-key", p.at("clinic/seal.key"))
	cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
	cmd.Stdout, cmd.Stderr = log, log
	p.must(cmd.Start())
	stop = sync.OnceFunc(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait(); log.Close() })
	p.Cleanup(stop)
	return stop
}

const (
	patients = 34 // of three readings each
	entries  = patients * 3
)

// number is a patient's, such that no other bytes are likely to be the same.
func number(n int) string { return fmt.Sprintf("MRN/%05d-kq", 70_000+n*7) }

func (p *programme) measure(at string) {
	p.Helper()
	w := stage.NewWorker(at)
	for n := range patients {
		p.must(w.ByHand(p.Context(), number(n)))
	}
}

// needles are how a name, a number or a value could stand in a file: as it was typed, as the kiosk and FHIR write it, and each of them as other encodings do.
func needles() map[string][]byte {
	plain := []string{
		`"bloodPressure":`, `"systolic":122`, `"diastolic":78`, `"oximetry":{`, `"spo2":97`, `"value":36800`, `"valueQuantity"`, `"value":36.8`, `"value":122`, `mm[Hg]`, `"patient":{`,
		"8480-6", "8462-4", "59408-5", "8310-5", "Quantity", "birthDate",
	}
	for n := range patients {
		plain = append(plain, number(n))
	}
	all := map[string][]byte{}
	for _, text := range plain {
		raw := []byte(text)
		wide := utf16.Encode([]rune(text))
		var le []byte
		for _, u := range wide {
			le = append(le, byte(u), byte(u>>8))
		}
		all[text] = raw
		all[text+" in UTF-16"] = le
		all[text+" in hexadecimal"] = []byte(hex.EncodeToString(raw))
		all[text+" in HEXADECIMAL"] = bytes.ToUpper([]byte(hex.EncodeToString(raw)))
		all[text+" escaped"] = []byte(url.QueryEscape(text))
		for shift := range 3 { // base64 has three ways to write the same bytes
			code := base64.StdEncoding.EncodeToString(append(make([]byte, shift), raw...))
			from, to := (shift*8+5)/6, (shift+len(raw))*8/6
			if to-from >= 6 {
				all[fmt.Sprintf("%s in base64, %d bytes on", text, shift)] = []byte(code[from:to])
			}
		}
	}
	return all
}

// search says which needles stand in the files below some paths, or in further bytes.
func search(t *testing.T, more map[string][]byte, paths ...string) (found []string) {
	t.Helper()
	files := 0
	look := func(name string, raw []byte) {
		files++
		for what, needle := range needles() {
			if bytes.Contains(raw, needle) {
				found = append(found, what+" in "+name)
			}
		}
	}
	for name, raw := range more {
		look(name, raw)
	}
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			look("a file's name", []byte(file))
			raw, err := os.ReadFile(file)
			look(file, raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 2 {
		t.Fatalf("only %d files were searched", files)
	}
	return found
}

// recorded are the Bundles that the clinic's record has, by id, and how often.
func (p *programme) recorded() map[string]int {
	p.Helper()
	files, err := filepath.Glob(p.at("clinic/data/record/*.ndjson"))
	p.must(err)
	n := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		p.must(err)
		for line := range bytes.Lines(raw) {
			if sum, err := fhir.Check(bytes.TrimSpace(line), "https://nabz.example/fhir", false); err == nil {
				n[sum.ID]++
			} else if bytes.HasSuffix(line, []byte("\n")) {
				p.Errorf("the record has what breaks the profile: %v", err)
			}
		}
	}
	return n
}

// export has the technician take along what the kiosk gives for whoever helps from afar.
func (p *programme) export(at string) {
	p.Helper()
	h, err := stage.At(at)
	p.must(err)
	page := stage.NewPage(h, p.Fatal)
	page.Touch("start", "technician")
	page.Digits(stage.TechnicianPIN)
	page.Touch("next", "room corner-exported")
	found, err := filepath.Glob(p.at("export/nabz-bhu-1-*.json"))
	if err != nil || len(found) != 1 {
		p.Fatalf("exported: %q, %v", found, err)
	}
}

// forwarded is what the clinic has of the kiosk's audit.
func (p *programme) forwarded() []byte {
	p.Helper()
	raw, err := os.ReadFile(p.at("clinic/data/audit/kiosks/bhu-1.ndjson"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.Fatal(err)
	}
	return raw
}

func (p *programme) sealKey(file string) string {
	p.Helper()
	k, err := seal.NewKey()
	p.must(err)
	secret, err := k.Secret()
	p.must(err)
	p.write(file, []byte(secret+"\n"))
	return k.Public().String()
}

// TestWhatAThiefGets: of a hundred readings, neither the card nor the broker, what it keeps for others and what anybody logs, tells who was measured or what; the record has each
// once. The same search finds plenty where nothing is sealed.
func TestWhatAThiefGets(t *testing.T) {
	p := newProgramme(t)
	to := []string{p.sealKey("clinic/seal.key"), p.sealKey("hq/recovery.key")}
	stopBroker := p.serve()
	p.keepForListener()
	stopBroker() // the link is down while patients are measured
	var logs bytes.Buffer
	at, stop := p.kiosk(to, &logs)
	p.measure(at)
	stop()
	if found := search(t, map[string][]byte{"the kiosk's log": logs.Bytes()}, p.at("data")); len(found) > 0 {
		t.Errorf("the card of a kiosk that waits: %d, such as %q", len(found), found[:min(8, len(found))])
	}

	p.serve() // at another port
	at, stop = p.kiosk(to, &logs)
	stopClinic := p.clinic()
	w := stage.NewWorker(at)
	for {
		state, err := w.State(t.Context())
		p.must(err)
		if state.Queue.Waiting == 0 && len(p.recorded()) == entries {
			break
		}
		if state.Queue.Parked > 0 {
			t.Fatalf("parked: %s", logs.String())
		}
		stage.Wait(t.Context(), 100*time.Millisecond)
	}
	p.export(at)
	for bytes.Count(p.forwarded(), []byte(`"did":"recorded"`)) < entries {
		stage.Wait(t.Context(), 100*time.Millisecond)
	}
	stop()
	stopClinic()
	acts := 0
	if err := audit.Read(bytes.NewReader(p.forwarded()), func(audit.Entry) { acts++ }); err != nil || acts < 2*entries {
		t.Errorf("the kiosk's audit at the clinic: %d acts, %v", acts, err)
	}
	for id, n := range p.recorded() {
		if n != 1 {
			t.Errorf("%s is recorded %d times", id, n)
		}
	}
	db, err := os.ReadFile(p.at("broker/mosquitto.db"))
	if err != nil || bytes.Count(db, []byte("kiosk/v1/bhu-1/up/obs")) < entries/2 {
		t.Errorf("the broker keeps nothing that could be searched: %v, %d bytes", err, len(db))
	}
	if found := search(t, map[string][]byte{"the kiosk's log": logs.Bytes()}, p.at("data"), p.at("broker"), p.at("clinic/log"), p.at("clinic/data/audit"), p.at("export")); len(found) > 0 {
		t.Errorf("after all was sent: %d, such as %q", len(found), found[:min(8, len(found))])
	}
	if found := search(t, nil, p.at("clinic/data/record")); len(found) < patients {
		t.Errorf("the search finds %d things even in the record", len(found))
	}
}

// TestPlainModeIsPlain: the search that finds nothing where all is sealed finds every patient on a card where nothing is.
func TestPlainModeIsPlain(t *testing.T) {
	p := newProgramme(t)
	p.url = "ssl://127.0.0.1:1"
	var logs bytes.Buffer
	at, stop := p.kiosk(nil, &logs)
	p.measure(at)
	stop()
	found := strings.Join(search(t, nil, p.at("data")), "\n")
	for n := range patients {
		if !strings.Contains(found, number(n)+" in ") {
			t.Errorf("%s is not found", number(n))
		}
	}
	if found := search(t, map[string][]byte{"the kiosk's log": logs.Bytes(), "again": logs.Bytes(), "and again": logs.Bytes()}); len(found) > 0 {
		t.Errorf("the log of a plain kiosk: %q", found)
	}
}
