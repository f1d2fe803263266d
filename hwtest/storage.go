package hwtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nabz/drivers/board"
)

// What the storage is asked for: as many flushed blocks as a busy hour, at no more than a worker would notice.
const (
	blocks      = 64
	blockSize   = 4096
	slowestP99  = 500 * time.Millisecond
	leastRoomMB = 200
)

// storage writes, flushes and reads back.
func (b Bench) storage() Check {
	return Check{
		Name: "storage", Description: "What is written to the card is there, comes back as it was, and does not take long.",
		Run: func(ctx context.Context) Result {
			took, err := writeBack(ctx, b.Config.Data)
			if err != nil {
				return failed(err.Error(), storageHelp(err))
			}
			slices.Sort(took)
			p99 := took[len(took)*99/100]
			values := []Value{
				duration("flushed write, median", took[len(took)/2], 0), duration("99 of 100", p99, slowestP99), duration("longest", took[len(took)-1], 0),
			}
			free, err := room(b.Config.Data)
			if err != nil {
				return failed(err.Error(), "look at the card")
			}
			values = append(values, number("free", free>>20, "MB", fmt.Sprintf("at least %d", leastRoomMB)))
			switch {
			case free>>20 < leastRoomMB:
				return failed("the card is nearly full", "make room, or put a larger card in", values...)
			case p99 > slowestP99:
				return failed("the card takes long to write", "it is worn or of a slow kind: replace it", values...)
			}
			return passed(values...)
		},
	}
}

func storageHelp(err error) string {
	switch {
	case errors.Is(err, syscall.EROFS):
		return "the file system has gone read-only after an error: replace the card"
	case errors.Is(err, syscall.ENOSPC):
		return "make room, or put a larger card in"
	case errors.Is(err, os.ErrPermission):
		return "run it as root, or as the kiosk's user"
	}
	return "replace the card"
}

// writeBack writes blocks of noise to a file of its own, flushes each, and reads them again from the medium. The file is gone afterwards.
func writeBack(ctx context.Context, dir string) (took []time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".nabz-check-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	noise, rng := make([]byte, blocks*blockSize), rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(noise) // it never fails
	for i := 0; i < blocks && ctx.Err() == nil; i++ {
		begun := time.Now()
		_, err := f.WriteAt(noise[i*blockSize:(i+1)*blockSize], int64(i*blockSize))
		if err == nil {
			err = unix.Fdatasync(int(f.Fd()))
		}
		if err != nil {
			return nil, fmt.Errorf("write and flush: %w", err)
		}
		took = append(took, time.Since(begun))
	}
	if ctx.Err() != nil {
		return nil, errors.New("the card does not keep up")
	}
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // else the read would come from memory; where it is not to be had, it does
	back := make([]byte, len(noise))
	if _, err := f.ReadAt(back, 0); err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	if !bytes.Equal(back, noise) {
		return nil, errors.New("what was written came back changed")
	}
	return took, nil
}

func room(dir string) (int64, error) {
	var s unix.Statfs_t
	err := unix.Statfs(dir, &s)
	return int64(s.Bavail) * int64(s.Bsize), err // of 32 bits on some boards
}

// card is who the card is and what it and its file system say of their health.
func (b Bench) card() Check {
	return Check{
		Name: "card", Description: "The card and its file system report no errors and no end of life.",
		Run: func(context.Context) Result {
			c, err := b.Sys.Card(b.Config.Data)
			if err != nil {
				return failed(err.Error(), "look at the card")
			}
			var values []Value
			for _, v := range []Value{{Name: "type", Number: c.Identity.Type}, {Name: "name", Number: c.Identity.Name}, {Name: "maker", Number: c.Identity.Maker}, {Name: "serial", Number: c.Identity.Serial}, {Name: "made", Number: c.Identity.Made}} {
				if v.Number != "" {
					values = append(values, v)
				}
			}
			errs, told := c.Errors.Get()
			if told {
				values = append(values, number("errors of the file system", errs, "", "0"))
			}
			used, tells := c.Wear.Get()
			if tells {
				values = append(values, number("life used", int(used), "%", fmt.Sprintf("below %d", board.Worn)))
			}
			switch {
			case errs > 0:
				return failed("its file system has met errors", "replace the card, and keep the old one: what waits is on it", values...)
			case tells && used >= board.Worn || c.Ending:
				return failed("it is at the end of its life", "replace the card", values...)
			case len(values) == 0:
				return Result{Verdict: Pass, Why: "this medium tells nothing of its health"}
			}
			return passed(values...)
		},
	}
}
