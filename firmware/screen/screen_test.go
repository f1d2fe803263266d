package screen

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/reading"
	"nabz/firmware/screen/guide"
	"nabz/firmware/workers"
)

// kiosk is a backend that notes what it is asked.
type kiosk struct {
	did      []exam.What
	opened   []string
	released []uint64
	kept     []byte
	live     bool // no practice
	workers  *workers.Register
	acts     []audit.Entry
	err      error
}

func (*kiosk) RequestShown(string) error        { return nil }
func (*kiosk) RequestDone(string, string) error { return nil }

func (k *kiosk) State() (State, error) { return State{Kiosk: "bhu-1", Practice: !k.live}, k.err }

func (k *kiosk) Open(_ context.Context, who exam.Identify) (exam.View, error) {
	k.opened = append(k.opened, who.Operator)
	return exam.View{ID: "v"}, k.err
}

func (k *kiosk) Do(_ context.Context, visit string, w exam.What) (exam.View, error) {
	if visit != "v" {
		return exam.View{}, ErrStale
	}
	k.did = append(k.did, w)
	return exam.View{ID: visit}, k.err
}

func (k *kiosk) Amend(_ context.Context, _ string, w exam.What) error {
	k.did = append(k.did, w)
	return k.err
}

func (k *kiosk) Past() ([]Past, error) { return nil, k.err }

func (k *kiosk) Find(p reading.PatientRef) (reading.PatientRef, bool, error) { return p, false, k.err }

func (k *kiosk) Workers() *workers.Register {
	if k.workers == nil {
		var err error
		if k.workers, err = workers.Open(shelf{}, func() clock.Stamp { return clock.Stamp{} }, nil); err != nil {
			panic(err)
		}
	}
	return k.workers
}

func (k *kiosk) Note(acts ...audit.Entry) error { k.acts = append(k.acts, acts...); return k.err }

func (k *kiosk) Audit(io.Writer) error { return k.err }

func (k *kiosk) TakeAlong() ([]byte, error) { return []byte("{}"), k.err }

func (k *kiosk) Check(context.Context) (json.RawMessage, error) { return nil, k.err }

func (k *kiosk) Export() (string, error) { return "/media/x.json", k.err }

func (k *kiosk) Practise(string) (Backend, error) { return &kiosk{}, k.err }

// shelf is a workers.Store in memory.
type shelf map[string][]byte

func (s shelf) Remember(name string, raw []byte) error { s[name] = raw; return nil }
func (s shelf) Remembered(name string) ([]byte, error) { return s[name], nil }
func (s shelf) Names(prefix string) (all []string, _ error) {
	for name := range s {
		if strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	return all, nil
}

func (k *kiosk) Evidence(entry string) ([]byte, error) {
	if entry != "r" {
		return nil, ErrNone
	}
	return []byte("# contec\n< 01\n"), k.err
}

func (k *kiosk) Wave(uint64) ([]int, int, uint64) { return nil, 0, 0 }

func (k *kiosk) Remember(b []byte) error { k.kept = b; return k.err }

func (k *kiosk) Remembered() ([]byte, error) { return k.kept, nil }

func (k *kiosk) Items(string, int) ([]Item, error) { return []Item{{Seq: 1, ID: "x"}}, k.err }

func (k *kiosk) Release(_ context.Context, seq uint64) error {
	k.released = append(k.released, seq)
	return k.err
}

func ask(k *kiosk, method, target, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(body))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	Handler(k, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

func TestActs(t *testing.T) {
	bp := vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(122)), Diastolic: vitals.Some(vitals.MmHg(78))}
	cases := map[string]struct {
		path, body string
		want       exam.What
	}{
		"start":         {"start-cuff", "", exam.StartCuff{}},
		"stop":          {"stop-cuff", "", exam.StopCuff{}},
		"next":          {"next", "{}", exam.Next{}},
		"finish":        {"finish", "", exam.Finish{}},
		"cancel":        {"cancel", "", exam.Cancel{}},
		"skip":          {"skip", `{"reason":"refused"}`, exam.Skip{Reason: "refused"}},
		"retake":        {"retake", `{"kind":"oximetry"}`, exam.Retake{Kind: vitals.KindOximetry}},
		"wrong patient": {"wrong-patient", `{"operator":"w-7"}`, exam.WrongPatient{Operator: "w-7"}},
		"by hand":       {"by-hand", `{"bloodPressure":{"systolic":122,"diastolic":78}}`, exam.ByHand{Measurement: bp}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			k := &kiosk{}
			w := ask(k, "POST", "/api/visits/v/"+c.path, c.body, nil)
			if w.Code != http.StatusOK || len(k.did) != 1 || k.did[0] != c.want {
				t.Errorf("%d %s: did %+v, want %+v", w.Code, w.Body, k.did, c.want)
			}
		})
	}
}

// What a page got wrong is said, does nothing, and never quotes what was typed.
func TestRefusals(t *testing.T) {
	const secret = "35202-1234567-1"
	cases := map[string]struct {
		method, path, body string
		change             func(*http.Request)
		code               int
	}{
		"stale visit":         {"POST", "/api/visits/old/next", "", nil, http.StatusConflict},
		"unknown act":         {"POST", "/api/visits/v/explode", "", nil, http.StatusBadRequest},
		"unknown member":      {"POST", "/api/visits/v/skip", `{"cnic":"` + secret + `"}`, nil, http.StatusBadRequest},
		"retake of nothing":   {"POST", "/api/visits/v/retake", `{}`, nil, http.StatusBadRequest},
		"by hand of nothing":  {"POST", "/api/visits/v/by-hand", `{}`, nil, http.StatusBadRequest},
		"not JSON":            {"POST", "/api/visits", secret, nil, http.StatusBadRequest},
		"release of no item":  {"POST", "/api/queue/x/release", "", nil, http.StatusBadRequest},
		"act by GET":          {"GET", "/api/visits/v/next", "", nil, http.StatusNotFound},
		"foreign host":        {"GET", "/api/state", "", func(r *http.Request) { r.Host = "evil.example:8080" }, http.StatusForbidden},
		"foreign origin":      {"POST", "/api/visits/v/next", "", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, http.StatusForbidden},
		"cross-site by fetch": {"POST", "/api/visits/v/next", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, http.StatusForbidden},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			k := &kiosk{}
			w := ask(k, c.method, c.path, c.body, c.change)
			if w.Code != c.code {
				t.Errorf("%d %s, want %d", w.Code, w.Body, c.code)
			}
			if len(k.did)+len(k.opened)+len(k.released) > 0 {
				t.Errorf("something was done: %+v", k)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("the answer quotes what was typed: %s", w.Body)
			}
		})
	}
}

func TestBusyAndBroken(t *testing.T) {
	opening := `{"patient":{"type":"MR","value":"000123"},"operator":"w-7"}`
	if w := ask(&kiosk{err: ErrBusy}, "POST", "/api/visits", opening, nil); w.Code != http.StatusConflict {
		t.Errorf("busy: %d", w.Code)
	}
	if w := ask(&kiosk{err: errors.New("disk")}, "GET", "/api/state", "", nil); w.Code != http.StatusInternalServerError {
		t.Errorf("broken: %d", w.Code)
	}
}

func TestPageRunsNoScriptButOurs(t *testing.T) {
	for _, path := range []string{"/", "/page.js", "/page.css"} {
		w := ask(&kiosk{}, "GET", path, "", nil)
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%s: %d, policy %q", path, w.Code, w.Header().Get("Content-Security-Policy"))
		}
	}
	if page := ask(&kiosk{}, "GET", "/", "", nil).Body.String(); strings.Contains(page, "<style") || strings.Contains(page, "onclick") {
		t.Error("the page carries inline style or script, which its policy forbids")
	}
}

// A number that is too old to be live is left out; its age is told while it is shown.
func TestLiveNumbersHaveAnAge(t *testing.T) {
	now := time.Now()
	s := vitals.Sample{Kind: vitals.KindOximetry, Oximetry: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))}}
	var n live.Numbers
	if l := LiveOf(n, now); l.Oximetry != nil || l.Cuff != nil || l.Temperature != nil {
		t.Errorf("numbers of devices that never spoke: %+v", l)
	}
	n = n.With(s, now.Add(-4*time.Second))
	if l := LiveOf(n, now); l.Oximetry == nil || l.Oximetry.Age != 4 {
		t.Errorf("four seconds old: %+v", l.Oximetry)
	}
	raw, err := json.Marshal(LiveOf(n, now))
	if err != nil || strings.Contains(string(raw), "pulse") {
		t.Errorf("a missing pulse is shown: %s %v", raw, err)
	}
	n = n.With(s, now.Add(-11*time.Second))
	if l := LiveOf(n, now); l.Oximetry != nil {
		t.Errorf("eleven seconds old and still live: %+v", l.Oximetry)
	}
}

func TestLoopbackOnly(t *testing.T) {
	if s, err := Listen("0.0.0.0:0", &kiosk{}, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Errorf("listens on %s", s.URL())
	}
	s, err := Listen("127.0.0.1:0", &kiosk{}, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	resp, err := http.Get(s.URL() + "/api/state")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil || !strings.Contains(string(raw), `"practice":true`) {
		t.Errorf("%s %v", raw, err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestEvidence(t *testing.T) {
	k := &kiosk{}
	if w := ask(k, http.MethodGet, "/api/readings/r/evidence", "", nil); w.Code != http.StatusOK || w.Body.String() != "# contec\n< 01\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w := ask(k, http.MethodGet, "/api/readings/another/evidence", "", nil); w.Code != http.StatusNotFound {
		t.Errorf("of a reading that has none: %d", w.Code)
	}
}

// A screen that nobody touches for five minutes signs its worker out; one that is touched does not.
func TestIdleScreenIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kiosk{}
		if err := errors.Join(k.Workers().Claim("7316"), k.Workers().ChoosePIN("0", "4821")); err != nil {
			t.Fatal(err)
		}
		pin, err := k.Workers().New("7")
		if err != nil {
			t.Fatal(err)
		}
		f := newFront(k, slog.New(slog.DiscardHandler))
		touch := func(do, digits string) {
			t.Helper()
			for _, d := range digits {
				if err := f.tap(t.Context(), f.session.Rev, "", guide.Tap{Do: "digit", Value: string(d)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.tap(t.Context(), f.session.Rev, "", guide.Tap{Do: do}); err != nil {
				t.Fatal(err)
			}
		}
		touch("start", "")
		touch("next", "7")
		touch("next", pin)
		touch("next", "6174") // the first one is good for one sign-in
		touch("next", "6174")
		place := func() guide.Place {
			t.Helper()
			s, err := f.now()
			if err != nil {
				t.Fatal(err)
			}
			return s.session.Place
		}
		time.Sleep(idleTime - time.Second)
		if p := place(); p != guide.Home {
			t.Errorf("after less than five minutes: %s", p)
		}
		time.Sleep(2 * time.Second)
		if p := place(); p != guide.Ready {
			t.Errorf("after five minutes: %s", p)
		}
	})
}
