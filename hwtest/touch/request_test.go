package touch

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/firmware/broker"
	contract "nabz/firmware/wire"
	"nabz/hwtest/stage"
)

// doctor is a clinic as far as a kiosk notices: it answers hello, and asks for things.
type doctor struct {
	*testing.T
	addr    string
	conn    *broker.Conn
	results chan contract.Result
}

// newDoctor starts a Mosquitto with a clinic at it.
func newDoctor(t *testing.T) *doctor {
	t.Helper()
	addr, err := stage.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(conf, []byte("listener "+port+" 127.0.0.1\nallow_anonymous true\npersistence false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make deps", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // ended by itself is as good
	d := &doctor{T: t, addr: addr, results: make(chan contract.Result, 64)}
	for d.conn == nil && t.Context().Err() == nil {
		d.conn, _ = broker.Connect(t.Context(), broker.Opts{URL: "tcp://" + addr, ClientID: "clinic-1"}) // it listens in a moment
	}
	t.Cleanup(d.conn.Close)
	for part, f := range map[string]func(broker.Message){contract.UpHello: d.hello, contract.UpRes: d.result} {
		if err := d.conn.Subscribe(t.Context(), contract.All(contract.PracticeRoot, part), 1, f); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *doctor) hello(m broker.Message) {
	if h, err := contract.Parse[contract.Hello](m.Payload); err == nil {
		go d.down(contract.DownHello, contract.HelloReply{Nonce: h.Nonce, Now: time.Now().UTC()})
	}
}

func (d *doctor) result(m broker.Message) {
	if r, err := contract.ParseResult(m.Payload); err == nil {
		d.results <- r
	}
}

func (d *doctor) down(part string, message any) {
	m := broker.Message{Topic: contract.Topic(contract.PracticeRoot, "bhu-test", part), QoS: 1, Payload: contract.Encode(message)}
	if err := d.conn.Publish(d.Context(), m); err != nil && d.Context().Err() == nil {
		d.Error(err)
	}
}

// asks sends a command until the kiosk says that it has it, as a clinic does.
func (d *doctor) asks(c contract.Command) {
	d.Helper()
	for d.Context().Err() == nil {
		d.down(contract.DownCmd, c)
		select {
		case r := <-d.results:
			if r.ID == c.ID {
				return
			}
		case <-time.After(time.Second):
		}
	}
}

func (d *doctor) hears(want contract.Result) {
	d.Helper()
	for r := range d.results {
		if r == want {
			return
		}
		if r.ID == want.ID && r.Status.Over() {
			d.Fatalf("%+v, want %+v", r, want)
		}
	}
}

// TestADoctorAsksByTouch: what a doctor asks comes before a worker who is signed in and has her hands free, stays there through a kill of the kiosk, leads to the patient in
// one touch, and the doctor hears how far it has come.
func TestADoctorAsksByTouch(t *testing.T) {
	t.Parallel()
	d := newDoctor(t)
	k := prepared(t, stage.Usual, true, "", nil)
	raw, err := os.ReadFile(k.file)
	if err == nil {
		err = os.WriteFile(k.file, []byte(strings.Replace(string(raw), "127.0.0.1:1\"", d.addr+"\"", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	k.killed = true
	k.start()
	w := stage.NewWorker(k.url)
	if err := w.ByHand(t.Context(), "000123"); err != nil {
		t.Fatal(err)
	}
	s, err := w.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := newFinger(t, k.url, 1024, 600)
	f.sees("ready")
	again := contract.Command{ID: "c1", Kind: contract.CommandRepeat, TTL: 3600, By: "dr.lahore", Of: contract.BundleID("bhu-test", s.Receipts[0].Entry), Step: "oximetry"}
	d.asks(again)
	f.sees("ready") // nobody is signed in
	f.touch("lang en")
	f.touch("start")
	f.sees("staff")
	f.touch("number " + stage.WorkerNumber)
	f.sees("pin")
	f.digits(stage.WorkerPIN)
	f.touch("next")
	f.sees("request")
	text := js[string](f, shown)
	for _, part := range []string{"measure again", "Please measure the oxygen again.", "123", "dr.lahore"} {
		if !strings.Contains(text, part) {
			t.Errorf("the screen does not say %q: %s", part, text)
		}
	}
	d.hears(contract.Result{ID: "c1", Status: contract.ResultShown})
	k.end()
	k.start()
	d.asks(again)
	f.sees("request")
	f.keep("request-by-touch")
	f.touch("measure c1")
	f.sees("confirm")
	if text := js[string](f, shown); !strings.Contains(text, "000123") || !strings.Contains(text, "1984") {
		t.Errorf("it is not her: %s", text)
	}
	d.hears(contract.Result{ID: "c1", Status: contract.ResultDone, By: "w-7"})
	d.asks(contract.Command{ID: "c2", Kind: contract.CommandMessage, TTL: 3600, By: "dr.lahore", Text: "Call 042-1234567 if < 92 %"})
	for there := false; !there && f.ctx.Err() == nil; { // the page may come anew from the restart meanwhile
		there, _ = chromedp.Run(f.ctx, chromedp.Evaluate[bool](`!!document.querySelector("button[value=request]")`))
	}
	f.sees("confirm") // her hands are not free: the pill says that there is something
	f.touch("request")
	f.sees("request")
	if got := js[string](f, `document.querySelector(".letter > bdi").innerText`); got != "Call 042-1234567 if < 92 %" {
		t.Errorf("it says %q", got)
	}
	f.touch("read c2")
	f.sees("confirm")
	d.hears(contract.Result{ID: "c2", Status: contract.ResultDone, By: "w-7"})
}
