package card

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkStates makes crash images of a run on a 128 MB card that holds 40 MB and is written all over.
func BenchmarkStates(b *testing.B) {
	const sectors = 128 << 11
	dir := b.TempDir()
	run := recorded{dir: dir, base: filepath.Join(dir, "base"), log: filepath.Join(dir, "log")}
	base := must(os.Create(run.base))(b)
	if err := errors.Join(base.Truncate(sectors*sector), fillImage(base), base.Close()); err != nil {
		b.Fatal(err)
	}
	log := NewLog(must(os.Create(run.log))(b))
	source := newCacheOn(b, run.base)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		w := source.add(rng.Int64N(sectors/4), 8, stamp(8, rng.Uint64()))
		if err := log.wrote(w); err != nil {
			b.Fatal(err)
		}
		if rng.IntN(6) == 0 {
			if err := log.settled(barrier{upTo: w.seq}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ResetTimer()
	if err := States(run.base, run.log, dir, b.N, 1, Modes, func(State) error { return nil }); err != nil {
		b.Fatal(err)
	}
}

func newCacheOn(b *testing.B, image string) *cache {
	b.Helper()
	f := must(os.Open(image))(b)
	b.Cleanup(func() { f.Close() })
	return must(newCache(f))(b)
}

// fillImage writes 40 MB in pieces with holes between them.
func fillImage(f *os.File) error {
	for i := range int64(40) {
		if _, err := f.WriteAt(stamp(2048, uint64(i)+1), i*3<<20); err != nil {
			return err
		}
	}
	return nil
}
