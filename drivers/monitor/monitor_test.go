package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
	"nabz/drivers/vitals"
)

// text is what a test compares of a sample.
func text(s vitals.Sample) string {
	all := ""
	switch s.Kind {
	case vitals.KindCuffPressure:
		all = fmt.Sprint("cuff ", s.Cuff)
	case vitals.KindOximetry:
		all = fmt.Sprint(s.Oximetry.SpO2, " ", s.Oximetry.Pulse, " ", s.Flags)
	case vitals.KindTemperature:
		all = fmt.Sprint(s.Temperature.Value, " ", s.Flags)
	default:
		b := s.BloodPressure
		all = fmt.Sprint(b.Systolic, " ", b.Diastolic, " ", b.Mean, " ", s.Status, " ", s.Flags)
	}
	return strings.Join(strings.Fields(all), " ")
}

func texts(t testing.TB, r io.Reader) (got []string) {
	t.Helper()
	b := NewPM6750(frametest.Capture{Reader: r})
	for {
		s, err := b.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text(s))
	}
}

// report frames what the board says.
func report(kind byte, data ...byte) []byte {
	f := append([]byte{head0, head1, byte(len(data) + 3), kind}, data...)
	f = append(f, 0)
	f[len(f)-1] = check(f)
	return f
}

// cuffOf is the cuff's report of an adult.
func cuffOf(state, cuff, sys, mean, dia byte) []byte {
	return report(reportCuff, state<<2|1, cuff/2, sys, mean, dia)
}

func TestPublishedFrames(t *testing.T) {
	for want, c := range map[string]command{
		"55aa040101f9": {0x01, 1}, // printed in the manual
		"55aa040301f7": {setSpO2, 1}, "55aa040901f1": {setPatient, adult}, "55aa040a50a1": {setTarget, 80}, "55aa040201f8": {setCuff, 1},
		"55aa040200f9": {setCuff, 0},
	} {
		if got := fmt.Sprintf("%x", c.bytes()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if !checked(frametest.Hex(t, "55 aa 0a 01 80 80 80 80 80 80 80 74")) {
		t.Error("the manual's ECG frame is not sound")
	}
}

func TestReports(t *testing.T) {
	for name, c := range map[string]struct {
		frames []byte
		want   string
	}{
		"oximetry":              {report(4, 0, 98, 75), "98 % 75 /min"},
		"missing":               {report(4, 0, 127, 255), "-- --"},
		"sensor off":            {report(4, 1, 98, 75), "-- -- sensor-off"},
		"no finger":             {report(4, 2, 98, 75), "-- -- no-finger"},
		"searching":             {report(4, 3, 98, 75), "-- -- searching"},
		"too long":              {report(4, 4, 98, 75), "-- -- search-timeout"},
		"unknown status":        {report(4, 9, 98, 75), "-- -- hardware"},
		"temperature":           {report(5, 0, 36, 5, 37, 1), "36.500 °C"},
		"the other probe":       {report(5, 1, 0, 0, 37, 1), "37.100 °C"},
		"no probe":              {report(5, 3, 36, 5, 37, 1), "-- sensor-off"},
		"one probe":             {report(5, 0, 36, 5), "36.500 °C"},
		"tenths beyond":         {report(5, 0, 36, 15), "-- out-of-range"},
		"pressure":              {cuffOf(1, 120, 0, 0, 0), "cuff 120 mmHg"},
		"result":                {slices.Concat(cuffOf(1, 120, 0, 0, 0), cuffOf(0, 0, 120, 93, 80)), "cuff 120 mmHg,120 mmHg 80 mmHg 93 mmHg"},
		"result told once":      {slices.Concat(cuffOf(1, 120, 0, 0, 0), cuffOf(0, 0, 120, 93, 80), cuffOf(0, 0, 120, 93, 80)), "cuff 120 mmHg,120 mmHg 80 mmHg 93 mmHg"},
		"result of before":      {cuffOf(0, 0, 120, 93, 80), ""},
		"loose, old numbers":    {cuffOf(4, 0, 120, 93, 80), "-- -- -- state 4 cuff-loose cuff-leak"},
		"overpressure":          {cuffOf(3, 0, 0, 0, 0), "-- -- -- state 3 overpressure"},
		"time":                  {cuffOf(5, 0, 0, 0, 0), "-- -- -- state 5 timed-out"},
		"unknown state":         {cuffOf(12, 0, 0, 0, 0), "-- -- -- state 12 hardware"},
		"impossible":            {slices.Concat(cuffOf(1, 120, 0, 0, 0), cuffOf(0, 0, 80, 93, 120)), "cuff 120 mmHg,-- -- -- state 0 implausible"},
		"a child's":             {slices.Concat(cuffOf(1, 120, 0, 0, 0), report(3, 2, 0, 120, 93, 80)), "cuff 120 mmHg,-- -- -- in another patient's mode implausible"},
		"other reports":         {report(0xFE, 60), ""},
		"unused bits of status": {slices.Concat(report(3, 0xC5, 60, 0, 0, 0), report(3, 0xC1, 0, 120, 93, 80)), "cuff 120 mmHg,120 mmHg 80 mmHg 93 mmHg"},
	} {
		if got := strings.Join(texts(t, bytes.NewReader(c.frames)), ","); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestVectors(t *testing.T) {
	got := texts(t, bytes.NewReader(frametest.Trace(t, "berry_pm6750_vectors.hex")))
	want := []string{
		"cuff 120 mmHg", "120 mmHg 80 mmHg 93 mmHg", "-- -- -- state 4 cuff-loose cuff-leak", "-- -- -- state 3 overpressure", "-- -- -- state 5 timed-out",
		"98 % 75 /min", "-- -- sensor-off", "-- -- no-finger", "36.500 °C",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func session() []byte {
	var b []byte
	for range 3 {
		b = slices.Concat(b, report(4, 0, 98, 75), report(5, 0, 36, 5, 37, 1), cuffOf(1, 120, 0, 0, 0), cuffOf(0, 0, 120, 93, 80))
	}
	return b
}

func TestSameSamplesHoweverBytesArrive(t *testing.T) {
	whole, single := texts(t, bytes.NewReader(session())), texts(t, iotest.OneByteReader(bytes.NewReader(session())))
	if len(whole) != 12 || !slices.Equal(whole, single) {
		t.Errorf("at once %q, one by one %q", whole, single)
	}
}

// A byte lost, doubled or changed in any bit makes no number of its own.
func TestDamage(t *testing.T) {
	b := session()
	clean := texts(t, bytes.NewReader(b))
	for i := range b {
		damaged := [][]byte{slices.Delete(slices.Clone(b), i, i+1), slices.Insert(slices.Clone(b), i, b[i]), b[:i]}
		for bit := range 8 {
			flipped := slices.Clone(b)
			flipped[i] ^= 1 << bit
			damaged = append(damaged, flipped)
		}
		for what, d := range damaged {
			got := texts(t, bytes.NewReader(d))
			for _, g := range got {
				if !slices.Contains(clean, g) {
					t.Errorf("byte %d, damage %d: invented %q", i, what, g)
				}
			}
			if what != 2 && len(got) < 8 {
				t.Errorf("byte %d, damage %d: only %d of 12 came through", i, what, len(got))
			}
		}
	}
}

func TestNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	clean := texts(t, bytes.NewReader(session()))
	for n := 1; n <= 300; n++ {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		got := texts(t, bytes.NewReader(append(noise, session()...)))
		if len(got) < 11 || !slices.Equal(got[len(got)-8:], clean[4:]) {
			t.Fatalf("after %d bytes of noise: %q", n, got)
		}
	}
}

// board is a PM6750 as the manual has it.
type board struct {
	net.Conn
	mu    sync.Mutex
	heard []string
	run   [][]byte // reports after a start, half a second apart
	plays sync.WaitGroup
}

func (b *board) serve() {
	for f := make([]byte, 6); ; {
		if _, err := io.ReadFull(b, f); err != nil {
			return
		}
		what := fmt.Sprintf("%x", f[3:5])
		b.mu.Lock()
		b.heard = append(b.heard, what)
		b.mu.Unlock()
		if what == "0201" {
			b.plays.Go(b.play)
		}
	}
}

func (b *board) play() {
	for _, f := range b.run {
		time.Sleep(500 * time.Millisecond) // of the bubble
		if f == nil {
			b.Close()
			return
		}
		if _, err := b.Write(f); err != nil {
			return
		}
	}
}

func (b *board) times(what string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.heard {
		if h == what {
			n++
		}
	}
	return n
}

// result reads until a blood pressure comes.
func result(ctx context.Context, p *PM6750) (vitals.Sample, error) {
	for {
		s, err := p.Next(ctx)
		if err != nil || s.Kind == vitals.KindBloodPressure {
			return s, err
		}
	}
}

func TestMeasure(t *testing.T) {
	running, good := cuffOf(1, 120, 0, 0, 0), cuffOf(0, 0, 120, 93, 80)
	for name, c := range map[string]struct {
		run  [][]byte
		want string
		bad  bool
	}{
		"good":          {run: [][]byte{cuffOf(10, 0, 0, 0, 0), running, running, good}, want: "120 mmHg 80 mmHg 93 mmHg"},
		"loose":         {run: [][]byte{running, cuffOf(4, 0, 118, 90, 76)}, want: "-- -- -- state 4 cuff-loose cuff-leak"},
		"of before":     {run: [][]byte{good, good, running, cuffOf(7, 0, 120, 93, 80)}, want: "-- -- -- state 7 artifact"},
		"never ends":    {run: slices.Repeat([][]byte{running}, 400), want: "-- -- -- host timed-out aborted"},
		"silence":       {run: [][]byte{running}, bad: true},
		"port vanishes": {run: [][]byte{running, nil}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				b := &board{Conn: far, run: c.run}
				go b.serve()
				p := NewPM6750(near)
				if err := p.Init(t.Context()); err != nil {
					t.Fatal(err)
				}
				if b.times("0201") != 0 {
					t.Error("it inflates at start-up")
				}
				if err := p.Start(t.Context(), vitals.Inflation{First: 160}); err != nil {
					t.Fatal(err)
				}
				s, err := result(t.Context(), p)
				synctest.Wait()
				if c.bad != (err != nil) || !c.bad && text(s) != c.want {
					t.Errorf("%q, %v; want %q", text(s), err, c.want)
				}
				if b.times("0201") != 1 || b.times("0901") != 1 || b.times("0a50") != 1 {
					t.Errorf("it heard %v", b.heard)
				}
				if name != "port vanishes" && b.times("0200") != 2 { // Init's, and at the end
					t.Errorf("the cuff was told to stop %d times", b.times("0200"))
				}
				near.Close()
				far.Close()
				b.plays.Wait()
			})
		})
	}
}

func TestStartRefuses(t *testing.T) {
	p := NewPM6750(frametest.Capture{Reader: &bytes.Buffer{}})
	if err := p.Start(t.Context(), vitals.Inflation{First: 320}); err == nil {
		t.Error("a first inflation to 320 mmHg was taken")
	}
	if err := p.Start(t.Context(), vitals.Inflation{}); err != nil {
		t.Error(err)
	}
	if err := p.Start(t.Context(), vitals.Inflation{}); err == nil {
		t.Error("a second run was ordered beside the first")
	}
}

// A wait that the caller cut short does not end a run.
func TestRunOutlivesAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		b := &board{Conn: far, run: [][]byte{cuffOf(1, 120, 0, 0, 0), cuffOf(0, 0, 120, 93, 80)}}
		go b.serve()
		p := NewPM6750(near)
		if err := p.Start(t.Context(), vitals.Inflation{}); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if _, err := p.Next(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		cancel()
		if s, err := result(t.Context(), p); err != nil || text(s) != "120 mmHg 80 mmHg 93 mmHg" {
			t.Errorf("%q, %v", text(s), err)
		}
		near.Close()
		far.Close()
		synctest.Wait()
	})
}

func spo2Packet(status, spo2, pulse byte) []byte {
	f := []byte{head0, head1, tapSize, 1, status, spo2, pulse, 40, 0}
	for _, c := range f[2 : tapLength-1] {
		f[tapLength-1] += c
	}
	return f
}

// The oximeter's packets stand between the cuff's frames, and inside them when both talk at once.
func TestUN300C(t *testing.T) {
	stream := slices.Concat(
		spo2Packet(0, 97, 72), []byte("\xfd187C0S3\xfe\r"), spo2Packet(2, 97, 72), []byte("\xfd18"), spo2Packet(0, 96, 71), []byte("8C0S3\xfe\r"),
		[]byte{head0, head1, tapSize, 1, 0, 50, 50, 40, 0}, spo2Packet(0, 127, 255), []byte{head0},
	)
	want := "97 % 72 /min,cuff 187 mmHg,-- -- no-finger,96 % 71 /min,cuff 188 mmHg,-- --"
	for name, r := range map[string]io.Reader{"at once": bytes.NewReader(stream), "one by one": iotest.OneByteReader(bytes.NewReader(stream))} {
		var got, cuff []string
		u := NewUN300C(frametest.Capture{Reader: r}, func(s vitals.Sample) { got = append(got, text(s)) })
		for {
			s, err := u.Next(context.Background())
			if err != nil {
				break
			}
			cuff = append(cuff, text(s))
		}
		all := strings.Join(append(got, cuff...), ",")
		for part := range strings.SplitSeq(want, ",") {
			if !strings.Contains(all, part) {
				t.Errorf("%s: %q lacks %q", name, all, part)
			}
		}
		if len(got) != 4 || len(cuff) != 2 {
			t.Errorf("%s: oximeter %q, cuff %q", name, got, cuff)
		}
	}
}

func TestSilentBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go io.Copy(io.Discard, far)
		if _, err := NewPM6750(near).Next(t.Context()); !errors.Is(err, frame.ErrSilent) {
			t.Errorf("%v", err)
		}
		near.Close()
		far.Close()
	})
}

func FuzzMonitor(f *testing.F) {
	f.Add(session()[:60])
	f.Add(append(spo2Packet(0, 97, 72), "\xfd187C0S3\xfe\r"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, single := texts(t, bytes.NewReader(b)), texts(t, iotest.OneByteReader(bytes.NewReader(b)))
		if !slices.Equal(whole, single) {
			t.Errorf("at once %q, one by one %q", whole, single)
		}
		u := NewUN300C(frametest.Capture{Reader: bytes.NewReader(b)}, func(s vitals.Sample) {
			if n, ok := s.Oximetry.SpO2.Get(); ok && (n < 1 || n > 100) {
				t.Errorf("SpO2 %d", n)
			}
		})
		for _, err := u.Next(context.Background()); err == nil; _, err = u.Next(context.Background()) {
		}
	})
}

func BenchmarkPM6750(b *testing.B) {
	p := NewPM6750(frametest.Capture{Reader: &frametest.Endless{Bytes: report(4, 0, 98, 75)}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
