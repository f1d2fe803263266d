package broker

import (
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and the broker, and can stop carrying bytes without closing anything: a half-open link.
type proxy struct {
	addr string
	to   string

	mu     sync.Mutex
	conns  []net.Conn
	frozen chan struct{} // closed by freeze
}

func through(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), to: to, frozen: make(chan struct{})}
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			p.carry(&busy, near)
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		busy.Wait()
	})
	return p
}

func (p *proxy) carry(busy *sync.WaitGroup, near net.Conn) {
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		near.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, near, far)
	p.mu.Unlock()
	busy.Go(func() { p.pump(near, far) })
	busy.Go(func() { p.pump(far, near) })
}

func (p *proxy) pump(from, to net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		select {
		case <-p.frozen:
			return // and leave both ends open
		default:
		}
		if err != nil {
			to.Close()
			return
		}
		to.Write(buf[:n])
	}
}

// freeze stops carrying.
func (p *proxy) freeze() { close(p.frozen) }

// cut closes every connection, as when a cable breaks and the kernel gives up.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}
