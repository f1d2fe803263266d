package card

import (
	"fmt"
	"os"
	"slices"
)

// cache is the state of a card: what is durable, which is the image, and the pending writes above it, oldest first.
type cache struct {
	image   *os.File
	sectors int64
	last    int64 // number of the newest write; the first is 1
	pending []*write
	durable []bool // by sector: made durable since Open
}

// write is one pending write. It covers n sectors from first.
type write struct {
	seq      int64
	first, n int64
	data     []byte // nil: zeroes
	gone     []bool // by sector: overtaken by a durable write; nil: none
}

func newCache(image *os.File) (*cache, error) {
	info, err := image.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if size == 0 || size%sector != 0 {
		return nil, fmt.Errorf("size %d is not a multiple of %d: make the image with whole sectors", size, sector)
	}
	return &cache{image: image, sectors: size / sector, durable: make([]bool, size/sector)}, nil
}

// add takes a write; data nil means zeroes. The cache keeps data.
func (c *cache) add(first, n int64, data []byte) *write {
	c.last++
	w := &write{seq: c.last, first: first, n: n, data: data}
	c.pending = append(c.pending, w)
	return w
}

// read fills p, whole sectors from first, with what the client must see: the image and the pending writes over it.
func (c *cache) read(p []byte, first int64) error {
	if _, err := c.image.ReadAt(p, first*sector); err != nil {
		return fmt.Errorf("read sector %d: %w", first, err)
	}
	end := first + int64(len(p))/sector
	for _, w := range c.pending {
		for s := max(first, w.first); s < min(end, w.first+w.n); s++ {
			if !w.overtaken(s - w.first) {
				w.copy(p[(s-first)*sector:][:sector], s-w.first)
			}
		}
	}
	return nil
}

// settle makes durable what b covers, in order, and takes it out of the pending writes. What is durable already it passes over.
func (c *cache) settle(b barrier) error {
	covered := func(w *write) bool { return w.seq == b.only || w.seq <= b.upTo }
	rest := make([]*write, 0, len(c.pending))
	for _, w := range c.pending {
		if !covered(w) {
			rest = append(rest, w)
		}
	}
	for _, w := range c.pending {
		if !covered(w) {
			continue
		}
		if err := c.harden(w, rest); err != nil {
			return err
		}
	}
	c.pending = rest
	return nil
}

// harden puts w into the image. Older writes among rest lose the sectors that w covers: a cut must not bring them back over it.
func (c *cache) harden(w *write, rest []*write) error {
	if err := w.store(c.image, func(i int64) bool { return !w.overtaken(i) }); err != nil {
		return err
	}
	for s := w.first; s < w.first+w.n; s++ {
		c.durable[s] = true
	}
	for _, older := range rest {
		if older.seq > w.seq {
			break
		}
		older.overtake(w.first, w.first+w.n)
	}
	return nil
}

// blank tells whether nothing was ever durable in sector s, as far as the card knows.
func (c *cache) blank(s int64) (bool, error) {
	if c.durable[s] {
		return false, nil
	}
	p := make([]byte, sector)
	if _, err := c.image.ReadAt(p, s*sector); err != nil {
		return false, fmt.Errorf("read sector %d: %w", s, err)
	}
	return !slices.ContainsFunc(p, func(b byte) bool { return b != 0 }), nil
}

func (w *write) overtaken(i int64) bool { return w.gone != nil && w.gone[i] }

// overtake drops the sectors of the card from first up to end.
func (w *write) overtake(first, end int64) {
	for s := max(first, w.first); s < min(end, w.first+w.n); s++ {
		if w.gone == nil {
			w.gone = make([]bool, w.n)
		}
		w.gone[s-w.first] = true
	}
}

// copy puts sector i of w into p.
func (w *write) copy(p []byte, i int64) {
	if w.data == nil {
		clear(p)
		return
	}
	copy(p, w.data[i*sector:])
}

// store writes the sectors of w that want picks to image, neighbours in one piece.
func (w *write) store(image *os.File, want func(i int64) bool) error {
	for i := int64(0); i < w.n; i++ {
		from := i
		for i < w.n && want(i) {
			i++
		}
		if i == from {
			continue
		}
		if err := w.storeRun(image, from, i); err != nil {
			return fmt.Errorf("write sector %d: %w", w.first+from, err)
		}
	}
	return nil
}

func (w *write) storeRun(image *os.File, from, end int64) error {
	if w.data == nil {
		return zeroRange(image, (w.first+from)*sector, (end-from)*sector)
	}
	_, err := image.WriteAt(w.data[from*sector:end*sector], (w.first+from)*sector)
	return err
}
