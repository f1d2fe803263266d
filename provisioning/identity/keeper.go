package identity

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Due says that a third of a certificate's life is over: it is renewed as soon as that is possible.
func Due(c *x509.Certificate, now time.Time) bool {
	return now.Sub(c.NotBefore) > c.NotAfter.Sub(c.NotBefore)/3
}

const (
	look  = 20 * time.Second // how often a stick is looked for
	again = time.Hour        // between two questions to the server, more or less
)

// Keeper is the kiosk's task that keeps its certificate in life: it asks the server from one third of the life on, after the end too, and takes what a stick brings.
type Keeper struct {
	Folder Folder
	Sticks string           // folder below which sticks are mounted; empty looks nowhere
	Now    func() time.Time // the time that certainly has passed: a clock of 1970 makes no certificate younger
	Sure   func() bool      // that is the time, and not only a bound of it
	Log    *slog.Logger

	once bool          // asked without being sure, and renewed
	ask  time.Duration // since the start, when the server is asked next
	seen map[string]time.Time
	last string
}

// String names the task.
func (k *Keeper) String() string { return "certificate" }

// Run looks until ctx ends. It returns no other error: without a certificate a kiosk still measures.
func (k *Keeper) Run(ctx context.Context) error {
	k.seen = map[string]time.Time{}
	began := time.Now()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		k.takeSticks()
		if since := time.Since(began); since >= k.ask && k.due() {
			k.ask = since + again/2 + rand.N(again)
			sure := k.Sure()
			_, err := k.Folder.Renew(ctx, k.Now)
			k.once = k.once || err == nil && !sure
			k.tell("renew", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// due says whether the server is to be asked. A kiosk that does not know the time asks too, once: its certificate may have ended long ago, and then no broker lets it in to
// learn the time.
func (k *Keeper) due() bool {
	c, err := k.Folder.Certificate()
	if err != nil || c == nil {
		return false
	}
	e, err := k.Folder.Enrolment()
	return err == nil && e.Server != "" && (Due(c, k.Now()) || !k.Sure() && !k.once)
}

// tell logs what has changed.
func (k *Keeper) tell(what string, err error) {
	now := what
	if err != nil {
		now += ": " + err.Error()
	}
	if now == k.last && err != nil {
		return
	}
	k.last = now
	if err != nil {
		k.Log.Warn("certificate", "what", what, "error", err)
		return
	}
	k.Log.Info("certificate", "what", what)
}

// takeSticks takes each bundle for this kiosk that a stick has, once.
func (k *Keeper) takeSticks() {
	e, err := k.Folder.Enrolment()
	if err != nil || k.Sticks == "" {
		return
	}
	for _, path := range OnSticks(k.Sticks, BundleName(e.Name)) {
		info, err := os.Stat(path)
		if err != nil || k.seen[path].Equal(info.ModTime()) {
			continue
		}
		k.seen[path] = info.ModTime()
		raw, err := os.ReadFile(path)
		if err == nil {
			err = k.Folder.Take(raw, "", k.Now())
		}
		k.tell("take "+path, err)
	}
}

// BundleName is the file of a bundle for a kiosk.
func BundleName(kiosk string) string { return kiosk + ".nabz" }

// OnSticks are the files of that name on the sticks that are mounted below a folder, or in the folder itself.
func OnSticks(sticks, name string) []string {
	var all []string
	for _, depth := range []string{"", "*", "*/*"} {
		found, err := filepath.Glob(filepath.Join(sticks, depth, name))
		if err == nil {
			all = append(all, found...)
		}
	}
	slices.Sort(all)
	return all
}

// Leave writes the request of this box to a stick.
func (f Folder) Leave(stick string) (string, error) {
	e, err := f.Enrolment()
	if err != nil {
		return "", err
	}
	csr, err := f.Request()
	if err != nil {
		return "", err
	}
	path := filepath.Join(stick, e.Name+".csr")
	file, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("stick: %w", err)
	}
	_, err = file.Write(csr)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", fmt.Errorf("stick: %w", err)
	}
	return path, nil
}
