package card

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Numbers of Linux's lseek(2) and fallocate(2).
const (
	seekData  = 3
	seekHole  = 4
	punchHole = 0x01 | 0x02 // keep the size
)

// smallZero is the length in bytes below which zeroes are written: a hole of a few blocks saves nothing.
const smallZero = 64 << 10

// zeroRange makes n bytes from off read as zeroes, as a hole where that is worth it and the file system can.
func zeroRange(f *os.File, off, n int64) error {
	if n >= smallZero && syscall.Fallocate(int(f.Fd()), punchHole, off, n) == nil {
		return nil
	}
	zeroes := make([]byte, smallZero)
	for n > 0 {
		k, err := f.WriteAt(zeroes[:min(n, smallZero)], off)
		if err != nil {
			return err
		}
		off, n = off+int64(k), n-int64(k)
	}
	return nil
}

// copySparse copies what is in from to the empty file to and leaves its holes out.
func copySparse(to, from *os.File) error {
	size, err := from.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := to.Truncate(size); err != nil {
		return err
	}
	for off := int64(0); off < size; {
		data, err := from.Seek(off, seekData)
		if errors.Is(err, syscall.ENXIO) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find data: %w", err)
		}
		hole, err := from.Seek(data, seekHole)
		if err != nil {
			return fmt.Errorf("find hole: %w", err)
		}
		if err := copyRange(to, from, data, hole-data); err != nil {
			return err
		}
		off = hole
	}
	return nil
}

// copyRange copies n bytes at off. Between two files io.Copy lets the kernel do it.
func copyRange(to, from *os.File, off, n int64) error {
	if _, err := from.Seek(off, io.SeekStart); err != nil {
		return err
	}
	if _, err := to.Seek(off, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(to, from, n)
	return err
}
