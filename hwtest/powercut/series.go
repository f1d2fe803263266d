package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"nabz/hwtest/powercut/card"
	"nabz/hwtest/powercut/machine"
)

// plan is one series of cuts of one card.
type plan struct {
	name    string
	mode    card.Mode
	cuts    int
	fill    int // MB left free
	noFlush bool
	lies    bool
	control bool
	kiosk   bool // the unmodified kiosk in place of the workload
}

const (
	imageSize = 160 << 20 // more than one block group, so that there is a second superblock, as on every real card
	flushTime = 2 * time.Millisecond
	patience  = 90 * time.Second // for a machine that says nothing
)

// park makes the snapshot that every boot begins with.
func (b *bench) park(ctx context.Context) (err error) {
	image := filepath.Join(b.dir, "park.img")
	if err := format(ctx, image); err != nil {
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

// series boots a machine on one card until all cuts are done, and once more to see what the last one left.
func (b *bench) series(ctx context.Context, p plan, rng *rand.Rand) (row, error) {
	r := row{plan: p}
	image := filepath.Join(b.dir, "card.img")
	if err := format(ctx, image); err != nil {
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
	c, err := b.power(image, card.Opts{Seed: rng.Uint64(), FlushTime: flushTime, Lies: r.lies})
	if err != nil {
		return err
	}
	last := n == r.cuts
	early := !last && n > 0 && rng.IntN(3) == 0
	var cut <-chan struct{}
	if early { // e2fsck, the journal's replay and Open are cut too
		cut = c.CutAt(1 + rng.Int64N(900))
	}
	w := &watch{r: r, l: l, c: c, cut: cut, last: last, promises: 5 + rng.IntN(120), behind: 1 + rng.Int64N(40), there: map[string]bool{}}
	err = b.boot(ctx, r.plan, n, rng, w.hear, func() <-chan struct{} { return w.cut })
	_, cutErr := c.Cut(r.mode)
	return errors.Join(err, cutErr)
}

// boot brings a machine up and hands its lines to hear until that says that it is over, or the power goes. Then the machine is killed, and
// hear gets what was still on its way.
func (b *bench) boot(ctx context.Context, p plan, life int, rng *rand.Rand, hear func(string) bool, cut func() <-chan struct{}) error {
	v, err := b.restore(ctx, p, life, rng)
	if err != nil {
		return err
	}
	defer func() {
		v.Kill() // before the card ends, so that the machine sees no error that a real one could not see
		for line := range v.Lines() {
			hear(line)
		}
	}()
	return follow(v, hear, cut)
}

// restore brings a parked machine back and tells it what to do.
func (b *bench) restore(ctx context.Context, p plan, life int, rng *rand.Rand) (*machine.VM, error) {
	seed := sha256.Sum256([]byte(fmt.Sprint(rng.Uint64())))
	boot, err := uuid.FromBytes(seed[:16])
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("GO entropy=%s boot=%s seed=%d life=%d", hex.EncodeToString(seed[:]), boot, rng.Uint64(), life)
	if p.fill > 0 {
		line += fmt.Sprintf(" fill=%d", p.fill)
	}
	if p.noFlush {
		line += " nosync=yes"
	}
	if p.kiosk {
		line += " kiosk=yes"
	}
	v, err := b.snapshot.Restore(ctx, b.opts())
	if err != nil {
		return nil, err
	}
	if err := v.Send(line); err != nil {
		v.Kill()
		return nil, err
	}
	return v, nil
}

// follow takes a machine's lines until hear says that it is over, or the power goes.
func follow(v *machine.VM, hear func(string) bool, cut func() <-chan struct{}) error {
	t := time.NewTimer(patience)
	defer t.Stop()
	for {
		select {
		case line, open := <-v.Lines():
			if !open {
				return fmt.Errorf("the machine ended by itself: see %s", v.Console())
			}
			if hear(line) {
				return nil
			}
		case <-cut():
			return nil
		case <-t.C:
			return fmt.Errorf("the machine hangs: see %s", v.Console())
		}
	}
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
	case "READY":
		w.r.opens++
		lost, twice := w.l.judge(w.there)
		w.r.lost += len(lost)
		w.r.twice += len(twice)
		w.l.forget(w.there)
		return w.last
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
