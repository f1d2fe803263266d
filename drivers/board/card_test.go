package board

import (
	"os"
	"path/filepath"
	"testing"

	"nabz/drivers/vitals"
)

// sysfs is a kernel's tree with one disk and its second partition, 179:2.
func sysfs(t *testing.T, files map[string]string) Sys {
	t.Helper()
	root := t.TempDir()
	disk := filepath.Join(root, "devices/mmc0/block/mmcblk0")
	for _, dir := range []string{disk + "/mmcblk0p2", disk + "/device", root + "/dev/block", root + "/fs/ext4/mmcblk0p2"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(disk+"/mmcblk0p2", root+"/dev/block/179:2"); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Sys{root}
}

func TestCard(t *testing.T) {
	const device, errs = "devices/mmc0/block/mmcblk0/device/", "fs/ext4/mmcblk0p2/errors_count"
	for name, c := range map[string]struct {
		files  map[string]string
		want   Card
		broken bool
	}{
		"an SD card":             {map[string]string{errs: "0\n"}, Card{Errors: vitals.Some(0)}, false},
		"an SD card with errors": {map[string]string{errs: "3\n"}, Card{Errors: vitals.Some(3)}, false},
		"an eMMC":                {map[string]string{device + "life_time": "0x01 0x03\n", device + "pre_eol_info": "0x01\n"}, Card{Wear: vitals.Some(vitals.Percent(30))}, false},
		"an eMMC at its end":     {map[string]string{device + "life_time": "0x0b 0x02\n", device + "pre_eol_info": "0x03\n"}, Card{Wear: vitals.Some(vitals.Percent(110)), Ending: true}, false},
		"one that does not say":  {map[string]string{device + "life_time": "0x00 0x00\n", device + "pre_eol_info": "0x00\n"}, Card{}, false},
		"one that says nonsense": {map[string]string{device + "life_time": "0x0c 0x01\n"}, Card{}, true},
		"one that says who it is": {map[string]string{
			device + "type": "SD\n", device + "name": "SC32G\n", device + "manfid": "0x000003\n", device + "oemid": "0x5344\n", device + "serial": "0x1234abcd\n", device + "date": "05/2026\n",
		}, Card{Identity: CardIdentity{Type: "SD", Name: "SC32G", Maker: "0x000003 0x5344", Serial: "0x1234abcd", Made: "05/2026"}}, false},
		"one that says words":      {map[string]string{device + "life_time": "worn\n"}, Card{}, true},
		"another file system":      {nil, Card{}, false},
		"errors that are no count": {map[string]string{errs: "many\n"}, Card{}, false},
	} {
		got, err := sysfs(t, c.files).card(179, 2)
		if got != c.want || (err != nil) != c.broken {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := sysfs(t, nil).card(0, 42); got != (Card{}) || err != nil {
		t.Errorf("no medium: %+v, %v", got, err)
	}
	if _, err := HostSys.Card(t.TempDir()); err != nil {
		t.Errorf("this machine: %v", err)
	}
	if _, err := HostSys.Card("/nowhere"); err == nil {
		t.Error("a folder that is not there")
	}
}
