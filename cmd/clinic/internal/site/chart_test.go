package site

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/drivers/vitals"
	"nabz/firmware/reading"
	"nabz/firmware/requests"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

func spo2(n int) vitals.Oximetry {
	return vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(n)), Pulse: vitals.Some(vitals.PerMinute(72))}
}

func pressure(systolic int) vitals.BloodPressure {
	return vitals.BloodPressure{
		Systolic: vitals.Some(vitals.MmHg(systolic)), Diastolic: vitals.Some(vitals.MmHg(84)), Pulse: vitals.Some(vitals.PerMinute(88)),
	}
}

// persons are the rows of who waits: number, urgency.
const persons = `[...document.querySelectorAll(".persons li")].map((e) => e.querySelector("a").innerText + (e.classList.contains("urgent") ? "!" : "")).join()`

// TestWhoWaits: those whose readings nobody has opened, urgent ones first and then by how long they wait, and nobody of another region. Who was opened is
// gone, and the worker sees it.
func TestWhoWaits(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	u := p.Unit("bhu-1", p.Broker, clinictest.Finger{})
	other := p.Unit("layyah-1", p.Broker, clinictest.Finger{})
	for _, c := range []struct {
		unit    *clinictest.Unit
		patient string
		m       vitals.Measurement
	}{{u, "000111", spo2(97)}, {u, "000222", pressure(137)}, {u, "000333", spo2(88)}, {u, "000222", spo2(96)}, {other, "000444", spo2(85)}} {
		c.unit.Reached(c.unit.Put(c.patient, c.m, 0), uplink.Recorded)
	}
	b := newTab(t)
	b.signIn(p.url)
	b.until("who waits", persons+` === "000333!,000111,000222"`)
	b.keep("waiting")
	js[bool](b, `document.querySelector(".persons li:nth-child(2) a").focus(); true`) // as after a click that opened another tab
	late := u.Put("000555", pressure(196), 2*time.Hour)
	b.until("one who came while the page was open", persons+` === "000333!,000555!,000111,000222"`)
	b.until("the focus where it was", `document.activeElement.innerText === "000111"`)
	js[bool](b, `document.querySelector('a[href="/reading/`+late+`"]').click(); true`)
	b.until("her readings", `document.querySelector(".readings") && document.body.innerText.includes("196/84")`)
	u.Reached(late, uplink.Seen)
	js[bool](b, `(() => { const f = document.querySelector("[name=text]"); f.focus(); f.value = "half a wo"; return true; })()`)
	more := u.Put("000555", spo2(99), 0)
	b.until("what was measured while she reads, beside what she writes", `document.body.innerText.includes("99 %") && document.activeElement.value === "half a wo"`)
	u.Reached(more, uplink.Seen)
	b.open(p.url + "/")
	b.until("that she does not wait any more", persons+` === "000333!,000111,000222"`)
	u.Put("000555", pressure(130), 0)
	b.until("that she waits again", persons+` === "000333!,000111,000222,000555"`)
	if urls := js[[]string](b, `performance.getEntriesByType("resource").map((e) => e.name).concat(location.href)`); strings.Contains(strings.Join(urls, " "), "000") {
		t.Errorf("a patient's number is in an address: %v", urls)
	}
	if kept := js[int](b, `localStorage.length + sessionStorage.length`); kept != 0 {
		t.Error("the browser keeps something")
	}
}

// TestAPatientsReadings: each with unit, time, age, source, flags and the trust of its time; what was replaced or withdrawn is struck out and in no curve;
// a kiosk that this doctor may not look at is counted, and not shown.
func TestAPatientsReadings(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	u := p.Unit("bhu-1", p.Broker, clinictest.Finger{})
	other := p.Unit("layyah-1", p.Broker, clinictest.Finger{})
	var first, wrong reading.Reading
	old := u.Put("000123", pressure(150), 26*time.Hour, func(r *reading.Reading) { first = *r })
	u.Put("000123", pressure(137), 26*time.Hour-5*time.Minute, func(r *reading.Reading) { r.Supersedes = first.ID })
	u.Put("000123", spo2(88), time.Hour, func(r *reading.Reading) { r.Questionable = "weak signal" })
	u.Put("000123", vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(38_500)), Site: vitals.Axillary}, time.Minute, func(r *reading.Reading) {
		r.Method, r.Device = reading.ByHand, reading.DeviceRef{}
	})
	u.Put("000123", spo2(71), time.Minute, func(r *reading.Reading) { wrong = *r })
	gone := u.Retract(wrong)
	u.Reached(gone, uplink.Recorded)
	other.Reached(other.Put("000123", spo2(94), 0), uplink.Recorded)
	b := newTab(t)
	b.signIn(p.url)
	b.open(p.url + "/reading/" + old)
	rows := js[[]string](b, `[...document.querySelectorAll(".readings tr")].map((r) => r.className.trim() + "|" + [...r.children].map((c) => c.innerText.trim().replace(/\s+/g, " ")).join("|"))`)
	has := func(parts ...string) {
		t.Helper()
		for _, row := range rows {
			all := true
			for _, part := range parts {
				all = all && strings.Contains(row, part)
			}
			if all {
				return
			}
		}
		t.Errorf("no row has %q: %q", parts, rows)
	}
	has("gone|Blood pressure|150/84 mmHg", "· 26 h", "measured again")
	has("Blood pressure|137/84 mmHg", "· 25 h", "Maker Model 3")
	has("urgent|Oxygen|88 %", "· 1 h", "▲ urgent", "? questionable", "weak signal", "new")
	has("Temperature|38.5 °C", "✎ by hand", "axillary")
	has("gone|Oxygen|71 %", "taken from the wrong patient")
	if n := js[int](b, `document.querySelectorAll("table.readings").length`); n != 2 {
		t.Errorf("%d visits, want 2", n)
	}
	b.until("the word that another unit has readings", `document.body.innerText.includes("2 readings of other units are not shown to you.")`)
	b.until("curves", `document.querySelectorAll("[data-trend] canvas").length === 4`)
	if points := js[string](b, `[...document.querySelectorAll("[data-trend]")].map((e) => e.dataset.trend + e.querySelector("[data-points]").dataset.points).join()`); points != "spo21,pulse2,bp2,temp1" {
		t.Errorf("points of the curves: %s", points)
	}
	if wide := js[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("the page is %d px too wide for a phone", wide)
	}
	b.keep("reading")
	u.Reached(old, uplink.Seen) // what was taken back before anybody read it is nobody's to read
	b.open(p.url + "/reading/layyah-1-" + strings.TrimPrefix(old, "bhu-1-"))
	if text := js[string](b, `document.body.innerText`); !strings.Contains(text, "not found") {
		t.Errorf("a reading of another region: %s", text)
	}
}

// TestADoctorAsksTheUnit: what she asks reaches the kiosk, and the page says how far it has come; a text that no screen could show is not sent.
func TestADoctorAsksTheUnit(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	u := p.Unit("bhu-1", p.Broker, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	u.Reached(u.Put("000123", spo2(97), time.Hour), uplink.Recorded)
	b := newTab(t)
	b.signIn(p.url)
	b.open(p.url + "/kiosk/bhu-1")
	b.until("her readings beside the live numbers", `!document.getElementById("readings").hidden && document.querySelector(".readings .figure").innerText.includes("97 %")`)
	press := func(button, text string) {
		t.Helper()
		js[bool](b, `document.querySelector("[name=text]").value = `+"`"+text+"`"+`; true`)
		if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(`.ask button[value="`+button+`"]`))); err != nil {
			t.Fatal(err)
		}
	}
	status := func(kind, want string) {
		t.Helper()
		b.until(kind+" "+want, `[...document.querySelectorAll("[data-asked]")].some((e) => e.innerText.includes("`+kind+`") && e.dataset.status === "`+want+`")`)
	}
	waiting := func(kind string) requests.Request {
		t.Helper()
		for t.Context().Err() == nil {
			for _, r := range u.Requests.Waiting() {
				if r.Kind == kind {
					return r
				}
			}
		}
		t.Fatal("nothing came")
		return requests.Request{}
	}
	press("repeat:blood-pressure", "")
	again := waiting(wire.CommandRepeat)
	if again.Step != "blood-pressure" || again.By != "d-1" || again.Of != "v1" {
		t.Errorf("%+v", again)
	}
	status("blood pressure", "kept")
	if err := u.Requests.Shown(again.ID); err != nil {
		t.Fatal(err)
	}
	status("blood pressure", "shown")
	press("message", "بی بی کو 15 منٹ بعد دوبارہ ناپیں، 042-1234567")
	status("042-1234567", "kept")
	if m := waiting(wire.CommandMessage); !strings.Contains(m.Text, "042-1234567") {
		t.Errorf("%+v", m)
	}
	if err := u.Requests.Done(again.ID, "w-7"); err != nil {
		t.Fatal(err)
	}
	status("blood pressure", "done")
	b.until("who did it", `document.querySelector('[data-status=done]').innerText.includes("w-7")`)
	b.keep("asked")
	press("message", "   ")
	b.until("that an empty message is not sent", `document.getElementById("sent").innerText.startsWith("Not sent")`)
	u.Stop()
	press("call", "042 1234567")
	b.until("that a kiosk which is not there has not heard", `[...document.querySelectorAll("[data-asked]")].some((e) => e.innerText.includes("042 1234567") && e.innerText.includes("waiting for the kiosk"))`)
}
