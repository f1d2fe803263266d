package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
)

// contender is something that puts: a store, or what the disk can do.
type contender struct {
	name   string
	put    func(context.Context, record) error
	warm   func(ctx context.Context, count int, numbers *atomic.Uint64) error
	settle func(ctx context.Context, count int) error // takes out what was put
	close  func() error
}

// Names of the references.
const (
	inPlace = "preallocated + fdatasync"
	growing = "append + fdatasync"
)

// openContenders opens all of them, each in a folder of its own. With several writers the references commit together what waits.
func openContenders(dir string, together bool) (all []contender, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeContenders(all))
		}
	}()
	for _, name := range storeNames {
		c, err := storeContender(name, filepath.Join(dir, name))
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	for _, name := range []string{inPlace, growing} {
		c, err := rawContender(name, filepath.Join(dir, name), together)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

func closeContenders(all []contender) error {
	var errs []error
	for _, c := range all {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

func storeContender(name, dir string) (contender, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return contender{}, err
	}
	s, err := openStore(name, dir)
	if err != nil {
		return contender{}, err
	}
	warm := func(ctx context.Context, count int, numbers *atomic.Uint64) error {
		return fillAndDrain(ctx, s, count, numbers)
	}
	settle := func(ctx context.Context, count int) error { return drain(ctx, s, count, 100) }
	return contender{name, s.put, warm, settle, s.close}, nil
}

func rawContender(name, path string, together bool) (contender, error) {
	open := openAppend
	if name == inPlace {
		open = openPreallocated
	}
	f, err := open(path)
	if err != nil {
		return contender{}, err
	}
	c := contender{
		name: name, put: f.put, close: f.close,
		warm:   func(context.Context, int, *atomic.Uint64) error { return nil },
		settle: func(context.Context, int) error { return nil },
	}
	if together {
		g := newCommitter(f.apply)
		c.put = g.put
		c.close = func() error {
			g.close()
			return f.close()
		}
	}
	return c, nil
}
