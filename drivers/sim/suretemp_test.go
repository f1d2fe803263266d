package sim

import (
	"bytes"
	"encoding/binary"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Published commands (trace suretemp_plus) and, built by the same rule, the short form and the end of records.
const (
	stRecords33 = "03 02 10 94 34 01 01 00 01 20"
	stRecords19 = "03 02 10 94 34 01 01 00 02 1f"
	stNoRecords = "03 02 10 94 34 01 01 00 00 21"
	stMonitor   = "03 02 10 2a 12 01 01 00 01 ac"
)

// record is what a host makes of one temperature record.
type record struct {
	final, tip float32 // K
	counter    uint32
	method     byte
	state      byte
	active     bool
}

// frames cuts a stream in which every byte belongs to a whole frame with the sum 0.
func frames(t *testing.T, b []byte) (fs [][]byte) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < 9 || !bytes.HasPrefix(b, []byte{3, 2, 16}) {
			t.Fatalf("no frame starts at % X", b[:min(16, len(b))])
		}
		n := 9 + int(b[6]) + int(b[7])<<8
		if len(b) < n || total(b[:n]) != 0 {
			t.Fatalf("frame % X is cut off or its sum is not 0", b[:min(n, len(b))])
		}
		fs, b = append(fs, b[:n]), b[n:]
	}
	return fs
}

// records returns the 19-byte records among the frames of b.
func records(t *testing.T, b []byte) (rs []record) {
	t.Helper()
	for _, f := range frames(t, b) {
		if d := f[8 : len(f)-1]; len(d) == 19 && f[5] == typeResponse {
			rs = append(rs, record{
				final: math.Float32frombits(binary.LittleEndian.Uint32(d)), tip: math.Float32frombits(binary.LittleEndian.Uint32(d[4:])),
				counter: binary.LittleEndian.Uint32(d[8:]), method: d[12], state: d[14], active: d[17] == 1,
			})
		}
	}
	return rs
}

// states lists the states in the order of their first appearance in a row.
func states(rs []record) (list []byte) {
	for _, r := range rs {
		if len(list) == 0 || list[len(list)-1] != r.state {
			list = append(list, r.state)
		}
	}
	return list
}

func thermometerOn(t *testing.T, o PatientOpts, opts Opts) (*SureTemp, net.Conn) {
	s := NewSureTemp(NewPatient(o), opts)
	return s, attach(t, s)
}

func TestSureTempAnswersLikeTheManual(t *testing.T) {
	for _, row := range []struct{ name, ask, want string }{
		{"version 7.5", "03 02 10 29 36 01 01 00 02 88", "03 02 10 29 36 02 04 00 37 2e 35 00 ec"},
		{"lock probe", "03 02 10 35 03 01 01 00 01 b0", "03 02 10 35 03 02 00 00 b1"},
		{"records on", stRecords33, "03 02 10 94 34 02 00 00 21"},
		{"after noise", "03 02 03 02 10 ff 03 02 10 29 36 01 01 00 02 88", "03 02 10 29 36 02 04 00 37 2e 35 00 ec"},
		{"wrong sum", "03 02 10 29 36 01 01 00 02 89", ""},
		{"half", "03 02 10 29 36 01", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, host := thermometerOn(t, PatientOpts{}, Opts{ByHand: true})
				say(t, host, bytesOf(t, row.ask))
				if diff := cmp.Diff(bytesOf(t, row.want), listen(t, host, 100*time.Millisecond), cmpEmpty); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			})
		})
	}
}

var cmpEmpty = cmp.Comparer(bytes.Equal)

// The manual's record: nothing final yet, probe 307.37 K, sample 78, ready, active.
func TestRecordIsTheManuals(t *testing.T) {
	s := NewSureTemp(NewPatient(PatientOpts{}), Opts{})
	s.counter = 78
	s.probe.out, s.probe.state, s.probe.tip = true, stateReady, float64(math.Float32frombits(0x4399af76))-273.15
	got := s.reply(codeRecord, s.record(2)...)
	want := bytesOf(t, "03 02 10 94 1c 02 13 00 00 00 00 00 76 af 99 43 4e 00 00 00 00 00 02 00 00 01 00 d4")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	long := s.reply(codeRecord, s.record(1)...)
	if len(long) != 8+33+1 || total(long) != 0 || !bytes.Equal(long[8:16], want[8:16]) {
		t.Errorf("long record % X", long)
	}
}

func TestMeasurementByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, host := thermometerOn(t, PatientOpts{Temperature: 38_400}, Opts{ByHand: true})
		say(t, host, bytesOf(t, stRecords19))
		idle := records(t, listen(t, host, 5*time.Second))
		if len(idle) != 1 || idle[0].active || idle[0].state != stateIdle {
			t.Errorf("probe in its holder: %+v, want one idle record", idle)
		}
		s.TakeProbe()
		rs := records(t, listen(t, host, time.Minute))
		if diff := cmp.Diff([]byte{stateNotReady, stateReady, statePredict, stateFinal}, states(rs)); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		if n := int(time.Minute / recordPeriod); len(rs) < n-2 || len(rs) > n+1 {
			t.Errorf("%d records in a minute, want one every 173 ms: %d", len(rs), n)
		}
		for i, r := range rs {
			if (r.final != 0) != (r.state == stateFinal) || r.state == stateFinal && math.Abs(float64(r.final)-273.15-38.4) > 0.01 {
				t.Errorf("state %d with final value %v K", r.state, r.final)
			}
			if i > 0 && (r.counter != rs[i-1].counter+1 || r.tip < rs[i-1].tip) {
				t.Errorf("record %d follows %+v: %+v", i, rs[i-1], r)
			}
		}
		if tip := rs[len(rs)-1].tip - 273.15; math.Abs(float64(tip)-38.4) > 0.05 {
			t.Errorf("tip at %.2f °C after a minute, want the patient's 38.40", tip)
		}
		s.ReturnProbe()
		rs = records(t, listen(t, host, 10*time.Second))
		if last := rs[len(rs)-1]; len(rs) > 2 || last.active || last.state != stateEnd {
			t.Errorf("after the return: %+v, want the end and no more", rs)
		}
	})
}

// Without hands a measurement follows the host's wish for records, and the next one the next wish.
func TestMeasurementWithoutHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := thermometerOn(t, PatientOpts{}, Opts{})
		for range 2 {
			say(t, host, bytesOf(t, stRecords19))
			rs := records(t, listen(t, host, 30*time.Second))
			want := []byte{stateIdle, stateNotReady, stateReady, statePredict, stateFinal, stateEnd}
			if diff := cmp.Diff(want, states(rs)); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		}
		say(t, host, bytesOf(t, stRecords19))
		listen(t, host, 12*time.Second)
		say(t, host, bytesOf(t, stNoRecords))
		listen(t, host, time.Second)
		say(t, host, bytesOf(t, "03 02 10 94 1c 01 00 00 3a"))
		if got := records(t, listen(t, host, time.Second)); len(got) != 1 || got[0].active {
			t.Errorf("after records off: %+v, want the probe returned", got)
		}
	})
}

func TestThermometerFaults(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault Fault
		truth PatientOpts
		want  []byte
	}{
		{"probe moved", ProbeMoved, PatientOpts{}, []byte{1, 2, 3, 5, 7}},
		{"broken", Broken, PatientOpts{}, []byte{20}},
		{"too hot", LooseCuff, PatientOpts{Temperature: 44_000}, []byte{1, 2, 3, 8}},
		{"too cold", LooseCuff, PatientOpts{Temperature: 25_000}, []byte{1, 2, 3, 10}},
		{"too cold and moved", ProbeMoved, PatientOpts{Temperature: 26_800}, []byte{1, 2, 3, 5, 11}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, host := thermometerOn(t, row.truth, Opts{ByHand: true})
				s.InjectN(row.fault, 1)
				s.TakeProbe()
				synctest.Wait()
				say(t, host, bytesOf(t, stRecords19))
				listen(t, host, recordPeriod)
				if diff := cmp.Diff(row.want, states(records(t, listen(t, host, 20*time.Second)))); diff != "" {
					t.Errorf("states (-want +got):\n%s", diff)
				}
				s.ReturnProbe()
				s.patient.Become(PatientOpts{})
				s.TakeProbe()
				listen(t, host, 2*recordPeriod)
				say(t, host, bytesOf(t, stRecords19))
				rs := records(t, listen(t, host, 20*time.Second))
				if last := rs[len(rs)-1]; last.state != stateFinal || math.Abs(float64(last.final)-309.95) > 0.01 {
					t.Errorf("the measurement after it: %+v, want final 36.8 °C", last)
				}
			})
		})
	}
}

func TestStaleFinalValueStaysInTheNextMeasurement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, host := thermometerOn(t, PatientOpts{Temperature: 39_100}, Opts{})
		say(t, host, bytesOf(t, stRecords19))
		listen(t, host, 30*time.Second)
		s.Inject(Stale)
		s.patient.Become(PatientOpts{})
		say(t, host, bytesOf(t, stRecords19))
		for _, r := range records(t, listen(t, host, 15*time.Second)) {
			want := 312.25
			if r.state == stateFinal {
				want = 309.95
			}
			if math.Abs(float64(r.final)-want) > 0.01 {
				t.Errorf("state %d with final value %v K, want %v", r.state, r.final, want)
			}
		}
	})
}

func TestMonitorMethodOnlyWithTheProbeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, host := thermometerOn(t, PatientOpts{}, Opts{ByHand: true})
		say(t, host, bytesOf(t, stMonitor))
		if fs := frames(t, listen(t, host, time.Second)); len(fs) != 1 || fs[0][5] == typeResponse {
			t.Errorf("probe in its holder: % X, want a refusal", fs)
		}
		s.TakeProbe()
		listen(t, host, time.Second)
		say(t, host, bytesOf(t, stMonitor))
		if got, want := listen(t, host, 10*time.Millisecond), bytesOf(t, "03 02 10 2a 12 02 00 00 ad"); !bytes.Equal(got, want) {
			t.Errorf("answer % X, want % X", got, want)
		}
		say(t, host, bytesOf(t, stRecords19))
		rs := records(t, listen(t, host, time.Minute))
		if last := rs[len(rs)-1]; last.state != stateMonitor || last.method != 1 || last.final != last.tip {
			t.Errorf("monitoring: %+v", last)
		}
	})
}

func TestThermometerAtSpeed20(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, host := thermometerOn(t, PatientOpts{}, Opts{Speed: 20})
		say(t, host, bytesOf(t, stRecords19))
		rs := records(t, listen(t, host, 600*time.Millisecond))
		if last := rs[len(rs)-1]; last.state != stateFinal {
			t.Errorf("12 s of device time later: %+v, want the final value", last)
		}
	})
}
