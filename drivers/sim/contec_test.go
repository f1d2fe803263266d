package sim

import (
	"bytes"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/vitals"
)

// command is a V7 host command without arguments.
func command(code byte) []byte {
	return append([]byte{0x7D, 0x81, code}, bytes.Repeat([]byte{0x80}, 6)...)
}

// seen is what a host makes of one live packet.
type seen struct {
	noFinger, searching, tooLong, beep bool

	signal, wave, bar, pulse, spo2, pi int
}

// live cuts V7 live packets out of b and returns also what belongs to none.
func live(b []byte) (packets []seen, rest []byte) {
	for len(b) > 0 {
		if b[0] != 1 || len(b) < 9 || !topBits(b[1:9]) {
			rest, b = append(rest, b[0]), b[1:]
			continue
		}
		p := make([]int, 7)
		for i := range p {
			p[i] = int(b[2+i]&0x7F | b[1]>>i<<7)
		}
		packets = append(packets, seen{
			noFinger: p[0]&0x80 != 0, beep: p[0]&0x40 != 0, tooLong: p[0]&0x10 != 0, signal: p[0] & 15,
			searching: p[1]&0x80 != 0, wave: p[1] & 0x7F, bar: p[2] & 15, pulse: p[3], spo2: p[4], pi: p[5] | p[6]<<8,
		})
		b = b[9:]
	}
	return packets, rest
}

func topBits(b []byte) bool {
	for _, v := range b {
		if v&0x80 == 0 {
			return false
		}
	}
	return true
}

// stream starts the live stream of o's oximeter with the finger in, lets it settle and returns what comes within d.
func stream(t *testing.T, ox *Contec, host net.Conn, d time.Duration) []seen {
	t.Helper()
	ox.FingerIn()
	say(t, host, command(startLive))
	listen(t, host, 20*time.Second)
	say(t, host, command(keepAlive))
	var packets []seen
	for ; d > 0; d -= 10 * time.Second {
		got, rest := live(listen(t, host, min(d, 10*time.Second)))
		if len(rest) > 0 {
			t.Fatalf("between live packets: % X", rest)
		}
		packets = append(packets, got...)
		say(t, host, command(keepAlive))
	}
	return packets
}

// The pairs are the capture of a CMS50D+ (trace cms50dplus_v7_session_headrotor), and the last two a CMS50F's (cms50f37_oscar_comments).
func TestContecAnswersLikeTheRealOne(t *testing.T) {
	for _, row := range []struct{ name, ask, want string }{
		{"stop download", "7d 81 a7 80 80 80 80 80 80", "0c 80"},
		{"stop live", "7d 81 a2 80 80 80 80 80 80", "0c 80"},
		{"protocol version", "7d 81 a0 80 80 80 80 80 80", "06 80 80 87"},
		{"storage", "7d 81 b0 80 80 80 80 80 80", "11 80 81 81 80 80 80 80 80"},
		{"perfusion index", "7d 81 ac 80 80 80 80 80 80", "0e 80 81"},
		{"b3", "7d 81 b3 80 80 80 80 80 80", "13 80 a0 a0 a0 a0 a0 a0 a0 14 80 a0 a0 a0 a0 a0 80 80"},
		{"model", "7d 81 a8 80 80 80 80 80 80", "02 80 80 a0 a0 a0 a0 a0 a0 02 81 ff a0 a0 a0 a0 a0 a0"},
		{"device id", "7d 81 aa 80 80 80 80 80 80", "04 80 f5 f3 e5 f2 a0 a0 a0"},
		{"vendor", "7d 81 a9 80 80 80 80 80 80", "03 80 a0 a0 a0 a0 a0 a0 a0"},
		{"user", "7d 81 ab 80 80 80 80 80 80", "05 80 80 f5 f3 e5 f2 80 80"},
		{"users", "7d 81 ad 80 80 80 80 80 80", "10 80 81"},
		{"no segments", "7d 81 a3 80 80 80 80 80 80", "0a 80 80 80"},
		{"keep-alive", "7d 81 af 80 80 80 80 80 80", ""},
		{"download is not supported", "7d 81 a6 80 80 80 80 80 80", "0b 81 a6 85"},
		{"noise before the command", "7d 00 ff 7d 81 a0 80 80 80 80 80 80", "06 80 80 87"},
		{"half a command", "7d 81 a0 80", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := attach(t, NewContec(NewPatient(PatientOpts{}), Opts{Model: CMS50DPlus}))
				say(t, host, bytesOf(t, row.ask))
				if diff := cmp.Diff(bytesOf(t, row.want), listen(t, host, time.Second)); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The first packet of the capture: signal 5, wave 51, bar 6, 65 /min, 97 %, no perfusion index.
func TestLivePacketIsTheCapturedOne(t *testing.T) {
	d := display{signal: 5, wave: 51, bar: 6, pulse: number(65), spo2: number(97)}
	if got, want := d.v7(CMS50DPlus), bytesOf(t, "01 e0 85 b3 96 c1 e1 ff ff"); !bytes.Equal(got, want) {
		t.Errorf("packet % X, want % X", got, want)
	}
}

func TestHighByteFollowsTheConditions(t *testing.T) {
	fast := display{pulse: number(130), spo2: number(97)}
	for _, row := range []struct {
		name  string
		d     display
		model Model
		want  byte
	}{
		{"pulse above 127", fast, CMS50DPlus, 0xE8},
		{"no finger, told by zeros", display{noFinger: true}, CMS50DPlus, 0xE1},
		{"searching", display{searching: true}, CMS50DPlus, 0xE2},
		{"both", display{noFinger: true, searching: true}, CMS50DPlus, 0xE3},
		{"no finger, told by sentinels", display{noFinger: true}, CMS50F, 0xE9},
	} {
		if got := row.d.v7(row.model)[1]; got != row.want {
			t.Errorf("%s: high byte %02X, want %02X", row.name, got, row.want)
		}
	}
}

func TestContecStreamsOnlyWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := attach(t, NewContec(NewPatient(PatientOpts{}), Opts{}))
		if got := listen(t, host, 10*time.Second); len(got) > 0 {
			t.Fatalf("sent % X unasked", got)
		}
		say(t, host, command(startLive))
		if got, _ := live(listen(t, host, 10*time.Second)); len(got) < 599 || len(got) > 601 {
			t.Errorf("%d packets in 10 s, want 600", len(got))
		}
		say(t, host, command(keepAlive))
		if got, _ := live(listen(t, host, time.Minute)); len(got) < 1799 || len(got) > 1801 {
			t.Errorf("%d packets after the last keep-alive, want those of 30 s", len(got))
		}
		say(t, host, command(startLive))
		listen(t, host, time.Second)
		say(t, host, command(stopLive))
		if got := listen(t, host, time.Second); !bytes.Equal(got, []byte{0x0C, 0x80}) {
			t.Errorf("after stop: % X, want 0C 80 alone", got)
		}
	})
}

func TestFingerIsSearchedThenNumbersSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ox := NewContec(NewPatient(PatientOpts{SpO2: 96, Pulse: 140, Perfusion: 310}), Opts{ByHand: true})
		host := attach(t, ox)
		say(t, host, command(startLive))
		got, _ := live(listen(t, host, time.Second))
		if p := got[58]; !p.noFinger || p.pulse != 0xFF || p.spo2 != 0x7F || p.wave != 64 {
			t.Errorf("without a finger: %+v", p)
		}
		ox.FingerIn()
		got, _ = live(listen(t, host, 20*time.Second))
		if p := got[60]; !p.searching || p.noFinger || p.pulse != 0xFF || p.spo2 != 0x7F || p.pi != 0xFFFF {
			t.Errorf("after a second: %+v, want a search without numbers", p)
		}
		if p := got[4*60]; p.searching || p.spo2 >= 96 || p.pulse >= 138 {
			t.Errorf("after 4 s: %+v, want numbers on their way up", p)
		}
		if p := got[15*60]; p.spo2 != 96 || math.Abs(float64(p.pulse-140)) > 2 || p.pi != 310 {
			t.Errorf("after 15 s: %+v, want the patient's 96 %%, 140 /min, 3.10 %%", p)
		}
		ox.FingerOut()
		ox.FingerIn()
		if got, _ := live(listen(t, host, time.Second)); !got[30].searching {
			t.Error("another finger was not searched for")
		}
	})
}

// A helping patient needs no call: finger in after the stream starts, out when it stops.
func TestFingerFollowsTheStreamUnlessByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := attach(t, NewContec(NewPatient(PatientOpts{}), Opts{}))
		for visit := range 2 {
			say(t, host, command(startLive))
			got, _ := live(listen(t, host, 5*time.Second))
			if !got[30].noFinger || !got[90].searching || got[280].spo2 > 100 {
				t.Errorf("visit %d: %+v, %+v, %+v; want no finger, search, numbers", visit, got[30], got[90], got[280])
			}
			say(t, host, command(stopLive))
			listen(t, host, time.Second)
		}
	})
}

func TestPlethHoldsThePatientsPulse(t *testing.T) {
	for _, pulse := range []int{45, 72, 168} {
		synctest.Test(t, func(t *testing.T) {
			o := PatientOpts{Seed: 3}
			o.Pulse = vitals.PerMinute(pulse)
			ox := NewContec(NewPatient(o), Opts{ByHand: true})
			packets := stream(t, ox, attach(t, ox), time.Minute)
			peaks, notches, beeps := 0, 0, 0
			for i := 3; i < len(packets)-3; i++ {
				before, here, after := packets[i-3].wave, packets[i].wave, packets[i+3].wave
				if here > 85 && here > packets[i-1].wave && here >= packets[i+1].wave {
					peaks++
				}
				if here < 85 && here > 15 && before > here && after > here && here <= packets[i+1].wave && here < packets[i-1].wave {
					notches++
				}
				if packets[i].beep {
					beeps++
				}
			}
			for name, n := range map[string]int{"peaks": peaks, "notches": notches, "beeps": beeps} {
				if n < pulse-2 || n > pulse+2 {
					t.Errorf("%d %s in a minute at %d /min", n, name, pulse)
				}
			}
		})
	}
}

func TestIrregularHeartKeepsItsRateAndLosesItsRhythm(t *testing.T) {
	spread := func(irregular bool) (rate, spread float64) {
		h := newHeart(NewPatient(PatientOpts{Seed: 5, Pulse: 80, Irregular: irregular}))
		shortest, longest := time.Hour, time.Duration(0)
		for at := time.Duration(0); at < 5*time.Minute; at += 10 * time.Millisecond {
			h.at(at)
			shortest, longest = min(shortest, h.length), max(longest, h.length)
		}
		return float64(h.beats) / 5, float64(longest-shortest) / float64(time.Second)
	}
	if rate, s := spread(false); math.Abs(rate-80) > 1 || s < 0.02 || s > 0.1 {
		t.Errorf("regular: %.1f /min, beats differ by %.3f s", rate, s)
	}
	if rate, s := spread(true); math.Abs(rate-80) > 3 || s < 0.4 {
		t.Errorf("irregular: %.1f /min, beats differ by %.3f s", rate, s)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	record := func() (b []byte) {
		synctest.Test(t, func(t *testing.T) {
			ox := NewContec(NewPatient(PatientOpts{Seed: 9, Irregular: true}), Opts{})
			ox.Inject(Garbage)
			host := attach(t, ox)
			say(t, host, command(startLive))
			b = listen(t, host, 10*time.Second)
		})
		return b
	}
	if !bytes.Equal(record(), record()) {
		t.Error("two runs with the same seed differ")
	}
}

func TestOximeterFaults(t *testing.T) {
	for _, row := range []struct {
		fault Fault
		holds string
		ok    func([]seen) bool
	}{
		{FingerOut, "no finger, no numbers", all(func(p seen) bool { return p.noFinger && p.pulse == 0xFF && p.spo2 == 0x7F && p.wave == 64 })},
		{WeakPulse, "weak signal and perfusion", all(func(p seen) bool { return p.signal <= 3 && p.pi == 20 && p.wave < 50 && p.spo2 == 97 })},
		{Motion, "numbers that wander", func(ps []seen) bool { return spread(ps, func(p seen) int { return p.pulse }) > 15 }},
		{Silence, "nothing", func(ps []seen) bool { return len(ps) == 0 }},
	} {
		t.Run(row.fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ox := NewContec(NewPatient(PatientOpts{}), Opts{ByHand: true})
				host := attach(t, ox)
				stream(t, ox, host, time.Second)
				ox.Inject(row.fault)
				if got, _ := live(listen(t, host, 10*time.Second)); !row.ok(got) {
					t.Errorf("want %s, got %+v", row.holds, got)
				}
				ox.Clear()
				say(t, host, command(startLive))
				got, _ := live(listen(t, host, 15*time.Second))
				if last := got[len(got)-1]; last.spo2 != 97 || last.noFinger {
					t.Errorf("after Clear: %+v", last)
				}
			})
		})
	}
}

func all(ok func(seen) bool) func([]seen) bool {
	return func(ps []seen) bool {
		for _, p := range ps[1:] {
			if !ok(p) {
				return false
			}
		}
		return len(ps) > 500
	}
}

func spread(ps []seen, of func(seen) int) int {
	low, high := math.MaxInt, math.MinInt
	for _, p := range ps {
		low, high = min(low, of(p)), max(high, of(p))
	}
	return high - low
}

func TestStaleNumbersStayBesideAnHonestFlag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ox := NewContec(NewPatient(PatientOpts{SpO2: 93}), Opts{ByHand: true})
		host := attach(t, ox)
		stream(t, ox, host, time.Second)
		ox.Inject(Stale)
		ox.FingerOut()
		got, _ := live(listen(t, host, time.Second))
		if p := got[58]; !p.noFinger || p.spo2 != 93 || p.pulse > 100 {
			t.Errorf("finger out with stale numbers: %+v, want no-finger beside 93 %%", p)
		}
	})
}

func TestNoPulseIsSearchedTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ox := NewContec(NewPatient(PatientOpts{Perfusion: 5}), Opts{ByHand: true})
		got := stream(t, ox, attach(t, ox), time.Second)
		if p := got[0]; !p.searching || !p.tooLong || p.pulse != 0xFF {
			t.Errorf("20 s without a pulse: %+v", p)
		}
	})
}

// Between noise every frame is whole; garbage spoils about half of them.
func TestWireFaults(t *testing.T) {
	count := func(f Fault) (whole, rest int) {
		synctest.Test(t, func(t *testing.T) {
			ox := NewContec(NewPatient(PatientOpts{}), Opts{})
			ox.Inject(f)
			host := attach(t, ox)
			say(t, host, command(startLive))
			packets, other := live(listen(t, host, 20*time.Second))
			whole, rest = len(packets), len(other)
		})
		return whole, rest
	}
	if whole, rest := count(Noise); whole < 1190 || rest < 3000 {
		t.Errorf("noise: %d of 1200 frames, %d other bytes", whole, rest)
	}
	if whole, rest := count(Garbage); whole < 600 || whole > 900 || rest < 1000 {
		t.Errorf("garbage: %d of 1200 frames, %d other bytes", whole, rest)
	}
}

func TestFiveByteStreams(t *testing.T) {
	fast := display{signal: 6, wave: 127, bar: 9, beep: true, pulse: number(140), spo2: number(95)}
	lost := display{noFinger: true, wave: 64}
	search := display{searching: true, tooLong: true, signal: 2, wave: 30}
	for _, row := range []struct {
		name  string
		model Model
		d     display
		want  string
	}{
		{"Contec, 140 /min needs the eighth bit", CMS50Old, fast, "c6 7f 49 0c 5f"},
		{"Contec, no finger", CMS50Old, lost, "80 40 50 7f 7f"},
		{"Contec, searching too long", CMS50Old, search, "92 1e 60 7f 7f"},
		{"Berry, waveform to 100", BerryBCI, fast, "c6 64 49 0c 5f"},
		{"Berry, no finger: no signal, invalid wave", BerryBCI, lost, "9f 00 50 7f 7f"},
		{"Berry has no search time-out", BerryBCI, search, "82 18 60 7f 7f"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(bytesOf(t, row.want), row.model.frame(row.d)); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOldStreamsComeUnasked(t *testing.T) {
	for model, want := range map[Model]int{CMS50Old: 60 * 5 * 10, BerryBCI: 100 * 5 * 10, CMS50OldAsleep: 0} {
		synctest.Test(t, func(t *testing.T) {
			host := attach(t, NewContec(NewPatient(PatientOpts{}), Opts{Model: model}))
			if got := len(listen(t, host, 10*time.Second)); got < want-5 || got > want+5 {
				t.Errorf("%s: %d bytes in 10 s, want %d", model, got, want)
			}
			say(t, host, []byte{0})
			if len(listen(t, host, time.Second)) == 0 {
				t.Errorf("%s does not stream after a byte", model)
			}
		})
	}
}

func TestOximeterAtSpeed20(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := attach(t, NewContec(NewPatient(PatientOpts{}), Opts{Speed: 20}))
		say(t, host, command(startLive))
		got, _ := live(listen(t, host, time.Second))
		if len(got) < 1150 || len(got) > 1201 {
			t.Errorf("%d packets in a second, want 1200", len(got))
		}
		if last := got[len(got)-1]; last.spo2 != 97 {
			t.Errorf("after a second: %+v, want settled numbers", last)
		}
	})
}
