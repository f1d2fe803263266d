package intake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"nabz/firmware/config"
	"nabz/firmware/wire"
	"nabz/provisioning/signed"
)

// profile sends a kiosk the site profile that lies here for it, when that is newer than the one it runs on and was not taken back there. The kiosk looks at the signature;
// it is sent again until the kiosk's state says that it has it.
func (d *desks) profile(kiosk string, s wire.State) error {
	if d.in.Profiles == "" {
		return nil
	}
	path := filepath.Join(d.in.Profiles, kiosk+".profile")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	version := uint64(0)
	if err == nil {
		version, err = versionOf(raw)
	}
	if err != nil {
		d.in.Log.Error("a site profile cannot be read", "file", path, "why", err)
		return nil
	}
	if version <= s.Profile || version <= s.Refused {
		return nil
	}
	d.in.Log.Info("a kiosk is sent its site profile", "kiosk", kiosk, "version", version)
	return d.tell(kiosk, wire.DownCfg, raw)
}

func versionOf(raw []byte) (uint64, error) {
	text, err := signed.Peek(raw)
	if err != nil {
		return 0, err
	}
	p, err := config.ParseProfile(text)
	return p.Version, err
}

// profiles looks at the profiles of all kiosks that are on line: one may have been put here since.
func (in *Intake) profiles(d *desks) {
	if in.Profiles == "" {
		return
	}
	in.online.Range(func(key, value any) bool {
		kiosk, state := key.(string), value.(wire.State)
		d.put(kiosk, func() error { return d.profile(kiosk, state) })
		return true
	})
}
