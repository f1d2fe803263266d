package card

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestQEMU lets the real client do it: a QEMU without a machine, whose monitor reads and writes the drive.
func TestQEMU(t *testing.T) {
	t.Parallel()
	qemu, err := exec.LookPath("qemu-system-aarch64")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("qemu-system-aarch64 is missing: apt-get install --no-install-recommends qemu-system-arm")
		}
		t.Skip("qemu-system-aarch64 is missing")
	}
	dir := t.TempDir()
	r := insert(t, dir, 2048, Opts{FlushTime: time.Millisecond})
	l := must(net.Listen("unix", filepath.Join(dir, "s")))(t)
	served := make(chan error, 1)
	go func() { served <- r.Serve(l) }()

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, "-M", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S", "-monitor", "stdio",
		"-drive", "file=nbd+unix:///?socket="+l.Addr().String()+",format=raw,if=none,id=d0,cache=writeback,discard=unmap")
	script := []string{
		"write -P 0x11 0 64k", "flush", "write -P 0x22 64k 64k", "write -f -P 0x33 128k 512", "write -z 4k 4k", "read -P 0x22 64k 64k",
		"read -P 0x00 4k 4k", "read -P 0x33 128k 512", "write -f -z 8k 4k", "discard 16k 4k", "flush", "write -P 0x44 32k 4k",
		"read -P 0x44 32k 4k",
	}
	for i, line := range script {
		script[i] = `qemu-io d0 "` + line + `"`
	}
	// one operation more, at which the power goes: no orderly end may flush for it
	fired := r.CutAt(int64(len(script)) + 1)
	cmd.Stdin = strings.NewReader(strings.Join(append(script, `qemu-io d0 "read 0 512"`, ""), "\n"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-fired:
	case err := <-ended:
		t.Fatalf("qemu ended: %v\n%s", err, out.String())
	}
	r.cut(t, DropAll)
	cancel()
	<-ended
	if err := <-served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	checkSaid(t, out.String())
	t.Logf("stats %+v", r.Stats())
	image := must(os.ReadFile(r.image))(t)
	for _, area := range []struct {
		what   string
		off, n int
		value  byte
	}{
		{"flushed", 0, 4 << 10, 0x11},
		{"zeroed and flushed", 4 << 10, 8 << 10, 0},
		{"trimmed and flushed", 16 << 10, 4 << 10, 0},
		{"written again, not flushed", 32 << 10, 4 << 10, 0x11},
		{"flushed by the second flush", 64 << 10, 64 << 10, 0x22},
		{"FUA", 128 << 10, 512, 0x33},
	} {
		p := image[area.off : area.off+area.n]
		if i := slices.IndexFunc(p, func(b byte) bool { return b != area.value }); i >= 0 {
			t.Errorf("%s: byte %d is %#x, want %#x", area.what, area.off+i, p[i], area.value)
		}
	}
}

// checkSaid reads the monitor's answers, without the echo of what was typed. Only the operation that the cut stopped may fail.
func checkSaid(t *testing.T, out string) {
	t.Helper()
	var said []string
	for line := range strings.Lines(out) {
		if !strings.Contains(line, "(qemu)") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	all := strings.Join(said, "\n")
	if strings.Contains(all, "Pattern") || strings.Count(all, "failed") > 1 || strings.Count(all, "bytes at offset") != 11 {
		t.Errorf("qemu said:\n%s", all)
	}
}
