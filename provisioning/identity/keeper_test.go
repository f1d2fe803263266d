package identity

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKeeper: a kiosk that is due renews by itself, by its server or by what a stick brings, and a stick with rubbish is told once and changes nothing.
func TestKeeper(t *testing.T) {
	h := opened(t)
	f := Folder{Dir: filepath.Join(t.TempDir(), "identity")}
	if err := f.Invited(h.invitation(t, "bhu-1"), "BHU Chak 12"); err != nil {
		t.Fatal(err)
	}
	if err := f.Enrol(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	first, err := f.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	now, sure := time.Now(), true
	var told bytes.Buffer
	k := &Keeper{
		Folder: f, Sticks: t.TempDir(), Now: func() time.Time { return now }, Sure: func() bool { return sure }, Log: slog.New(slog.NewTextHandler(&told, nil)), seen: map[string]time.Time{},
	}
	if k.due() {
		t.Error("a new certificate is due")
	}
	if sure = false; !k.due() {
		t.Error("without the time, a certificate that may have ended is not asked for")
	}
	if k.once = true; k.due() {
		t.Error("without the time it is asked for again and again")
	}
	sure, k.once = true, false
	now = now.Add(first.NotAfter.Sub(now) / 2)
	if !k.due() {
		t.Error("after half of its life it is not due")
	}
	stick := filepath.Join(k.Sticks, "user", "stick")
	if err := os.MkdirAll(stick, 0o700); err != nil {
		t.Fatal(err)
	}
	before := contents(t, f.Dir)
	put := func(raw []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(stick, "bhu-1.nabz"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte("rubbish"))
	k.takeSticks()
	k.takeSticks()
	if contents(t, f.Dir) != before || strings.Count(told.String(), "level=WARN") != 1 {
		t.Errorf("rubbish: %s", told.String())
	}
	csr, err := f.Request()
	if err != nil {
		t.Fatal(err)
	}
	put(h.bundle(t, csr, false))
	k.seen = map[string]time.Time{} // the stick was pulled and came again
	k.takeSticks()
	if c, err := f.Certificate(); err != nil || c.Equal(first) {
		t.Errorf("the stick's certificate is not here: %v\n%s", err, told.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := os.RemoveAll(stick); err != nil {
		t.Fatal(err)
	}
	second, err := f.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	f.step = func(step string) { // the keeper's own folder
		if step == "after ca.crl" {
			cancel()
		}
	}
	k.Folder = f
	if err := k.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if c, err := f.Certificate(); err != nil || c.Equal(second) {
		t.Errorf("the server's certificate is not here: %v\n%s", err, told.String())
	}
}

// TestDue: a certificate is due from a third of its life on, and a clock that stands at 1970 makes none older.
func TestDue(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &x509.Certificate{NotBefore: begin, NotAfter: begin.Add(540 * 24 * time.Hour)}
	for day, want := range map[int]bool{-20000: false, 0: false, 179: false, 181: true, 539: true, 9000: true} {
		if got := Due(c, begin.AddDate(0, 0, day)); got != want {
			t.Errorf("day %d: %t", day, got)
		}
	}
}
