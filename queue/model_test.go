package queue

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is what the queue should do, in memory and without disk.
type model struct {
	items []*modelItem // in order of Put
	byID  map[string]*modelItem
}

type modelItem struct {
	id    string
	lane  Lane
	note  string
	state State
}

// TestModel does random things to the queue and to the model, closing and opening in between, and compares what they show.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "queue")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		opts := Opts{
			segment: rapid.SampledFrom([]int64{2, 4, 64}).Draw(t, "blocks in a segment") * blockSize,
			whole:   rapid.SampledFrom([]int{1, 100}).Draw(t, "segments read whole"),
		}
		r := &run{t: t, dir: dir, opts: opts, m: model{byID: map[string]*modelItem{}}}
		r.open()
		defer func() { r.q.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"put": r.put, "note": r.note, "ack": r.ack, "park": r.park, "release": r.release, "reopen": r.reopen, "": r.compare,
		})
	})
}

type run struct {
	t    *rapid.T
	dir  string
	opts Opts
	q    *Queue
	m    model
}

func (r *run) open() {
	q, _, err := Open(r.dir, r.opts)
	if err != nil {
		r.t.Fatal(err)
	}
	r.q = q
}

func (r *run) check(err error) {
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) put(t *rapid.T) {
	id := fmt.Sprintf("id%d", rapid.IntRange(0, 30).Draw(t, "id"))
	lane := rapid.SampledFrom([]Lane{Urgent, Routine}).Draw(t, "lane")
	r.check(r.q.Put(context.Background(), id, lane, []byte(id)))
	if r.m.byID[id] == nil {
		it := &modelItem{id: id, lane: lane, state: Waiting}
		r.m.byID[id] = it
		r.m.items = append(r.m.items, it)
	}
}

// pick draws an item in one of the states, with its number in the queue.
func (r *run) pick(t *rapid.T, states ...State) (*modelItem, uint64) {
	var some []*modelItem
	for _, it := range r.m.items {
		if slices.Contains(states, it.state) {
			some = append(some, it)
		}
	}
	if len(some) == 0 {
		t.Skip("none")
	}
	it := rapid.SampledFrom(some).Draw(t, "item")
	found, _, err := r.q.Find(it.id)
	r.check(err)
	return it, found.Seq
}

func (r *run) note(t *rapid.T) {
	it, seq := r.pick(t, Waiting, Parked)
	it.note = rapid.StringMatching(`[a-z]{0,8}`).Draw(t, "note")
	r.check(r.q.Note(context.Background(), seq, []byte(it.note)))
}

func (r *run) ack(t *rapid.T) {
	it, seq := r.pick(t, Waiting, Parked, Delivered)
	r.check(r.q.Ack(context.Background(), seq))
	it.state = Delivered
}

func (r *run) park(t *rapid.T) {
	it, seq := r.pick(t, Waiting)
	r.check(r.q.Park(context.Background(), seq, "why"))
	it.state = Parked
}

func (r *run) release(t *rapid.T) {
	it, seq := r.pick(t, Parked)
	r.check(r.q.Release(context.Background(), seq))
	it.state = Waiting
}

func (r *run) reopen(*rapid.T) {
	r.check(r.q.Close())
	r.open()
}

func (r *run) compare(t *rapid.T) {
	for _, state := range []State{Waiting, Parked, Delivered} {
		items, err := r.q.List(state, 1000)
		r.check(err)
		var got, want []string
		for _, it := range items {
			got = append(got, it.ID+":"+string(it.Note))
		}
		for _, it := range r.m.items {
			if it.state == state {
				want = append(want, it.id+":"+it.note)
			}
		}
		if state == Delivered { // older ones may have gone
			want = slices.DeleteFunc(want, func(w string) bool { return !slices.Contains(got, w) })
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", state, got, want)
		}
	}
	for _, it := range r.m.items {
		if _, state, err := r.q.Find(it.id); err != nil || state != it.state {
			t.Fatalf("%s is %s, want %s (%v)", it.id, state, it.state, err)
		}
	}
}
