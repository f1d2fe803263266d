package card

import "time"

// request is one operation of a client, checked: whole sectors inside the card.
type request struct {
	kind     kind
	first, n int64  // sectors
	data     []byte // of a write
	fua      bool
}

type kind int

const (
	read kind = iota
	store
	zero
	flush
)

// barrier is what FLUSH and FUA wait for, in numbers of writes, which begin with 1: all up to one, or only one.
type barrier struct{ upTo, only int64 }

// perform does r as it arrives. The bytes are those of a read. With a barrier the answer must wait until finish; alive is false when the
// power is gone and nothing may be answered.
func (c *Card) perform(r request) (data []byte, b *barrier, alive bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.arrive() {
		return nil, nil, false, nil
	}
	c.count(r)
	switch r.kind {
	case read:
		data = make([]byte, r.n*sector)
		err = c.cache.read(data, r.first)
	case flush:
		b = &barrier{upTo: c.cache.last}
	default:
		b, err = c.accept(r)
	}
	c.fail(err)
	return data, b, true, err
}

// accept puts a write, zeroes or trim into the cache.
func (c *Card) accept(r request) (*barrier, error) {
	w := c.cache.add(r.first, r.n, r.data)
	if err := c.opts.Log.wrote(w); err != nil {
		return nil, err
	}
	if r.fua {
		return &barrier{only: w.seq}, nil
	}
	return nil, nil
}

// arrive counts an operation and tells whether it may be done. The caller holds mu.
func (c *Card) arrive() bool {
	if c.power != on {
		return false
	}
	c.ops++
	if c.cutAt < 1 || c.ops < c.cutAt {
		return true
	}
	c.power = dark
	close(c.dark)
	close(c.fired)
	return false
}

func (c *Card) count(r request) {
	switch r.kind {
	case read:
		c.stats.Reads++
		c.stats.Read += r.n * sector
	case store, zero:
		c.stats.Writes++
		c.stats.Written += int64(len(r.data))
	}
	if r.kind == flush || r.fua {
		c.stats.Flushes++
	}
}

// wait lets FlushTime pass; false when the power went meanwhile.
func (c *Card) wait() bool {
	if c.opts.FlushTime <= 0 {
		return true
	}
	t := time.NewTimer(c.opts.FlushTime)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.dark:
		return false
	}
}

// finish lets b take effect, unless the card lies; false when the power is gone and it may not.
func (c *Card) finish(b barrier) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.power != on {
		return false, nil
	}
	if c.opts.Lies {
		return true, nil
	}
	err := c.settle(b)
	c.fail(err)
	return true, err
}

// settle makes durable what b covers and records it. The caller holds mu.
func (c *Card) settle(b barrier) error {
	if err := c.cache.settle(b); err != nil {
		return err
	}
	return c.opts.Log.settled(b)
}
