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

// monitored is what the monitor does to the drive.
var monitored = []string{
	"write -P 0x11 0 64k", "flush", "write -P 0x22 64k 64k", "write -f -P 0x33 128k 512", "write -z 4k 4k", "read -P 0x22 64k 64k",
	"read -P 0x00 4k 4k", "read -P 0x33 128k 512", "write -f -z 8k 4k", "discard 16k 4k", "flush", "write -P 0x44 32k 4k",
	"read -P 0x44 32k 4k",
}

// TestQEMU lets the real client do it: a QEMU without a machine, whose monitor reads and writes the drive until the power goes.
func TestQEMU(t *testing.T) {
	t.Parallel()
	qemu := findQEMU(t)
	dir := t.TempDir()
	r := insert(t, dir, 2048, Opts{FlushTime: time.Millisecond})
	l := must(net.Listen("unix", filepath.Join(dir, "s")))(t)
	served := make(chan error, 1)
	go func() { served <- r.Serve(l) }()
	// one operation more, at which the power goes: no orderly end may flush for it
	fired := r.CutAt(int64(len(monitored)) + 1)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan string, 1)
	go func() { ended <- monitor(ctx, qemu, l.Addr().String()) }()
	select {
	case <-fired:
	case out := <-ended:
		t.Fatalf("qemu ended before the cut:\n%s", out)
	}
	r.cut(t, DropAll)
	cancel()
	checkSaid(t, <-ended)
	if err := <-served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	checkAreas(t, must(os.ReadFile(r.image))(t))
}

func findQEMU(t *testing.T) string {
	t.Helper()
	qemu, err := exec.LookPath("qemu-system-aarch64")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("qemu-system-aarch64 is missing: apt-get install --no-install-recommends qemu-system-arm")
		}
		t.Skip("qemu-system-aarch64 is missing")
	}
	return qemu
}

// monitor runs QEMU and returns what it said. It always ends by being killed, so its exit code tells nothing.
func monitor(ctx context.Context, qemu, socket string) string {
	var script strings.Builder
	for _, line := range append(slices.Clone(monitored), "read 0 512") {
		script.WriteString("qemu-io d0 \"" + line + "\"\n")
	}
	cmd := exec.CommandContext(ctx, qemu, "-M", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S", "-monitor", "stdio",
		"-drive", "file=nbd+unix:///?socket="+socket+",format=raw,if=none,id=d0,cache=writeback,discard=unmap")
	cmd.Stdin = strings.NewReader(script.String())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		out.WriteString("\n(qemu) ended: " + err.Error())
	}
	return out.String()
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

func checkAreas(t *testing.T, image []byte) {
	t.Helper()
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
