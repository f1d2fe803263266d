package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Kit is what every boot needs.
type Kit struct {
	dir     string // of the cache
	kernel  string
	fsck    string
	dtb     string   // of a Raspberry Pi 3B
	modules []string // unpacked, in the order in which they are loaded
}

// wanted modules; what they need is found from what they say of themselves. The disk's own comes last, and only when the host says so.
var wanted = []string{"crc32c_generic", "ext4", "virtio_net", "bcm2835", "sdhci_iproc", "virtio_blk"}

// Prepare fetches what is missing into the cache folder. more are modules beside the usual ones. It needs apt-get and dpkg-deb; QEMU and mke2fs it installs when it may.
func Prepare(ctx context.Context, cache string, more ...string) (*Kit, error) {
	if err := installTools(ctx); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cache)
	if err != nil {
		return nil, err
	}
	k := &Kit{dir: dir, kernel: filepath.Join(dir, "vmlinuz"), fsck: filepath.Join(dir, "e2fsck"), dtb: filepath.Join(dir, "rpi-3-b.dtb")}
	done := filepath.Join(dir, "complete-2")
	if _, err := os.Stat(done); err != nil {
		if err := k.fetch(ctx); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		if err := os.WriteFile(done, nil, 0o600); err != nil {
			return nil, err
		}
	}
	k.modules, err = closure(filepath.Join(dir, "modules"), append(slices.Clone(wanted), more...))
	return k, err
}

// installTools installs QEMU and the tools of ext4, or says what is missing.
func installTools(ctx context.Context) error {
	need := map[string]string{"qemu-system-aarch64": "qemu-system-arm", "mke2fs": "e2fsprogs"}
	var missing []string
	for tool, pkg := range need {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if os.Getuid() != 0 {
		return fmt.Errorf("the power-cut rig needs Debian's %s: install them", strings.Join(missing, " and "))
	}
	if _, err := run(ctx, nil, "apt-get", "update", "-q"); err != nil {
		return err
	}
	_, err := run(ctx, nil, "apt-get", append([]string{"install", "-qy", "--no-install-recommends"}, missing...)...)
	return err
}

// run runs a command; an error has the end of what it printed.
func run(ctx context.Context, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		tail := string(out[max(0, len(out)-600):])
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(tail))
	}
	return string(out), nil
}

var errNoKernel = errors.New("no arm64 kernel package is offered")
