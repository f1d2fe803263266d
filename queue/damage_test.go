package queue

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestDamagedStore damages a closed or killed store at random: flipped bits, files cut short, emptied and missing. Whatever it was, Open
// gives a queue, nothing wrong comes out of it, and every loss is stated. NABZ_DAMAGE is how often; make damage says 1,000.
func TestDamagedStore(t *testing.T) {
	rounds := 60
	if n, err := strconv.Atoi(os.Getenv("NABZ_DAMAGE")); err == nil {
		rounds = n
	}
	seed := rand.Uint64()
	if n, err := strconv.ParseUint(os.Getenv("NABZ_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("seed %d", seed)
	var store *wrecked
	total := wreckage{}
	for round := range rounds {
		rng := rand.New(rand.NewPCG(seed, uint64(round)))
		if round%5 == 0 {
			store = build(t, rng)
		}
		w := *store
		w.t, w.rng, w.dir = t, rng, filepath.Join(t.TempDir(), "queue")
		copyStore(t, store.dir, w.dir)
		for range 1 + rng.IntN(2) {
			w.what = append(w.what, w.harm())
		}
		w.name = fmt.Sprintf("seed %d, round %d: %s", seed, round, strings.Join(w.what, ", "))
		w.judge(&total)
		if t.Failed() {
			t.Fatalf("kept: %s", w.dir)
		}
		must(t, os.RemoveAll(w.dir))
	}
	t.Logf("%d stores: %d items whole, %d lost and stated; %d with nothing lost", rounds, total.whole, total.lost, total.unharmed)
	if total.lost == 0 || total.unharmed == 0 {
		t.Error("the damage never or always cost something: the test proves little")
	}
}

// wrecked is a store and what it should have.
type wrecked struct {
	t     *testing.T
	rng   *rand.Rand
	dir   string
	opts  Opts
	items map[string]State
	seqs  map[string]uint64
	what  []string
	name  string
}

type wreckage struct{ whole, lost, unharmed int }

// build fills a store, and closes it or leaves it as a kill would.
func build(t *testing.T, rng *rand.Rand) *wrecked {
	w := &wrecked{
		t: t, dir: filepath.Join(t.TempDir(), "queue"), items: map[string]State{}, seqs: map[string]uint64{},
		opts: Opts{segment: []int64{4, 16, 256}[rng.IntN(3)] * blockSize, whole: []int{1, 100}[rng.IntN(2)]},
	}
	live := filepath.Join(t.TempDir(), "live")
	q, _ := reopen(t, live, w.opts)
	for n := range 20 + rng.IntN(150) {
		w.change(q, rng, n)
	}
	quiet(t, q)
	if rng.IntN(2) == 0 {
		must(t, q.Close())
		copyStore(t, live, w.dir)
	} else {
		copyStore(t, live, w.dir)
		must(t, q.Close())
	}
	return w
}

// quiet returns when the writer has done all that follows from earlier writes.
func quiet(t testing.TB, q *Queue) {
	t.Helper()
	must(t, q.do(t.Context(), &write{apply: func(*tx) error { return nil }}))
}

// inWriter has the writer do what only it may.
func inWriter(t testing.TB, q *Queue, f func() error) error {
	return q.do(t.Context(), &write{apply: func(*tx) error { return f() }})
}

func (w *wrecked) change(q *Queue, rng *rand.Rand, n int) {
	id, ctx := fmt.Sprintf("id-%d", rng.IntN(n+1)), context.Background()
	switch state := w.items[id]; {
	case n%2 == 0 || state == "":
		id = fmt.Sprintf("id-%d", n)
		must(w.t, q.Put(ctx, id, Routine, []byte(payload(id))))
		w.items[id], w.seqs[id] = Waiting, q.LastSeq()
	case state == Delivered:
	case rng.IntN(5) == 0:
		must(w.t, q.Park(ctx, w.seqs[id], "why"))
		w.items[id] = Parked
	default:
		must(w.t, q.Ack(ctx, w.seqs[id]))
		w.items[id] = Delivered
	}
}

func copyStore(t *testing.T, from, to string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(to), 0o700))
	must(t, os.CopyFS(to, os.DirFS(from)))
}

// harm damages one file and says how.
func (w *wrecked) harm() string {
	var files []string
	must(w.t, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "LOCK" && d.Name() != "lock" && d.Name() != "ballast" {
			files = append(files, path)
		}
		return err
	}))
	path := files[w.rng.IntN(len(files))]
	name, err := filepath.Rel(w.dir, path)
	must(w.t, err)
	b, err := os.ReadFile(path)
	must(w.t, err)
	switch kind := w.rng.IntN(6); {
	case kind == 0:
		must(w.t, os.Remove(path))
		return "removed " + name
	case kind == 1 || len(b) == 0:
		must(w.t, os.Truncate(path, 0))
		return "emptied " + name
	case kind == 2:
		n := w.rng.IntN(len(b))
		must(w.t, os.Truncate(path, int64(n)))
		return fmt.Sprintf("cut %s to %d", name, n)
	}
	used := len(b)
	for used > 1 && b[used-1] == 0 {
		used--
	}
	for range 1 + w.rng.IntN(4) {
		b[w.rng.IntN(used)] ^= 1 << w.rng.IntN(8)
	}
	must(w.t, os.WriteFile(path, b, 0o600))
	return "flipped bits of " + name
}

func (w *wrecked) judge(total *wreckage) {
	q, found, err := Open(w.dir, w.opts)
	if err != nil {
		w.t.Errorf("%s: %v", w.name, err)
		return
	}
	lost := w.compare(q, found)
	total.lost += lost
	total.whole += len(w.items) - lost
	if lost == 0 {
		total.unharmed++
	}
	ctx := context.Background()
	must(w.t, q.Put(ctx, "afterwards", Urgent, []byte("x")))
	must(w.t, q.Close())
	again, second, err := Open(w.dir, w.opts)
	if err != nil {
		w.t.Errorf("%s: opened again: %v", w.name, err)
		return
	}
	defer again.Close()
	if len(second.Damaged) > 0 || second.Rebuilt != "" || second.Waiting != q.Stats().Waiting {
		w.t.Errorf("%s: opened again: %+v; the first time %+v", w.name, second, found)
	}
	if it, state, err := again.Find("afterwards"); err != nil || state != Waiting || string(it.Payload) != "x" {
		w.t.Errorf("%s: what was put after the damage: %s %v", w.name, state, err)
	}
}

// compare holds every item to what was promised and returns how many are lost.
func (w *wrecked) compare(q *Queue, found Recovery) (lost int) {
	wrong := 0
	for id, want := range w.items {
		it, state, err := q.Find(id)
		if err == nil && len(it.Payload) > 0 && string(it.Payload) != payload(id) {
			w.t.Errorf("%s: %s has another's payload", w.name, id)
		}
		switch {
		case err != nil && want != Delivered, state == Delivered && want != Delivered:
			lost++
		case err == nil && state != want:
			wrong++ // an acknowledgment or a parking is lost
		}
	}
	stated := len(q.Damaged()) > 0 || found.Unfinished != ""
	if lost+wrong > 0 && !stated {
		w.t.Errorf("%s: %d lost and %d elsewhere, and nothing stated: %+v", w.name, lost, wrong, found)
	}
	for _, line := range q.Damaged() {
		w.named(q, line)
	}
	return lost
}

// named holds a statement about an item against the truth: it never names one that is whole.
func (w *wrecked) named(q *Queue, line string) {
	var seq uint64
	var id string
	if n, err := fmt.Sscanf(line, "item %d, id %s", &seq, &id); err != nil || n != 2 || id == "unknown" {
		return
	}
	if w.seqs[id] != seq {
		w.t.Errorf("%s: %q, but %s has number %d", w.name, line, id, w.seqs[id])
	}
	if _, state, err := q.Find(id); err == nil && state != Delivered {
		w.t.Errorf("%s: %q, but it is %s", w.name, line, state)
	}
}
