package queue

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// replay reads the journal's frames in order and applies their entries. It goes on behind damage: blocks are where frames begin, so the
// next frame is always found, and entries carry their own checksums.
type replay struct {
	q       *Queue
	after   uint64 // frames up to this one are in the register already
	expect  uint64 // number of the next frame; 0 is unknown
	run     uint64 // running time in the newest frame, seconds
	first   uint64 // number of the first frame of the segment last read; 0 when it has none
	end     int    // where that segment's last frame ends
	highest uint64 // number of the newest put
	holed   bool   // something was unreadable since highest
	damage  []damage
	told    []damage        // what an earlier Open told of
	touched map[uint64]bool // items that entries in damaged frames spoke of
	acked   []uint64        // items that were delivered in frames which the index does not cover
	done    map[uint64]bool // items that were delivered and whose put was not seen
}

// damage is a stretch that could not be read whole.
type damage struct {
	segment    uint32
	from, upto uint64   // frames
	unread     int      // entries; -1 when it is not known how many there were
	missing    []uint64 // items
	noFile     bool     // it is because a segment is missing
}

// segment reads one segment.
func (r *replay) segment(number uint32, b []byte, afterGap bool) {
	r.first = 0
	end := 0
	for end < len(b) {
		at, h, found := r.nextHead(b, end, number)
		if !found {
			break
		}
		if r.expect == 0 {
			r.expect = h.first
		}
		r.first, r.run = h.first, h.run
		if h.number > r.expect {
			r.damaged(b, end, at, damage{segment: number, from: r.expect, upto: h.number, unread: -1, noFile: afterGap && at == end})
		}
		end = at + blocks(int(h.length))*blockSize
		r.frame(b, at, min(end, len(b)), h)
	}
	if at := r.trailer(b, end); at > end {
		r.damaged(b, end, at, damage{segment: number, from: r.expect, upto: r.expect + 1, unread: -1})
		r.expect++
		end = at
	}
	r.end = min(end, len(b))
}

// nextHead looks for the head of the next frame, block by block.
func (r *replay) nextHead(b []byte, from int, number uint32) (at int, h head, found bool) {
	for at = from; at < len(b); at += blockSize {
		if h, ok := parseHead(b[at:], number); ok && h.number >= r.expect {
			return at, h, true
		}
	}
	return 0, head{}, false
}

// trailer looks for the end of the expected frame when its head cannot be found.
func (r *replay) trailer(b []byte, from int) (end int) {
	for at := from; r.expect > 0 && at < len(b); at += blockSize {
		if endsFrame(b[at:at+blockSize], r.expect) {
			return at + blockSize
		}
	}
	return from
}

func (r *replay) frame(b []byte, at, end int, h head) {
	r.expect = h.number + 1
	all, sound := entriesOf(b, at, h)
	if !sound {
		r.expect = h.number
		r.damaged(b, at, end, damage{segment: h.segment, from: h.number, upto: h.number + 1, unread: int(h.count)})
		r.expect++
		return
	}
	for _, e := range all {
		r.apply(e, h.segment)
	}
}

// damaged takes what can still be read of a stretch.
func (r *replay) damaged(b []byte, begin, end int, d damage) {
	if d.upto <= r.after+1 {
		return
	}
	all := salvage(b, begin, end, d.from, d.upto)
	for _, e := range all {
		r.apply(e, d.segment)
		r.touch(e)
	}
	if d.unread > 0 {
		d.unread -= len(all)
	}
	r.holed = true
	r.damage = append(r.damage, d)
}

func (r *replay) touch(e entry) {
	switch e.kind {
	case kindAck:
		for _, seq := range e.seqs() {
			r.touched[seq] = true
		}
	case kindTold:
	default:
		r.touched[e.seq()] = true
	}
}

// apply does what an entry says. Doing it again changes nothing, so frames that the index knows in part may come again.
func (r *replay) apply(e entry, segment uint32) {
	if e.frame <= r.after {
		return
	}
	q := r.q
	switch e.kind {
	case kindPut:
		r.put(e, place{segment, e.at})
	case kindNote:
		q.remark(e.seq()).note = slices.Clone(e.body[8:])
	case kindPark:
		q.remark(e.seq()).why = string(e.body[8:])
		if s, at := q.register.get(e.seq()); s.waits() {
			q.stand(e.seq(), s.park(), at)
		}
	case kindRelease:
		q.remark(e.seq()).why = ""
		if s, at := q.register.get(e.seq()); s.parked() {
			q.stand(e.seq(), s.release(), at)
		}
	case kindAck:
		for _, seq := range e.seqs() {
			s, at := q.register.get(seq)
			if s.live() {
				q.stand(seq, delivered, at)
				if e.frame > q.covered.Frame {
					r.acked = append(r.acked, seq)
				}
			}
			r.done[seq] = s == gone
		}
	case kindLost:
		if s, at := q.register.get(e.seq()); s != lost {
			q.stand(e.seq(), lost, at)
		}
	case kindTold:
		r.told = append(r.told, damage{from: e.seq(), upto: binary.BigEndian.Uint64(e.body[8:])})
	}
}

// put places an item. One that is known has moved.
func (r *replay) put(e entry, at place) {
	seq := e.seq()
	if r.holed && seq > r.highest+1 && r.highest > 0 {
		d := &r.damage[len(r.damage)-1]
		for n := r.highest + 1; n < seq; n++ {
			d.missing = append(d.missing, n)
		}
	}
	if seq > r.highest {
		r.highest, r.holed = seq, false
	}
	s, _ := r.q.register.get(seq)
	if s == gone {
		s = waitingIn(e.lane())
	}
	r.q.stand(seq, s, at)
	if e.frame > r.q.covered.Frame { // or the index knows it, or has forgotten it for good
		r.q.ids.fresh[e.item().ID] = seq
	}
}

// unfinished takes the damage at the very end out: a write that a power cut interrupted, which nobody was told had succeeded.
func (r *replay) unfinished() (d damage, found bool) {
	n := len(r.damage)
	if n == 0 {
		return damage{}, false
	}
	d = r.damage[n-1]
	if d.upto != r.expect || d.segment != r.q.journal.active() || d.upto <= r.q.covered.Frame+1 {
		return damage{}, false
	}
	r.damage = r.damage[:n-1]
	return d, true
}

// behind notes that the index covers frames which the journal has lost.
func (r *replay) behind(segment uint32, gap bool) {
	if covered := r.q.covered.Frame; r.expect > 0 && covered >= r.expect {
		r.damage = append(r.damage, damage{segment: segment, from: r.expect, upto: covered + 1, unread: -1, noFile: gap})
		r.expect, r.holed = covered+1, true
	}
}

// news is the damage that no earlier Open told of.
func (r *replay) news() (fresh []damage) {
	for _, d := range r.damage {
		if !slices.ContainsFunc(r.told, func(t damage) bool { return t.from <= d.from && d.upto <= t.upto }) {
			fresh = append(fresh, d)
		}
	}
	return fresh
}

func (d damage) String() string {
	frames := fmt.Sprintf("frame %d", d.from)
	if d.upto > d.from+1 {
		frames = fmt.Sprintf("frames %d to %d", d.from, d.upto-1)
	}
	if d.unread < 0 {
		return fmt.Sprintf("segment %d, %s: not known how many entries could not be read", d.segment, frames)
	}
	return fmt.Sprintf("segment %d, %s: %d entries could not be read", d.segment, frames, d.unread)
}
