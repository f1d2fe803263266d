package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nabz/hwtest/powercut/card"
	"nabz/hwtest/powercut/machine"
	"nabz/hwtest/stage"
)

// visits is a series in which the machine runs the unmodified kiosk: a worker takes patients through whole visits, and what the screen calls
// saved is held against the screen after the cut and, in the end, against the clinic's record.
type visits struct {
	*bench
	row      row
	rng      *rand.Rand
	promised *promised
	patients int
}

// visits cuts the power of one kiosk during visits. The last life goes on until the record has everything.
func (b *bench) visits(ctx context.Context, p plan, rng *rand.Rand) (r row, err error) {
	s := &visits{bench: b, row: row{plan: p}, rng: rng, promised: newPromised()}
	image := filepath.Join(b.dir, "card.img")
	if err := format(ctx, image, usual); err != nil {
		return s.row, err
	}
	defer func() { err = errors.Join(err, b.out.stop()) }()
	if err := b.out.start(ctx); err != nil {
		return s.row, err
	}
	for n := range p.cuts + 1 {
		if err := s.life(ctx, image, n); err != nil {
			return s.row, fmt.Errorf("%s, cut %d: %w", p.name, n, err)
		}
		if s.row.lost+s.row.twice+s.row.failed > 0 {
			s.row.kept = fmt.Sprintf("%s/failed-kiosk-%d.img", b.dir, n)
			return s.row, os.Rename(image, s.row.kept)
		}
		s.row.done = min(n+1, p.cuts)
	}
	fmt.Printf("%-26s %-8s %d cuts done\n", p.name, p.mode, s.row.done)
	return s.row, nil
}

// life is one power-on and the cut that ends it. The ways of losing take turns.
func (s *visits) life(ctx context.Context, image string, n int) error {
	c, err := s.power(image, card.Opts{Seed: s.rng.Uint64(), FlushTime: flushTime, Lies: s.row.lies})
	if err != nil {
		return err
	}
	l := &visitsLife{visits: s, c: c, last: n == s.row.cuts}
	if early := !l.last && n > 0 && s.rng.IntN(4) == 0; early {
		l.cut = c.CutAt(1 + s.rng.Int64N(1500))
	}
	err = l.run(ctx, n)
	_, cutErr := c.Cut(card.Modes[n%len(card.Modes)])
	for _, why := range s.promised.takeBroken() {
		l.fail(why)
	}
	return errors.Join(err, cutErr)
}

// visitsLife is one life. Its fields belong to the goroutine in run; the worker has one of its own.
type visitsLife struct {
	*visits
	c    *card.Card
	cut  <-chan struct{}
	last bool
}

func (l *visitsLife) run(ctx context.Context, n int) error {
	v, err := l.restore(ctx, plan{kiosk: true}, n, l.rng)
	if err != nil {
		return err
	}
	detached, err := l.out.attach(ctx, v)
	defer detached()
	defer v.Kill()
	if err != nil {
		return err
	}
	ready := false
	if err := follow(v, func(line string) bool {
		ready = line == "READY"
		return l.hear(line) || ready
	}, func() <-chan struct{} { return l.cut }); err != nil || !ready {
		return err
	}
	l.row.opens++
	return l.work(ctx, v)
}

// hear takes one line of the machine and says whether its life is over.
func (l *visitsLife) hear(line string) (over bool) {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case word == "FSCK" && rest == "1":
		l.row.repairs++
	case word == "FATAL":
		l.fail(rest)
		return true
	}
	return false
}

func (l *visitsLife) fail(why string) {
	l.row.failed++
	if l.row.control {
		return
	}
	fmt.Printf("\n%s: %s\n", l.row.name, why)
}

// visitPatience is how long a life may last without promises.
const visitPatience = 20 * time.Second

// work lets the worker go on until the power goes.
func (l *visitsLife) work(ctx context.Context, v *machine.VM) error {
	ctx, cancel := context.WithCancel(ctx)
	worked := make(chan error, 1)
	enough := l.promised.expect(1 + l.rng.IntN(3))
	go func() { worked <- l.worker(ctx, l.last) }()
	limit := time.NewTimer(visitPatience)
	if l.last {
		enough = nil
		limit.Reset(patience)
	}
	defer limit.Stop()
	end := func(err error) error {
		cancel()
		if e := <-worked; !errors.Is(e, context.Canceled) {
			err = errors.Join(err, e)
		}
		return err
	}
	for {
		select {
		case <-l.cut:
			return end(nil)
		case <-enough:
			enough, l.cut = nil, l.c.CutAt(l.c.Ops()+1+l.rng.Int64N(40))
		case <-limit.C:
			if l.last {
				return end(errors.New("what was saved does not arrive"))
			}
			l.cut = l.c.CutAt(l.c.Ops() + 1)
		case err := <-worked:
			cancel()
			return err
		case line, open := <-v.Lines():
			if !open || l.hear(line) {
				return end(fmt.Errorf("the machine ended: see %s", v.Console()))
			}
		}
	}
}

// worker compares the screen with what it showed last and takes patients through visits; in the last life it waits for the record.
func (l *visitsLife) worker(ctx context.Context, last bool) error {
	w := stage.NewWorker("http://" + l.out.screen)
	now, err := w.Patiently(ctx)
	if err != nil {
		return err
	}
	l.promised.compare(now)
	if now.Visit != nil {
		if err := w.Resume(ctx, l.out.bench, now.Visit.ID, l.promised.see); err != nil {
			return err
		}
	}
	if last {
		return l.arrive(ctx, w)
	}
	for ctx.Err() == nil {
		l.patients++
		if err := w.Play(ctx, l.out.bench, fmt.Sprintf("%06d", l.patients), l.promised.see); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// arrive waits until the record has every promise and the kiosk has nothing left, and counts.
func (l *visitsLife) arrive(ctx context.Context, w *stage.Worker) error {
	for {
		record, err := stage.Copies(l.out.dir)
		if err != nil {
			return err
		}
		missing, of := l.promised.missing(record)
		now, err := w.State(ctx)
		if err == nil && now.Queue.Waiting+now.Queue.Parked == 0 || ctx.Err() != nil {
			l.row.saved, l.row.acked, l.row.lost = of, len(record), len(missing)
			for _, n := range record {
				l.row.twice += min(n-1, 1)
			}
			return ctx.Err()
		}
		stage.Wait(ctx, stage.Glance)
	}
}
