package main

import "testing"

func TestParseBlockStat(t *testing.T) {
	const line = "      59        1     2110        2       32       34      132        4        0        9       10" +
		"        5        6        7        8       21        3\n"
	got, err := parseBlockStat(line)
	must(t, err)
	if want := (blockStat{writes: 32, sectors: 132, flushes: 21}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{
		"",
		"59 1 2110 2 32 34 132 4 0 9 10",         // before 4.18
		"59 1 2110 2 32 34 132 4 0 9 10 5 6 7 8", // before 5.5: no flushes
		"59 1 2110 2 32 34 many 4 0 9 10 5 6 7 8 21 3",
	} {
		if s, err := parseBlockStat(bad); err == nil {
			t.Errorf("%q gave %+v", bad, s)
		}
	}
}

func TestBlockStatSince(t *testing.T) {
	got := blockStat{writes: 10, sectors: 3000, flushes: 7}.since(blockStat{writes: 4, sectors: 1000, flushes: 2})
	if want := (blockStat{writes: 6, sectors: 2000, flushes: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if kb := got.kilobytes(); kb != 1024 {
		t.Errorf("2,000 sectors are %v kB, want 1024", kb)
	}
}
