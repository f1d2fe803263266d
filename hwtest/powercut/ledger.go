package main

import (
	"errors"
	"fmt"
	"strings"
)

// ledger is what the host knows of one card: every promise, and what was under way.
type ledger struct {
	put   map[string]bool
	tried map[string]bool // an acknowledgment was asked for
	acked map[string]bool
	full  int // times ErrFull was returned
}

func newLedger() *ledger {
	return &ledger{put: map[string]bool{}, tried: map[string]bool{}, acked: map[string]bool{}}
}

// hear takes a line of the workload.
func (l *ledger) hear(line string) {
	word, id, _ := strings.Cut(line, " ")
	switch word {
	case "PUT":
		l.put[id] = true
	case "TRY":
		l.tried[id] = true
	case "ACKED":
		l.acked[id] = true
	case "FULL":
		l.full++
	}
}

// judge holds what a machine says it has against the promises.
func (l *ledger) judge(there map[string]bool) (lost, twice []string) {
	for id := range l.put {
		if !l.tried[id] && !there[id] {
			lost = append(lost, id)
		}
	}
	for id := range l.acked {
		if there[id] {
			twice = append(twice, id)
		}
	}
	return lost, twice
}

// forget lets go of what is settled, so that each boot is held to what can still go wrong.
func (l *ledger) forget(there map[string]bool) {
	for id := range l.put {
		if !there[id] {
			delete(l.put, id)
		}
	}
	for id := range there {
		l.put[id] = true // it was not promised, but it is there now and stays
		if !l.acked[id] {
			delete(l.tried, id)
		}
	}
}

// row is the result of one series.
type row struct {
	plan
	done, saved, acked, lost, twice, repairs, opens, failed, full, trimmed, rebuilt int
	kept                                                                            string
}

func verdict(rows []row) error {
	fmt.Printf("\n%-26s %-8s %5s %7s %7s %5s %6s %8s %6s %7s %5s %5s %7s\n", "series", "mode", "cuts", "saved", "acked", "lost", "twice", "repairs", "opens", "failed", "full", "trims", "rebuilt")
	bad, cuts, controls := 0, 0, false
	for _, r := range rows {
		fmt.Printf("%-26s %-8s %5d %7d %7d %5d %6d %8d %6d %7d %5d %5d %7d\n", r.name, r.mode, r.done, r.saved, r.acked, r.lost, r.twice, r.repairs, r.opens, r.failed, r.full, r.trimmed, r.rebuilt)
		wrong := r.lost + r.twice + r.failed
		controls = controls || r.control
		if r.done == 0 && wrong == 0 {
			fmt.Printf("  the power never went\n")
			bad++
		}
		if r.control && wrong == 0 {
			fmt.Printf("  a control was not caught: the rig proves nothing\n")
			bad++
		}
		if !r.control {
			cuts += r.done
			if wrong > 0 {
				fmt.Printf("  kept: %s\n", r.kept)
				bad++
			}
		}
	}
	if cuts == 0 || !controls {
		return errors.New("a run needs cuts and controls")
	}
	if bad > 0 {
		return fmt.Errorf("%d series failed", bad)
	}
	fmt.Printf("%d cuts: nothing saved was lost, nothing acknowledged came back, every open worked; the controls were caught\n", cuts)
	return nil
}
