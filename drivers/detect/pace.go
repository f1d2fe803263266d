package detect

import "time"

// pace measures how fast a stream comes, in short windows that each have one vote: what a machine under load held back comes in one window,
// however much it was, so it does not make a slow device fast. Its zero value is ready.
type pace struct {
	since time.Time // when this window began,
	had   int       // with so many bytes heard
	lead  int       // of the votes for fast; below zero for slow
}

// How it votes.
const (
	berrysRate = 80 * 5 // bytes a second: Berry sends 500, Contec's old devices 300
	windowTime = 500 * time.Millisecond
	clearLead  = 5 // votes
)

// note says that so many bytes were heard by now. What came before the first note had been waiting, and does not count.
func (p *pace) note(heard int, now time.Time) {
	over := now.Sub(p.since)
	switch {
	case p.since.IsZero():
	case over < windowTime:
		return
	case heard-p.had > int(berrysRate*over/time.Second):
		p.lead++
	default:
		p.lead--
	}
	p.since, p.had = now, heard
}

func (p *pace) fast() bool { return p.lead > 0 }

// clear says that one side leads by enough.
func (p *pace) clear() bool { return p.lead >= clearLead || p.lead <= -clearLead }
