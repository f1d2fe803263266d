package site

import (
	"io"
	"net"
	"sync"
	"testing"
)

// held is a link that can stand still: nothing is lost, nothing comes.
type held struct {
	addr string
	mu   sync.Mutex
	gate chan struct{} // closed: open
}

func newWire(t *testing.T, to string) *held {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &held{addr: l.Addr().String(), gate: make(chan struct{})}
	close(h.gate)
	t.Cleanup(func() { l.Close(); h.release() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				return
			}
			go h.copy(far, near)
			go h.copy(near, far)
		}
	}()
	return h
}

func (h *held) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		h.mu.Lock()
		gate := h.gate
		h.mu.Unlock()
		<-gate
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			if err != io.EOF {
				from.Close()
			}
			return
		}
	}
}

func (h *held) hold() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gate = make(chan struct{})
}

func (h *held) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.gate:
	default:
		close(h.gate)
	}
}
