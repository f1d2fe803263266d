package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nabz/hwtest/powercut/card"
	"nabz/hwtest/powercut/machine"
)

// plan is one series of cuts of one card.
type plan struct {
	name    string
	mode    card.Mode
	cuts    int
	fill    int // MB left free
	quota   int // MB that the queue may have
	begin   int // promises before the first cut, so that there is history to trim
	noFlush bool
	lies    bool
	control bool
	pi      bool // a whole Raspberry Pi with its card slot, from power-on
	kiosk   bool // the unmodified kiosk in place of the workload
}

const (
	flushTime = 2 * time.Millisecond
	patience  = 90 * time.Second // for a machine that says nothing
)

// park makes the snapshot that every boot begins with.
func (b *bench) park(ctx context.Context) (err error) {
	image := filepath.Join(b.dir, "park.img")
	if err := format(ctx, image, usual); err != nil {
		return err
	}
	c, err := b.power(image, card.Opts{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	b.snapshot, err = b.kit.Park(ctx, b.opts(), filepath.Join(b.dir, "snapshot"))
	return err
}

func (b *bench) opts() machine.Opts {
	return machine.Opts{Initrd: b.initrd, NBD: filepath.Join(b.dir, "nbd"), Dir: filepath.Join(b.dir, "vm"), Screen: b.out.screen}
}

// power gives a card to the machine to come.
func (b *bench) power(image string, o card.Opts) (*card.Card, error) {
	c, err := card.Open(image, o)
	if err != nil {
		return nil, err
	}
	socket := b.opts().NBD
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := c.Serve(l); err != nil {
			fmt.Fprintln(os.Stderr, "card:", err)
		}
	}()
	return c, nil
}

// card is what the series is played on.
func (p plan) card() geometry {
	switch {
	case p.pi:
		return piCard
	case p.mode == card.Junk:
		return small
	}
	return usual
}

// series boots a machine on one card until all cuts are done, and once more to see what the last one left.
func (b *bench) series(ctx context.Context, p plan, rng *rand.Rand) (row, error) {
	r := row{plan: p}
	image := filepath.Join(b.dir, "card.img")
	if err := format(ctx, image, p.card()); err != nil {
		return r, err
	}
	l := newLedger()
	for n := range p.cuts + 1 {
		if err := b.life(ctx, &r, l, image, n, rng); err != nil {
			return r, fmt.Errorf("%s, %s, cut %d: %w", p.name, p.mode, n, err)
		}
		if wrong := r.lost + r.twice + r.failed; wrong > 0 {
			r.kept = fmt.Sprintf("%s/failed-%s-%d.img", b.dir, p.mode, n)
			return r, os.Rename(image, r.kept)
		}
		r.done = min(n+1, p.cuts)
	}
	fmt.Printf("%-26s %-8s %d cuts done\n", p.name, p.mode, r.done)
	return r, nil
}

// life is one power-on and the cut that ends it. The last life of a series ends when all was judged.
func (b *bench) life(ctx context.Context, r *row, l *ledger, image string, n int, rng *rand.Rand) error {
	o, unit := card.Opts{Seed: rng.Uint64(), FlushTime: flushTime, Lies: r.lies}, int64(1)
	if r.pi {
		o.FlushTime, unit = 0, 8 // each sector is a write and a flush
	}
	c, err := b.power(image, o)
	if err != nil {
		return err
	}
	last := n == r.cuts
	early := !last && n > 0 && rng.IntN(3) == 0
	var cut <-chan struct{}
	if early { // e2fsck, the journal's replay and Open are cut too
		cut = c.CutAt(1 + rng.Int64N(900*unit))
	}
	w := &watch{r: r, l: l, c: c, cut: cut, last: last, promises: 5 + rng.IntN(120), behind: 1 + rng.Int64N(40*unit), there: map[string]bool{}}
	if n == 0 {
		w.promises += r.begin
	}
	err = b.boot(ctx, r.plan, n, rng, w.hear, func() <-chan struct{} { return w.cut })
	_, cutErr := c.Cut(r.mode)
	return errors.Join(err, cutErr)
}

// watch follows one life.
type watch struct {
	r        *row
	l        *ledger
	c        *card.Card
	cut      <-chan struct{}
	last     bool
	promises int   // after so many
	behind   int64 // and so many operations of the card the power goes
	there    map[string]bool
}

// hear takes one line and says whether this life is over.
func (w *watch) hear(line string) (over bool) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "FSCK":
		if rest == "1" {
			w.r.repairs++
		}
	case "WAITS", "PARKED":
		w.there[rest] = true
	case "OPENED":
		if strings.Contains(rest, `"damaged"`) {
			w.fail("stated damage after a mere cut: " + rest)
		}
		if strings.Contains(rest, `"rebuilt":"index`) {
			w.r.rebuilt++
		}
	case "READY":
		w.r.opens++
		lost, twice := w.l.judge(w.there)
		w.r.lost += len(lost)
		w.r.twice += len(twice)
		w.l.forget(w.there)
		return w.last
	case "HISTORY":
		if n, err := strconv.Atoi(rest); err == nil && n < w.r.acked {
			w.r.trimmed++
		}
	case "FATAL":
		w.fail(rest)
		return true
	case "PUT":
		w.r.saved++
		w.promises--
	case "ACKED":
		w.r.acked++
	case "FULL":
		w.r.full++
	}
	w.l.hear(line)
	if w.promises == 0 && w.cut == nil {
		w.cut = w.c.CutAt(w.c.Ops() + w.behind)
	}
	return false
}

func (w *watch) fail(why string) {
	w.r.failed++
	if !w.r.control {
		fmt.Printf("\n%s, %s: %s\n", w.r.name, w.r.mode, why)
	}
}
