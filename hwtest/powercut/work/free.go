package work

import "golang.org/x/sys/unix"

// freeMB is the room left on the card.
func freeMB(dir string) (int, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int(s.Bavail * uint64(s.Bsize) >> 20), nil
}
