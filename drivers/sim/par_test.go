package sim

import (
	"bytes"
	"context"
	"net"
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/vitals"
)

// Published commands (trace par_nibp2010_commands).
const (
	parStart  = "02 30 31 3b 3b 44 37 03"
	parManual = "02 30 33 3b 3b 44 39 03"
	parStatus = "02 31 38 3b 3b 44 46 03"
	parAdult  = "02 32 34 3b 3b 44 43 03"
	parCycle5 = "02 30 38 3b 3b 44 45 03"
	parGauge  = "02 31 34 3b 3b 44 42 03"
	parReboot = "02 31 35 3b 3b 44 43 03"
	parLeak   = "02 31 37 3b 3b 44 45 03"
	par140    = "02 32 31 3b 3b 44 39 03"
	par180    = "02 32 33 3b 3b 44 42 03"
	parAbort  = "58"
)

// ran is what a host sees of one run.
type ran struct {
	took     time.Duration // from the start command to the end marker
	cuff     []int         // mmHg
	ended    bool
	status   string // without the checksum
	checksum string
}

var (
	cuffText   = regexp.MustCompile(`\x02(\d{3})C0S(\d)\x03\r`)
	statusText = regexp.MustCompile(`(S.;A.;C..;M..;P.{9};R.{3};T.{4};;)(..)`)
)

// measure starts a run, hears it out for at most two minutes of device time and asks for the status a second after its end.
func measure(t *testing.T, host net.Conn, speed time.Duration, start string) ran {
	t.Helper()
	var r ran
	var heard []byte
	began := time.Now()
	say(t, host, bytesOf(t, start))
	for step := 50 * time.Millisecond / speed; !r.ended && r.took < 2*time.Minute/speed; {
		heard = append(heard, listen(t, host, step)...)
		r.ended, r.took = bytes.HasSuffix(heard, []byte("\x02999\x03\r")), time.Since(began)
	}
	for _, m := range cuffText.FindAllSubmatch(heard, -1) {
		v, _ := strconv.Atoi(string(m[1]))
		r.cuff = append(r.cuff, v)
	}
	listen(t, host, time.Second/speed)
	r.status, r.checksum = askStatus(t, host)
	listen(t, host, time.Second/speed)
	return r
}

func askStatus(t *testing.T, host net.Conn) (status, checksum string) {
	t.Helper()
	say(t, host, bytesOf(t, parStatus))
	m := statusText.FindSubmatch(listen(t, host, 10*time.Millisecond))
	if m == nil {
		return "", ""
	}
	return string(m[1]), string(m[2])
}

func cuffOn(t *testing.T, o PatientOpts, opts Opts) (*PAR, net.Conn) {
	p := NewPAR(NewPatient(o), opts)
	return p, attach(t, p)
}

// The vendor's example 13.5 with its checksum corrected (trace par_nibp2010_replies), except that a manual run has no T field.
func TestStatusIsTheVendorsExample(t *testing.T) {
	p := NewPAR(NewPatient(PatientOpts{}), Opts{})
	p.code, p.result = codeOK, PatientOpts{Systolic: 125, Diastolic: 80, Mean: 90, Pulse: 75}
	body := "S1;A0;C03;M00;P125080090;R075;T0005;;"
	if got := sum(body); got != "40" {
		t.Errorf("checksum of the example %s, want 40", got)
	}
	want := append([]byte("\x02S1;A0;C03;M00;P125080090;R075;T    ;;"), "FB\x03\r"...)
	got := p.statusFrame()
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if len(got) != 42 {
		t.Errorf("status has %d bytes, want 41 and CR", len(got))
	}
	for at, want := range map[int]string{1: "1", 4: "0", 7: "03", 11: "00", 15: "125", 18: "080", 21: "090", 26: "075", 31: "    ", 37: "FB"} {
		if text := string(got[1+at:][:len(want)]); text != want {
			t.Errorf("position %d holds %q, want %q", at, text, want)
		}
	}
}

// Further published texts: the cuff frame 035C0S3, the end marker, the error reply M07 with its checksum BC.
func TestCuffFrameAndErrorReply(t *testing.T) {
	p := NewPAR(NewPatient(PatientOpts{}), Opts{})
	p.run = &run{}
	if got, want := p.cuffFrame(35), bytesOf(t, "02 30 33 35 43 30 53 33 03 0d"); !bytes.Equal(got, want) {
		t.Errorf("cuff frame % X, want % X", got, want)
	}
	if got, want := p.endMarker(), bytesOf(t, "02 39 39 39 03 0d"); !bytes.Equal(got, want) {
		t.Errorf("end marker % X, want % X", got, want)
	}
	p.run, p.code, p.idle, p.mode = nil, "07", failed, 5
	if got := sum("S2;A0;C05;M07;P---------;R---;T    ;;"); got != "BC" {
		t.Errorf("checksum of the error example %s, want BC", got)
	}
	p.mode = manual
	if got := string(p.statusFrame()[1:38]); got != "S2;A0;C03;M07;P---------;R---;T    ;;" {
		t.Errorf("error reply %q", got)
	}
}

func TestMeasurement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := cuffOn(t, PatientOpts{Systolic: 131, Diastolic: 84, Mean: 99, Pulse: 66}, Opts{})
		if got, _ := askStatus(t, host); got != "S1;A0;C03;M--;P---------;R---;T    ;;" {
			t.Errorf("before any run: %q", got)
		}
		listen(t, host, time.Second)
		r := measure(t, host, 1, parStart)
		if r.status != "S1;A0;C03;M00;P131084099;R066;T    ;;" || r.checksum != sum(r.status) {
			t.Errorf("status %q, checksum %s", r.status, r.checksum)
		}
		if !r.ended || r.took < 25*time.Second || r.took > 40*time.Second {
			t.Errorf("run took %v, ended %v", r.took, r.ended)
		}
		if len(r.cuff) < 4*25 {
			t.Errorf("%d cuff frames, want several a second", len(r.cuff))
		}
		checkCurve(t, r.cuff)
	})
}

// checkCurve wants a rise to about 160 within 5 s, then a fall with small waves that are largest near the mean pressure, here 99.
func checkCurve(t *testing.T, cuff []int) {
	t.Helper()
	top := 0
	for i, v := range cuff {
		if v > cuff[top] {
			top = i
		}
	}
	if top < 3*5 || top > 5*5 || cuff[top] < 158 || cuff[top] > 162 {
		t.Errorf("highest pressure %d after %d frames", cuff[top], top)
	}
	rises := map[bool]int{}
	for i := top + 5; i < len(cuff)-6; i++ {
		if d := cuff[i+1] - cuff[i]; d > 0 {
			rises[cuff[i] > 80 && cuff[i] < 125] += d
		} else if d < -8 {
			t.Errorf("pressure falls from %d to %d in one frame", cuff[i], cuff[i+1])
		}
	}
	if rises[true] == 0 || rises[true] <= rises[false] {
		t.Errorf("pulse lifts the pressure by %d near the mean and by %d elsewhere", rises[true], rises[false])
	}
	if last := cuff[len(cuff)-1]; last > 30 {
		t.Errorf("last cuff frame %d mmHg, want a nearly empty cuff", last)
	}
}

func TestCuffFaults(t *testing.T) {
	for _, row := range []struct {
		fault Fault
		start string
		want  string
		top   int // highest pressure, at most
		lasts time.Duration
	}{
		{LooseCuff, parStart, "S2;A0;C03;M06;P---------;R---;T    ;;", 25, 10 * time.Second},
		{Leak, parStart, "S2;A0;C03;M07;P---------;R---;T    ;;", 160, 8 * time.Second},
		{Blockage, parStart, "S2;A0;C03;M08;P---------;R---;T    ;;", 160, 8 * time.Second},
		{WeakPulse, parStart, "S2;A0;C03;M09;P---------;R---;T    ;;", 160, 40 * time.Second},
		{OutOfRange, parStart, "S2;A0;C03;M10;P---------;R---;T    ;;", 161, 40 * time.Second},
		{Motion, parStart, "S2;A0;C03;M11;P---------;R---;T    ;;", 170, 40 * time.Second},
		{Overpressure, parStart, "S2;A0;C03;M12;P---------;R---;T    ;;", 299, 12 * time.Second},
		{Saturated, parStart, "S2;A0;C03;M13;P---------;R---;T    ;;", 181, 40 * time.Second},
		{Broken, parStart, "S2;A0;C03;M15;P---------;R---;T    ;;", 0, 2 * time.Second},
		{Leak, parLeak, "S2;A0;C03;M14;P---------;R---;T    ;;", 200, 20 * time.Second},
		{FingerOut, parLeak, "S1;A0;C03;M00;P---------;R---;T    ;;", 200, 20 * time.Second},
	} {
		t.Run(row.fault.String()+" "+row.start, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, host := cuffOn(t, PatientOpts{}, Opts{})
				p.InjectN(row.fault, 1)
				r := measure(t, host, 1, row.start)
				if r.status != row.want || r.checksum != sum(row.want) {
					t.Errorf("status %q %s, want %q", r.status, r.checksum, row.want)
				}
				top := 0
				for _, v := range r.cuff {
					top = max(top, v)
				}
				if top > row.top || r.took > row.lasts {
					t.Errorf("cuff reached %d mmHg in %v, want at most %d in %v", top, r.took, row.top, row.lasts)
				}
				if r := measure(t, host, 1, parStart); r.status != "S1;A0;C03;M00;P122078092;R072;T    ;;" {
					t.Errorf("the run after it: %q, want a good one", r.status)
				}
			})
		})
	}
}

func TestAbortEmptiesTheCuffAtOnce(t *testing.T) {
	for _, after := range []time.Duration{2 * time.Second, 4 * time.Second, 15 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p, host := cuffOn(t, PatientOpts{}, Opts{})
			say(t, host, bytesOf(t, parStart))
			listen(t, host, after)
			if p.Pressure() < 50 {
				t.Errorf("%v mmHg after %v, want an inflated cuff", p.Pressure(), after)
			}
			say(t, host, bytesOf(t, "02 30 "+parAbort)) // in the middle of a command
			got := listen(t, host, 1500*time.Millisecond)
			if p.Pressure() != 0 || !bytes.HasSuffix(got, []byte("\x02999\x03\r")) {
				t.Errorf("1.5 s after the abort: %v mmHg, % X", p.Pressure(), got)
			}
			if got, _ := askStatus(t, host); got != "S1;A0;C03;M02;P---------;R---;T    ;;" {
				t.Errorf("after the abort: %q", got)
			}
		})
	}
}

// RxBox sends X after a result: the module stays in standby and the result stays.
func TestAbortInStandbyChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := cuffOn(t, PatientOpts{}, Opts{})
		want := measure(t, host, 1, parStart).status
		say(t, host, bytesOf(t, parAbort))
		listen(t, host, time.Second)
		if got, _ := askStatus(t, host); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	})
}

func TestStaleNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, host := cuffOn(t, PatientOpts{Systolic: 140, Diastolic: 90, Mean: 107, Pulse: 88}, Opts{})
		p.Inject(Stale)
		p.InjectN(Leak, 1)
		if got := measure(t, host, 1, parStart).status; got != "S2;A0;C03;M07;P118076090;R071;T    ;;" {
			t.Errorf("error without an earlier run: %q", got)
		}
		measure(t, host, 1, parStart)
		p.patient.Become(PatientOpts{})
		say(t, host, bytesOf(t, parStart))
		listen(t, host, 5*time.Second)
		if got, _ := askStatus(t, host); got != "S3;A0;C03;M00;P140090107;R088;T    ;;" {
			t.Errorf("in the middle of a run: %q, want the numbers of the one before", got)
		}
	})
}

func TestCommandsThatAreNotObeyed(t *testing.T) {
	for name, text := range map[string]string{
		"wrong checksum":     "02 30 31 3b 3b 44 38 03",
		"lower-case sum":     "02 30 31 3b 3b 64 37 03",
		"wrong end":          "02 30 31 3b 3b 44 37 04",
		"combined delimiter": "fd 30 31 3b 3b 44 37 fe 0d",
		"cut off":            "02 30 31 3b 3b 44",
		"too soon":           parAdult + parStart,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, host := cuffOn(t, PatientOpts{}, Opts{})
			say(t, host, bytesOf(t, text))
			if got := listen(t, host, 5*time.Second); len(got) > 0 {
				t.Errorf("%s: % X", name, got)
			}
		})
	}
}

func TestUnknownCommandIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := cuffOn(t, PatientOpts{}, Opts{})
		say(t, host, []byte("\x0299;;"+sum("99;;")+"\x03"))
		listen(t, host, time.Second)
		if got, _ := askStatus(t, host); got != "S1;A0;C03;M02;P---------;R---;T    ;;" {
			t.Errorf("status %q, want M02", got)
		}
	})
}

func TestCombinedBoardHasItsOwnDelimiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := cuffOn(t, PatientOpts{}, Opts{Combined: true})
		say(t, host, bytesOf(t, "fd 30 31 3b 3b 44 37 fe 0d"))
		got := listen(t, host, 40*time.Second)
		if !bytes.HasPrefix(got, []byte("\xfd000C0S3\xfe\r")) || !bytes.HasSuffix(got, []byte("\xfd999\xfe\r")) {
			t.Errorf("run from % X to % X", got[:min(10, len(got))], got[max(0, len(got)-10):])
		}
		say(t, host, bytesOf(t, "fd 31 38 3b 3b 44 46 fe 0d"))
		status := "S1;A0;C03;M00;P122078092;R072;T    ;;"
		if got, want := string(listen(t, host, time.Second)), "\xfd"+status+sum(status)+"\xfe\r"; got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	})
}

func TestFirstPressureAndSecondPump(t *testing.T) {
	for _, row := range []struct {
		name     string
		set      string
		systolic int
		top      int
	}{
		{"140 is set and enough", par140, 110, 140},
		{"180 is set", par180, 110, 180},
		{"140 is not enough: pumps on", par140, 150, 180},
		{"the artery beats at 280: out of range", par180, 270, 280},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, host := cuffOn(t, PatientOpts{Systolic: vitals.MmHg(row.systolic)}, Opts{})
				say(t, host, bytesOf(t, row.set))
				listen(t, host, time.Second)
				r, top := measure(t, host, 1, parStart), 0
				for _, v := range r.cuff {
					top = max(top, v)
				}
				if top < row.top-3 || top > row.top+1 {
					t.Errorf("pumped to %d mmHg, want %d", top, row.top)
				}
				if outOfRange := r.status[10:13] == "M10"; outOfRange != (row.systolic > 265) {
					t.Errorf("status %q", r.status)
				}
			})
		})
	}
}

func TestCycleMeasuresByItselfUntilManual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := cuffOn(t, PatientOpts{}, Opts{})
		say(t, host, bytesOf(t, parCycle5))
		if n := bytes.Count(listen(t, host, 16*time.Minute), []byte("\x02999\x03\r")); n != 4 {
			t.Errorf("%d runs in 16 minutes, want 4", n)
		}
		if got, _ := askStatus(t, host); got != "S6;A0;C08;M00;P122078092;R072;T0003;;" && got != "S6;A0;C08;M00;P122078092;R072;T0004;;" {
			t.Errorf("between runs: %q", got)
		}
		listen(t, host, time.Second)
		say(t, host, bytesOf(t, parManual))
		if got := listen(t, host, 10*time.Minute); len(got) > 0 {
			t.Error("a run began in manual mode")
		}
	})
}

func TestManometerAndReboot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := cuffOn(t, PatientOpts{}, Opts{})
		say(t, host, bytesOf(t, parGauge))
		if got := listen(t, host, 2*time.Second); bytes.Count(got, []byte("\x02000C0S4\x03\r")) < 9 {
			t.Errorf("manometer: % X", got)
		}
		say(t, host, bytesOf(t, parReboot))
		listen(t, host, time.Second)
		if got, _ := askStatus(t, host); got != "S1;A0;C03;M02;P---------;R---;T    ;;" {
			t.Errorf("after a reboot: %q", got)
		}
	})
}

func TestRunAtSpeed20IsTwentyTimesShorter(t *testing.T) {
	took := func(speed time.Duration) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			_, host := cuffOn(t, PatientOpts{}, Opts{Speed: float64(speed)})
			r := measure(t, host, speed, parStart)
			if r.status != "S1;A0;C03;M00;P122078092;R072;T    ;;" || len(r.cuff) < 100 {
				t.Errorf("speed %d: %q after %d cuff frames", speed, r.status, len(r.cuff))
			}
			d = r.took
		})
		return d
	}
	slow, fast := took(1), took(20)
	if ratio := float64(slow) / float64(fast); ratio < 19 || ratio > 21 {
		t.Errorf("run took %v at speed 1 and %v at speed 20", slow, fast)
	}
}

// The pump does not know of the wire: a run whose wire was pulled goes on, and ends by itself.
func TestRunOutlivesItsWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPAR(NewPatient(PatientOpts{}), Opts{})
		host, device := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Serve(ctx, device) }()
		say(t, host, bytesOf(t, parStart))
		listen(t, host, 5*time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Second)
		if got := p.Pressure(); got < 100 {
			t.Errorf("%v without a wire after 10 s, want a run that goes on", got)
		}
		<-time.After(time.Minute)
		host = attach(t, p)
		if got := p.Pressure(); got != 0 {
			t.Errorf("%v a minute later", got)
		}
		if got, _ := askStatus(t, host); got != "S1;A0;C03;M00;P122078092;R072;T    ;;" {
			t.Errorf("on the new wire: %q", got)
		}
	})
}

func TestRunsOfOnePatientDifferALittle(t *testing.T) {
	seen := map[vitals.MmHg]bool{}
	for n := range uint64(20) {
		o := PatientOpts{Seed: 11}.completed()
		got := o.pressures(n)
		seen[got.Systolic] = true
		if d := got.Systolic - o.Systolic; d < -3 || d > 3 || got.Diastolic >= got.Mean || got.Mean >= got.Systolic {
			t.Errorf("run %d: %v/%v mean %v", n, got.Systolic, got.Diastolic, got.Mean)
		}
		if diff := cmp.Diff(got, o.pressures(n)); diff != "" {
			t.Errorf("run %d is not repeatable:\n%s", n, diff)
		}
	}
	if len(seen) < 3 {
		t.Error("all runs give the same systolic pressure")
	}
}
