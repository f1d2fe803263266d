package card

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// stamp is n sectors full of v.
func stamp(n int64, v uint64) []byte {
	return bytes.Repeat(binary.BigEndian.AppendUint64(nil, v), int(n*sector/8))
}

const notStamped = 1<<64 - 1

// pipes is a listener whose clients come over net.Pipe, which fake time understands.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (l *pipes) dial() net.Conn {
	near, far := net.Pipe()
	l.conns <- far
	return near
}

// rig is a card that is being served, and its image.
type rig struct {
	*Card
	image  string
	pipes  *pipes
	served chan error
}

// insert makes an image of so many sectors and serves it. The caller ends it by Cut or Close.
func insert(t tester, dir string, sectors int64, o Opts) *rig {
	t.Helper()
	image := filepath.Join(dir, "image")
	if err := os.WriteFile(image, make([]byte, sectors*sector), 0o600); err != nil {
		t.Fatalf("make image: %v", err)
	}
	return reinsert(t, image, o)
}

func reinsert(t tester, image string, o Opts) *rig {
	t.Helper()
	r := &rig{Card: must(Open(image, o))(t), image: image, pipes: newPipes(), served: make(chan error, 1)}
	go func() { r.served <- r.Serve(r.pipes) }()
	return r
}

// cut cuts and reads what is left.
func (r *rig) cut(t tester, m Mode) ([]uint64, CutReport) {
	t.Helper()
	report := must(r.Cut(m))(t)
	if err := <-r.served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	return r.versions(t), report
}

func (r *rig) close(t tester) []uint64 {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-r.served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	return r.versions(t)
}

// scratch is a folder for each of rapid's rounds inside one that the test removes.
func scratch(t tester, root string) string {
	t.Helper()
	return must(os.MkdirTemp(root, "round-"))(t)
}

var _ tester = (*testing.T)(nil)

func (r *rig) connect(t tester) *nbd {
	t.Helper()
	return connect(t, r.pipes.dial())
}

func (r *rig) versions(t tester) []uint64 {
	t.Helper()
	return versions(must(os.ReadFile(r.image))(t))
}
