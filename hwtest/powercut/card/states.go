package card

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// State is one crash image of a recorded run.
type State struct {
	Image string   // path; may be changed at will, and renamed or moved away to keep it
	Mode  Mode     // of the cut
	Op    int      // recorded operations before the cut; reads are not recorded and a flush that took effect is an operation
	Marks []string // made before the cut, oldest first; not to be changed
}

// States rebuilds crash images of a run: n cut points at random over the whole log, in their order, each with one of modes in turn. An
// image has everything that was durable at its point and a random part of what was pending, by its mode; f gets it with the marks made
// before that point. Base is the image as it was when the recorded card was opened; it is not changed. Images are made in scratch, one at
// a time, and removed after f. Same arguments, same states. An error of f ends it and is returned with the state's point and mode.
func States(base, log string, scratch string, n int, seed uint64, modes []Mode, f func(State) error) (err error) {
	if err := checkModes(modes); err != nil {
		return err
	}
	ops, err := countOps(log)
	if err != nil {
		return fmt.Errorf("card: states: %w", err)
	}
	dir, err := os.MkdirTemp(scratch, "states-")
	if err != nil {
		return fmt.Errorf("card: states: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r, err := openReplay(base, log, filepath.Join(dir, "durable"))
	if err != nil {
		return fmt.Errorf("card: states: %w", err)
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for i, op := range cutPoints(n, ops, seed) {
		s := State{Image: filepath.Join(dir, "state"), Mode: modes[i%len(modes)], Op: op}
		if err := r.visit(s, rand.New(rand.NewPCG(seed, uint64(i)+1)), f); err != nil {
			return fmt.Errorf("card: state %d (seed %d), cut by %s after operation %d of %d: %w", i, seed, s.Mode, op, ops, err)
		}
	}
	return nil
}

func checkModes(modes []Mode) error {
	for _, m := range modes {
		if !slices.Contains(Modes, m) {
			return fmt.Errorf("card: states: unknown mode %q: use some of %q", m, Modes)
		}
	}
	if len(modes) == 0 {
		return fmt.Errorf("card: states: no mode given: use some of %q", Modes)
	}
	return nil
}

// cutPoints are n numbers of operations, from none to all of them, sorted.
func cutPoints(n, ops int, seed uint64) []int {
	rng := rand.New(rand.NewPCG(seed, 0))
	points := make([]int, n)
	for i := range points {
		points[i] = rng.IntN(ops + 1)
	}
	slices.Sort(points)
	return points
}

func countOps(log string) (n int, err error) {
	file, err := os.Open(log)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r, err := newLogReader(file)
	if err != nil {
		return 0, err
	}
	for {
		e, err := r.next(true)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if e.isOp() {
			n++
		}
	}
}

// replay is a recorded card at some point of its run.
type replay struct {
	log   *os.File
	r     *logReader
	cache *cache
	ops   int
	marks []string
	ahead *entry // read, and not yet applied
}

// openReplay starts from a copy of base, which it makes at path image.
func openReplay(base, log, image string) (*replay, error) {
	file, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	durable, err := copyImage(image, base)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r := &replay{log: file}
	r.r, err = newLogReader(file)
	if err == nil {
		r.cache, err = newCache(durable)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), durable.Close())
	}
	return r, nil
}

func (r *replay) close() error { return errors.Join(r.log.Close(), r.cache.image.Close()) }

// visit goes forward to the cut point of s, makes its image, and calls f.
func (r *replay) visit(s State, rng *rand.Rand, f func(State) error) error {
	if err := r.advance(s.Op); err != nil {
		return err
	}
	if err := r.crash(s, rng); err != nil {
		return err
	}
	s.Marks = slices.Clip(r.marks)
	if err := f(s); err != nil {
		return err
	}
	if err := os.Remove(s.Image); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// crash makes the image of s: a copy of what is durable, and what the cut keeps.
func (r *replay) crash(s State, rng *rand.Rand) error {
	image, err := copyImage(s.Image, r.cache.image.Name())
	if err != nil {
		return err
	}
	_, err = r.cache.cut(s.Mode, rng, image)
	return errors.Join(err, image.Close())
}

// advance applies the log until ops operations are done. Marks right after the last of them belong to the cut point too.
func (r *replay) advance(ops int) error {
	for {
		e, err := r.peek()
		if errors.Is(err, io.EOF) || err == nil && e.isOp() && r.ops == ops {
			return nil
		}
		if err != nil {
			return err
		}
		r.ahead = nil
		if err := r.apply(e); err != nil {
			return fmt.Errorf("replay operation %d: %w", r.ops, err)
		}
	}
}

func (r *replay) peek() (*entry, error) {
	if r.ahead == nil {
		e, err := r.r.next(false)
		if err != nil {
			return nil, err
		}
		r.ahead = &e
	}
	return r.ahead, nil
}

func (r *replay) apply(e *entry) error {
	if !e.isOp() {
		r.marks = append(r.marks, e.mark)
		return nil
	}
	r.ops++
	switch e.kind {
	case 'F':
		return r.cache.settle(barrier{upTo: e.seq})
	case 'U':
		return r.cache.settle(barrier{only: e.seq})
	}
	if e.first < 0 || e.n < 1 || e.n > r.cache.sectors-e.first {
		return fmt.Errorf("write of %d sectors at %d is beyond the image's %d: the log is not of this base", e.n, e.first, r.cache.sectors)
	}
	r.cache.add(e.first, e.n, e.data)
	return nil
}

// copyImage makes a copy of from at a new path and opens it.
func copyImage(path, from string) (_ *os.File, err error) {
	src, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := copySparse(dst, src); err != nil {
		return nil, errors.Join(fmt.Errorf("copy %s: %w", from, err), dst.Close())
	}
	return dst, nil
}
