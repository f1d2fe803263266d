package screen

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/reading"
	"nabz/firmware/screen/guide"
	"nabz/firmware/screen/words"
	"nabz/firmware/workers"
)

// browser is one tab of a real Chromium on a screen with a backend that does nothing.
func browser(t *testing.T, k *kiosk) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: make deps")
	}
	if !HasFonts() {
		t.Fatal("the fonts are missing: make web")
	}
	server := httptest.NewServer(Handler(k, slog.New(slog.DiscardHandler)))
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1024, 600))
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	ctx, free := chromedp.NewExecAllocator(ctx, opts...)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		leave()
		free()
		stop()
		server.CloseClientConnections() // the event stream
		server.Close()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func evaluate[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.80s: %v", js, err)
	}
	return v
}

// shot is one screen in one state.
type shot struct {
	name string
	seen
}

// gallery is every screen that there is: each place, and each prompt of the exam with what the exam offers there.
func gallery() (all []shot) {
	who := reading.PatientRef{Type: reading.NationalNumber, Value: "3520212345671", Sex: reading.Female, Birth: "1984"}
	recent := []reading.PatientRef{who}
	for _, v := range []string{"000123", "000124", "BHU/17", "000126", "000127"} {
		recent = append(recent, reading.PatientRef{Type: reading.MedicalRecord, Value: v, Sex: reading.Male, Birth: "1990"})
	}
	at := time.Date(2026, 11, 26, 9, 5, 0, 0, time.UTC)
	base := seen{State: State{
		Kiosk: "bhu-1", Version: "1", Practice: true, Queue: Queue{Waiting: 12, Parked: 1, Oldest: at}, Link: Link{Since: at}, Clock: Clock{Source: "ntp"}, Power: Power{Source: "battery", Charge: new(83)},
		Identity: Identity{Until: at.AddDate(1, 6, 0), Ends: true},
		Devices: []live.Device{
			{Name: "cuff", State: "connected", Port: "/dev/ttyUSB0"},
			{Name: "oximeter", State: "missing"},
			{Name: "thermometer", State: "connected", Port: "/dev/ttyUSB1"},
		},
	}}
	readings := shownReadings()
	for _, r := range readings {
		base.Receipts = append(base.Receipts, Receipt{Entry: r.ID, Kind: r.Kind, Saved: &at, Sent: &at})
	}
	for _, n := range []string{"7", "8", "12", "103", "104", "2001", "2002"} {
		base.Workers = append(base.Workers, workers.Worker{Number: n, Left: n == "8"})
	}
	base.Lessons, base.Learned = Lessons, []string{"normal"}
	for i, v := range recent {
		base.Past = append(base.Past, Past{
			ID: "v" + v.Value, Patient: v, Operator: "w-7", Began: at.Add(time.Duration(i) * time.Minute), Reached: i % 5, Parked: i == 3,
			View: exam.View{Step: exam.StepDone, Readings: readings, Corrects: []string{"blood-pressure", "temperature", "respiration"}},
		})
	}
	add := func(name string, s guide.Session, change func(*seen)) {
		one := base
		s.Lang = "ur"
		one.session = s
		if s.Worker == "" {
			one.session.Worker = "7"
		}
		one.session.Recent = recent
		if change != nil {
			change(&one)
		}
		all = append(all, shot{name, one})
	}
	for _, p := range []guide.Place{
		guide.Ready, guide.Home, guide.Today, guide.Identify, guide.Birth, guide.Sex, guide.Confirm, guide.Saved, guide.Lessons, guide.Past, guide.Slip,
		guide.PastWrong, guide.PastKind, guide.PastHand,
	} {
		s := guide.Session{Place: p, Patient: who, Typed: "1984", Last: readings, Of: "v" + who.Value, Fields: []string{"blood-pressure"}}
		if p == guide.PastHand {
			s.Typed = "132"
		}
		add(string(p), s, nil)
	}
	add("status", guide.Session{Place: guide.Home, Aside: guide.Status}, nil)
	for _, g := range []guide.Place{guide.Staff, guide.PIN, guide.NewPIN, guide.PINAgain} {
		add(string(g), guide.Session{Gate: g, Number: "7", Typed: "482"}, nil)
		add(string(g)+"-technician", guide.Session{Gate: g, Number: "0", Typed: "482"}, func(s *seen) { s.Workers = nil })
	}
	add("pin-refused", guide.Session{Gate: guide.PIN, Number: "7", Why: "pin.wait", Wait: 125}, nil)
	for _, c := range []guide.Place{
		guide.Corner, guide.CornerCheck, guide.CornerDevices, guide.CornerLink, guide.CornerQueue, guide.CornerWorkers, guide.CornerWorker, guide.CornerNew,
		guide.CornerGiven, guide.CornerExported,
	} {
		add(string(c), guide.Session{Corner: c, Of: "7", Typed: "9", Given: "/media/usb/nabz-bhu-1-20261126-090500.json"}, nil)
	}
	add("corner-checked", guide.Session{Corner: guide.CornerCheck}, func(s *seen) {
		s.Bench = Bench{Running: true, Good: map[string]bool{"storage": true, "card": false, "board": true, "name": true, "connection": true, "record": true, "practice": false}}
		s.Power.Blind, s.Trouble = true, Trouble{Restarts: 2, Last: "hung desk"}
	})
	add("corner-pin", guide.Session{Corner: guide.CornerGiven, Of: "7", Given: "4821"}, nil)
	add("corner-badge", guide.Session{Corner: guide.CornerGiven, Of: "7", Given: "0007123456789012"}, nil)
	for _, l := range Lessons {
		add("lesson-"+l, guide.Session{Place: guide.Home, Lesson: l}, nil)
	}
	add("lesson-done", guide.Session{Place: guide.Saved, Lesson: "normal", Last: readings}, nil)
	add("power", guide.Session{Place: guide.Visit, Lesson: "power-cut"}, func(s *seen) { s.Starting = true })
	add("low", guide.Session{Place: guide.Home}, func(s *seen) { s.Power = Power{Source: "battery", Charge: new(9), Low: true} })
	add("looping", guide.Session{Place: guide.Home}, func(s *seen) { s.Trouble = Trouble{Restarts: 3, Looping: true} })
	add("leaving", guide.Session{Place: guide.Home}, func(s *seen) { s.Power = Power{Source: "battery", Charge: new(9), Low: true, Leaving: true} })
	add("full", guide.Session{Place: guide.Home}, func(s *seen) { s.Queue.Full, s.NotSaved, s.Clock.Source = 1, "full", "none" })
	letters := func(kind, step, text string) func(*seen) {
		return func(s *seen) {
			s.Requests = []Request{{ID: "c1", Kind: kind, Step: step, Text: text, By: "dr.lahore-2", Came: at, Patient: who}, {ID: "c2", Kind: "call"}}
		}
	}
	const long = "اس مریضہ کو پندرہ منٹ آرام کے بعد دوبارہ ناپیں اور مجھے 042-1234567 پر فون کریں، اگر آکسیجن 92 سے کم ہو تو فوراً ہسپتال بھیجیں۔ شکریہ، ڈیوٹی ڈاکٹر"
	add("request-repeat", guide.Session{Place: guide.Home}, letters("repeat", "blood-pressure", ""))
	add("request-message", guide.Session{Place: guide.Home}, letters("message", "", long))
	add("request-message-english", guide.Session{Place: guide.Visit, Aside: guide.Letter}, letters("message", "", "Please let her rest for 15 minutes, then measure 2 more times; call 042-1234567 if SpO2 < 92 %. Thank you for your care of this patient. Duty doctor, Lahore"))
	add("request-call", guide.Session{Place: guide.Identify, Aside: guide.Letter}, letters("call", "", "042 1234567"))
	add("request-waits", guide.Session{Place: guide.Identify, Typed: "12"}, letters("message", "", "x"))
	visitShots(add, readings)
	return all
}

// visitShots are the screens with a visit.
func visitShots(add func(string, guide.Session, func(*seen)), readings []exam.Shown) {
	view := func(prompt string) *exam.View {
		return &exam.View{
			ID: "v", Step: stepFor(prompt), Prompt: prompt, Countdown: 95 * time.Second, Readings: readings, Actions: []string{
				exam.ActStartCuff, exam.ActObserve, exam.ActByHand, exam.ActSkip, exam.ActRetake, exam.ActWrongPatient, exam.ActCancel,
			}, Retakes: []string{"blood-pressure", "oximetry", "temperature"},
		}
	}
	for _, prompt := range guide.Prompts() {
		if prompt == exam.PromptIdentify {
			continue // a visit is opened with its patient
		}
		add(prompt, guide.Session{Place: guide.Visit, Both: true}, func(s *seen) {
			s.Visit = view(prompt)
			switch prompt {
			case exam.PromptReview:
				s.Visit.Score = &exam.Score{Total: 7}
			case exam.PromptCounting:
				s.Visit.Breaths = new(17)
			}
		})
	}
	for _, c := range []struct{ device, prompt string }{{"cuff", exam.PromptReady}, {"oximeter", exam.PromptFingerIn}, {"thermometer", exam.PromptPlaceProbe}} {
		add("missing-"+c.device, guide.Session{Place: guide.Visit}, func(s *seen) {
			s.Visit, s.Devices = view(c.prompt), []live.Device{{Name: c.device, State: "missing"}}
			s.Visit.Actions = []string{exam.ActByHand, exam.ActSkip, exam.ActCancel}
		})
	}
	add("locked", guide.Session{Place: guide.Visit, Gate: guide.PIN, Number: "7", Typed: "48"}, func(s *seen) { s.Visit = view(exam.PromptReady) })
	for _, p := range []guide.Place{
		guide.Skip, guide.ByHand, guide.Site, guide.Retake, guide.Wrong, guide.Cancel, guide.More, guide.Awake, guide.Breathing, guide.Pregnant,
	} {
		add(string(p), guide.Session{Place: p, Typed: "12"}, func(s *seen) { s.Visit = view(exam.PromptReady) })
	}
}

func shownReadings() []exam.Shown {
	return []exam.Shown{
		{ID: "r1", Kind: "blood-pressure", Urgent: true, Questionable: "x", BP: &vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(184)), Diastolic: vitals.Some(vitals.MmHg(112))}},
		{ID: "r2", Kind: "oximetry", Oximetry: &vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(72))}},
		{ID: "r3", Kind: "temperature", Method: reading.ByHand, Temperature: &vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(38500))}},
		{ID: "r4", Kind: "respiration", Method: reading.ByHand, Respiration: &vitals.Respiration{Rate: vitals.Some(vitals.PerMinute(22))}},
		{ID: "r5", Kind: "condition", Urgent: true, Method: reading.ByHand, Condition: &vitals.Condition{Consciousness: vitals.Voice, Breathing: vitals.Oxygen}},
	}
}

func stepFor(prompt string) exam.Step {
	switch s := prompt; {
	case s == exam.PromptReview:
		return exam.StepReview
	case slices.Contains([]string{exam.PromptCount, exam.PromptCounting, exam.PromptCountDone, exam.RetryCount}, s):
		return exam.StepRespiration
	case slices.Contains([]string{exam.PromptFingerIn, exam.PromptHoldStill, exam.PromptOximetryDone, exam.RetryHoldStill, exam.RetryWeakSignal}, s):
		return exam.StepOximetry
	case slices.Contains([]string{
		exam.PromptPlaceProbe, exam.PromptSettle, exam.PromptReturnProbe, exam.PromptLetProbeCool, exam.PromptSurfaceOnly,
		exam.PromptTemperatureDone, exam.RetryProbeMoved, exam.RetryTemperature,
	}, s):
		return exam.StepTemperature
	}
	return exam.StepBP
}

// sizes are the panels that kiosks have.
var sizes = [][2]int64{{800, 480}, {1024, 600}, {1280, 800}, {720, 1280}}

// look finds what is wrong with the layout of the screen that is shown.
const look = `(() => {
  const bad = [], box = (e) => e.getBoundingClientRect(), W = innerWidth, H = innerHeight;
  const name = (e) => e.tagName.toLowerCase() + "." + e.className + " " + (e.innerText || "").slice(0, 20);
  const d = document.documentElement;
  if (d.scrollHeight > H || d.scrollWidth > W) bad.push("the page scrolls: " + d.scrollWidth + "x" + d.scrollHeight);
  for (const e of document.querySelectorAll("#screen *")) {
    const r = box(e);
    if (!r.width || e.closest("svg") || e.tagName === "SMALL" || e.tagName === "I") continue;
    if (r.left < -1 || r.top < -1 || r.right > W + 1 || r.bottom > H + 1) bad.push("outside the screen: " + name(e) + " " + [r.left, r.top, r.right, r.bottom].map(Math.round));
  }
  for (const b of document.querySelectorAll("#screen button")) {
    const r = box(b), least = b.classList.contains("small") ? 44 : 84;
    if (r.height < least) bad.push("too small to touch: " + name(b) + " " + Math.round(r.height));
    if (b.scrollWidth > b.clientWidth + 1) bad.push("words wider than the button: " + name(b));
  }
  const heads = [...document.querySelectorAll("#screen header > *")];
  for (const e of heads) for (const o of heads) if (e !== o && box(e).left < box(o).right - 1 && box(o).left < box(e).right - 1) bad.push("header: " + name(e) + " / " + name(o));
  for (const e of document.querySelectorAll("#screen .rail li")) if (box(e).left < box(e.parentElement).left - 1 || box(e).right > box(e.parentElement).right + 1) bad.push("rail: " + name(e));
  const footer = document.querySelector("#screen footer"), inside = [...document.querySelectorAll("#screen h1, #screen .sentence, #screen .live, #screen .cards, #screen .safe, #screen .code, #screen .list, #screen .count, #screen .table, #screen .checks, #screen .given, #screen .letter, #screen .slip, #screen .english, #screen .choices, #screen .typed, #screen .keys, #screen .countdown, #screen .who")];
  for (const e of inside) {
    const r = box(e), f = box(footer), h = box(document.querySelector("#screen header"));
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    if (over(r, f)) bad.push("under the buttons: " + name(e));
    if (over(r, h)) bad.push("under the header: " + name(e));
    for (const o of inside) if (o !== e && !o.contains(e) && !e.contains(o) && over(r, box(o))) bad.push("one over the other: " + name(e) + " / " + name(o));
  }
  return bad;
})()`

// put shows it in the tab.
func (s shot) put(t *testing.T, ctx context.Context) {
	t.Helper()
	html, err := s.render(true)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(string(html))
	if err != nil {
		t.Fatal(err)
	}
	evaluate[bool](t, ctx, "show("+string(quoted)+"); true")
}

// shots shows every screen in both languages and calls each.
func shots(t *testing.T, ctx context.Context, each func(name string)) {
	t.Helper()
	for _, lang := range words.Languages {
		for _, s := range gallery() {
			s.session.Lang = lang
			s.put(t, ctx)
			each(s.name + "-" + lang)
		}
	}
}

// alone closes the page's own stream and says whether the fonts came.
func alone(t *testing.T, ctx context.Context) {
	t.Helper()
	if !evaluate[bool](t, ctx, `document.fonts.load('24px "Nastaliq"', "پٹی").then(() => document.fonts.load('24px "Sans"')).then(() => {
		stream.close(); heard = Infinity; return document.fonts.check('24px "Nastaliq"', "پٹی") && document.fonts.check('24px "Sans"', "120/80"); })`) {
		t.Error("the fonts did not come: Urdu is set in another")
	}
}

// TestEveryScreenFits shows every screen in both languages on every panel: nothing scrolls, nothing lies over anything else, and all buttons can
// be touched. The pictures are kept where NABZ_SHOTS says.
func TestEveryScreenFits(t *testing.T) {
	ctx := browser(t, &kiosk{})
	alone(t, ctx)
	for _, size := range sizes {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1], chromedp.EmulateTouch)); err != nil {
			t.Fatal(err)
		}
		shots(t, ctx, func(name string) {
			name = fmt.Sprintf("%s-%dx%d", name, size[0], size[1])
			for _, bad := range evaluate[[]string](t, ctx, look) {
				t.Errorf("%s: %s", name, bad)
			}
			keep(t, ctx, name)
		})
	}
}

// TestEveryScreenForEveryone holds every screen to WCAG 2.2 A and AA, as far as axe-core can see it.
func TestEveryScreenForEveryone(t *testing.T) {
	axe, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v: make deps", err)
	}
	ctx := browser(t, &kiosk{})
	alone(t, ctx)
	evaluate[bool](t, ctx, string(axe)+"; true")
	shots(t, ctx, func(name string) {
		for _, bad := range evaluate[[]string](t, ctx, `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) =>
			(r.passes.length < 8 ? ["only " + r.passes.length + " rules were looked at"] : []).concat(r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target + " " + n.failureSummary.replace(/\s+/g, " ")).join("; "))))`) {
			t.Errorf("%s: %s", name, bad)
		}
	})
}

// TestNumbersArePaintedLeftToRight looks at where the digits of a blood pressure stand beside Urdu words: 184 before 112, and the unit last.
func TestNumbersArePaintedLeftToRight(t *testing.T) {
	ctx := browser(t, &kiosk{})
	alone(t, ctx)
	for _, s := range gallery() {
		if s.name != string(guide.Saved) {
			continue
		}
		s.session.Lang = "ur"
		s.put(t, ctx)
		at := evaluate[[]float64](t, ctx, `(() => {
			const walk = document.createTreeWalker(document.querySelector(".card .value"), NodeFilter.SHOW_TEXT), at = [];
			for (let n = walk.nextNode(); n; n = walk.nextNode()) for (let i = 0; i < n.length; i++) {
				const r = document.createRange(); r.setStart(n, i); r.setEnd(n, i + 1);
				if (r.getBoundingClientRect().width) at.push(r.getBoundingClientRect().left);
			}
			return at; })()`)
		if len(at) < 11 || !slices.IsSorted(at) {
			t.Errorf("184/112 mmHg is painted in another order: the left edges are %v", at)
		}
	}
}

// keep writes a picture of the tab for people to look at.
func keep(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("NABZ_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ink finds Urdu ink that leaves the box it belongs to, or lies on that of other words. Nastaliq rises far above its line; no layout number
// tells, only the ink itself: each word is measured on a canvas and put where the page has it.
const ink = `(() => {
  const bad = [], g = document.createElement("canvas").getContext("2d"), words = [];
  const walk = document.createTreeWalker(document.querySelector("#screen form"), NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement, style = getComputedStyle(e), size = parseFloat(style.fontSize);
    if (!e.getClientRects().length) continue;
    for (const m of n.data.matchAll(/[\u0600-\u06FF][^\s]*/g)) {
      const r = document.createRange();
      r.setStart(n, m.index); r.setEnd(n, m.index + m[0].length);
      const at = r.getBoundingClientRect();
      g.font = style.fontWeight + " " + style.fontSize + ' "Nastaliq"';
      g.direction = "rtl"; g.textAlign = "right";
      const t = g.measureText(m[0]), base = at.top + at.height * 1.904 / 2.5;
      let own = e.closest("button, .pill, .card, .typed, .notsaved, .live, header, main, footer, .urgent h1");
      if (getComputedStyle(own).display === "contents") own = own.closest("form");
      words.push({ text: m[0], e, own, left: at.right - t.actualBoundingBoxLeft, right: at.right + t.actualBoundingBoxRight, top: base - t.actualBoundingBoxAscent, bottom: base + t.actualBoundingBoxDescent, size });
    }
  }
  for (const w of words) {
    const b = w.own.getBoundingClientRect();
    if (w.top < b.top - 1 || w.bottom > b.bottom + 1 || w.left < b.left - 2 || w.right > b.right + 2)
      bad.push("ink outside its box: " + w.text + " " + [w.left, w.top, w.right, w.bottom].map(Math.round) + " in " + w.own.tagName + "." + w.own.className + " " + [b.left, b.top, b.right, b.bottom].map(Math.round));
    for (const o of words) if (o.e !== w.e && w.left < o.right - 2 && o.left < w.right - 2 && w.top < o.bottom - 2 && o.top < w.bottom - 2 && words.indexOf(o) > words.indexOf(w))
      bad.push("ink on ink: " + w.text + " / " + o.text);
  }
  return words.length ? bad : ["no Urdu words were found"];
})()`

// TestUrduInkStaysInItsBox looks at every Urdu word of every screen on every panel.
func TestUrduInkStaysInItsBox(t *testing.T) {
	ctx := browser(t, &kiosk{})
	alone(t, ctx)
	for _, size := range sizes {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1], chromedp.EmulateTouch)); err != nil {
			t.Fatal(err)
		}
		shots(t, ctx, func(name string) {
			if !strings.HasSuffix(name, "-ur") {
				return
			}
			for _, bad := range evaluate[[]string](t, ctx, ink) {
				t.Errorf("%s-%dx%d: %s", name, size[0], size[1], bad)
			}
		})
	}
}

// TestEveryScreenSpeaks: each screen has its prompt in both languages, and the browser can play one under the page's policy. For a worker who knows
// the way it waits until the button is touched.
func TestEveryScreenSpeaks(t *testing.T) {
	if !HasVoice() {
		t.Fatal("the prompts are missing: make voice")
	}
	for _, s := range gallery() {
		for _, lang := range words.Languages {
			s.session.Lang = lang
			html, err := s.render(true)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(html), `data-say="/say/`+lang+`/`) || !strings.Contains(string(html), "data-listen") {
				t.Errorf("%s in %s has no prompt", s.name, lang)
			}
		}
	}
	ctx := browser(t, &kiosk{})
	alone(t, ctx)
	all := gallery()
	first, knows := all[0], all[1]
	knows.session.Quiet = true
	first.put(t, ctx)
	if got := evaluate[string](t, ctx, `new Promise((done) => { const v = voice; v.addEventListener("canplaythrough", () => done("")); v.addEventListener("error", () => done("cannot play " + v.src)); v.load(); })`); got != "" {
		t.Error(got)
	}
	knows.put(t, ctx)
	const played = `(() => { let n = 0; voice.play = () => { n++; return Promise.resolve(); }; document.querySelector("[data-listen]").click(); return n; })()`
	if paused, n := evaluate[bool](t, ctx, "voice.paused"), evaluate[int](t, ctx, played); !paused || n != 1 {
		t.Errorf("who knows the way: silent %v, then played %d times at a touch", paused, n)
	}
}
