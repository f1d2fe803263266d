package queue

import (
	"encoding/binary"
	"hash/crc32"
)

// standing is where an item stands, in one byte.
type standing uint8

// The standings.
const (
	gone standing = iota // never put, or delivered and its contents are no longer kept
	waitingUrgent
	waitingRoutine
	parkedUrgent
	parkedRoutine
	delivered
	lost // its contents cannot be read; it stays so, and its id may be put again
	standings
)

func waitingIn(l Lane) standing {
	if l == Urgent {
		return waitingUrgent
	}
	return waitingRoutine
}

func (s standing) waits() bool  { return s == waitingUrgent || s == waitingRoutine }
func (s standing) parked() bool { return s == parkedUrgent || s == parkedRoutine }
func (s standing) live() bool   { return s.waits() || s.parked() }

// park and release turn the one into the other of the same lane.
func (s standing) park() standing    { return s - waitingUrgent + parkedUrgent }
func (s standing) release() standing { return s - parkedUrgent + waitingUrgent }

// place is where in the journal an item's contents are.
type place struct{ segment, offset uint32 }

// register knows of every item where it stands and where it is, nine bytes each, in pages that are forgotten when all of theirs are gone.
// Pages are what a checkpoint writes.
type register struct {
	first uint64 // number of pages[0]
	pages []*page
	count [standings]int
	dirty map[uint64]bool // pages that changed since they were last clean
}

const pageItems = 512

type page struct {
	standing [pageItems]standing
	place    [pageItems]place
	count    [standings]int
}

func newRegister() *register { return &register{dirty: map[uint64]bool{}} }

func (r *register) get(seq uint64) (standing, place) {
	if n := seq / pageItems; n >= r.first && n < r.first+uint64(len(r.pages)) {
		if p := r.pages[n-r.first]; p != nil {
			return p.standing[seq%pageItems], p.place[seq%pageItems]
		}
	}
	return gone, place{}
}

func (r *register) set(seq uint64, s standing, at place) {
	n, i := seq/pageItems, seq%pageItems
	p := r.page(n)
	r.count[p.standing[i]]--
	p.count[p.standing[i]]--
	p.standing[i], p.place[i] = s, at
	r.count[s]++
	p.count[s]++
	r.dirty[n] = true
}

// page returns the page of that number, making it when it is not there.
func (r *register) page(n uint64) *page {
	if len(r.pages) == 0 {
		r.first = n
	}
	for n < r.first {
		r.pages = append(make([]*page, r.first-n), r.pages...)
		r.first = n
	}
	for n >= r.first+uint64(len(r.pages)) {
		r.pages = append(r.pages, nil)
	}
	if r.pages[n-r.first] == nil {
		p := &page{}
		p.count[gone] = pageItems
		r.pages[n-r.first] = p
	}
	return r.pages[n-r.first]
}

// prune forgets pages of which everything is gone, but for the one that numbers are still given from.
func (r *register) prune(last uint64) {
	for i, p := range r.pages {
		if n := r.first + uint64(i); p != nil && p.count[gone] == pageItems && n < last/pageItems {
			r.pages[i] = nil
			delete(r.dirty, n)
		}
	}
	for len(r.pages) > 0 && r.pages[0] == nil {
		r.pages, r.first = r.pages[1:], r.first+1
	}
}

// find appends numbers up to most in all from from until below to that stand as s, ascending.
func (r *register) find(all []uint64, s standing, from, to uint64, most int) []uint64 {
	from = max(from, r.first*pageItems)
	for n := from / pageItems; len(all) < most && n < r.first+uint64(len(r.pages)) && n*pageItems < to; n++ {
		p := r.pages[n-r.first]
		if p == nil || p.count[s] == 0 {
			continue
		}
		for i := range uint64(pageItems) {
			if seq := n*pageItems + i; p.standing[i] == s && seq >= from && seq < to && len(all) < most {
				all = append(all, seq)
			}
		}
	}
	return all
}

// each calls f for every item that is not gone, ascending.
func (r *register) each(f func(seq uint64, s standing, at place)) {
	for i, p := range r.pages {
		if p == nil || p.count[gone] == pageItems {
			continue
		}
		for j, s := range p.standing {
			if s != gone {
				f((r.first+uint64(i))*pageItems+uint64(j), s, p.place[j])
			}
		}
	}
}

// encode is crc32c(4), then standing(1) segment(4) offset(4) of each item.
func (p *page) encode() []byte {
	b := make([]byte, 4, 4+9*pageItems)
	for i, s := range p.standing {
		b = append(b, byte(s))
		b = binary.BigEndian.AppendUint32(b, p.place[i].segment)
		b = binary.BigEndian.AppendUint32(b, p.place[i].offset)
	}
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

// load takes a page from the index.
func (r *register) load(n uint64, b []byte) error {
	if len(b) != 4+9*pageItems || crc32.Checksum(b[4:], castagnoli) != binary.BigEndian.Uint32(b) {
		return errDamaged
	}
	for i := range uint64(pageItems) {
		at := b[4+9*i:]
		if s := standing(at[0]); s != gone && s < standings {
			r.set(n*pageItems+i, s, place{binary.BigEndian.Uint32(at[1:]), binary.BigEndian.Uint32(at[5:])})
		}
	}
	delete(r.dirty, n)
	return nil
}

// has says whether there is a page of that number.
func (r *register) has(n uint64) bool {
	return n >= r.first && n < r.first+uint64(len(r.pages)) && r.pages[n-r.first] != nil
}
