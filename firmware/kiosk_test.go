package firmware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"nabz/drivers/port"
	"nabz/drivers/sim"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/visits"
	"nabz/queue"
)

// bench is a kiosk on simulated devices, without a broker.
type bench struct {
	t     *testing.T
	cfg   config.Config
	cuff  *sim.PAR
	plug  *sim.Plug
	ports port.System // where devices named by USB are looked for

	k     *Kiosk
	stop  context.CancelFunc
	ended chan error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	cuff := sim.NewPAR(sim.NewPatient(sim.PatientOpts{}), sim.Opts{Speed: 20})
	b := newBenchWith(t, "cuff", "par", cuff)
	b.cuff = cuff
	return b
}

// newBenchWith is a kiosk with one device, which has that table in its configuration.
func newBenchWith(t *testing.T, table, protocol string, device sim.Device) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{t: t, cfg: configOf(t, dir, fmt.Sprintf("[%s]\nprotocol = %q\npath = %q\n", table, protocol, dir+"/device"))}
	b.plug = sim.NewPlug(filepath.Join(dir, "device"), device)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.plug.Run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	<-b.plug.Ready()
	return b
}

// configOf is a kiosk in practice, without rest and gap, with these tables of devices.
func configOf(t *testing.T, dir, devices string) config.Config {
	t.Helper()
	cfg, err := config.Parse(fmt.Appendf(nil, "name = \"bhu-test\"\ndata = %q\npractice = true\n[screen]\nlisten = \"127.0.0.1:0\"\n"+
		"[exam]\nrest = \"0s\"\ngap = \"0s\"\n[broker]\nurl = \"tcp://127.0.0.1:1\"\n%s", dir+"/data", devices))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start opens the kiosk and runs it.
func (b *bench) start() {
	b.t.Helper()
	k, err := OpenOn(b.ports, b.cfg, "1.2.3", slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.k, b.stop, b.ended = k, cancel, make(chan error, 1)
	go func() { b.ended <- k.Run(ctx) }()
	b.t.Cleanup(b.end)
}

// end stops the kiosk in good order.
func (b *bench) end() {
	if b.k == nil {
		return
	}
	b.stop()
	if err := errors.Join(<-b.ended, b.k.Close()); err != nil {
		b.t.Error(err)
	}
	b.k = nil
}

// until waits for a state of the screen. It follows the boards' changes; a test that waits in vain runs into the test's own time limit.
func (b *bench) until(what string, ok func(screen.State) bool) screen.State {
	b.t.Helper()
	for {
		_, seen := b.k.desk.view.Get()
		_, plugged := b.k.devices.Get()
		_, shown := b.k.numbers.Get()
		s, err := backend{b.k}.State()
		if err != nil {
			b.t.Fatal(err)
		}
		if ok(s) {
			return s
		}
		select {
		case <-seen:
		case <-plugged:
		case <-shown:
		case err := <-b.ended:
			b.t.Fatalf("waiting for %s: the kiosk ended: %v", what, err)
		}
	}
}

func (b *bench) open() string {
	b.t.Helper()
	return b.openFor(reading.PatientRef{Type: reading.MedicalRecord, Value: "000123"})
}

func (b *bench) openFor(p reading.PatientRef) string {
	b.t.Helper()
	v, err := backend{b.k}.Open(b.t.Context(), exam.Identify{Patient: p, Operator: "w-7"})
	if err != nil {
		b.t.Fatal(err)
	}
	return v.ID
}

func (b *bench) do(visit string, w exam.What) exam.View {
	b.t.Helper()
	v, err := backend{b.k}.Do(b.t.Context(), visit, w)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *bench) connected() {
	b.t.Helper()
	b.until("the cuff", func(s screen.State) bool { return len(s.Devices) > 0 && s.Devices[0].State == "connected" })
}

// measured takes one blood pressure in a new visit and returns the visit.
func (b *bench) measured() string {
	b.t.Helper()
	b.connected()
	visit := b.open()
	b.do(visit, exam.StartCuff{})
	b.until("a blood pressure", func(s screen.State) bool { return len(s.Receipts) == 1 && s.Receipts[0].Saved != nil })
	return visit
}

func TestReadingIsSavedAndShown(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	visit := b.measured()
	s := b.until("its number", func(s screen.State) bool { return s.Visit != nil && len(s.Visit.Readings) == 1 })
	if sys, _ := s.Visit.Readings[0].BP.Systolic.Get(); sys != 122 {
		t.Errorf("systolic %v, the patient has 122", s.Visit.Readings[0].BP.Systolic)
	}
	if s.Queue.Waiting != 1 || s.Receipts[0].Visit != visit || s.Receipts[0].Sent != nil || s.Link.Broker {
		t.Errorf("state %+v", s)
	}
}

// A visit goes on after a restart at the step where it was, with what was saved, and nothing is queued twice.
func TestVisitSurvivesRestart(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	visit := b.measured()
	before := b.do(visit, exam.Next{})
	b.end()
	b.start()
	s := b.until("the visit", func(s screen.State) bool { return s.Visit != nil })
	if s.Visit.ID != visit || s.Visit.Step != before.Step || len(s.Visit.Readings) != len(before.Readings) {
		t.Errorf("after the restart: %s at %s with %d readings; before: %s at %s with %d",
			s.Visit.ID, s.Visit.Step, len(s.Visit.Readings), visit, before.Step, len(before.Readings))
	}
	if s.Queue.Waiting != 1 {
		t.Errorf("%d readings wait, want 1", s.Queue.Waiting)
	}
}

// A crash after the visit's state was written and before the queue has the reading: the next start puts it.
func TestReadingThatTheQueueMissedIsPutAtTheNextStart(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	b.measured()
	b.end()
	if err := os.RemoveAll(filepath.Join(b.cfg.Data, "practice", "queue")); err != nil {
		t.Fatal(err)
	}
	b.start()
	s := b.until("the visit", func(s screen.State) bool { return s.Visit != nil })
	if s.Queue.Waiting != 1 {
		t.Errorf("%d readings wait, want the one that the visit holds", s.Queue.Waiting)
	}
}

// A kiosk that is stopped while the cuff is tight tells it to let go before the port closes.
func TestStopDeflatesTheCuff(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	b.connected()
	b.do(b.open(), exam.StartCuff{})
	b.until("pressure", func(s screen.State) bool { return b.cuff.Pressure() > 0 })
	b.end()
	b.start() // the same cuff, still plugged in: a start-up aborts and never inflates
	s := b.until("the visit", func(s screen.State) bool {
		return s.Visit != nil && len(s.Devices) > 0 && s.Devices[0].State == "connected"
	})
	if s.Visit.Prompt == exam.PromptMeasuring || b.cuff.Pressure() > 0 || len(s.Receipts) != 0 {
		t.Errorf("after the restart: prompt %s, cuff at %v, %d receipts", s.Visit.Prompt, b.cuff.Pressure(), len(s.Receipts))
	}
}

func TestLooseCuffIsAFaultAndNoReading(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.cuff.InjectN(sim.LooseCuff, 1)
	b.cuff.Inject(sim.Stale)
	b.start()
	b.connected()
	visit := b.open()
	b.do(visit, exam.StartCuff{})
	s := b.until("the fault", func(s screen.State) bool { return s.Visit != nil && s.Visit.Prompt == exam.RetryCuffLoose })
	if len(s.Visit.Readings) != 0 || s.Queue.Waiting != 0 {
		t.Errorf("a loose cuff gave %d readings", len(s.Visit.Readings))
	}
}

func TestUnplugDuringInflationEndsTheRun(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	b.connected()
	visit := b.open()
	b.do(visit, exam.StartCuff{})
	b.until("pressure", func(s screen.State) bool { return b.cuff.Pressure() > 0 })
	b.plug.Unplug()
	b.until("the loss", func(s screen.State) bool {
		return s.Visit != nil && s.Visit.Prompt != exam.PromptMeasuring && len(s.Devices) > 0 && s.Devices[0].State == "missing"
	})
	b.plug.Replug()
	b.connected()
	if v := b.do(visit, exam.Cancel{}); v.Step != exam.StepCancelled {
		t.Errorf("the visit does not end: %s", v.Step)
	}
}

func TestStaleAndBusyActs(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	if _, err := (backend{b.k}).Open(t.Context(), exam.Identify{Patient: reading.PatientRef{Type: reading.NationalNumber, Value: "12"}, Operator: "w-7"}); !errors.Is(err, screen.ErrInput) {
		t.Errorf("a number that is no CNIC: %v", err)
	}
	visit := b.open()
	if _, err := (backend{b.k}).Open(t.Context(), exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000124"}, Operator: "w-7"}); !errors.Is(err, screen.ErrBusy) {
		t.Errorf("a second visit: %v", err)
	}
	if _, err := (backend{b.k}).Do(t.Context(), "another", exam.Cancel{}); !errors.Is(err, screen.ErrStale) {
		t.Errorf("an act of a stale page: %v", err)
	}
	b.do(visit, exam.Cancel{})
	if _, err := (backend{b.k}).Do(t.Context(), visit, exam.Cancel{}); !errors.Is(err, screen.ErrStale) {
		t.Errorf("an act on an ended visit: %v", err)
	}
}

func TestReconcileAfterACrash(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.start()
	b.measured()
	entry := func() visits.Receipt {
		all, err := b.k.visits.Receipts("")
		if err != nil || len(all) != 1 {
			t.Fatalf("%d receipts, %v", len(all), err)
		}
		return all[0]
	}
	it, _, err := b.k.queue.Find(entry().Entry)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.k.queue.Ack(t.Context(), it.Seq); err != nil { // the receipt came, and the crash before it was kept
		t.Fatal(err)
	}
	b.end()
	b.start()
	if _, recorded := entry().Steps[visits.Recorded]; !recorded {
		t.Error("the queue delivered it, and the worker is not told")
	}
}

func TestPortName(t *testing.T) {
	if n := portName(config.Device{USB: "10c4:ea60:Ab12"}); n.USB.Vendor != "10C4" || n.USB.Product != "EA60" || n.USB.Serial != "Ab12" {
		t.Errorf("%+v", n)
	}
	if n := portName(config.Device{Path: "/dev/ttyAMA0"}); n.Path != "/dev/ttyAMA0" {
		t.Errorf("%+v", n)
	}
}

func TestOrderToInflateIsNeverKept(t *testing.T) {
	c := newCuff()
	if c.inflate(vitals.Inflation{First: 160}) {
		t.Error("an order was taken with no cuff connected")
	}
	c.setReady(true)
	if !c.inflate(vitals.Inflation{First: 160}) || c.inflate(vitals.Inflation{First: 160}) {
		t.Error("want exactly one order")
	}
	c.setReady(false) // the connection goes before it took the order
	c.setReady(true)
	select {
	case <-c.order:
		t.Error("the order outlived its connection")
	default:
	}
	if !c.inflate(vitals.Inflation{First: 160}) {
		t.Error("a new connection takes no order")
	}
}

// fill puts what nobody delivers until the queue is full, and returns the numbers.
func (b *bench) fill() (seqs []uint64) {
	b.t.Helper()
	for n := 0; ; n++ {
		err := b.k.queue.Put(b.t.Context(), fmt.Sprint("filler-", n), queue.Routine, make([]byte, queue.MaxPayload))
		if errors.Is(err, queue.ErrFull) {
			return seqs
		}
		if err != nil {
			b.t.Fatal(err)
		}
		seqs = append(seqs, b.k.queue.LastSeq())
	}
}

// A full disk: no visit begins; the one in progress goes on, its reading is shown as not saved, and saved as soon as there is room.
func TestFullStorage(t *testing.T) {
	t.Parallel() // each waits for its own devices
	b := newBench(t)
	b.cfg.Quota = 4 << 20
	b.start()
	b.connected()
	visit := b.open()
	filler := b.fill()
	b.do(visit, exam.StartCuff{})
	s := b.until("a reading that is not saved", func(s screen.State) bool { return s.NotSaved != "" })
	if s.Queue.Full < 1 || len(s.Receipts) != 1 || s.Receipts[0].Saved != nil {
		t.Errorf("on a full disk: %+v %+v", s.Queue, s.Receipts)
	}
	b.do(visit, exam.Cancel{})
	if _, err := (backend{b.k}).Open(t.Context(), exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000124"}, Operator: "w-7"}); !errors.Is(err, screen.ErrFull) {
		t.Errorf("a new visit on a full disk: %v", err)
	}
	if err := b.k.queue.Ack(t.Context(), filler...); err != nil {
		t.Fatal(err)
	}
	b.until("the reading saved", func(s screen.State) bool { return s.NotSaved == "" && s.Receipts[0].Saved != nil })
	if _, err := (backend{b.k}).Open(t.Context(), exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000124"}, Operator: "w-7"}); err != nil {
		t.Errorf("a new visit when there is room: %v", err)
	}
}
