package card

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// sector is the unit, in bytes, that a cut keeps or loses and never tears.
const sector = 512

// Opts says what kind of card it is. The zero value flushes at once and does not lie.
type Opts struct {
	Seed      uint64        // of every random choice
	FlushTime time.Duration // FLUSH and the flush part of FUA take this long before they take effect; a cut meanwhile finds the writes pending
	Lies      bool          // answers FLUSH and FUA without making anything durable: the negative control
	Log       *Log          // nil: operations are not recorded
}

// Stats counts what the client asked for since Open. Zeroes and trim carry no bytes and count as writes of none.
type Stats struct {
	Reads, Writes int64 // operations
	Flushes       int64 // FLUSH operations and FUA writes: what takes FlushTime
	Read, Written int64 // bytes
}

type power int

const (
	on   power = iota
	dark       // CutAt fired: nothing is done or answered, connections hang
	off        // Cut or Close
)

// Card is one card over one image file. Its methods may be called from any goroutine.
type Card struct {
	opts Opts
	dark chan struct{}  // closed when the power goes
	off  chan struct{}  // closed when connections must end
	busy sync.WaitGroup // clients being served

	mu    sync.Mutex // guards all below; taken before the log's
	cache *cache
	power power
	stats Stats
	ops   int64
	cutAt int64         // 0: never
	fired chan struct{} // of CutAt
	open  map[closer]bool
	err   error // the first failure of image or log
}

// closer is a listener or a connection, by identity.
type closer interface{ Close() error }

// Open puts image in the slot. The file must exist and hold a multiple of 512 bytes; nothing else may write to it until Cut or Close.
func Open(image string, o Opts) (*Card, error) {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("card: image: %w", err)
	}
	cache, err := newCache(f)
	if err == nil {
		err = o.Log.claim()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("card: %s: %w", image, err), f.Close())
	}
	return &Card{
		opts: o, cache: cache, open: map[closer]bool{},
		dark: make(chan struct{}), off: make(chan struct{}), fired: make(chan struct{}),
	}, nil
}

// Serve answers one client after another on l until Close or Cut, and then returns nil; it closes l. A client that breaks the protocol or
// goes away is dropped and the next one served. The error is that of accepting.
func (c *Card) Serve(l net.Listener) error {
	if !c.hold(l, false) {
		return nil
	}
	defer c.drop(l, false)
	for {
		conn, err := l.Accept()
		if err != nil {
			if c.is(off) {
				return nil
			}
			return fmt.Errorf("card: accept: %w", err)
		}
		if !c.hold(conn, true) {
			return nil
		}
		serveClient(c, conn)
		c.drop(conn, true)
	}
}

// Ops is how many operations (read, write, flush, trim, zeroes) arrived since Open, the one that CutAt stopped included. Requests that the
// card refuses do not count.
func (c *Card) Ops() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ops
}

// Stats is what was asked for so far.
func (c *Card) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// CutAt lets the power go when operation op since Open arrives, the first being 1: that operation is neither performed nor answered,
// nothing is any more, FLUSHes on their way have no effect, and the channel closes. Connections hang until Cut. An op that has passed
// already means the next one. A second call replaces the first, whose channel then never closes; op < 1 takes the cut back.
func (c *Card) CutAt(op int64) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutAt, c.fired = op, make(chan struct{})
	return c.fired
}

// Close makes everything pending durable, the writes of a lying card too, drops the clients and closes the image. After Cut it does
// nothing. After CutAt fired it is too late for the pending writes: they are lost and the error says so.
func (c *Card) Close() error {
	was, first := c.stop()
	if !first {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if was == dark {
		c.fail(fmt.Errorf("card: the power went at operation %d and pending writes were dropped: call Cut before Close", c.ops))
	} else {
		c.fail(c.settle(barrier{upTo: c.cache.last}))
	}
	return errors.Join(c.err, c.cache.image.Close())
}

// stop ends service for good and waits for it. It tells how the power was before and whether this call was the one that ended it.
func (c *Card) stop() (power, bool) {
	c.mu.Lock()
	was := c.power
	if was == off {
		c.mu.Unlock()
		return was, false
	}
	if was == on {
		close(c.dark)
	}
	c.power = off
	close(c.off)
	for each := range c.open {
		c.end(each)
	}
	c.mu.Unlock()
	c.busy.Wait()
	return was, true
}

// fail keeps the first error for Cut or Close to return. The caller holds mu.
func (c *Card) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// end closes a listener or connection; that the owner of a listener closed it before is no failure.
func (c *Card) end(x closer) {
	if err := x.Close(); !errors.Is(err, net.ErrClosed) {
		c.fail(err)
	}
}

func (c *Card) is(p power) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.power == p
}

// hold notes what stop must close. When the card is off already it closes it and answers false.
func (c *Card) hold(x closer, client bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.power == off {
		c.end(x)
		return false
	}
	c.open[x] = true
	if client {
		c.busy.Add(1)
	}
	return true
}

// drop closes what hold noted, unless stop did.
func (c *Card) drop(x closer, client bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.power != off {
		c.end(x)
	}
	delete(c.open, x)
	if client {
		c.busy.Done()
	}
}
