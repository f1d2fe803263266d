package firmware

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/secret"
	"nabz/hwtest/stage"
	"nabz/queue"
)

// liveKiosk is one on patients, without devices, whose worker 7 has the PIN 6174.
func liveKiosk(t *testing.T) *bench {
	t.Helper()
	cfg := configOf(t, t.TempDir(), "")
	cfg.Practice, cfg.Exam = false, config.Exam{Rest: time.Minute, Gap: time.Minute, Readings: 1}
	cfg.Workers = []config.Worker{{Number: "7", PIN: secret.Hash("6174")}}
	cfg.Export = cfg.Data
	b := &bench{t: t, cfg: cfg}
	b.start()
	return b
}

// entries are all that a kiosk's queue has or had.
func entries(t interface{ Fatal(...any) }, k *Kiosk) (all []reading.Entry) {
	for _, state := range []queue.State{queue.Waiting, queue.Parked, queue.Delivered} {
		items, err := k.queue.List(state, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			e, err := reading.Decode(it.Payload)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
	}
	return all
}

// TestPracticeNeverReachesTheRecord: a whole lesson, and then whatever a finger touches within one, leaves the real queue as it was, and everything that
// the lesson accepted is marked as practice.
func TestPracticeNeverReachesTheRecord(t *testing.T) {
	b := liveKiosk(t)
	s := stage.NewPage(screen.Handler(backend{b.k}, slog.New(slog.DiscardHandler)), t.Fatal)
	s.SignIn("7", "6174")
	lesson := func() (all []reading.Entry) {
		err := b.k.practice.at.ask(t.Context(), func(_ context.Context, on backend) error { all = entries(t, on.k); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	s.Touch("practice", "lesson normal")
	s.ByHand("123")
	if got := lesson(); len(got) != 3 || s.Shows() != "review" {
		t.Fatalf("the lesson accepted %d readings and shows %s", len(got), s.Shows())
	}
	s.Touch("finish", "leave")
	if w, _ := b.k.workers.Of("7"); !slices.Equal(w.Lessons, []string{"normal"}) || w.Visits != 0 {
		t.Errorf("learned %v, visits %d", w.Lessons, w.Visits)
	}
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		s.Fail = func(all ...any) { rt.Fatal(all...) }
		s.Touch("practice", "lesson "+rapid.SampledFrom([]string{"normal", "loose-cuff", "moving-finger", "no-link"}).Draw(rt, "lesson"))
		if rapid.Bool().Draw(rt, "begun") {
			s.ByHand("123")
		}
		for range rapid.IntRange(1, 25).Draw(rt, "touches") {
			some := slices.DeleteFunc(s.Offers(), func(tap string) bool { return tap == "leave" })
			s.Touch(rapid.SampledFrom(some).Draw(rt, "touch"))
		}
		for _, e := range lesson() {
			if accepted++; e.Reading != nil && !e.Reading.Practice || e.Retraction != nil && !e.Retraction.Of.Practice {
				rt.Fatal("a reading of a lesson is not marked as practice")
			}
		}
		b.k.practice.end() // however deep in a lesson: the screen is left as somebody who goes away leaves it
		s.Handler = screen.Handler(backend{b.k}, slog.New(slog.DiscardHandler))
		s.Look()
		if got := entries(rt, b.k); len(got) > 0 {
			rt.Fatalf("%d entries of a lesson are in the real queue", len(got))
		}
	})
	if accepted < 20 {
		t.Errorf("only %d readings were accepted in all lessons: the walk does not get there", accepted)
	}
	s.Fail = t.Fatal
	s.Touch("start")
	s.Digits("123")
	s.Touch("next")
	if s.Shows() != "birth" {
		t.Errorf("the patient of a lesson is known outside: %s", s.Shows())
	}
	if names := topics(b.k); !slices.Equal(names, []string{}) {
		t.Errorf("a lesson without credentials has a link: %v", names)
	}
}

// topics are the links of a lesson that leave the box: none without the practice's own credentials, and the practice root with them.
func topics(k *Kiosk) []string {
	names := []string{}
	for _, user := range []string{"", "p"} {
		cfg := k.cfg
		cfg.Lessons.Username = user
		own := practiceConfig(cfg)
		if !own.Practice || own.Data == cfg.Data {
			names = append(names, "not a practice")
		}
		if user == "" && !reflect.ValueOf(own.Broker).IsZero() {
			names = append(names, own.Broker.URL)
		}
		if user != "" && (own.Broker.Username != user || own.Broker.Password != "") {
			names = append(names, "the kiosk's own credentials")
		}
	}
	return names
}

// Whoever asks the kiosk of a lesson for something in the moment in which its power goes is answered, and does not wait for ever.
func TestNobodyWaitsForAKioskWithoutPower(t *testing.T) {
	l, err := newLesson("normal", practiceConfig(configOf(t, t.TempDir(), "")), "1.2.3", 20, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	who := exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "1"}, Operator: "w-7"}
	go func() { // nobody runs the desk yet: it waits
		_, err := l.Open(context.Background(), who)
		answered <- err
	}()
	ctx, off := context.WithCancel(t.Context())
	off()
	ended := l.life(ctx)
	if err := <-answered; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errAway) {
		t.Error(err)
	}
	if ended != nil {
		t.Error(ended)
	}
	if s, err := l.State(); err != nil || !s.Starting {
		t.Errorf("after the cut: %+v, %v", s, err)
	}
}

// TestLessons goes through each lesson as a worker who does what the screen says, with the simulated devices. What the lesson is about comes up, and
// the visit can be finished.
func TestLessons(t *testing.T) {
	t.Parallel()           // it waits for its own devices
	var all sync.WaitGroup // all at once: they wait for their devices, not for this machine
	for _, name := range screen.Lessons {
		cfg := practiceConfig(configOf(t, t.TempDir(), ""))
		cfg.Exam = config.Exam{Readings: 1}
		l, err := newLesson(name, cfg, "1.2.3", 20, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			ended := make(chan error, 1)
			ctx, stop := context.WithCancel(context.Background())
			go func() { ended <- l.run(ctx) }()
			seen := playLesson(t, l)
			stop()
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
			want := map[string]string{
				"loose-cuff": exam.RetryCuffLoose, "moving-finger": exam.PromptHoldStill, "no-link": "waits", "power-cut": "away",
			}[name]
			if want != "" && !seen[want] {
				t.Errorf("%s: %s never came up: %v", name, want, seen)
			}
			if seen["waits"] != (name == "no-link") || !seen["recorded"] {
				t.Errorf("%s: waiting without a link %v, recorded in the end %v", name, seen["waits"], seen["recorded"])
			}
		})
	}
	all.Wait()
}

// playLesson takes a patient through a lesson and says what was seen on the way.
func playLesson(t *testing.T, l *lesson) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	who := exam.Identify{Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "1"}, Operator: "w-7", Agreed: true}
	visit := ""
	for {
		s, err := l.State()
		if err != nil {
			continue // the power went in this moment
		}
		switch {
		case s.Starting:
			seen["away"] = true
		case s.Visit == nil && visit == "":
			v, err := l.Open(t.Context(), who)
			if err != nil {
				continue
			}
			visit = v.ID
		case s.Visit == nil && s.Queue.Waiting > 0:
			seen["waits"] = seen["waits"] || !s.Link.Clinic
		case s.Visit == nil:
			seen["recorded"] = s.Queue.Delivered >= 3
			return seen
		default:
			seen[s.Visit.Prompt] = true
			if s.Visit.ID != visit {
				t.Error("another visit after the power cut")
				return seen
			}
			for _, act := range []struct {
				name string
				what exam.What
			}{{exam.ActFinish, exam.Finish{}}, {exam.ActNext, exam.Next{}}, {exam.ActStartCuff, exam.StartCuff{}}} {
				if slices.Contains(s.Visit.Actions, act.name) {
					_, _ = l.Do(t.Context(), visit, act.what) // a power cut in between: the next look tells
					break
				}
			}
		}
		pause(t.Context(), 20*time.Millisecond)
	}
}
