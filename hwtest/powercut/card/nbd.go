package card

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// Numbers of the NBD protocol's transmission phase.
const (
	requestMagic = 0x25609513
	replyMagic   = 0x67446698

	cmdRead   = 0
	cmdWrite  = 1
	cmdDisc   = 2
	cmdFlush  = 3
	cmdTrim   = 4
	cmdZeroes = 6

	flagFUA    = 1 << 0
	flagNoHole = 1 << 1

	errIO    = 5
	errInval = 22
	errSpace = 28
)

// maxBlock is the longest read or write in bytes; zeroes and trim may be longer.
const maxBlock = 32 << 20

// client is one connection.
type client struct {
	card  *Card
	conn  net.Conn
	r     *bufio.Reader
	mu    sync.Mutex     // one reply at a time
	later sync.WaitGroup // answers that wait for FlushTime
}

// serveClient talks to one client until it goes, breaks the protocol or the card is off. It returns when FLUSHes on their way are done.
func serveClient(card *Card, conn net.Conn) {
	c := &client{card: card, conn: conn, r: bufio.NewReaderSize(conn, 256<<10)}
	defer c.later.Wait()
	if !c.negotiate() {
		return
	}
	for c.serveOne() {
	}
}

// header is a request as it comes over the wire, without its payload.
type header struct {
	flags, cmd uint16
	cookie     uint64
	off        uint64
	n          uint32
}

// serveOne takes one request and answers it, or leaves that to a goroutine; false ends the connection.
func (c *client) serveOne() bool {
	h, err := c.header()
	if err != nil || h.cmd == cmdDisc {
		return false
	}
	payload, err := c.payload(h)
	if err != nil {
		return false
	}
	r, code := c.check(h, payload)
	if code != 0 {
		return c.reply(h.cookie, code, nil)
	}
	data, b, alive, err := c.card.perform(r)
	if !alive {
		<-c.card.off // dead cards hang: an error would let the guest do things that it does not do in the field
		return false
	}
	if err != nil || b == nil {
		return c.reply(h.cookie, codeOf(err), data)
	}
	if c.card.opts.FlushTime <= 0 {
		return c.settle(h.cookie, *b)
	}
	c.later.Go(func() { c.settle(h.cookie, *b) })
	return true
}

// settle waits for FlushTime, lets b take effect and answers.
func (c *client) settle(cookie uint64, b barrier) bool {
	if !c.card.wait() {
		return true
	}
	alive, err := c.card.finish(b)
	return !alive || c.reply(cookie, codeOf(err), nil)
}

func codeOf(err error) uint32 {
	if err != nil {
		return errIO
	}
	return 0
}

func (c *client) header() (header, error) {
	p := make([]byte, 28)
	if _, err := io.ReadFull(c.r, p); err != nil {
		return header{}, err
	}
	if magic := binary.BigEndian.Uint32(p); magic != requestMagic {
		return header{}, fmt.Errorf("request begins with %08x", magic)
	}
	return header{
		flags: binary.BigEndian.Uint16(p[4:]), cmd: binary.BigEndian.Uint16(p[6:]), cookie: binary.BigEndian.Uint64(p[8:]),
		off: binary.BigEndian.Uint64(p[16:]), n: binary.BigEndian.Uint32(p[24:]),
	}, nil
}

func (c *client) payload(h header) ([]byte, error) {
	if h.cmd != cmdWrite {
		return nil, nil
	}
	if h.n > maxBlock {
		return nil, fmt.Errorf("write of %d bytes", h.n)
	}
	p := make([]byte, h.n)
	_, err := io.ReadFull(c.r, p)
	return p, err
}

// kinds are the commands that the card performs. TRIM is zeroes too.
var kinds = map[uint16]kind{cmdRead: read, cmdWrite: store, cmdFlush: flush, cmdTrim: zero, cmdZeroes: zero}

// check turns a request into an operation of the card, or says with an NBD error code why not.
func (c *client) check(h header, payload []byte) (request, uint32) {
	k, known := kinds[h.cmd]
	if !known || h.flags&^(flagFUA|flagNoHole) != 0 {
		return request{}, errInval
	}
	if k == flush {
		return request{kind: flush}, 0
	}
	if h.n == 0 || h.n%sector != 0 || h.off%sector != 0 || k == read && h.n > maxBlock {
		return request{}, errInval
	}
	first, n := h.off/sector, uint64(h.n/sector)
	if first+n > uint64(c.card.cache.sectors) {
		if k == read {
			return request{}, errInval
		}
		return request{}, errSpace
	}
	return request{kind: k, first: int64(first), n: int64(n), data: payload, fua: k != read && h.flags&flagFUA != 0}, 0
}

// reply sends a simple reply; false when the client is gone.
func (c *client) reply(cookie uint64, code uint32, data []byte) bool {
	p := make([]byte, 16, 16+len(data))
	binary.BigEndian.PutUint32(p, replyMagic)
	binary.BigEndian.PutUint32(p[4:], code)
	binary.BigEndian.PutUint64(p[8:], cookie)
	if code == 0 {
		p = append(p, data...)
	}
	return c.send(p)
}

func (c *client) send(p []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.conn.Write(p)
	return err == nil
}
