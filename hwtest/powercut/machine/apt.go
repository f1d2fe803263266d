package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// suite is the Debian release whose kernel is booted: 6.12 mounts an ext4 whose last journal commit was torn.
const suite = "trixie"

// dtb describes the board to the kernel; it comes with it.
const dtb = "broadcom/bcm2837-rpi-3-b.dtb"

// fetch downloads the kernel and e2fsck for arm64 through an apt of its own: the host's package state is not touched.
func (k *Kit) fetch(ctx context.Context) error {
	apt := filepath.Join(k.dir, "apt")
	if err := configureApt(apt); err != nil {
		return err
	}
	env := []string{"APT_CONFIG=" + filepath.Join(apt, "apt.conf")}
	if _, err := run(ctx, env, "apt-get", "update", "-q"); err != nil {
		return err
	}
	depends, err := run(ctx, env, "apt-cache", "depends", "linux-image-arm64")
	if err != nil {
		return err
	}
	kernel := regexp.MustCompile(`linux-image-[0-9]\S+`).FindString(depends)
	if kernel == "" {
		return errNoKernel
	}
	for _, pkg := range []string{kernel, "e2fsck-static"} {
		if err := download(ctx, env, apt, pkg); err != nil {
			return err
		}
	}
	return k.unpack(ctx, apt, strings.TrimPrefix(kernel, "linux-image-"))
}

// download leaves the package as {pkg}.deb.
func download(ctx context.Context, env []string, dir, pkg string) error {
	if _, err := run(ctx, env, "sh", "-c", `cd "$0" && apt-get download -q "$1"`, dir, pkg); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(dir, pkg+"_*.deb"))
	if err != nil || len(found) == 0 {
		return errors.Join(fmt.Errorf("%s was not downloaded", pkg), err)
	}
	return os.Rename(found[len(found)-1], filepath.Join(dir, pkg+".deb"))
}

// unpack takes the few files that are needed out of the packages.
func (k *Kit) unpack(ctx context.Context, apt, version string) error {
	out := filepath.Join(apt, "out")
	if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	const cut = `out=$1; shift; dpkg-deb --fsys-tarfile "$0" | tar -x -C "$out" --wildcards "$@"`
	kernel := filepath.Join(apt, "linux-image-"+version+".deb")
	if _, err := run(ctx, nil, "sh", "-c", cut, kernel, out, "./boot/vmlinuz-*", "./usr/lib/modules/*", "*/"+dtb); err != nil {
		return err
	}
	if _, err := run(ctx, nil, "sh", "-c", cut, filepath.Join(apt, "e2fsck-static.deb"), out, "*/e2fsck.static"); err != nil {
		return err
	}
	return errors.Join(
		os.Rename(filepath.Join(out, "boot", "vmlinuz-"+version), k.kernel),
		os.Rename(filepath.Join(out, "usr/sbin/e2fsck.static"), k.fsck),
		os.Rename(filepath.Join(out, "usr/lib/linux-image-"+version, dtb), k.dtb),
		os.RemoveAll(filepath.Join(k.dir, "modules")),
		os.Rename(filepath.Join(out, "usr/lib/modules", version), filepath.Join(k.dir, "modules")),
		os.RemoveAll(apt),
	)
}

// configureApt writes an apt configuration that keeps all its state in dir.
func configureApt(dir string) error {
	for _, sub := range []string{"lists/partial", "cache/archives/partial", "parts"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	conf := strings.ReplaceAll(`Dir::State "DIR";
Dir::State::lists "DIR/lists";
Dir::State::status "DIR/status";
Dir::Cache "DIR/cache";
Dir::Etc::sourcelist "DIR/sources.list";
Dir::Etc::sourceparts "DIR/parts";
Dir::Etc::preferencesparts "DIR/parts";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
`, "DIR", dir)
	source := fmt.Sprintf("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n", suite)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "apt.conf"), []byte(conf), 0o600),
		os.WriteFile(filepath.Join(dir, "sources.list"), []byte(source), 0o600),
		os.WriteFile(filepath.Join(dir, "status"), nil, 0o600),
	)
}
