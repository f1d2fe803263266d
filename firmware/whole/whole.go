// Package whole writes files that are there whole after a power cut, or not at all.
package whole

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Write replaces a file by one with these contents. It is on stable storage when it returns nil; a crash in between leaves the old one. Written by root it
// belongs to the owner of its folder: what a technician does as root, the kiosk's own user has to read and renew.
func Write(path string, raw []byte, mode os.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Chmod(mode), give(f.Chown, dir), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return errors.Join(os.Rename(f.Name(), path), Flush(dir))
}

// Folder makes a folder, if it is not there, for nobody but the owner of the one that it is in.
func Folder(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	chown := func(uid, gid int) error { return os.Chown(path, uid, gid) }
	return errors.Join(err, give(chown, filepath.Dir(path)), Flush(filepath.Dir(path)))
}

// give makes something the property of a folder's owner, if root made it.
func give(chown func(uid, gid int) error, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	return chown(int(owner.Uid), int(owner.Gid))
}

// Flush makes the names in a folder durable.
func Flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
