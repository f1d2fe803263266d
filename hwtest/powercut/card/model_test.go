package card

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// held is one version of a sector, and the write that brought it; write -1 is what is durable.
type held struct {
	write int
	value uint64
}

// model is what a card may hold after a cut, kept without looking at the card: for each sector the durable version and the pending ones
// over it, oldest first.
type model struct {
	sectors [][]held
	ever    []bool // made durable
	spans   []span // of every write
}

type span struct{ first, n int64 }

func newModel(sectors int64) *model {
	m := &model{sectors: make([][]held, sectors), ever: make([]bool, sectors)}
	for s := range m.sectors {
		m.sectors[s] = []held{{-1, 0}}
	}
	return m
}

func (m *model) clone() *model {
	c := &model{ever: slices.Clone(m.ever), spans: slices.Clone(m.spans)}
	for _, versions := range m.sectors {
		c.sectors = append(c.sectors, slices.Clone(versions))
	}
	return c
}

func (m *model) write(first, n int64, value uint64) {
	for s := first; s < first+n; s++ {
		m.sectors[s] = append(m.sectors[s], held{len(m.spans), value})
	}
	m.spans = append(m.spans, span{first, n})
}

// settle makes the newest version of these sectors durable.
func (m *model) settle(first, n int64) {
	for s := first; s < first+n; s++ {
		versions := m.sectors[s]
		newest := versions[len(versions)-1]
		m.ever[s] = m.ever[s] || newest.write >= 0
		m.sectors[s] = []held{{-1, newest.value}}
	}
}

// pending are the numbers of the writes that a cut could still lose a part of.
func (m *model) pending() []int {
	seen := map[int]bool{}
	for _, versions := range m.sectors {
		for _, h := range versions[1:] {
			seen[h.write] = true
		}
	}
	var all []int
	for w := range m.spans {
		if seen[w] {
			all = append(all, w)
		}
	}
	return all
}

// image is what the card holds when exactly the writes that keep picks are kept.
func (m *model) image(keep func(write int, i int64) bool) []uint64 {
	image := make([]uint64, len(m.sectors))
	for s, versions := range m.sectors {
		for _, h := range versions {
			if h.write < 0 || keep(h.write, int64(s)-m.spans[h.write].first) {
				image[s] = h.value
			}
		}
	}
	return image
}

// explain says why a cut by mode must not have left got, or "" when it may.
func (m *model) explain(mode Mode, got []uint64) string {
	switch mode {
	case DropAll:
		if want := m.image(func(int, int64) bool { return false }); !slices.Equal(got, want) {
			return fmt.Sprintf("image holds %d, want %d", got, want)
		}
		return ""
	case Writes:
		return m.explainWrites(got)
	case Torn:
		return m.explainTorn(got)
	}
	return m.explainSectors(got, mode == Junk)
}

func (m *model) explainWrites(got []uint64) string {
	pending := m.pending()
	for subset := range 1 << len(pending) {
		want := m.image(func(w int, _ int64) bool { return subset>>slices.Index(pending, w)&1 == 1 })
		if slices.Equal(got, want) {
			return ""
		}
	}
	return fmt.Sprintf("image holds %d, which no subset of the writes %d leaves", got, pending)
}

func (m *model) explainTorn(got []uint64) string {
	pending := append([]int{-1}, m.pending()...)
	for _, last := range pending {
		for torn := range int64(len(m.sectors)) {
			want := m.image(func(w int, i int64) bool { return w < last || w == last && i < torn })
			if slices.Equal(got, want) {
				return ""
			}
		}
	}
	return fmt.Sprintf("image holds %d, which no prefix of the writes %d leaves", got, pending)
}

func (m *model) explainSectors(got []uint64, junk bool) string {
	for s, v := range got {
		if slices.ContainsFunc(m.sectors[s], func(h held) bool { return h.value == v }) {
			continue
		}
		if v == notStamped && junk && !m.ever[s] && len(m.sectors[s]) > 1 {
			continue
		}
		return fmt.Sprintf("sector %d holds %d, may hold %v (ever durable: %v)", s, v, m.sectors[s], m.ever[s])
	}
	return ""
}

// act does one random operation on card and model. It returns how many records a log of it has, and calls between after the first of two.
func act(t *rapid.T, c *nbd, m *model, v uint64, between func()) int {
	sectors := int64(len(m.sectors))
	do := rapid.SampledFrom([]string{"write", "write", "write", "fua", "zeroes", "trim", "flush"}).Draw(t, "do")
	if do == "flush" || len(m.pending()) > 7 {
		c.flush(t)
		m.settle(0, sectors)
		return 1
	}
	first := rapid.Int64Range(0, sectors-1).Draw(t, "first")
	n := rapid.Int64Range(1, min(10, sectors-first)).Draw(t, "n")
	switch do {
	case "zeroes":
		c.do(t, cmdZeroes, 0, uint64(first*sector), uint32(n*sector), nil)
		m.write(first, n, 0)
	case "trim":
		c.do(t, cmdTrim, 0, uint64(first*sector), uint32(n*sector), nil)
		m.write(first, n, 0)
	case "fua":
		c.write(t, flagFUA, first, n, v)
		m.write(first, n, v)
		between()
		m.settle(first, n)
		return 2
	case "write":
		c.write(t, 0, first, n, v)
		m.write(first, n, v)
	}
	return 1
}
