package screen

import (
	"time"

	"nabz/firmware/audit"
	"nabz/firmware/screen/guide"
	"nabz/firmware/workers"
)

// Lessons are those of the practice, in the order in which they are learned.
var Lessons = []string{"normal", "loose-cuff", "moving-finger", "no-link", "power-cut"}

// lessonsOf are the lessons that a screen offers: none within a lesson, and none on a kiosk that is all practice.
func lessonsOf(s guide.Session, state State) []string {
	if s.Lesson != "" || state.Practice {
		return nil
	}
	return Lessons
}

// practiceRev is where the numbers of a practice's screens begin, so that a touch on a page of the one never counts on the other.
const practiceRev = 1 << 32

// practise puts a lesson in front: another kiosk, with its own session.
func (f *front) practise(next guide.Session, c guide.Practise) error {
	b, err := f.Practise(c.Lesson)
	if err != nil {
		return err
	}
	if err := f.keep(next); err != nil {
		return err
	}
	s := guide.New()
	s.Rev, s.Lang, s.Worker, s.Place, s.Lesson, s.Quiet = practiceRev+f.session.Rev, next.Lang, c.Number, guide.Home, c.Lesson, next.Quiet
	f.lesson = &front{Backend: learner{b, f.Backend}, log: f.log, session: s, touched: time.Now()}
	return nil
}

// leave ends the practice.
func (f *front) leave() {
	if _, err := f.Practise(""); err != nil {
		f.log.Warn("the practice did not end well", "why", err)
	}
	if f.lesson != nil {
		f.session.Rev = max(f.session.Rev, f.lesson.session.Rev-practiceRev) + 1
		f.lesson = nil
	}
}

// learner is the practice's kiosk with the register and the audit of the real one: who learned what is no practice.
type learner struct {
	Backend
	real Backend
}

func (l learner) Workers() *workers.Register { return l.real.Workers() }

func (l learner) Note(acts ...audit.Entry) error { return l.real.Note(acts...) }
