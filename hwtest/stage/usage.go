package stage

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	Spent    time.Duration // of processors, user and system
	Resident uint64        // bytes
	Peak     uint64        // bytes
}

// Usage looks at the child.
func (p *Process) Usage() (Usage, error) { return read(p.Pid()) }

// Since is the share of one processor that was used since an earlier look, t ago.
func (u Usage) Since(before Usage, t time.Duration) float64 {
	return (u.Spent - before.Spent).Seconds() / t.Seconds()
}

// userHz is the unit of times in /proc (proc_pid_stat(5)); it is 100 on every Linux that Go runs on.
const userHz = 100

// read looks at a process (proc_pid_stat(5), proc_pid_status(5)).
func read(pid int) (u Usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return u, err
		}
		u.Spent += time.Duration(ticks) * time.Second / userHz
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	u.Resident, u.Peak = kilobytes(string(status), "VmRSS:"), kilobytes(string(status), "VmHWM:")
	return u, nil
}

func kilobytes(status, key string) uint64 {
	_, rest, _ := strings.Cut(status, key)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(fields[0], 10, 64) // the kernel writes nothing else
	return n * 1024
}
