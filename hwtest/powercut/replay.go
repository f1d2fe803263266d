package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"nabz/hwtest/powercut/card"
	"nabz/hwtest/powercut/work"
	"nabz/queue"
)

// replayPromises is how many promises are recorded; foresight is by how many promises a "TRY" may be heard late: the host hears of it while the
// card is already at work.
const (
	replayPromises = 600
	foresight      = 40
)

// replay records one run's operations of the card, and then checks crash states of it without booting: each is a card as a cut at that
// operation could have left it.
func (b *bench) replay(ctx context.Context, states int, rng *rand.Rand) (row, error) {
	r := row{plan: plan{name: "replayed states", mode: "all", cuts: states}}
	if os.Getuid() != 0 {
		return r, errors.New("replaying states mounts card images: be root")
	}
	base, image, log := filepath.Join(b.dir, "base.img"), filepath.Join(b.dir, "card.img"), filepath.Join(b.dir, "card.log")
	marks, err := b.record(ctx, base, image, log, rng)
	if err != nil {
		return r, fmt.Errorf("record: %w", err)
	}
	mount := filepath.Join(b.dir, "mnt")
	if err := os.MkdirAll(mount, 0o700); err != nil {
		return r, err
	}
	err = card.States(base, log, b.dir, states, rng.Uint64(), card.Modes, func(s card.State) error {
		r.done++
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.inspect(ctx, s, marks, mount); err != nil {
			r.failed++
			fmt.Printf("replayed state: %s, operation %d: %v\n", s.Mode, s.Op, err)
		}
		if r.lost+r.twice+r.failed > 0 {
			r.kept = filepath.Join(b.dir, "failed-state.img")
			return errors.Join(errStop, os.Rename(s.Image, r.kept))
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	fmt.Printf("%-26s %-8s %d states checked\n", r.name, r.mode, r.done)
	return r, err
}

var errStop = errors.New("a state failed")

// record lets one machine work on a card that logs what it does and what was promised.
func (b *bench) record(ctx context.Context, base, image, path string, rng *rand.Rand) (marks []string, err error) {
	for _, img := range []string{base, image} {
		if err := format(ctx, img, usual); err != nil {
			return nil, err
		}
	}
	raw, err := os.ReadFile(base) // both must be the same card, with the same identity
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(image, raw, 0o600); err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	log := card.NewLog(f)
	c, err := b.power(image, card.Opts{Seed: rng.Uint64(), FlushTime: flushTime, Log: log})
	if err != nil {
		return nil, err
	}
	err = b.boot(ctx, plan{}, 0, rng, func(line string) bool {
		if word, _, _ := strings.Cut(line, " "); word == "PUT" || word == "TRY" || word == "ACKED" {
			log.Mark(line)
			marks = append(marks, line)
		}
		return len(marks) >= replayPromises
	}, func() <-chan struct{} { return nil })
	return marks, errors.Join(err, c.Close())
}

// inspect checks, mounts and opens one state as the box would.
func (r *row) inspect(ctx context.Context, s card.State, marks []string, mount string) (err error) {
	status, err := fsck(ctx, s.Image)
	if err != nil {
		return err
	}
	r.repairs += status
	if out, err := exec.CommandContext(ctx, "mount", "-o", "loop,noatime", s.Image, mount).CombinedOutput(); err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	defer func() {
		if out, e := exec.Command("umount", mount).CombinedOutput(); e != nil {
			err = errors.Join(err, fmt.Errorf("umount: %w: %s", e, out))
		}
	}()
	if _, err := os.Stat(filepath.Join(mount, "queue")); err != nil && len(s.Marks) == 0 {
		return nil // the power went before the first Open had made it
	}
	there, rebuilt, err := contents(filepath.Join(mount, "queue"))
	if err != nil {
		return err
	}
	if rebuilt {
		r.rebuilt++
	}
	r.opens++
	l := newLedger()
	for _, line := range s.Marks {
		l.hear(line)
	}
	for _, line := range marks[len(s.Marks):min(len(s.Marks)+foresight, len(marks))] {
		if strings.HasPrefix(line, "TRY") {
			l.hear(line)
		}
	}
	r.saved, r.acked = r.saved+len(l.put), r.acked+len(l.acked)
	lost, twice := l.judge(there)
	r.lost, r.twice = r.lost+len(lost), r.twice+len(twice)
	return nil
}

// contents opens a queue and returns the ids of what waits or is parked in it, and whether its index had to be built anew.
func contents(dir string) (there map[string]bool, rebuilt bool, err error) {
	q, found, err := queue.Open(dir, queue.Opts{})
	if err != nil {
		return nil, false, err
	}
	rebuilt = strings.HasPrefix(found.Rebuilt, "index")
	defer func() { err = errors.Join(err, q.Close()) }()
	if len(found.Damaged) > 0 {
		return nil, rebuilt, fmt.Errorf("stated damage after a mere cut: %v", found.Damaged)
	}
	there = map[string]bool{}
	for _, state := range []queue.State{queue.Waiting, queue.Parked} {
		items, err := q.List(state, 1<<20)
		if err != nil {
			return nil, rebuilt, err
		}
		for _, it := range items {
			if string(it.Payload) != string(work.Payload(it.ID)) {
				return nil, rebuilt, fmt.Errorf("%s has another payload", it.ID)
			}
			there[it.ID] = true
		}
	}
	return there, rebuilt, nil
}

// fsck checks an image as the box does at each start (the guest's mountCard): 0 is clean, 1 repaired.
func fsck(ctx context.Context, image string) (status int, err error) {
	for _, how := range work.Checks {
		out, e := exec.CommandContext(ctx, "e2fsck", append(how, image)...).CombinedOutput()
		var ended *exec.ExitError
		switch {
		case e == nil:
			return 0, nil
		case errors.As(e, &ended) && ended.ExitCode() == 1:
			return 1, nil
		}
		err = fmt.Errorf("e2fsck: %w: %s", e, out)
	}
	return 0, err
}
