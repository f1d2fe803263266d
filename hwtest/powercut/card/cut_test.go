package card

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestModes: after random operations every mode leaves only what it may: what was flushed survives always, dropall loses the rest, writes
// keeps or loses each write whole, torn keeps an in-order prefix, sectors mixes, and junk spoils only sectors that never held anything.
func TestModes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		r := insert(t, scratch(t, root), 32, Opts{Seed: rapid.Uint64().Draw(t, "seed")})
		c, m := r.connect(t), newModel(32)
		for v := range uint64(rapid.IntRange(1, 25).Draw(t, "operations")) {
			act(t, c, m, v+1, func() {})
		}
		mode := rapid.SampledFrom(Modes).Draw(t, "mode")
		got, report := r.cut(t, mode)
		if why := m.explain(mode, got); why != "" {
			t.Fatalf("%s: %s", mode, why)
		}
		pending := 0
		for _, versions := range m.sectors {
			pending += len(versions) - 1
		}
		if report.Pending != pending || report.Kept+report.Lost != pending || report.Junk > report.Lost {
			t.Fatalf("%s: %d sectors were pending, report is %+v", mode, pending, report)
		}
	})
}

// fixed writes 40 times 8 sectors, apart from one another, flushes the first ten, and cuts.
func fixed(t *testing.T, m Mode, seed uint64) ([]uint64, CutReport) {
	t.Helper()
	r := insert(t, t.TempDir(), 40*8, Opts{Seed: seed})
	c := r.connect(t)
	for i := range int64(40) {
		if i == 10 {
			c.flush(t)
		}
		c.write(t, 0, i*8, 8, uint64(i)+1)
	}
	return r.cut(t, m)
}

// TestModesBite: each mode really does its harm, or a rig that uses it proves nothing.
func TestModesBite(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, m := range Modes {
		for seed := range uint64(30) {
			got, report := fixed(t, m, seed)
			for i := int64(0); i < 40; i++ {
				tally(seen, m, got[i*8:i*8+8], uint64(i)+1)
			}
			if report.Kept > 0 && report.Lost > 0 {
				seen[string(m)+" mixed"]++
			}
			seen[string(m)+" reported junk"] += report.Junk
		}
	}
	t.Logf("seen: %v", seen)
	for what, least := range map[string]int{
		"dropall whole": 300, "dropall lost": 900, "writes mixed": 20, "sectors mixed": 20, "torn mixed": 20, "torn torn": 20, "torn hole": 0,
		"writes torn": 0, "sectors hole": 100, "junk junk": 10, "sectors junk": 0,
	} {
		if n := seen[what]; n < least || least == 0 && n > 0 {
			t.Errorf("%s: %d times, want %d", what, n, least)
		}
	}
	if share := float64(seen["junk reported junk"]) / 30 / 240; share < junkShare/6 || share > junkShare {
		t.Errorf("%.4f of the pending sectors became junk", share)
	}
}

// tally sorts what is left of one write of eight sectors into whole, lost, torn (a prefix), hole (any other part), junk.
func tally(seen map[string]int, m Mode, got []uint64, v uint64) {
	prefix := 0
	for prefix < 8 && got[prefix] == v {
		prefix++
	}
	kind := "torn"
	switch {
	case slices.Contains(got, notStamped):
		kind = "junk"
	case prefix == 8:
		kind = "whole"
	case !slices.Contains(got, v):
		kind = "lost"
	case slices.Contains(got[prefix:], v):
		kind = "hole"
	}
	seen[string(m)+" "+kind]++
}

// TestSameSeed: the same operations and seed leave the same bytes, junk included; other seeds leave others.
func TestSameSeed(t *testing.T) {
	t.Parallel()
	for _, m := range Modes {
		different := 0
		for seed := range uint64(8) {
			a, first := cutBytes(t, m, seed)
			b, second := cutBytes(t, m, seed)
			if !slices.Equal(a, b) || first != second {
				t.Errorf("%s, seed %d: two runs differ: %+v and %+v", m, seed, first, second)
			}
			if other, _ := cutBytes(t, m, seed+100); !slices.Equal(a, other) {
				different++
			}
		}
		if m != DropAll && different < 7 {
			t.Errorf("%s: only %d of 8 other seeds gave another image", m, different)
		}
	}
}

func cutBytes(t *testing.T, m Mode, seed uint64) ([]byte, CutReport) {
	t.Helper()
	r := insert(t, t.TempDir(), 512, Opts{Seed: seed})
	c := r.connect(t)
	for i := range int64(32) {
		c.write(t, 0, i*16, 16, uint64(i)+1)
	}
	_, report := r.cut(t, m)
	return must(os.ReadFile(r.image))(t), report
}

// TestJunkSparesOldData: a sector that held something when the card was opened never becomes junk, though the run never flushed it.
func TestJunkSparesOldData(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	junked := 0
	for range 40 {
		dir := t.TempDir()
		first := insert(t, dir, 256, Opts{})
		first.connect(t).write(t, flagFUA, 0, 128, 1)
		first.close(t)
		second := reinsert(t, first.image, Opts{Seed: rng.Uint64()})
		second.connect(t).write(t, 0, 0, 256, 2)
		got, report := second.cut(t, Junk)
		if s := slices.Index(got, notStamped); s >= 0 && s < 128 {
			t.Fatalf("sector %d of the earlier boot is junk", s)
		}
		junked += report.Junk
	}
	if junked < 10 {
		t.Errorf("%d sectors of junk in 40 cuts: the test sees nothing", junked)
	}
}
