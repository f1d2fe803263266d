package firmware

import (
	"context"
	"encoding/json"
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
	"nabz/firmware/pulse"
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

	cut chan struct{} // asks for a power cut

	mu    sync.RWMutex    // held for reading while the kiosk is asked something: it is closed after the last answer
	on    *Kiosk          // nil while the power is away
	power context.Context // of the kiosk that is on
	off   context.CancelFunc
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
	if err := l.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return l, nil
}

// start opens the kiosk; life runs it.
func (l *lesson) start() error {
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
	l.power, l.off = context.WithCancel(context.Background())
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
		if err := l.start(); err != nil {
			return err
		}
	}
}

// life is one kiosk from power to power cut. What is asked of it meanwhile ends with it.
func (l *lesson) life(ctx context.Context) error {
	k, power, off := l.on, l.power, l.off // only this goroutine changes them
	defer off()
	defer context.AfterFunc(ctx, off)()
	go func() {
		select {
		case <-l.cut:
			off()
		case <-power.Done():
		}
	}()
	err := runAll(power, new(pulse.Set), l.log, append(k.tasks, k.lessonLink(l.name))...)
	off()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = nil
	return errors.Join(err, k.Close())
}

// errAway is what is asked of a kiosk without power.
var errAway = errors.New("the power is away")

// ask asks the kiosk something. It ends when the power goes, for nobody would ever answer.
func (l *lesson) ask(ctx context.Context, f func(context.Context, backend) error) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.on == nil {
		return errAway
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.power, cancel)()
	return f(ctx, backend{l.on})
}

// State implements screen.Backend.
func (l *lesson) State() (s screen.State, err error) {
	err = l.ask(context.Background(), func(_ context.Context, b backend) error {
		s, err = b.State()
		return err
	})
	if errors.Is(err, errAway) {
		return screen.State{Kiosk: l.cfg.Name, Version: l.version, Practice: true, Starting: true}, nil
	}
	return s, err
}

// Open implements screen.Backend.
func (l *lesson) Open(ctx context.Context, who exam.Identify) (v exam.View, err error) {
	err = l.ask(ctx, func(ctx context.Context, b backend) error {
		v, err = b.Open(ctx, who)
		return err
	})
	return v, err
}

// Do implements screen.Backend.
func (l *lesson) Do(ctx context.Context, visit string, w exam.What) (v exam.View, err error) {
	err = l.ask(ctx, func(ctx context.Context, b backend) error {
		v, err = b.Do(ctx, visit, w)
		return err
	})
	return v, err
}

// Amend implements screen.Backend.
func (l *lesson) Amend(ctx context.Context, visit string, w exam.What) error {
	_, err := l.Do(ctx, visit, w)
	return err
}

// Past implements screen.Backend.
func (l *lesson) Past() (all []screen.Past, err error) {
	err = l.ask(context.Background(), func(_ context.Context, b backend) error {
		all, err = b.Past()
		return err
	})
	return all, err
}

// Find implements screen.Backend: nobody of the practice is known.
func (l *lesson) Find(reading.PatientRef) (p reading.PatientRef, found bool, err error) {
	return p, false, nil
}

// Wave implements screen.Backend.
func (l *lesson) Wave(after uint64) (samples []int, rate int, newest uint64) {
	newest = after
	_ = l.ask(context.Background(), func(_ context.Context, b backend) error { // without power there is no wave
		samples, rate, newest = b.Wave(after)
		return nil
	})
	return samples, rate, newest
}

// Remember implements screen.Backend: a lesson is not taken up again after a restart.
func (l *lesson) Remember([]byte) error { return nil }

// unasked is what no screen of a lesson asks for.
type unasked struct{}

func (unasked) Evidence(string) ([]byte, error)                { return nil, errAway }
func (unasked) Items(string, int) ([]screen.Item, error)       { return nil, errAway }
func (unasked) Release(context.Context, uint64) error          { return errAway }
func (unasked) Audit(io.Writer) error                          { return errAway }
func (unasked) Export() (string, error)                        { return "", errAway }
func (unasked) TakeAlong() ([]byte, error)                     { return nil, errAway }
func (unasked) Check(context.Context) (json.RawMessage, error) { return nil, errAway }
func (unasked) Practise(string) (screen.Backend, error)        { return nil, errAway }
func (unasked) Remembered() ([]byte, error)                    { return nil, nil }
func (unasked) Workers() *workers.Register                     { return nil } // the screen has the real one
func (unasked) Note(...audit.Entry) error                      { return nil } // likewise
func (unasked) RequestShown(string) error                      { return errAway }
func (unasked) RequestDone(string, string) error               { return errAway }
