package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/board"
	"nabz/firmware"
	"nabz/firmware/config"
	"nabz/hwtest"
	"nabz/hwtest/stage"
	"nabz/provisioning/authority"
)

// workshop is a box on a technician's table: simulated devices, lines and battery, a broker, a practice clinic, and an identity.
type workshop struct {
	t       *testing.T
	dir     string
	devices stage.Bench
	box     stage.Box
	bench   hwtest.Bench
	toml    string
	ca      string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{t: t, dir: t.TempDir(), box: stage.NewBox()}
	w.devices = stage.NewBench(filepath.Join(w.dir, "dev"), 20, true)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); _ = w.devices.Serve(ctx) }() // it ends with ctx
	t.Cleanup(func() { cancel(); <-served })
	for _, p := range w.devices.Plugs {
		<-p.Ready()
	}
	screen, err := stage.FreeAddr()
	w.must(err)
	broker := w.farEnd()
	w.toml = filepath.Join(w.dir, "kiosk.toml")
	text := fmt.Sprintf("name = \"bhu-1\"\ndata = %q\npractice = true\n[screen]\nlisten = %q\n[broker]\nurl = \"tcp://%s\"\n[board]\nprofile = \"x728\"\nlamp = { line = 22 }\n", w.dir, screen, broker)
	for _, d := range w.devices.Wired() {
		text += fmt.Sprintf("[%s]\nprotocol = %q\npath = %q\ncalibration_due = \"2099-05-31\"\n", d.Table, d.Protocol, d.Path)
	}
	w.must(os.WriteFile(w.toml, []byte(text), 0o600))
	cfg, err := config.Load(w.toml)
	w.must(err)
	cfg.Broker.Cert, cfg.Broker.Key = w.identity()
	w.bench = hwtest.Bench{
		Config: cfg, Ports: w.box.Ports(), Sys: board.Sys{Root: filepath.Join(w.dir, "sys")}, Listen: time.Second,
		Kernel: func() (board.Power, error) { return board.Power{}, nil },
	}
	return w
}

func (w *workshop) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *workshop) farEnd() string {
	w.t.Helper()
	self, err := os.Executable()
	w.must(err)
	if out, err := exec.Command("go", "build", "-o", filepath.Join(filepath.Dir(self), "clinic"), "nabz/cmd/clinic").CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	addr, err := stage.FreeAddr()
	w.must(err)
	broker := &stage.Process{Name: "clinic", Args: []string{"broker", "--data", filepath.Join(w.dir, "broker"), "--listen", addr}, Log: filepath.Join(w.dir, "broker.log")}
	clinic := &stage.Process{Name: "clinic", Args: []string{"serve", "--data", filepath.Join(w.dir, "clinic"), "--broker", "tcp://" + addr, "--practice"}, Log: filepath.Join(w.dir, "clinic.log")}
	for _, p := range []*stage.Process{broker, clinic} {
		if _, err := p.Start(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = p.Stop() }) // the test is over
	}
	return addr
}

// identity is what an enrolled kiosk signs with.
func (w *workshop) identity() (cert, key string) {
	w.t.Helper()
	w.must(authority.Create(filepath.Join(w.dir, "hq"), "Test", "synthetic horse staple", 10))
	ca, err := authority.Open(filepath.Join(w.dir, "hq"), "synthetic horse staple")
	w.must(err)
	w.t.Cleanup(func() { ca.Close() })
	pem, err := authority.NewKey()
	w.must(err)
	csr, err := authority.RequestOf(pem, "bhu-1")
	w.must(err)
	issued, err := ca.Issue(authority.Request{Kind: authority.Kiosk, Name: "bhu-1", CSR: csr, Life: 24 * time.Hour})
	w.must(err)
	cert, key, w.ca = filepath.Join(w.dir, "kiosk.crt"), filepath.Join(w.dir, "kiosk.key"), filepath.Join(w.dir, "ca.crt")
	w.must(os.WriteFile(cert, authority.Chain(issued), 0o600))
	w.must(os.WriteFile(key, pem, 0o600))
	w.must(os.WriteFile(w.ca, ca.Trusted(), 0o600))
	return cert, key
}

// hand does something to a device of that name.
func hand[T any](w *workshop, device string, do func(T)) {
	d, _ := w.devices.Device(device)
	do(d.(T))
}

// technician sits at a terminal: reads what the check says and does it.
type technician struct {
	*workshop
	out  bytes.Buffer
	mu   sync.Mutex
	at   int // up to there the output has been heard
	done chan error
	tty  *os.File
}

// patience is how long a technician waits before calling somebody; a step that waits in vain gives up sooner or later.
const patience = 60 * time.Second

// hears waits for a sentence, in order, then does and types something.
func (k *technician) hears(sentence string, do func(), types string) {
	k.t.Helper()
	for begun := time.Now(); ; {
		k.mu.Lock()
		text := k.out.String()
		if time.Since(begun) > patience {
			k.mu.Unlock()
			k.t.Fatalf("waiting for %q:\n%s", sentence, text)
		}
		i := strings.Index(text[k.at:], sentence)
		if i >= 0 {
			k.at += i + len(sentence)
		}
		k.mu.Unlock()
		if i >= 0 {
			break
		}
		select {
		case err := <-k.done:
			k.t.Fatalf("waiting for %q: the check ended: %v\n%s", sentence, err, text)
		default:
			stage.Wait(k.t.Context(), 10*time.Millisecond)
		}
	}
	if do != nil {
		do()
	}
	if types != "" {
		if _, err := k.tty.WriteString(types + "\n"); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *technician) read() {
	for b := make([]byte, 4096); ; {
		n, err := k.tty.Read(b)
		k.mu.Lock()
		k.out.Write(bytes.ReplaceAll(b[:n], []byte("\r\n"), []byte("\n")))
		k.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// touch touches a place of the check's page, as the browser does.
func (k *technician) touch(place int) {
	answer, err := http.PostForm("http://"+k.bench.Config.Listen+"/touch", url.Values{"place": {fmt.Sprint(place)}})
	k.must(err)
	k.must(answer.Body.Close())
}

// TestFullCheck: a technician at a terminal goes through the whole long check, does one thing wrong and again, leaves one out, goes back once; the report is
// signed, kept, printed and verified.
func TestFullCheck(t *testing.T) {
	w := newWorkshop(t)
	const unset = "clock" // nobody has set it: the one thing that is not good here
	master, slave, err := pty.Open()
	w.must(err)
	defer master.Close()
	k := &technician{workshop: w, done: make(chan error, 1), tty: master}
	go k.read()
	sheet := filepath.Join(w.dir, "check.html")
	go func() {
		err := checkRunCmd{Full: true, By: "tech-3", HTML: sheet}.guide(context.Background(), w.bench, slave, slave)
		k.done <- err
	}()
	fingerIn := func() { hand(w, "oximeter", func(d interface{ FingerIn() }) { d.FingerIn() }) }
	fingerOut := func() { hand(w, "oximeter", func(d interface{ FingerOut() }) { d.FingerOut() }) }
	k.hears("Now with you", nil, "")
	k.hears("Wrap the cuff around the rigid cylinder", nil, "")
	k.hears("on nobody's arm", nil, " ")
	k.hears("good (highest pressure", nil, "")
	k.hears("Leave the cuff on the cylinder", nil, "")
	k.hears("on nobody's arm", nil, " ")
	k.hears("to below 15 mmHg", nil, "")
	k.hears("clip empty", nil, "")
	k.hears("Put your own finger", nil, "b") // one back
	k.hears("clip empty", nil, "")
	k.hears("Put your own finger", fingerIn, "")
	k.hears("good (SpO2 97", nil, "")
	k.hears("Take the finger out", fingerOut, "")
	k.hears("Take the probe out", func() {
		hand(w, "thermometer", func(d interface{ TakeProbe() }) { time.AfterFunc(time.Second, d.TakeProbe) })
	}, "")
	k.hears("good (it says", nil, "")
	k.hears("Pull the mains plug", func() { w.box.Mains(false, 79) }, "")
	k.hears("good (noticed after", nil, "")
	k.hears("Put the plug back", func() { w.box.Mains(true, 79) }, "")
	k.hears("Press the button", nil, "s") // left out
	k.hears("left out", nil, "")
	k.hears("blink five times", nil, "y")
	k.hears("beep five times", nil, "n") // it did not
	k.hears("try again", nil, " ")       // a plug was loose
	k.hears("beep five times", nil, "y")
	k.hears("Touch the five squares", func() {
		for i := range 5 {
			k.touch(i)
		}
	}, "")
	k.hears("play a tone", nil, "y")
	if err := <-k.done; !errors.Is(err, errNotGood) {
		t.Errorf("it ended with %v; the clock was not set", err)
	}
	slave.Close()
	if beeps := w.box.Lines.Driven(stage.Beeper); len(beeps) != 22 || beeps[1] != gpio.High {
		t.Errorf("the beeper was driven %d times", len(beeps))
	}
	names, err := hwtest.ShelfOf(w.bench.Config).List()
	if err != nil || len(names) != 1 {
		t.Fatalf("kept are %q, %v", names, err)
	}
	signed, r, err := hwtest.ShelfOf(w.bench.Config).Get(names[0])
	w.must(err)
	bad := map[string]hwtest.Verdict{unset: hwtest.Fail, "button": hwtest.Skipped}
	for _, row := range r.Rows {
		want := hwtest.Pass
		if v, ok := bad[row.Name]; ok {
			want = v
		}
		if row.Verdict != want {
			t.Errorf("%s is %s, want %s: %s", row.Name, row.Verdict, want, row.Why)
		}
	}
	if len(r.Rows) != 28 || r.By != "tech-3" || r.Kind != "full" {
		t.Errorf("%d rows, by %q, %s", len(r.Rows), r.By, r.Kind)
	}
	w.verify(signed)
	page, err := os.ReadFile(sheet)
	w.must(err)
	for _, part := range []string{"NOT GOOD", "tech-3", "2099-05-31", "nobody has set the clock", signed.Fingerprint(), "at most 10000 ms"} {
		if !bytes.Contains(page, []byte(part)) {
			t.Errorf("the page to print has no %q", part)
		}
	}
	if out := os.Getenv("NABZ_SHOTS"); out != "" {
		w.must(os.WriteFile(filepath.Join(out, "check.html"), page, 0o600))
	}
}

// verify has the command look at the report as it is, changed, and unsigned.
func (w *workshop) verify(s hwtest.Signed) {
	w.t.Helper()
	changed := s
	changed.Report = json.RawMessage(strings.Replace(string(s.Report), `"verdict":"fail"`, `"verdict":"pass"`, 1))
	unsigned := s
	unsigned.Signature = nil
	for name, c := range map[string]struct {
		hwtest.Signed
		want int
	}{"as it is": {s, 0}, "changed": {changed, 1}, "unsigned": {unsigned, 1}} {
		raw, err := json.Marshal(c.Signed)
		w.must(err)
		file := filepath.Join(w.dir, "report.json")
		w.must(os.WriteFile(file, raw, 0o600))
		if code := run([]string{"check", "verify", file, "--ca", w.ca}); code != c.want {
			w.t.Errorf("%s: verify ends with %d, want %d", name, code, c.want)
		}
	}
}

// TestCheckOfARunningKiosk: a kiosk that runs has the devices, so it does the check itself; the command prints and keeps the same report, and refuses the
// long one.
func TestCheckOfARunningKiosk(t *testing.T) {
	w := newWorkshop(t)
	cfg := w.bench.Config
	k, err := firmware.OpenOn(w.box.Ports(), cfg, "1.2.3", slog.New(slog.DiscardHandler))
	w.must(err)
	k.CheckWith(hwtest.QuickOf(cfg, "1.2.3", k))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	defer func() {
		cancel()
		w.must(errors.Join(<-ended, k.Close()))
	}()
	for len(k.Working()) < 4 { // three devices and the link
		stage.Wait(t.Context(), 50*time.Millisecond)
	}
	var signed hwtest.Signed
	w.must(json.Unmarshal([]byte(output(t, "check --json --config "+w.toml)), &signed))
	raw, err := json.Marshal(signed)
	w.must(err)
	_, r, err := hwtest.ParseSigned(raw)
	w.must(err)
	if !r.Good() || r.Count(hwtest.Pass) != 15 || len(signed.Signature) == 0 {
		t.Errorf("%d passed, signature of %d bytes", r.Count(hwtest.Pass), len(signed.Signature))
		for _, row := range r.Rows {
			t.Logf("%s %s %s", row.Name, row.Verdict, row.Why)
		}
	}
	if list := output(t, "check list --config "+w.toml); !strings.Contains(list, "quick  good") {
		t.Errorf("the list says %q", list)
	}
	w.devices.Plugs["oximeter"].Unplug()
	for len(k.Working()) > 3 {
		stage.Wait(t.Context(), 50*time.Millisecond)
	}
	if code := run([]string{"check", "--config", w.toml}); code != 1 {
		t.Errorf("without the oximeter it ends with %d, want 1", code)
	}
	if code := run([]string{"check", "--full", "--config", w.toml}); code != 1 {
		t.Errorf("the long check beside a running kiosk ends with %d, want 1", code)
	}
}

// TestBundle: it holds what helps, names what cannot be had, and has no PIN, whether a kiosk runs or not.
func TestBundle(t *testing.T) {
	dir := t.TempDir()
	const hash = "$argon2id$v=19$m=19456,t=2,p=1$/P9ylU0kf0Ig0DGY1wO8Qw$m45QBQOJxP/av1Q5wBr/CB4PPcZ2PNd7Mf0rG2Bf8PQ"
	nobody, err := stage.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	toml := filepath.Join(dir, "kiosk.toml")
	text := fmt.Sprintf("name = \"bhu-1\"\ndata = %q\n[screen]\nlisten = %q\n[staff]\ntechnician_pin = %q\n", dir, nobody, hash)
	if err := errors.Join(os.WriteFile(toml, []byte(text), 0o600), os.MkdirAll(filepath.Join(dir, "live"), 0o700), os.WriteFile(filepath.Join(dir, "live", "runs.json"), []byte("[]"), 0o600)); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "bhu-1.zip")
	steps(t, "bundle "+out+" --config "+toml)
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(raw)
		if strings.Contains(string(raw), "argon2id") {
			t.Errorf("%s has the hash of a PIN", f.Name)
		}
	}
	if !strings.Contains(files["kiosk.toml"], "bhu-1") || files["runs.json"] != "[]" || !strings.Contains(files["missing.txt"], "export.json: no kiosk answers") {
		t.Errorf("the bundle has %q", files)
	}
}
