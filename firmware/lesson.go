package firmware

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
	"nabz/firmware/audit"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/workers"
)

// lesson is one practice: the room with its simulated devices and patient, and the kiosk in it, which a power cut ends and starts again. It is the
// screen's backend meanwhile; while the power is away it says so.
type lesson struct {
	unasked

	name    string
	cfg     config.Config
	version string
	log     *slog.Logger
	room    *room

	mu  sync.RWMutex
	on  *Kiosk // nil while the power is away
	cut chan struct{}
}

// room is what surrounds the kiosk: it knows nothing of power.
type room struct {
	dir         string
	oximeter    *sim.Contec
	cuff        *sim.PAR
	thermometer *sim.SureTemp
}

// newLesson makes a lesson whose cuff and thermometer are that much faster than life. The oximeter is not: its stable window is real time.
func newLesson(name string, cfg config.Config, version string, speed float64, log *slog.Logger) (*lesson, error) {
	dir, err := os.MkdirTemp("", "nabz-practice-*")
	if err != nil {
		return nil, err
	}
	p, o := sim.NewPatient(sim.PatientOpts{}), sim.Opts{Speed: speed, ByHand: true}
	l := &lesson{name: name, cfg: cfg, version: version, log: log, cut: make(chan struct{}, 1), room: &room{
		dir: dir, oximeter: sim.NewContec(p, sim.Opts{ByHand: true}), cuff: sim.NewPAR(p, o), thermometer: sim.NewSureTemp(p, o),
	}}
	device := func(protocol, name string) config.Device {
		return config.Device{Protocol: protocol, Path: filepath.Join(dir, name), Manufacturer: "practice", Model: "simulated"}
	}
	l.cfg.Oximeter, l.cfg.Cuff, l.cfg.Thermometer = device("contec", "oximeter"), device("par", "cuff"), device("suretemp", "thermometer")
	if name == "loose-cuff" {
		l.room.cuff.InjectN(sim.LooseCuff, 1)
	}
	if err := l.power(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return l, nil
}

// power starts the kiosk.
func (l *lesson) power() error {
	ports, err := alonePorts(l.room.dir)
	if err != nil {
		return err
	}
	k, err := assemble(l.cfg, l.version, ports, l.log)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = k
	return nil
}

// away is how long a power cut lasts.
const away = 6 * time.Second

// run is the lesson until ctx ends.
func (l *lesson) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for name, d := range map[string]sim.Device{"oximeter": l.room.oximeter, "cuff": l.room.cuff, "thermometer": l.room.thermometer} {
		g.Go(func() error { return sim.NewPlug(filepath.Join(l.room.dir, name), d).Run(ctx) })
	}
	g.Go(func() error { return l.lives(ctx) })
	g.Go(func() error { l.coach(ctx); return nil })
	return errors.Join(g.Wait(), os.RemoveAll(l.room.dir))
}

// lives runs one kiosk after another.
func (l *lesson) lives(ctx context.Context) error {
	for {
		if err := l.life(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(away):
		}
		if err := l.power(); err != nil {
			return err
		}
	}
}

// life is one kiosk from power to power cut.
func (l *lesson) life(ctx context.Context) error {
	ctx, off := context.WithCancel(ctx)
	defer off()
	go func() {
		select {
		case <-l.cut:
			off()
		case <-ctx.Done():
		}
	}()
	k := l.kiosk()
	err := runAll(ctx, l.log, append(k.tasks, k.lessonLink(l.name))...)
	l.mu.Lock()
	l.on = nil
	l.mu.Unlock()
	return errors.Join(err, k.Close())
}

func (l *lesson) kiosk() *Kiosk {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.on
}

// errAway is what is asked of a kiosk without power.
var errAway = errors.New("the power is away")

// State implements screen.Backend.
func (l *lesson) State() (screen.State, error) {
	if k := l.kiosk(); k != nil {
		return backend{k}.State()
	}
	return screen.State{Kiosk: l.cfg.Name, Version: l.version, Practice: true, Starting: true}, nil
}

// Open implements screen.Backend.
func (l *lesson) Open(ctx context.Context, who exam.Identify) (exam.View, error) {
	if k := l.kiosk(); k != nil {
		return backend{k}.Open(ctx, who)
	}
	return exam.View{}, errAway
}

// Do implements screen.Backend.
func (l *lesson) Do(ctx context.Context, visit string, w exam.What) (exam.View, error) {
	if k := l.kiosk(); k != nil {
		return backend{k}.Do(ctx, visit, w)
	}
	return exam.View{}, errAway
}

// Amend implements screen.Backend.
func (l *lesson) Amend(ctx context.Context, visit string, w exam.What) error {
	_, err := l.Do(ctx, visit, w)
	return err
}

// Past implements screen.Backend.
func (l *lesson) Past() ([]screen.Past, error) {
	if k := l.kiosk(); k != nil {
		return backend{k}.Past()
	}
	return nil, nil
}

// Find implements screen.Backend: nobody of the practice is known.
func (l *lesson) Find(reading.PatientRef) (p reading.PatientRef, found bool, err error) {
	return p, false, nil
}

// Wave implements screen.Backend.
func (l *lesson) Wave(after uint64) ([]int, int, uint64) {
	if k := l.kiosk(); k != nil {
		return k.wave.Since(after)
	}
	return nil, 0, after
}

// Remember implements screen.Backend: a lesson is not taken up again after a restart.
func (l *lesson) Remember([]byte) error { return nil }

// unasked is what no screen of a lesson asks for.
type unasked struct{}

func (unasked) Evidence(string) ([]byte, error)          { return nil, errAway }
func (unasked) Items(string, int) ([]screen.Item, error) { return nil, errAway }
func (unasked) Release(context.Context, uint64) error    { return errAway }
func (unasked) Audit(io.Writer) error                    { return errAway }
func (unasked) Export() (string, error)                  { return "", errAway }
func (unasked) Practise(string) (screen.Backend, error)  { return nil, errAway }
func (unasked) Remembered() ([]byte, error)              { return nil, nil }
func (unasked) Workers() *workers.Register               { return nil } // the screen has the real one
func (unasked) Note(...audit.Entry) error                { return nil } // likewise

// coach is the patient and the trouble of the lesson: it moves finger and probe as the screen asks for it.
func (l *lesson) coach(ctx context.Context) {
	tick := time.NewTicker(tick)
	defer tick.Stop()
	c := coach{lesson: l}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if k := l.kiosk(); k != nil {
				view, _ := k.desk.view.Get()
				c.look(view, time.Now())
			}
		}
	}
}

// coach is what has been done.
type coach struct {
	*lesson
	step  exam.Step
	since time.Time // in that step
	done  bool      // the lesson's trouble is over
}

// hands is how long a patient takes to do what is asked; trembling is how long the finger of the lesson moves.
const (
	hands     = 2 * time.Second
	trembling = 15 * time.Second
)

func (c *coach) look(v *exam.View, now time.Time) {
	step := exam.StepReview
	if v != nil {
		step = v.Step
	}
	if step != c.step {
		c.step, c.since = step, now
	}
	asked := now.Sub(c.since) >= hands
	c.finger(step == exam.StepOximetry && asked, now)
	if step == exam.StepTemperature && asked && v.Prompt != exam.PromptReturnProbe && v.Prompt != exam.RetryProbeMoved {
		c.room.thermometer.TakeProbe()
	} else {
		c.room.thermometer.ReturnProbe()
	}
	if c.name == "power-cut" && step == exam.StepOximetry && asked && !c.done {
		c.done = true
		c.cut <- struct{}{}
	}
}

// finger puts the finger in or takes it out, and lets it tremble in the lesson about that.
func (c *coach) finger(in bool, now time.Time) {
	if !in {
		c.room.oximeter.FingerOut()
		return
	}
	c.room.oximeter.FingerIn()
	if c.name != "moving-finger" {
		return
	}
	if now.Sub(c.since) < hands+trembling {
		c.room.oximeter.Inject(sim.Motion)
	} else {
		c.room.oximeter.Clear(sim.Motion)
	}
}
