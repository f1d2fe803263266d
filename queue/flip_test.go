package queue

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

// A flipped bit anywhere in the journal costs at most the item whose frame it is in, and then it is stated; what comes behind is there.
// In Badger's log it drops the tail silently, and in its tables it gives a wrong value.
func TestFlippedBitCostsOnlyItsFrame(t *testing.T) {
	q := open(t, t.TempDir())
	const items = 5
	for n := range items {
		put(t, q, Routine, fmt.Sprint("item ", n))
	}
	number, used := q.journal.active(), q.journal.end
	b, err := os.ReadFile(q.journal.path(number))
	must(t, err)
	b = b[:used+2*blockSize]
	lost := map[int]bool{}
	for at := range used {
		if flipped := b[at] != 0 || at%blockSize < 128; !flipped && at%61 != 0 { // of the zeros, some
			continue
		}
		for bit := range 8 {
			b[at] ^= 1 << bit
			missing, stated := replayed(t, b, number, items)
			b[at] ^= 1 << bit
			if len(missing) > 1 || len(missing) == 1 && (!stated || missing[0] != at/blockSize) {
				t.Fatalf("bit %d of byte %d: items %v are missing, stated: %v", bit, at, missing, stated)
			}
			for _, n := range missing {
				lost[n] = true
			}
		}
	}
	if len(lost) != items {
		t.Errorf("only items %v were ever lost: the test proves little", lost)
	}
}

// replayed reads a segment as Open does and says which items are missing. What there is must be right.
func replayed(t *testing.T, b []byte, number uint32, items int) (missing []int, stated bool) {
	q := &Queue{
		journal: &journal{size: int64(len(b)), segments: []*segment{{number: number}}}, register: newRegister(), remarks: map[uint64]*remark{},
		ids: pending{fresh: map[string]uint64{}, done: map[uint64]string{}},
	}
	r := &replay{q: q, touched: map[uint64]bool{}, done: map[uint64]bool{}}
	r.segment(number, b, false)
	for n := range items {
		seq := uint64(n) + 1
		s, at := q.register.get(seq)
		if s != waitingRoutine {
			missing = append(missing, n)
			continue
		}
		e, _, ok := parseEntry(b[at.offset:])
		if want := fmt.Sprint("item ", n); !ok || e.item().ID != want || string(e.item().Payload) != "payload of "+want || e.seq() != seq {
			t.Errorf("item %d came out as %+v", n, e.item())
		}
	}
	if extra := q.register.count[waitingUrgent]; extra > 0 || q.register.count[waitingRoutine] != items-len(missing) {
		t.Errorf("%d items too many", q.register.count[waitingRoutine]+extra-items+len(missing))
	}
	return slices.Clip(missing), len(r.damage) > 0
}

// A place that leads to another's entry gives nothing.
func TestAnothersEntryIsNotRead(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "a", "b")
	_, at := q.register.get(seqOf(t, q, "b"))
	q.register.set(seqOf(t, q, "a"), waitingRoutine, at)
	if got := ids(t, q, Any, 9); got != "b" || len(q.Damaged()) != 1 {
		t.Errorf("waiting %q, damaged %q", got, q.Damaged())
	}
}

// What an earlier life of a segment left is not read for what is there now, though it is whole.
func TestAnEarlierLifeIsNotRead(t *testing.T) {
	q := open(t, t.TempDir())
	for n := range 5 {
		put(t, q, Routine, fmt.Sprint("item ", n))
	}
	number, used := q.journal.active(), q.journal.end
	b, err := os.ReadFile(q.journal.path(number))
	must(t, err)
	b = b[:used]
	if missing, stated := replayed(t, b, number+1, 0); len(missing) > 0 || stated {
		t.Errorf("of another segment: %v are missing, stated: %v", missing, stated)
	}
	copy(b[2*blockSize+headSize:3*blockSize], b[blockSize+headSize:2*blockSize]) // entries of an earlier frame below a head
	if missing, stated := replayed(t, b, number, 5); len(missing) != 1 || missing[0] != 2 || !stated {
		t.Errorf("entries of an earlier frame: %v are missing, stated: %v", missing, stated)
	}
}
