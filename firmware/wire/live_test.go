package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

var sampleFrame = Frame{Weak: true, Gap: true, Seq: 513, Start: 1_790_000_000_000_000, Period: 1667, Bits: 7, Session: SessionHash("s"), Samples: []byte{0, 1, 64, 127}}

// The bytes of a frame are a contract too.
func TestFrameBytes(t *testing.T) {
	want := []byte{
		1, 6, 1, 2, 0x00, 0x60, 0x7b, 0x9b, 0x00, 0x5c, 0x06, 0x00, 0x83, 6, 4, 7,
	}
	got := sampleFrame.Marshal()
	if !bytes.Equal(got[:4], want[:4]) || !bytes.Equal(got[12:16], want[12:]) || len(got) != 28 || !bytes.Equal(got[20:], []byte{0, 0, 0, 0, 0, 1, 64, 127}) {
		t.Errorf("% x", got)
	}
	back, err := ParseFrame(got)
	if err != nil || !reflect.DeepEqual(back, sampleFrame) {
		t.Errorf("%+v, %v", back, err)
	}
	// A second of a 60 Hz device in four frames: what clinical.md reckons with.
	if n := 4 * (frameHeader + 15); n > 160 {
		t.Errorf("a second takes %d bytes", n)
	}
}

func TestFrameRefuses(t *testing.T) {
	change := func(i int, v byte) []byte {
		b := sampleFrame.Marshal()
		b[i] = v
		return b
	}
	noPeriod := change(12, 0)
	noPeriod[13] = 0
	for name, b := range map[string][]byte{
		"nothing": nil, "short": sampleFrame.Marshal()[:23], "version": change(0, 2), "no samples": change(14, 0), "more samples": change(14, 5),
		"bits": change(15, 12), "too big a sample": change(24, 128), "no period": noPeriod,
	} {
		if f, err := ParseFrame(b); err == nil {
			t.Errorf("%s: read as %+v", name, f)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(sampleFrame.Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := ParseFrame(b)
		if err != nil {
			return
		}
		again, err := ParseFrame(frame.Marshal())
		if err != nil || !reflect.DeepEqual(again, frame) {
			t.Errorf("%+v became %+v, %v", frame, again, err)
		}
	})
}

func TestSplitLive(t *testing.T) {
	for part, want := range map[string][2]string{
		"live/abc/num": {"abc", "num"}, "live/abc/ppg": {"abc", "ppg"}, "live/abc": {}, "live//num": {}, "live/abc/": {}, "up/obs": {}, "state": {},
	} {
		session, live, ok := SplitLive(part)
		if ok != (want[0] != "") || ok && (session != want[0] || live != want[1]) {
			t.Errorf("%s: %q %q %t", part, session, live, ok)
		}
	}
}

func TestCommands(t *testing.T) {
	good := map[string]Mode{
		`{"id":"c1","kind":"watch","ttl":20}`:                                              ModeWave,
		`{"id":"c1","kind":"watch","ttl":1,"mode":"summary"}`:                              ModeSummary,
		`{"id":"c1","kind":"repeat","ttl":86400,"step":"oximetry"}`:                        "",
		`{"id":"c1","kind":"message","ttl":60,"text":"بی بی کو دوبارہ بلائیں، 5 منٹ بعد"}`: "",
		`{"id":"c1","kind":"call","ttl":60,"text":"042 1234567"}`:                          "",
		`{"id":"c1","kind":"release","ttl":60,"of":"bhu-1-x"}`:                             "",
	}
	for raw, mode := range good {
		if c, err := ParseCommand([]byte(raw)); err != nil || c.Mode != mode {
			t.Errorf("%s: %+v, %v", raw, c, err)
		}
	}
	for _, raw := range []string{
		`{"kind":"watch","ttl":20}`, `{"id":"c","kind":"watch"}`, `{"id":"c","kind":"watch","ttl":61}`, `{"id":"c","kind":"watch","ttl":-1}`,
		`{"id":"c","kind":"inflate","ttl":9}`, `{"id":"c","kind":"watch","ttl":9,"mode":"all"}`, `watch`,
		`{"id":"c","kind":"repeat","ttl":9}`, `{"id":"c","kind":"repeat","ttl":9,"step":"patient"}`, `{"id":"c","kind":"message","ttl":9}`,
		`{"id":"c","kind":"message","ttl":86401,"text":"secret"}`, `{"id":"c","kind":"message","ttl":9,"text":"secret\n"}`,
		`{"id":"c","kind":"call","ttl":9,"text":"secret\u202e"}`, `{"id":"c","kind":"message","ttl":9,"text":"secret` + strings.Repeat("x", 160) + `"}`,
		`{"id":"c","kind":"release","ttl":9}`, `{"id":"c","kind":"message","ttl":9,"text":{"secret":1}}`,
	} {
		if c, err := ParseCommand([]byte(raw)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: accepted as %+v, %v", raw, c, err)
		}
	}
}

func TestNumericsRefuse(t *testing.T) {
	for _, raw := range []string{`{}`, `{"mode":"wave","spo2":{"v":97,"age":-1}}`, `x`} {
		if n, err := ParseNumerics([]byte(raw)); err == nil {
			t.Errorf("%s: accepted as %+v", raw, n)
		}
	}
}

func TestVisitOpenedRefuses(t *testing.T) {
	good := `{"event":"visit-opened","visit":"v","session":"s","patient":{"type":"MR","value":"000123"}}`
	if v, err := ParseVisitOpened([]byte(good)); err != nil || v.Patient.Value != "000123" {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, raw := range []string{
		`{}`, `x`, strings.Replace(good, "visit-opened", "check", 1), strings.Replace(good, `"s"`, `""`, 1), strings.Replace(good, "000123", "a secret number!", 1),
		strings.Replace(good, `"MR"`, `"XX"`, 1), strings.Replace(good, `"000123"`, `{"secret":1}`, 1),
	} {
		if v, err := ParseVisitOpened([]byte(raw)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", raw, v, err)
		}
	}
}

func TestResults(t *testing.T) {
	for raw, over := range map[string]bool{
		`{"id":"c","status":"kept"}`: false, `{"id":"c","status":"shown"}`: false, `{"id":"c","status":"done","by":"w-7"}`: true,
		`{"id":"c","status":"expired"}`: true, `{"id":"c","status":"refused","why":"nothing parked"}`: true, `{"id":"c","status":"seen"}`: true,
	} {
		if r, err := ParseResult([]byte(raw)); err != nil || r.Status.Over() != over {
			t.Errorf("%s: %+v, %v", raw, r, err)
		}
	}
	for _, raw := range []string{`x`, `{}`, `{"id":"c"}`, `{"id":"c","status":"lost"}`, `{"status":"done"}`} {
		if r, err := ParseResult([]byte(raw)); err == nil {
			t.Errorf("%s: accepted as %+v", raw, r)
		}
	}
}

func TestTallies(t *testing.T) {
	good := `{"event":"tally","store":"s","saved":3,"recorded":2,"waiting":1,"parked":0,"superseded":0,"retracted":0}`
	if got, err := ParseTally([]byte(good)); err != nil || got.Saved != 3 || EventOf([]byte(good)) != EventTally {
		t.Errorf("%+v, %v", got, err)
	}
	for _, raw := range []string{`x`, `{}`, `{"event":"tally"}`, strings.Replace(good, "3", "-3", 1), strings.Replace(good, "tally", "visit-opened", 1)} {
		if got, err := ParseTally([]byte(raw)); err == nil {
			t.Errorf("%s: %+v", raw, got)
		}
	}
	if EventOf([]byte("x")) != "" {
		t.Error("what is none has a kind")
	}
}
