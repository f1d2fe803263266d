package card

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
)

// Mode is how a cut treats the writes that were not flushed.
type Mode string

// The modes. Writes, Sectors and Junk choose at each cut anew how likely a write or sector is to be kept, from never to always.
const (
	DropAll Mode = "dropall" // nothing survives
	Writes  Mode = "writes"  // a random subset of the writes, each whole
	Sectors Mode = "sectors" // any subset of the 512-byte sectors
	Torn    Mode = "torn"    // an in-order prefix; the write after it in part, if it has more than one sector
	Junk    Mode = "junk"    // Sectors, and 3 % of the lost sectors in which nothing was ever durable hold random bytes
)

// Modes are all of them.
var Modes = []Mode{DropAll, Writes, Sectors, Torn, Junk}

// junkShare is how often a lost sector turns into junk.
const junkShare = 0.03

// CutReport says what a cut did. Pending = Kept + Lost; a sector that two writes cover counts twice.
type CutReport struct {
	Pending, Kept, Lost int   // sectors
	Junk                int   // sectors, of the lost ones
	Ops                 int64 // operations that had arrived
}

// Cut lets the power go: nothing is answered from now, connections are dropped, and the pending writes are kept or lost as m says. When it
// returns, the image file is closed and holds what the card has. It may be called after CutAt fired. The same operations and seed give
// the same image. An error says that m is unknown, that the card was cut or closed before, or that image or log could not be written.
func (c *Card) Cut(m Mode) (CutReport, error) {
	if !slices.Contains(Modes, m) {
		return CutReport{}, fmt.Errorf("card: cut: unknown mode %q: use one of %q", m, Modes)
	}
	if _, first := c.stop(); !first {
		return CutReport{}, errors.New("card: cut: the card is off already: open it again")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	report, err := c.cache.cut(m, rand.New(rand.NewPCG(c.opts.Seed, 0)), c.cache.image)
	report.Ops = c.ops
	return report, errors.Join(c.err, err, c.cache.image.Close())
}

// fate is what a cut makes of one sector of one write.
type fate byte

const (
	lost fate = iota
	kept
	junk
	gone // it was not pending any more
)

// cut puts into image what a cut leaves of the pending writes. The image is the cache's own or a copy; all is decided before the first
// byte changes, so both come out the same.
func (c *cache) cut(m Mode, rng *rand.Rand, image *os.File) (CutReport, error) {
	fates, err := c.decide(m, rng)
	if err != nil {
		return CutReport{}, err
	}
	var r CutReport
	for k, w := range c.pending {
		for _, f := range fates[k] {
			r.add(f)
		}
		if err := w.store(image, func(i int64) bool { return fates[k][i] == kept }); err != nil {
			return r, err
		}
		if err := w.spoil(image, fates[k], rng); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *CutReport) add(f fate) {
	switch f {
	case gone:
		return
	case kept:
		r.Kept++
	case junk:
		r.Junk++
		r.Lost++
	case lost:
		r.Lost++
	}
	r.Pending++
}

// decide gives every sector of every pending write its fate.
func (c *cache) decide(m Mode, rng *rand.Rand) ([][]fate, error) {
	keep := keeper(m, rng, c.pending)
	all := make([][]fate, len(c.pending))
	for k, w := range c.pending {
		all[k] = make([]fate, w.n)
		for i := range w.n {
			switch {
			case w.overtaken(i):
				all[k][i] = gone
			case keep(k, i):
				all[k][i] = kept
			case m == Junk && rng.Float64() < junkShare:
				ok, err := c.blank(w.first + i)
				if err != nil {
					return nil, err
				}
				if ok {
					all[k][i] = junk
				}
			}
		}
	}
	return all, nil
}

// keeper tells for sector i of the k-th pending write whether m keeps it. It is asked once for each, in order.
func keeper(m Mode, rng *rand.Rand, pending []*write) func(k int, i int64) bool {
	share := rng.Float64()
	switch {
	case m == Writes:
		whole := make([]bool, len(pending))
		for k := range whole {
			whole[k] = rng.Float64() < share
		}
		return func(k int, _ int64) bool { return whole[k] }
	case m == Sectors || m == Junk:
		return func(int, int64) bool { return rng.Float64() < share }
	case m == Torn && len(pending) > 0:
		last := rng.IntN(len(pending))
		torn := int64(0)
		if n := pending[last].n; n > 1 {
			torn = 1 + rng.Int64N(n-1)
		}
		return func(k int, i int64) bool { return k < last || k == last && i < torn }
	}
	return func(int, int64) bool { return false }
}

// spoil fills the sectors of w that became junk.
func (w *write) spoil(image *os.File, fates []fate, rng *rand.Rand) error {
	p := make([]byte, sector)
	for i, f := range fates {
		if f != junk {
			continue
		}
		for j := range p {
			p[j] = byte(rng.Uint32())
		}
		if _, err := image.WriteAt(p, (w.first+int64(i))*sector); err != nil {
			return fmt.Errorf("spoil sector %d: %w", w.first+int64(i), err)
		}
	}
	return nil
}
