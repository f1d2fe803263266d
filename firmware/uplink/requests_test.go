package uplink

import (
	"context"
	"errors"
	"sync"
	"testing"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// asked are requests that are taken at once, but the first one, for which there is no room.
type asked struct {
	mu    sync.Mutex
	tries int
	woken chan struct{}
	news  []wire.Result
}

func (a *asked) Take(_ context.Context, c wire.Command) (wire.Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tries++; a.tries == 1 {
		return wire.Result{}, errors.New("disk full")
	}
	return wire.Result{ID: c.ID, Status: wire.ResultKept}, nil
}

func (a *asked) News() []wire.Result {
	a.mu.Lock()
	defer a.mu.Unlock()
	news := a.news
	a.news = nil
	return news
}

func (a *asked) Woken() <-chan struct{} { return a.woken }

// TestRequestsAreAnswered: one that could be kept, and not one that could not; what became of it later is told too. A watch is none of them.
func TestRequestsAreAnswered(t *testing.T) {
	r := newRig(t)
	a := &asked{woken: make(chan struct{}, 1)}
	r.opts.Requests = a
	r.clinic.open()
	results := make(chan wire.Result, 16)
	if err := r.clinic.conn.Subscribe(t.Context(), wire.All(wire.LiveRoot, wire.UpRes), 1, func(m broker.Message) {
		if res, err := wire.ParseResult(m.Payload); err == nil {
			results <- res
		}
	}); err != nil {
		t.Fatal(err)
	}
	r.run()
	expect(t, r.clinic.hellos)
	message := wire.Command{ID: "c1", Kind: wire.CommandMessage, TTL: 60, Text: "x"}
	r.clinic.down(wire.DownCmd, wire.Command{ID: "w", Kind: wire.CommandWatch, TTL: 20})
	r.clinic.down(wire.DownCmd, message)
	message.ID = "c2"
	r.clinic.down(wire.DownCmd, message)
	if res := expect(t, results); res != (wire.Result{ID: "c2", Status: wire.ResultKept}) {
		t.Errorf("%+v", res)
	}
	a.mu.Lock()
	a.news = []wire.Result{{ID: "c2", Status: wire.ResultShown}, {ID: "c2", Status: wire.ResultDone, By: "w-7"}}
	a.mu.Unlock()
	a.woken <- struct{}{}
	for _, want := range []wire.ResultStatus{wire.ResultShown, wire.ResultDone} {
		if res := expect(t, results); res.Status != want {
			t.Errorf("%+v, want %s", res, want)
		}
	}
}
