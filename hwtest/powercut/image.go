package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// format makes an empty card.
func format(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(imageSize), f.Close()); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("format card: %w: %s", err, out)
	}
	return nil
}
