package uplink

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/queue"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func items(lane queue.Lane, seqs ...uint64) []queue.Item {
	var all []queue.Item
	for _, seq := range seqs {
		all = append(all, queue.Item{Seq: seq, Lane: lane})
	}
	return all
}

func TestBackoffIsOneSecondToFiveMinutes(t *testing.T) {
	for tries, want := range map[int]time.Duration{
		0: time.Second, 1: 2 * time.Second, 8: 256 * time.Second, 9: 5 * time.Minute, 10: 5 * time.Minute, 1000: 5 * time.Minute,
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := backoff(tries)
			if d > want || d <= want/2-1 {
				t.Fatalf("after %d tries %s, want %s less up to half", tries, d, want)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Errorf("after %d tries only %d different waits of 100: kiosks would come back in step", tries, len(seen))
		}
	}
}

func TestPace(t *testing.T) {
	cases := map[string]struct {
		before func(*pace)
		items  []queue.Item
		after  time.Duration
		want   int
	}{
		"nothing happened":                         {func(*pace) {}, items(queue.Routine, 1, 2), 0, 0},
		"failed just now":                          {func(p *pace) { p.failed(1, noon) }, items(queue.Routine, 1), 0, -1},
		"failed a second ago":                      {func(p *pace) { p.failed(1, noon) }, items(queue.Routine, 1), time.Second, 0},
		"another is tried soon":                    {func(p *pace) { failTimes(p, 1, 4) }, items(queue.Routine, 1, 2), 4 * time.Second, 1},
		"but not at once":                          {func(p *pace) { p.failed(1, noon) }, items(queue.Routine, 1, 2), 0, -1},
		"urgent goes at once":                      {func(p *pace) { failTimes(p, 1, 9) }, items(queue.Urgent, 2), 0, 0},
		"urgent that failed waits":                 {func(p *pace) { p.failed(2, noon) }, items(queue.Urgent, 2), 0, -1},
		"next urgent passes it":                    {func(p *pace) { p.failed(2, noon) }, items(queue.Urgent, 2, 3), 0, 1},
		"a success frees the others":               {func(p *pace) { failTimes(p, 1, 9); p.settled(2) }, items(queue.Routine, 1, 3), 0, 1},
		"clinic online frees everything":           {func(p *pace) { failTimes(p, 1, 9); p.release() }, items(queue.Routine, 1), 0, 0},
		"a lost link holds only one":               {func(p *pace) { p.cut(1, noon) }, items(queue.Routine, 1, 2), 0, 1},
		"what cost the link does not lead again":   {func(p *pace) { p.cut(1, noon) }, items(queue.Routine, 1, 2), time.Hour, 1},
		"until another has succeeded":              {func(p *pace) { p.cut(1, noon); p.settled(2) }, items(queue.Routine, 1, 3), time.Hour, 0},
		"and goes when it is alone":                {func(p *pace) { p.cut(1, noon) }, items(queue.Routine, 1), time.Hour, 0},
		"an urgent one lets only one routine pass": {func(p *pace) { p.cut(1, noon); p.settled(9) }, items(queue.Urgent, 1), time.Hour, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var p pace
			c.before(&p)
			if got, _ := p.pick(c.items, noon.Add(c.after)); got != c.want {
				t.Errorf("picked %d, want %d", got, c.want)
			}
		})
	}
}

func failTimes(p *pace, seq uint64, n int) {
	for range n {
		p.failed(seq, noon)
	}
}

// Whatever happened, something may go after the wait that pick names, nobody waits longer than five minutes, and the memory is bounded.
func TestPaceNeverStalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pace
		now := noon
		view := append(items(queue.Urgent, 1, 2), items(queue.Routine, 3, 4, 5)...)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i, wait := p.pick(view, now)
			if i < 0 {
				if wait <= 0 || wait > lastRetry {
					t.Fatalf("wait %s", wait)
				}
				now = now.Add(wait)
				if i, _ = p.pick(view, now); i < 0 {
					t.Fatalf("nothing may go after the wait of %s", wait)
				}
			}
			switch seq := view[i].Seq; rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				p.settled(seq)
			case 1:
				p.cut(seq, now)
			case 2:
				p.release()
			default:
				p.failed(seq, now)
			}
			if len(p.held) > len(view) {
				t.Fatalf("%d holds", len(p.held))
			}
		}
	})
}
