package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// card is a file system of its own, so that the device's counters are those of one store alone, on a device whose flushes take as long as
// wanted:
//
//	card (ext4)  <-  loop device  <-  card.dev  <-  process that serves  <-  card.img
//
// The image is never flushed itself: what is measured does not depend on the disk below.
type card struct {
	image  string
	file   string // the image as the process serves it
	device string // loop3
	mount  string
	server *cardServer
}

// cardSize is the size of the file system in bytes; the file is sparse.
const cardSize = 1 << 30

// errNoCard says why there can be none here.
var errNoCard = errors.New("not measured")

// cardPossible returns nil when cards can be made, or what is missing.
func cardPossible() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: needs root for a loop device", errNoCard)
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return fmt.Errorf("%w: needs /dev/fuse", errNoCard)
	}
	for _, tool := range []string{"losetup", "mke2fs", "mount", "umount"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: needs %s", errNoCard, tool)
		}
	}
	return nil
}

// insertCard makes a fresh card in dir and mounts it. The tables of the file system are written at once, not lazily during the measuring.
func insertCard(ctx context.Context, dir string) (c *card, err error) {
	c = &card{image: filepath.Join(dir, "card.img"), file: filepath.Join(dir, "card.dev"), mount: filepath.Join(dir, "card")}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.remove())
		}
	}()
	if err := c.make(ctx); err != nil {
		return nil, err
	}
	if c.server, err = serveCard(c.image, c.file); err != nil {
		return nil, err
	}
	device, err := tool(ctx, "losetup", "--find", "--show", c.file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCard, err)
	}
	c.device = filepath.Base(device)
	if _, err := tool(ctx, "mount", "-t", "ext4", device, c.mount); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCard, err)
	}
	return c, nil
}

// make makes the image with its file system, and what to mount on.
func (c *card) make(ctx context.Context) error {
	err := errors.Join(os.Mkdir(c.mount, 0o700), os.WriteFile(c.file, nil, 0o600), os.WriteFile(c.image, nil, 0o600),
		os.Truncate(c.image, cardSize))
	if err != nil {
		return err
	}
	_, err = tool(ctx, "mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", c.image)
	return err
}

// remove takes the card out, as far as it came.
func (c *card) remove() error {
	ctx := context.Background() // also after an interrupt
	var errs []error
	if c.server != nil {
		errs = append(errs, c.server.setFlush(0))
	}
	if mounted(c.mount) {
		_, err := tool(ctx, "umount", c.mount)
		errs = append(errs, err)
	}
	if c.device != "" {
		_, err := tool(ctx, "losetup", "--detach", "/dev/"+c.device)
		errs = append(errs, err)
	}
	if c.server != nil {
		errs = append(errs, unix.Unmount(c.file, unix.MNT_DETACH), c.server.stop())
	}
	return errors.Join(append(errs, os.RemoveAll(c.image), os.RemoveAll(c.file), os.Remove(c.mount))...)
}

// mounted says whether a folder is on another device than its parent.
func mounted(dir string) bool {
	var in, above unix.Stat_t
	if unix.Stat(dir, &in) != nil || unix.Stat(filepath.Dir(dir), &above) != nil {
		return false
	}
	return in.Dev != above.Dev
}

// stat syncs the file system and reads the device's counters.
func (c *card) stat() (blockStat, error) {
	dir, err := os.Open(c.mount)
	if err != nil {
		return blockStat{}, err
	}
	if err := errors.Join(unix.Syncfs(int(dir.Fd())), dir.Close()); err != nil {
		return blockStat{}, fmt.Errorf("sync card: %w", err)
	}
	return readBlockStat(c.device)
}

// tool runs a program and returns what it prints.
func tool(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return text, nil
}
