package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// blockStat are the counters of a block device that are of interest. Source: Documentation/block/stat.rst of the kernel.
type blockStat struct {
	writes  uint64 // requests
	sectors uint64 // written, of 512 bytes whatever the device's own are
	flushes uint64
}

// Fields of /sys/block/<dev>/stat, from 0. The flushes came with kernel 5.5.
const (
	statWrites  = 4
	statSectors = 6
	statFlushes = 15
)

// parseBlockStat reads the line of /sys/block/<dev>/stat.
func parseBlockStat(line string) (blockStat, error) {
	fields := strings.Fields(line)
	if len(fields) <= statFlushes {
		return blockStat{}, fmt.Errorf("block statistics have %d fields, want at least %d: flushes are counted from kernel 5.5 on",
			len(fields), statFlushes+1)
	}
	var s blockStat
	for at, to := range map[int]*uint64{statWrites: &s.writes, statSectors: &s.sectors, statFlushes: &s.flushes} {
		n, err := strconv.ParseUint(fields[at], 10, 64)
		if err != nil {
			return blockStat{}, fmt.Errorf("block statistics, field %d: %w", at, err)
		}
		*to = n
	}
	return s, nil
}

// readBlockStat reads the counters of a device such as loop3.
func readBlockStat(device string) (blockStat, error) {
	line, err := os.ReadFile("/sys/block/" + device + "/stat")
	if err != nil {
		return blockStat{}, err
	}
	return parseBlockStat(string(line))
}

// since is what was added after an earlier reading.
func (s blockStat) since(before blockStat) blockStat {
	return blockStat{s.writes - before.writes, s.sectors - before.sectors, s.flushes - before.flushes}
}

// kilobytes written, in units of 1,000 bytes.
func (s blockStat) kilobytes() float64 { return float64(s.sectors) * 512 / 1000 }
