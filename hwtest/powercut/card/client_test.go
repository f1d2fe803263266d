package card

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// errGone is the code of a reply that never came: the connection ended.
const errGone = 1 << 20

// answer is one simple reply.
type answer struct {
	code uint32
	data []byte
}

type waiting struct {
	n    uint32 // bytes that a good reply carries
	done chan answer
}

// nbd is a client, written from the protocol's text and sharing nothing with the server but the numbers of the commands.
type nbd struct {
	conn    net.Conn
	sending sync.Mutex
	mu      sync.Mutex
	wait    map[uint64]waiting
	last    uint64
}

// tester is what the client needs of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// connect negotiates with GO and starts to listen for replies.
func connect(t tester, conn net.Conn) *nbd {
	t.Helper()
	hello := must(readN(conn, 18))(t)
	if string(hello[:16]) != "NBDMAGICIHAVEOPT" {
		t.Fatalf("greeting is %q", hello)
	}
	put(t, conn, uint32(3))
	ask(t, conn, optGo, []byte{0, 0, 0, 0, 0, 1, 0, 3})
	for {
		option, kind, data := told(t, conn)
		if option != optGo || kind != repAck && kind != repInfo {
			t.Fatalf("GO was answered for option %d with %x %x", option, kind, data)
		}
		if kind == repAck {
			break
		}
	}
	c := &nbd{conn: conn, wait: map[uint64]waiting{}}
	go c.listen()
	return c
}

func must[T any](v T, err error) func(t tester) T {
	return func(t tester) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v", err)
		}
		return v
	}
}

func readN(r io.Reader, n int) ([]byte, error) {
	p := make([]byte, n)
	_, err := io.ReadFull(r, p)
	return p, err
}

func put(t tester, w io.Writer, parts ...any) {
	t.Helper()
	var p bytes.Buffer
	for _, part := range parts {
		if err := binary.Write(&p, binary.BigEndian, part); err != nil {
			t.Fatalf("encode: %v", err)
		}
	}
	if _, err := w.Write(p.Bytes()); err != nil {
		t.Fatalf("send: %v", err)
	}
}

func ask(t tester, conn net.Conn, option uint32, data []byte) {
	t.Helper()
	put(t, conn, []byte("IHAVEOPT"), option, uint32(len(data)), data)
}

// told reads one reply to an option.
func told(t tester, conn net.Conn) (option, kind uint32, data []byte) {
	t.Helper()
	p := must(readN(conn, 20))(t)
	if magic := binary.BigEndian.Uint64(p); magic != 0x3e889045565a9 {
		t.Fatalf("option reply begins with %x", magic)
	}
	data = must(readN(conn, int(binary.BigEndian.Uint32(p[16:]))))(t)
	return binary.BigEndian.Uint32(p[8:]), binary.BigEndian.Uint32(p[12:]), data
}

// listen gives every reply to the one who waits for its cookie, until the connection ends; then everybody gets errGone.
func (c *nbd) listen() {
	for c.hear() == nil {
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.wait {
		w.done <- answer{code: errGone}
	}
	c.wait = nil
}

func (c *nbd) hear() error {
	p, err := readN(c.conn, 16)
	if err != nil {
		return err
	}
	c.mu.Lock()
	w, ok := c.wait[binary.BigEndian.Uint64(p[8:])]
	delete(c.wait, binary.BigEndian.Uint64(p[8:]))
	c.mu.Unlock()
	if !ok || binary.BigEndian.Uint32(p) != 0x67446698 {
		return fmt.Errorf("stray reply %x", p)
	}
	a := answer{code: binary.BigEndian.Uint32(p[4:])}
	if a.code == 0 {
		a.data, err = readN(c.conn, int(w.n))
	}
	if err != nil {
		a.code = errGone
	}
	w.done <- a
	return err
}

// send asks for an operation, in the order of calls; the answer comes on the channel.
func (c *nbd) send(cmd, flags uint16, off uint64, n uint32, data []byte) <-chan answer {
	c.sending.Lock()
	defer c.sending.Unlock()
	cookie, done := c.expect(cmd, n)
	p := binary.BigEndian.AppendUint32(nil, 0x25609513)
	p = binary.BigEndian.AppendUint16(p, flags)
	p = binary.BigEndian.AppendUint16(p, cmd)
	p = binary.BigEndian.AppendUint64(p, cookie)
	p = binary.BigEndian.AppendUint64(p, off)
	p = binary.BigEndian.AppendUint32(p, n)
	if _, err := c.conn.Write(append(p, data...)); err != nil {
		// listen sees the end too and gives the answer
		c.conn.Close()
	}
	return done
}

func (c *nbd) expect(cmd uint16, n uint32) (cookie uint64, done chan answer) {
	w := waiting{done: make(chan answer, 1)}
	if cmd == cmdRead {
		w.n = n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	if c.wait == nil {
		w.done <- answer{code: errGone}
	} else {
		c.wait[c.last] = w
	}
	return c.last, w.done
}

// do asks and wants success.
func (c *nbd) do(t tester, cmd, flags uint16, off uint64, n uint32, data []byte) []byte {
	t.Helper()
	a := <-c.send(cmd, flags, off, n, data)
	if a.code != 0 {
		t.Fatalf("command %d at %d was answered with error %d", cmd, off, a.code)
	}
	return a.data
}

// write fills n sectors from first with version v.
func (c *nbd) write(t tester, flags uint16, first, n int64, v uint64) {
	t.Helper()
	c.do(t, cmdWrite, flags, uint64(first*sector), uint32(n*sector), stamp(n, v))
}

func (c *nbd) flush(t tester) {
	t.Helper()
	c.do(t, cmdFlush, 0, 0, 0, nil)
}

// versions reads an image: the version in every sector, or notStamped.
func versions(p []byte) []uint64 {
	var all []uint64
	for ; len(p) > 0; p = p[sector:] {
		v := binary.BigEndian.Uint64(p)
		if !bytes.Equal(p[:sector], stamp(1, v)) {
			v = notStamped
		}
		all = append(all, v)
	}
	return all
}
