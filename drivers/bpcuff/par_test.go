package bpcuff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
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
	if s.Kind == vitals.KindCuffPressure {
		return "cuff " + s.Cuff.String()
	}
	b := s.BloodPressure
	all := fmt.Sprintf("%v %v %v %v %s %v", b.Systolic, b.Diastolic, b.Mean, b.Pulse, s.Status, s.Flags)
	return strings.Join(strings.Fields(all), " ")
}

func all(t testing.TB, r io.Reader) ([]string, frame.Tally) {
	t.Helper()
	p := NewPAR(frametest.Capture{Reader: r}, PAROpts{})
	var got []string
	for {
		s, err := p.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return got, p.Tally()
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text(s))
	}
}

// status frames a status text with its checksum.
func status(body string) string { return fmt.Sprintf("\x02%s%02X\x03\r", body, sum([]byte(body))) }

const good = "S1;A0;C03;M00;P125080090;R075;T0005;;"

func TestDecode(t *testing.T) {
	const none = "-- -- -- -- "
	cases := map[string]struct{ frame, want string }{
		"manual 13.5, checksum put right": {status(good), "125 mmHg 80 mmHg 90 mmHg 75 /min"},
		"manual 13.5 as printed":          {"\x02" + good + "D2\x03\r", ""},
		"manual error example":            {status("S2;A0;C05;M07;P---------;R---;T    ;;"), none + "M07 cuff-leak"},
		"all absent":                      {status("S0;A0;C--;M--;P---------;R---;T----;;"), none + "M-- not-ready"},
		"rate from a failed run":          {status("S1;A0;C00;M07;P---------;R075;T0010;;"), none + "M07 cuff-leak"},
		"numbers from the run before":     {status("S1;A0;C00;M06;P125080090;R075;T0010;;"), none + "M06 cuff-loose"},
		"message 03 is valid":             {status("S1;A0;C03;M03;P125080090;R075;T0005;;"), "125 mmHg 80 mmHg 90 mmHg 75 /min"},
		"no rate":                         {status("S1;A0;C03;M00;P125080090;R---;T0005;;"), "125 mmHg 80 mmHg 90 mmHg --"},
		"diastolic above systolic":        {status("S1;A0;C03;M00;P080125090;R075;T0005;;"), none + "M00 implausible"},
		"mean outside":                    {status("S1;A0;C03;M00;P125080130;R075;T0005;;"), none + "M00 implausible"},
		"mean absent":                     {status("S1;A0;C03;M00;P125080---;R075;T0005;;"), none + "M00 not-ready"},
		"unknown message":                 {status("S2;A0;C03;M42;P125080090;R075;T0005;;"), none + "M42 hardware"},
		"motion":                          {status("S2;A0;C03;M11;P---------;R---;T0005;;"), none + "M11 artifact"},
		"cuff pressure":                   {"\x02035C0S3\x03\r", "cuff 35 mmHg"},
		"cuff pressure, combined board":   {"\xfd187C0S3\xfe\r", "cuff 187 mmHg"},
		"end marker":                      {"\x02999\x03\r", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := all(t, strings.NewReader(c.frame))
			if strings.Join(got, ",") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSameFramesHoweverBytesArrive(t *testing.T) {
	stream := "noise\x02035C0S3\x03\r\x02036C0S3\x03\r\x02999\x03\r" + status(good) + status("S2;A0;C03;M11;P---------;R---;T0005;;")
	whole, tally := all(t, strings.NewReader(stream))
	single, _ := all(t, iotest.OneByteReader(strings.NewReader(stream)))
	if len(whole) != 4 || strings.Join(whole, ",") != strings.Join(single, ",") {
		t.Errorf("at once %q, one by one %q", whole, single)
	}
	if want := (frame.Tally{Frames: 5, Skipped: len("noise")}); tally != want {
		t.Errorf("tally %+v, want %+v", tally, want)
	}
}

// Every byte of a status lost, doubled, or with a bit flipped: the checksum or the form catches it, and the next frame comes through.
func TestDamagedStatus(t *testing.T) {
	f := status(good)
	for i := range f {
		damaged := map[string]string{"lost": f[:i] + f[i+1:], "doubled": f[:i+1] + f[i:], "cut": f[:i]}
		for bit := range 8 {
			damaged[fmt.Sprint("bit ", bit)] = f[:i] + string([]byte{f[i] ^ 1<<bit}) + f[i+1:]
		}
		for what, d := range damaged {
			got, _ := all(t, strings.NewReader(d+"\r"+status("S2;A0;C03;M11;P---------;R---;T0005;;")))
			if len(got) == 0 || got[len(got)-1] != "-- -- -- -- M11 artifact" {
				t.Fatalf("byte %d %s: the frame after it is lost: %q", i, what, got)
			}
			for _, g := range got {
				if strings.Contains(g, "mmHg") && g != "125 mmHg 80 mmHg 90 mmHg 75 /min" {
					t.Fatalf("byte %d %s: invented %q", i, what, g)
				}
			}
		}
	}
}

func TestNoiseBeforeSync(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 300; n++ {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		got, _ := all(t, bytes.NewReader(append(noise, status(good)...)))
		if len(got) != 1 || got[0] != "125 mmHg 80 mmHg 90 mmHg 75 /min" {
			t.Fatalf("after %d bytes of noise: %q", n, got)
		}
	}
}

func TestVendorReplies(t *testing.T) {
	got, tally := all(t, bytes.NewReader(frametest.Trace(t, "par_nibp2010_replies.hex")))
	want := []string{"125 mmHg 80 mmHg 90 mmHg 75 /min", "-- -- -- -- M07 cuff-leak", "-- -- -- -- M-- not-ready", "-- -- -- -- M07 cuff-leak"}
	if strings.Join(got, ",") != strings.Join(want, ",") || tally.BadChecksum != 1 {
		t.Errorf("got %q, tally %+v; want %q and one bad checksum", got, tally, want)
	}
}

func TestCommandsArePublishedOnes(t *testing.T) {
	plain, combined := NewPAR(nil, PAROpts{}), NewPAR(nil, PAROpts{Combined: true})
	for code, want := range map[string]string{
		"03": "02 30 33 3b 3b 44 39 03", "01": "02 30 31 3b 3b 44 37 03", "18": "02 31 38 3b 3b 44 46 03", "21": "02 32 31 3b 3b 44 39 03",
		"22": "02 32 32 3b 3b 44 41 03", "23": "02 32 33 3b 3b 44 42 03", "24": "02 32 34 3b 3b 44 43 03",
	} {
		if got := fmt.Sprintf("% x", plain.command(code)); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	if got, want := fmt.Sprintf("% x", combined.command("01")), "fd 30 31 3b 3b 44 37 fe 0d"; got != want {
		t.Errorf("combined: %s, want %s", got, want)
	}
	for _, start := range []vitals.MmHg{80, 100} {
		if _, err := combined.startCommand(start); err == nil {
			t.Errorf("%s on the combined board would switch its SpO2", start)
		}
	}
	if _, err := plain.startCommand(150); err == nil {
		t.Error("150 mmHg is no start pressure of this module")
	}
}

func FuzzPAR(f *testing.F) {
	f.Add([]byte(status(good)))
	f.Add([]byte("\x02035C0S3\x03\r\x02999\x03\r\xfd035C0S3\xfe\r"))
	f.Add([]byte(status("S1;A0;C00;M07;P---------;R075;T0010;;")))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, tally := all(t, bytes.NewReader(b))
		single, _ := all(t, iotest.OneByteReader(bytes.NewReader(b)))
		if strings.Join(whole, ",") != strings.Join(single, ",") {
			t.Errorf("at once %q, one by one %q", whole, single)
		}
		if tally.Frames < 0 || tally.Skipped > len(b) {
			t.Errorf("tally %+v of %d bytes", tally, len(b))
		}
	})
}

// module is the far end, as the manual tells it: it answers what the script says.
type module struct {
	net.Conn
	commands []string // codes as they came; "X" is the abort
	run      []string // frames sent after a start, a quarter of a second apart
	status   string   // answer to 18
	playing  sync.WaitGroup
}

func (m *module) serve() {
	b := make([]byte, 1)
	for {
		if _, err := m.Read(b); err != nil {
			return
		}
		if b[0] == abort {
			m.commands = append(m.commands, "X")
			continue
		}
		rest := make([]byte, 7)
		if _, err := io.ReadFull(m, rest); err != nil {
			return
		}
		code := string(rest[:2])
		m.commands = append(m.commands, code)
		switch code {
		case cmdStart:
			m.playing.Go(m.play)
		case cmdStatus:
			io.WriteString(m, m.status)
		}
	}
}

func (m *module) play() {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for _, f := range m.run {
		<-tick.C
		if f == "vanish" {
			m.Close()
			return
		}
		if _, err := io.WriteString(m, f); err != nil {
			return
		}
	}
}

var wholeRun = []string{"\x02035C0S3\x03\r", "\x02160C0S3\x03\r", "\x02090C0S3\x03\r", "\x02999\x03\r"}

// measure runs one measurement against a module; it returns what the module heard.
func measure(t *testing.T, m *module, stop time.Duration) (s vitals.Sample, err error) {
	t.Helper()
	near, far := net.Pipe()
	m.Conn = far
	go m.serve()
	p := NewPAR(near, PAROpts{})
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if stop > 0 {
		time.AfterFunc(stop, cancel)
	}
	s, err = p.Measure(ctx, vitals.Inflation{First: 160}, func(vitals.MmHg) {})
	synctest.Wait()
	near.Close()
	far.Close()
	m.playing.Wait()
	return s, err
}

func count(commands []string, code string) (n int) {
	for _, c := range commands {
		if c == code {
			n++
		}
	}
	return n
}

func TestMeasure(t *testing.T) {
	cases := map[string]struct {
		m     *module
		stop  time.Duration
		want  string
		bad   bool
		abort bool
	}{
		"good": {m: &module{run: wholeRun, status: status(good)}, want: "125 mmHg 80 mmHg 90 mmHg 75 /min"},
		"loose cuff with stale numbers": {
			m:    &module{run: wholeRun, status: status("S2;A0;C00;M06;P118076090;R071;T0000;;")},
			want: "-- -- -- -- M06 cuff-loose",
		},
		"status before the end marker is not the result": {
			m: &module{
				run:    append([]string{status("S3;A0;C00;M00;P118076090;R071;T0000;;")}, wholeRun...),
				status: status("S2;A0;C00;M09;P---------;R---;T0000;;"),
			},
			want: "-- -- -- -- M09 weak-pulse timed-out",
		},
		"end marker of an earlier run": {
			m:    &module{run: append([]string{"\x02999\x03\r"}, wholeRun...), status: status(good)},
			want: "125 mmHg 80 mmHg 90 mmHg 75 /min",
		},
		"not in adult mode": {
			m:    &module{run: wholeRun, status: status("S1;A1;C03;M00;P125080090;R075;T0005;;")},
			want: "-- -- -- -- not in adult mode implausible",
		},
		"impossible values":  {m: &module{run: wholeRun, status: status("S1;A0;C03;M00;P080125090;R075;T0005;;")}, want: "-- -- -- -- M00 implausible"},
		"cancelled":          {m: &module{run: wholeRun[:3], status: status(good)}, stop: 2600 * time.Millisecond, bad: true, abort: true},
		"silence":            {m: &module{run: wholeRun[:1], status: status(good)}, bad: true, abort: true},
		"port vanishes":      {m: &module{run: []string{wholeRun[0], "vanish"}, status: status(good)}, bad: true},
		"never ends":         {m: &module{run: endless(), status: status(good)}, want: "-- -- -- -- host timed-out aborted", abort: true},
		"damaged on the way": {m: &module{run: append([]string{"\x020a5C0S3\x03\r", "\xff\x02"}, wholeRun...), status: status(good)}, want: "125 mmHg 80 mmHg 90 mmHg 75 /min"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := measure(t, c.m, c.stop)
				if c.bad != (err != nil) || !c.bad && text(s) != c.want {
					t.Errorf("got %q, %v; want %q", text(s), err, c.want)
				}
				if n := count(c.m.commands, cmdStart); n != 1 {
					t.Errorf("the command that inflates was sent %d times", n)
				}
				if aborted := count(c.m.commands, "X") > 1; aborted != c.abort { // one X is Init's
					t.Errorf("abort sent %v, want %v: %v", aborted, c.abort, c.m.commands)
				}
				if err != nil && s.BloodPressure != (vitals.BloodPressure{}) {
					t.Errorf("numbers beside an error: %q", text(s))
				}
			})
		})
	}
}

// endless is a run whose end marker never comes.
func endless() []string {
	var run []string
	for range 4 * 150 {
		run = append(run, "\x02090C0S3\x03\r")
	}
	return run
}

func TestInitNeverInflatesAndNeedsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		m := &module{Conn: far}
		go m.serve()
		if err := NewPAR(near, PAROpts{}).Init(t.Context()); !errors.Is(err, frame.ErrSilent) {
			t.Errorf("a module that does not answer: %v", err)
		}
		near.Close()
		far.Close()
		if m.commands[0] != "X" || count(m.commands, cmdStart) != 0 {
			t.Errorf("at start-up the module heard %v", m.commands)
		}
	})
}

// A module that takes nothing must not hold the abort for ever.
func TestAbortHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		began := time.Now()
		err := NewPAR(near, PAROpts{}).Abort()
		if err == nil || time.Since(began) > 2*time.Second {
			t.Errorf("abort on a stuck line: %v after %s", err, time.Since(began))
		}
		near.Close()
		far.Close()
		synctest.Wait()
	})
}
