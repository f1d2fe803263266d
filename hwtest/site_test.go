package hwtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"nabz/drivers/board"
	"nabz/firmware/config"
	"nabz/hwtest/stage"
)

// site is a box with simulated devices at its ports, chips on its bus, lines, a battery, and a far end that is real: nabz's own broker and clinic.
type site struct {
	t     *testing.T
	stage stage.Bench
	box   stage.Box
	root  string // of its sysfs
	bench Bench
}

// far is the far end of all sites of this test: a broker, and a practice clinic that records in a FHIR server whose mood a test sets.
type far struct {
	broker string
	well   bool // the server
	mu     sync.Mutex
}

var theFar struct {
	once sync.Once
	far
	err  error
	stop func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if theFar.stop != nil {
		theFar.stop()
	}
	os.Exit(code)
}

func (f *far) set(well bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.well = well
}

// answer is a FHIR server as far as it says what it can do; what it is given it takes.
func (f *far) answer(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/fhir+json")
	switch {
	case !f.well:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","software":{"name":"played","version":"1"}}`)
	default:
		fmt.Fprint(w, `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201 Created","location":"Patient/1"}},{"response":{"status":"201 Created","location":"Device/1"}},{"response":{"status":"201 Created","location":"Observation/1"}},{"response":{"status":"201 Created","location":"Observation/2"}}]}`)
	}
}

func farEnd(t *testing.T) *far {
	t.Helper()
	theFar.once.Do(func() { theFar.stop, theFar.err = theFar.begin() })
	if theFar.err != nil {
		t.Fatal(theFar.err)
	}
	return &theFar.far
}

func (f *far) begin() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "nabz-far-*")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(filepath.Dir(self), "clinic")
	if out, err := exec.Command("go", "build", "-o", program, "nabz/cmd/clinic").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	server := httptest.NewServer(http.HandlerFunc(f.answer))
	f.well = true
	if f.broker, err = stage.FreeAddr(); err != nil {
		return nil, err
	}
	broker := &stage.Process{Name: "clinic", Args: []string{"broker", "--data", filepath.Join(dir, "broker"), "--listen", f.broker}, Log: filepath.Join(dir, "broker.log")}
	clinic := &stage.Process{Name: "clinic", Args: []string{"serve", "--data", dir, "--broker", "tcp://" + f.broker, "--practice", "--fhir", server.URL}, Log: filepath.Join(dir, "clinic.log")}
	for _, p := range []*stage.Process{broker, clinic} {
		if _, err := p.Start(context.Background()); err != nil {
			return nil, err
		}
	}
	return func() {
		_ = stage.StopAll(clinic, broker) // the test is over
		server.Close()
		os.RemoveAll(dir)
	}, nil
}

var sites struct {
	sync.Mutex
	n int
}

// newSite is a site whose speed of devices is that much faster than life, with more for its kiosk.toml.
func newSite(t *testing.T, speed float64, more string) *site {
	t.Helper()
	dir := t.TempDir()
	sites.Lock()
	sites.n++
	name := fmt.Sprintf("check-%d", sites.n)
	sites.Unlock()
	s := &site{
		t: t, stage: stage.NewBench(filepath.Join(dir, "dev"), speed, true), box: stage.NewBox(), root: filepath.Join(dir, "sys"),
	}
	s.kernel("class/thermal/thermal_zone0/type", "cpu-thermal")
	s.kernel("class/thermal/thermal_zone0/temp", "51000")
	s.kernel("class/hwmon/hwmon0/name", "rpi_volt")
	s.kernel("class/hwmon/hwmon0/in0_lcrit_alarm", "0")
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.stage.Serve(ctx) }()
	t.Cleanup(func() {
		if cancel(); <-served != nil && ctx.Err() == nil {
			t.Error("the devices ended")
		}
	})
	for _, p := range s.stage.Plugs {
		<-p.Ready()
	}
	toml := fmt.Sprintf("name = %q\ndata = %q\npractice = true\n[screen]\nlisten = \"127.0.0.1:0\"\n[broker]\nurl = \"tcp://%s\"\n[board]\nprofile = \"x728\"\nlamp = { line = 22 }\n", name, dir, farEnd(t).broker)
	for _, w := range s.stage.Wired() {
		toml += fmt.Sprintf("[%s]\nprotocol = %q\npath = %q\n", w.Table, w.Protocol, w.Path)
	}
	cfg, err := config.Parse([]byte(toml + more))
	if err != nil {
		t.Fatal(err)
	}
	s.bench = Bench{
		Config: cfg, Sys: board.Sys{Root: s.root}, Kernel: func() (board.Power, error) { return board.Power{}, nil }, Listen: 1500 * 1000 * 1000,
		Ports: s.box.Ports(),
	}
	return s
}

// kernel sets what sysfs says.
func (s *site) kernel(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// nobody is an address at which nothing answers.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
