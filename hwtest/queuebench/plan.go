package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// plan is how much is measured.
type plan struct {
	dir string // to work in

	rounds    int           // of rates
	slice     time.Duration // of one contender in a round
	cardSlice time.Duration // likewise on the simulated card
	flush     time.Duration // of the simulated card

	warm int           // items through a store before its rates and its wear are measured
	wear time.Duration // of each way of working

	small, large int           // items in the backlog
	opens        int           // of each kind; the median counts
	idle         time.Duration // that the CPU is watched
}

var (
	fullPlan = plan{
		rounds: 16, slice: 300 * time.Millisecond, cardSlice: 500 * time.Millisecond, warm: 20_000, wear: 15 * time.Second,
		small: 100_000, large: 1_000_000, opens: 3, idle: 10 * time.Second,
	}
	shortPlan = plan{
		rounds: 4, slice: 200 * time.Millisecond, cardSlice: 250 * time.Millisecond, warm: 12_000, wear: 2 * time.Second,
		small: 10_000, large: 100_000, opens: 3, idle: 2 * time.Second,
	}
)

// about says what the figures depend on.
func about(p plan) []string {
	return []string{
		fmt.Sprintf("%s %s, %d CPUs, %s", kernel(), runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
		"work folder on " + fileSystem(p.dir),
		fmt.Sprintf("payloads of %d bytes", payloadSize),
		"nabz as the kiosk opens it; sqlite with WAL, synchronous FULL, fdatasync; bbolt as it comes",
		"load at the start: " + load(),
	}
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "kernel unknown"
	}
	return "Linux " + unix.ByteSliceToString(u.Release[:])
}

// fileSystem names the kind of file system that dir is on.
func fileSystem(dir string) string {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "an unknown file system"
	}
	kinds := map[int64]string{
		unix.EXT4_SUPER_MAGIC: "ext4", unix.TMPFS_MAGIC: "tmpfs (flushes cost nothing there: use -dir)", unix.XFS_SUPER_MAGIC: "xfs",
		unix.BTRFS_SUPER_MAGIC: "btrfs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs", unix.F2FS_SUPER_MAGIC: "f2fs",
	}
	if name, known := kinds[int64(s.Type)]; known {
		return name
	}
	return fmt.Sprintf("file system %#x", s.Type)
}

// load is the number of running tasks over 1, 5 and 15 minutes: others on the machine disturb.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}
