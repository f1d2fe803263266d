package firmware

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nabz/drivers/port"
	"nabz/firmware/config"
	"nabz/firmware/screen"
)

// practice is the kiosk within the kiosk on which a worker learns: simulated devices at ports of their own, storage of its own, and a link to nobody,
// or to the practice root with the practice's credentials. It has no reference to the real queue, so no touch can bring a reading there.
type practice struct {
	mu   sync.Mutex
	at   *lesson
	stop context.CancelFunc
	done chan struct{}
}

// lessonSpeed is how much faster than life a lesson's cuff and thermometer are: nobody learns from waiting.
const lessonSpeed = 2

// begin ends the lesson before and begins another.
func (p *practice) begin(k *Kiosk, name string) (screen.Backend, error) {
	p.end()
	cfg := practiceConfig(k.cfg)
	if err := os.RemoveAll(cfg.Data); err != nil {
		return nil, fmt.Errorf("practice: %w", err)
	}
	l, err := newLesson(name, cfg, k.version, lessonSpeed, k.log)
	if err != nil {
		return nil, fmt.Errorf("practice: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.stop, p.done = l, stop, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		if err := l.run(ctx); err != nil {
			k.log.Warn("the practice ended by itself", "why", err)
		}
	}(p.done)
	return l, nil
}

// going says whether there is a lesson.
func (p *practice) going() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at != nil
}

// end ends the lesson, if there is one, and returns when nothing of it runs.
func (p *practice) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		return
	}
	p.stop()
	<-p.done
	p.at = nil
}

// practiceConfig is a kiosk of the same name that cannot reach the record: practice, beside the real data, without the real broker.
func practiceConfig(cfg config.Config) config.Config {
	own := config.Config{
		Name: cfg.Name, Practice: true, Data: filepath.Join(cfg.Data, "lesson"), Zone: cfg.Zone, FHIRBase: cfg.FHIRBase, Quota: 8 << 20,
		Listen: cfg.Listen, Exam: config.Exam{Rest: 5 * time.Second, Gap: 5 * time.Second, Readings: 2},
	}
	if cfg.Lessons.Username != "" {
		own.Broker = cfg.Broker
		own.Broker.Username, own.Broker.Password = cfg.Lessons.Username, cfg.Lessons.Password
		own.Broker.SealTo = nil // its patients are made up
	}
	return own
}

// Practise implements screen.Backend.
func (b backend) Practise(name string) (screen.Backend, error) {
	if b.k.cfg.Practice && name != "" {
		return nil, errors.New("this kiosk is all practice")
	}
	if name == "" {
		b.k.practice.end()
		return nil, nil
	}
	return b.k.practice.begin(b.k, name)
}

// alonePorts are the serial ports of a lesson: none but its own.
func alonePorts(dir string) (port.System, error) {
	none := filepath.Join(dir, "none")
	return port.System{Class: none, Dev: dir}, os.MkdirAll(none, 0o700)
}
