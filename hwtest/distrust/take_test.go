package distrust

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/monitor"
	"nabz/drivers/sim"
	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// take is what a device sent for one measurement: its bytes, and when each came.
type take struct {
	bytes []byte
	at    []time.Duration
}

// heard is a port that keeps a take of what is read from it.
type heard struct {
	net.Conn
	*take
	began time.Time
}

func (h heard) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	for _, c := range b[:n] {
		h.bytes, h.at = append(h.bytes, c), append(h.at, time.Since(h.began))
	}
	return n, err
}

func (h heard) forget() { h.bytes, h.at = nil, nil }

// record has a device measure for as long as run takes.
func record(t *testing.T, d sim.Device, run func(ctx context.Context, p frame.Port) error) *take {
	t.Helper()
	recorded := &take{}
	synctest.Test(t, func(t *testing.T) {
		host, device := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Serve(ctx, device) }()
		if button, ok := d.(*sim.Pushed); ok {
			button.PressStart()
		}
		if err := run(ctx, heard{host, recorded, time.Now()}); err != nil {
			t.Error(err)
		}
		cancel()
		<-done
		host.Close()
		device.Close()
	})
	return recorded
}

// listen reads samples for a time.
func listen(p catalogue.Protocol, d time.Duration) func(context.Context, frame.Port) error {
	return func(ctx context.Context, w frame.Port) error {
		driver := p.Listen(w)
		if b, ok := driver.(*monitor.PM6750); ok {
			if err := b.Init(ctx); err != nil {
				return err
			}
		}
		for began := time.Now(); time.Since(began) < d; {
			if _, err := driver.Next(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// measure has a commanded cuff measure once.
func measure(p catalogue.Protocol) func(context.Context, frame.Port) error {
	return func(ctx context.Context, w frame.Port) error {
		driver := p.Cuff(w)
		if err := driver.Init(ctx); err != nil {
			return err
		}
		w.(heard).forget() // the visit listens from the start of the run
		_, err := driver.Measure(ctx, vitals.Inflation{First: 160}, func(vitals.MmHg) {})
		return err
	}
}

// board has a PM6750 measure once.
func board(ctx context.Context, w frame.Port) error {
	b := monitor.NewPM6750(w)
	if err := b.Init(ctx); err != nil {
		return err
	}
	if err := b.Start(ctx, vitals.Inflation{First: 160}); err != nil {
		return err
	}
	for {
		if s, err := b.Next(ctx); err != nil || s.Kind == vitals.KindBloodPressure {
			return err
		}
	}
}

// play is a port that gives a take again, a few bytes a read, and knows what time it is there.
type play struct {
	take
	next int
}

func (p *play) Read(b []byte) (int, error) {
	if p.next == len(p.bytes) {
		return 0, io.EOF
	}
	n := 0
	for at := p.at[p.next]; p.next < len(p.bytes) && p.at[p.next] == at && n < len(b); n++ {
		b[n] = p.bytes[p.next]
		p.next++
	}
	return n, nil
}

func (p *play) Write(b []byte) (int, error)     { return len(b), nil }
func (p *play) SetReadDeadline(time.Time) error { return nil }

func (p *play) now() time.Duration {
	if p.next == 0 {
		return 0
	}
	return p.at[p.next-1]
}

// said is what a doctor decides from, as it stands in samples or readings.
type said map[string]bool

// readings plays a take through the driver into a visit at that step. It returns each number of each reading that was accepted, and each number
// of each sample.
func readings(p catalogue.Protocol, step exam.Step, t take) (accepted, sent said) {
	v := visit{exam: exam.New("0192f3a1-7c5e-7b1a-9d0e-000000000001", exam.Settings{Gap: time.Minute, Readings: 3}), accepted: said{}}
	sent = said{}
	v.begin(step)
	w := &play{take: t}
	driver := p.Listen(w)
	for {
		s, err := driver.Next(context.Background())
		if err != nil {
			return v.accepted, sent
		}
		sent.add("", s.Measurement())
		v.now = start + w.now()
		v.do(exam.Arrived{Sample: s, Device: reading.DeviceRef{Kind: s.Kind}})
	}
}

// visit is an exam and what it accepted.
type visit struct {
	exam     *exam.Visit
	now      time.Duration
	events   int
	accepted said
}

// start is when the device begins to be heard: the rest before an inflation is over.
const start = 10 * time.Minute

func (v *visit) begin(step exam.Step) {
	v.do(exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "1", Birth: "1984"}, Operator: "w-7"})
	for v.exam.View().Step != step {
		v.do(exam.Skip{Reason: exam.SkipOther})
	}
	v.now = start
	if step == exam.StepBP {
		v.do(exam.StartCuff{})
	}
	clear(v.accepted)
}

func (v *visit) do(w exam.What) {
	v.events++
	e := exam.Event{At: clock.Stamp{Boot: "b", SinceBoot: v.now}, ID: fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-%012x", v.events), What: w}
	for _, effect := range v.exam.Step(e) {
		if a, ok := effect.(exam.Accept); ok {
			v.accepted.add(a.Reading.Absent, a.Reading.Measurement)
		}
	}
}

// add notes the numbers of a measurement. Those of a blood pressure belong together; saturation and pulse are judged each by itself.
func (s said) add(absent reading.Absent, m vitals.Measurement) {
	switch m := m.(type) {
	case vitals.BloodPressure:
		s[fmt.Sprint(absent, m.Systolic, m.Diastolic, m.Mean, m.Pulse)] = true
	case vitals.Oximetry:
		s[fmt.Sprint(absent, "SpO2 ", m.SpO2)], s[fmt.Sprint(absent, "pulse ", m.Pulse)] = true, true
	case vitals.Temperature:
		s[fmt.Sprint(absent, m.Value, m.Mode)] = true
	}
}

// all says that every byte is to be spoiled, which takes minutes.
var all = os.Getenv("NABZ_DAMAGE") != ""

// stride is how far apart the bytes of a take are that are spoiled.
func (t take) stride() int {
	if all || len(t.bytes) < 2000 {
		return 1
	}
	return 41
}
