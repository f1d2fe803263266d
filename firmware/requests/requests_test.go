package requests

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/firmware/clock"
	"nabz/firmware/wire"
)

// memory is a store that can be full.
type memory struct {
	records map[string][]byte
	full    bool
}

var errFull = errors.New("disk full")

func (m *memory) Remember(name string, record []byte) error {
	if m.full {
		return errFull
	}
	m.records[name] = record
	return nil
}

func (m *memory) Remembered(name string) ([]byte, error) { return m.records[name], nil }

func (m *memory) Forgotten(name string) error {
	delete(m.records, name)
	return nil
}

func (m *memory) Names(prefix string) (all []string, err error) {
	for name := range m.records {
		if strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all, nil
}

// desk is a book with a clock that a test sets.
type desk struct {
	testing.TB
	*Book
	store *memory
	now   clock.Stamp
}

func newDesk(t testing.TB) *desk {
	d := &desk{TB: t, store: &memory{records: map[string][]byte{}}, now: clock.Stamp{Boot: "b1"}}
	d.open()
	return d
}

func (d *desk) open() {
	d.Helper()
	var err error
	if d.Book, err = Open(d.store, func() clock.Stamp { return d.now }); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) take(id string, ttl int) wire.Result {
	d.Helper()
	r, err := d.Take(wire.Command{ID: id, Kind: wire.CommandMessage, TTL: ttl, By: "d-1", Text: "a word"})
	if err != nil {
		d.Fatal(err)
	}
	return r
}

func (d *desk) waiting() string {
	var ids []string
	for _, r := range d.Waiting() {
		ids = append(ids, r.ID)
	}
	return strings.Join(ids, " ")
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// TestAWayThroughTheDay: kept, shown, done, each told once; a restart in between loses nothing; the words are forgotten when they were read.
func TestAWayThroughTheDay(t *testing.T) {
	d := newDesk(t)
	if r := d.take("c1", 60); r.Status != wire.ResultKept || d.waiting() != "c1" {
		t.Errorf("%+v, waiting %q", r, d.waiting())
	}
	d.must(d.Shown("c1"))
	d.must(d.Shown("c1"))
	if news := d.News(); len(news) != 1 || news[0].Status != wire.ResultShown {
		t.Errorf("news %+v", news)
	}
	d.open()
	if r := d.take("c1", 50); r.Status != wire.ResultShown {
		t.Errorf("came again after a restart: %+v", r)
	}
	d.must(d.Done("c1", "w-7"))
	d.must(d.Shown("c1"))
	if news := d.News(); len(news) != 1 || news[0] != (wire.Result{ID: "c1", Status: wire.ResultDone, By: "w-7"}) {
		t.Errorf("news %+v", news)
	}
	d.open()
	if r := d.take("c1", 40); r.Status != wire.ResultDone || d.waiting() != "" {
		t.Errorf("came after it was done: %+v, waiting %q", r, d.waiting())
	}
	if strings.Contains(string(d.store.records["request/c1"]), "a word") {
		t.Error("its words are kept though they were read")
	}
	d.must(d.Done("nothing", "w-7"))
}

// TestWhatIsLateIsNotShown: after its time a request is over; where a restart hides how much time is left it is not shown until it comes again.
func TestWhatIsLateIsNotShown(t *testing.T) {
	d := newDesk(t)
	d.take("c1", 60)
	d.take("c2", 600)
	d.now.SinceBoot += 60 * time.Second
	if d.waiting() != "c2" {
		t.Errorf("waiting %q", d.waiting())
	}
	if news := d.News(); len(news) != 1 || news[0].Status != wire.ResultExpired {
		t.Errorf("news %+v", news)
	}
	d.must(d.Done("c1", "w-7"))
	if r := d.take("c1", 5); r.Status != wire.ResultExpired {
		t.Errorf("an expired one came again: %+v", r)
	}
	d.now = clock.Stamp{Boot: "b2", SinceBoot: time.Second}
	d.open()
	if d.waiting() != "" {
		t.Errorf("after a power cut of unknown length: %q", d.waiting())
	}
	if r := d.take("c2", 300); r.Status != wire.ResultKept || d.waiting() != "c2" {
		t.Errorf("said again: %+v, %q", r, d.waiting())
	}
}

// TestWhatCannotBeKeptIsNotAnswered: the clinic says it again then.
func TestWhatCannotBeKeptIsNotAnswered(t *testing.T) {
	d := newDesk(t)
	d.store.full = true
	if r, err := d.Take(wire.Command{ID: "c1", Kind: wire.CommandMessage, TTL: 9, Text: "x"}); !errors.Is(err, errFull) || d.waiting() != "" {
		t.Errorf("%+v, %v", r, err)
	}
	d.store.full = false
	d.take("c1", 9)
	d.store.full = true
	if err := d.Done("c1", "w-7"); !errors.Is(err, errFull) || d.waiting() != "c1" {
		t.Errorf("%v, waiting %q", err, d.waiting())
	}
}

// TestNobodyCanFillTheScreen: beyond twenty open ones a request is refused, and what is over makes room.
func TestNobodyCanFillTheScreen(t *testing.T) {
	d := newDesk(t)
	for i := range mostOpen {
		d.take(fmt.Sprintf("c%03d", i), 60)
	}
	if r := d.take("more", 60); r.Status != wire.ResultRefused || r.Why == "" {
		t.Errorf("%+v", r)
	}
	for i := range 3 * mostKept {
		d.must(d.Done(fmt.Sprintf("c%03d", i), "w-7"))
		d.take(fmt.Sprintf("c%03d", i+mostOpen), 60)
	}
	if n := len(d.store.records); n > mostKept {
		t.Errorf("%d are remembered", n)
	}
}

// TestRequestsProperty: whatever happens in whatever order, a request never comes back from its end, and only goes forward.
func TestRequestsProperty(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t)
		over := map[string]wire.ResultStatus{}
		ids := rapid.SampledFrom([]string{"a", "b", "c"})
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			id := ids.Draw(r, "id")
			switch rapid.IntRange(0, 5).Draw(r, "act") {
			case 0, 1:
				res := d.take(id, rapid.IntRange(1, 100).Draw(r, "ttl"))
				if was := over[id]; was == wire.ResultDone && res.Status != was {
					r.Fatalf("%s was done, and is %s", id, res.Status)
				}
			case 2:
				d.must(d.Shown(id))
			case 3:
				d.must(d.Done(id, "w-7"))
			case 4:
				d.now.SinceBoot += time.Duration(rapid.IntRange(0, 80).Draw(r, "s")) * time.Second
			case 5:
				if rapid.Bool().Draw(r, "reboot") {
					d.now = clock.Stamp{Boot: d.now.Boot + "x"}
				}
				d.News() // what was not told is lost with the process
				d.open()
			}
			for _, n := range d.News() {
				if n.Status.Over() {
					over[n.ID] = n.Status
				}
			}
			for _, w := range d.Waiting() {
				if w.Status.Over() || over[w.ID] == wire.ResultDone {
					r.Fatalf("%s waits and is over", w.ID)
				}
			}
		}
	})
}
