package board

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// sector is the unit of the kernel's counters, whatever the medium's own is (Documentation/block/stat.rst).
const sector = 512

// Written is how many bytes the partition of a folder was given to write since this boot, by whoever; false where the kernel does not count.
func (s Sys) Written(dir string) (int64, bool) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return 0, false
	}
	return s.written(unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)))
}

func (s Sys) written(major, minor uint32) (int64, bool) {
	text, err := attribute(filepath.Join(s.Root, "dev/block", fmt.Sprintf("%d:%d", major, minor)), "stat")
	fields := strings.Fields(text)
	if err != nil || len(fields) < 7 {
		return 0, false
	}
	n, err := strconv.ParseInt(fields[6], 10, 64)
	return n * sector, err == nil
}
