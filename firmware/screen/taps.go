package screen

import (
	"context"
	"errors"
	"time"

	"nabz/firmware/audit"
	"nabz/firmware/exam"
	"nabz/firmware/screen/guide"
	"nabz/firmware/workers"
)

// tap does nothing when the page that was touched is an old one. The practice's screen has numbers of its own, far from the kiosk's.
func (f *front) tap(ctx context.Context, rev uint64, key string, t guide.Tap) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	shown := f.inFront()
	if rev != shown.session.Rev || shown.again(key) {
		return nil
	}
	f.touched = time.Now()
	s, err := shown.look()
	if err != nil {
		return err
	}
	next, call := shown.session.Tap(s.view(), t)
	switch c := call.(type) {
	case nil:
		if next.Corner == guide.CornerCheck && shown.session.Corner != guide.CornerCheck {
			shown.note(audit.Entry{Who: "technician", Did: audit.Checked, OK: true})
		}
		return shown.keep(next)
	case guide.Practise:
		return f.practise(next, c)
	case guide.Leave:
		f.leave()
		return nil
	}
	next, err = shown.call(ctx, s, next, call)
	return errors.Join(err, shown.keep(next))
}

// again says that this touch has come before: a browser may send a form twice when an answer was lost.
func (f *front) again(key string) bool {
	if key == "" {
		return false
	}
	for _, old := range f.keys {
		if old == key {
			return true
		}
	}
	f.keys[f.nextKey%len(f.keys)] = key
	f.nextKey++
	return false
}

// call does what a tap asks of the kiosk, and says where the screen is then.
func (f *front) call(ctx context.Context, s seen, next guide.Session, call guide.Call) (guide.Session, error) {
	switch c := call.(type) {
	case guide.Open:
		return f.open(ctx, next, c)
	case guide.Act:
		return f.act(ctx, s, next, c)
	case guide.Afterwards:
		f.read = time.Time{}
		return next, f.Amend(ctx, c.Visit, c.What)
	case guide.Find:
		p, found, err := f.Find(c.Patient)
		if found {
			next = next.Found(p)
		}
		return next, err
	case guide.Answered:
		return next, f.RequestDone(c.ID, c.Operator)
	case guide.Shown:
		f.note(audit.Entry{Who: next.Operator(), Did: audit.SlipShown, What: c.Visit, OK: true})
	case guide.SignOut:
		f.note(audit.Entry{Who: workers.Worker{Number: c.Number}.ID(), Did: audit.SignOut, OK: true})
	case guide.Prefer:
		return next, f.Workers().Speak(c.Number, c.Lang)
	case guide.SignIn:
		return f.signIn(ctx, s, next, c)
	case guide.ChoosePIN:
		return f.choosePIN(ctx, s, next, c)
	default:
		return f.corner(next, call)
	}
	return next, nil
}

func (f *front) open(ctx context.Context, next guide.Session, c guide.Open) (guide.Session, error) {
	_, err := f.Open(ctx, exam.Identify{Patient: c.Patient, Operator: c.Operator, Agreed: true})
	switch {
	case errors.Is(err, ErrInput):
		return next.Refuse(), nil
	case err != nil && !errors.Is(err, ErrBusy):
		return next, err
	}
	return next.Opened(), nil
}

func (f *front) act(ctx context.Context, s seen, next guide.Session, c guide.Act) (guide.Session, error) {
	if s.Visit == nil {
		return next, nil
	}
	after, err := f.Do(ctx, s.Visit.ID, c.What)
	if errors.Is(err, ErrStale) {
		return next, nil
	}
	if err == nil && after.Step == exam.StepDone {
		f.finished(next)
	}
	if err == nil && (after.Step == exam.StepDone || after.Step == exam.StepCancelled) {
		return next.Over(after), nil
	}
	return next, err
}

// finished counts a visit, or a lesson.
func (f *front) finished(s guide.Session) {
	var err error
	if s.Lesson == "" {
		err = f.Workers().Finished(s.Worker)
	} else if err = f.Workers().Learned(s.Worker, s.Lesson); err == nil {
		f.note(audit.Entry{Who: s.Operator(), Did: audit.Lesson, What: s.Lesson, OK: true})
	}
	if err != nil {
		f.log.Warn("the visit was not counted", "why", err)
	}
}

// signIn asks the register. Refusals go to the screen, and all of it into the audit.
func (f *front) signIn(ctx context.Context, s seen, next guide.Session, c guide.SignIn) (guide.Session, error) {
	var w workers.Worker
	var err error
	if c.PIN == "" {
		w, err = f.Workers().Scan(c.Number)
	} else {
		w, err = f.Workers().SignIn(c.Number, c.PIN)
	}
	who := "unknown" // what was typed as a number may have been a PIN
	if tried, known := f.Workers().Of(c.Number); known {
		who = tried.ID()
	}
	if err == nil {
		who = w.ID()
	}
	f.note(audit.Entry{Who: who, Did: audit.SignIn, OK: err == nil})
	var locked *workers.LockedError
	switch {
	case errors.As(err, &locked):
		return next.Rejected(int((locked.Wait + time.Second - 1) / time.Second)), nil
	case errors.Is(err, workers.ErrRefused):
		return next.Rejected(0), nil
	case err != nil:
		return next, err
	}
	w.OneTime = w.OneTime && c.PIN != "" // a badge opens without the first PIN
	return f.enter(ctx, s, next, w)
}

func (f *front) enter(ctx context.Context, s seen, next guide.Session, w workers.Worker) (guide.Session, error) {
	next, call := next.Entered(s.view(), account(w))
	if takes, ok := call.(guide.Act); ok {
		return f.act(ctx, s, next, takes)
	}
	return next, nil
}

func (f *front) choosePIN(ctx context.Context, s seen, next guide.Session, c guide.ChoosePIN) (guide.Session, error) {
	err := f.Workers().ChoosePIN(c.Number, c.PIN)
	if c.Number == workers.Technician && !s.Claimed {
		err = f.Workers().Claim(c.PIN)
	}
	f.note(audit.Entry{Who: workers.Worker{Number: c.Number}.ID(), Did: audit.ChosenPIN, OK: err == nil})
	if errors.Is(err, workers.ErrWeak) {
		return next.Weak(), nil
	}
	if err != nil {
		return next, err
	}
	w, _ := f.Workers().Of(c.Number)
	return f.enter(ctx, s, next, w)
}

// corner is what the technician does.
func (f *front) corner(next guide.Session, call guide.Call) (guide.Session, error) {
	note := func(did audit.Act, what string, err error) {
		f.note(audit.Entry{Who: "technician", Did: did, What: what, OK: err == nil})
	}
	switch c := call.(type) {
	case guide.NewWorker:
		pin, err := f.Workers().New(c.Number)
		note(audit.Account, c.Number, err)
		if err != nil {
			return next.Unmade(), nil
		}
		return next.Gave(c.Number, pin), nil
	case guide.ResetPIN:
		pin, err := f.Workers().Reset(c.Number)
		note(audit.Account, c.Number, err)
		return next.Gave(c.Number, pin), err
	case guide.IssueBadge:
		code, err := f.Workers().Issue(c.Number)
		note(audit.BadgeGiven, c.Number, err)
		return next.Gave(c.Number, code), err
	case guide.LockOut:
		err := f.Workers().Leave(c.Number, c.Left)
		note(audit.Account, c.Number, err)
		return next, err
	case guide.ReleaseAll:
		err := f.releaseAll()
		note(audit.Released, "all", err)
		return next, err
	case guide.Check:
		if s, err := f.State(); err != nil || s.Bench.Running {
			return next, err
		}
		go func() { // the screen shows what it finds, as it is found
			if _, err := f.Backend.Check(context.Background()); err != nil {
				f.log.Warn("the quick check", "why", err)
			}
		}()
	case guide.Export:
		where, err := f.Export()
		note(audit.Exported, "", err)
		if err != nil {
			f.log.Warn("nothing was exported", "why", err)
		}
		return next.Exported(where), nil
	}
	return next, nil
}

func (f *front) releaseAll() error {
	items, err := f.Items("parked", 1000)
	for _, it := range items {
		err = errors.Join(err, f.Release(context.Background(), it.Seq))
	}
	return err
}
