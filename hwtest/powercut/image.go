package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// geometry is the size of a card and of its file system's blocks, in bytes.
type geometry struct{ size, block int64 }

// usual has more than one block group, so that there is a second superblock, as on every real card. A Pi's card is a power of two, as QEMU
// wants it.
var (
	usual  = geometry{160 << 20, 4096}
	small  = geometry{160 << 20, 1024} // what mke2fs chooses for small cards
	piCard = geometry{256 << 20, 4096}
)

// format makes an empty card.
func format(ctx context.Context, path string, g geometry) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(g.size), f.Close()); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-b", fmt.Sprint(g.block), "-m", "0", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("format card: %w: %s", err, out)
	}
	return nil
}
