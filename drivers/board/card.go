package board

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"nabz/drivers/vitals"
)

// Worn is the wear from which on a card is to be replaced, per cent of its life.
const Worn = 90

// Card is what the kernel knows of the health of the medium that a folder lies on. An SD card tells nothing of its wear; an eMMC does.
type Card struct {
	Wear   vitals.Maybe[vitals.Percent] // of its life that is used up, in steps of ten, 110 when it is beyond its end (JESD84-B51, EXT_CSD 268 and 269)
	Ending bool                         // its spare blocks are running out (EXT_CSD 267, PRE_EOL_INFO)
	Errors vitals.Maybe[int]            // that the file system has met since it was checked last

	Identity CardIdentity
}

// CardIdentity is what a card says of itself; fields that it has not are empty.
type CardIdentity struct {
	Type   string `json:"type,omitempty"` // SD or MMC
	Name   string `json:"name,omitempty"`
	Maker  string `json:"maker,omitempty"` // its numbers, MID and OID
	Serial string `json:"serial,omitempty"`
	Made   string `json:"made,omitempty"` // month and year
}

// Sys is the kernel's sysfs.
type Sys struct{ Root string }

// HostSys is the one of this box.
var HostSys = Sys{"/sys"}

// Card looks at the medium of a folder. What the kernel does not tell of it is unknown; an error is one of reading what it tells.
func (s Sys) Card(dir string) (Card, error) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return Card{}, fmt.Errorf("look at the card of %s: %w", dir, err)
	}
	return s.card(unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)))
}

func (s Sys) card(major, minor uint32) (c Card, err error) {
	block, err := filepath.EvalSymlinks(filepath.Join(s.Root, "dev/block", fmt.Sprintf("%d:%d", major, minor)))
	if errors.Is(err, fs.ErrNotExist) {
		return Card{}, nil // a file system without a medium, or one over others
	}
	if err != nil {
		return Card{}, fmt.Errorf("look at the card: %w", err)
	}
	if text, err := attribute(filepath.Join(s.Root, "fs/ext4", filepath.Base(block)), "errors_count"); err == nil {
		if n, err := strconv.Atoi(text); err == nil {
			c.Errors = vitals.Some(n)
		}
	}
	for _, disk := range []string{block, filepath.Dir(block)} { // a partition's disk is the folder above
		if c.Identity == (CardIdentity{}) {
			c.Identity = identity(filepath.Join(disk, "device"))
		}
		text, err := attribute(filepath.Join(disk, "device"), "life_time")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, fmt.Errorf("look at the card: %w", err)
		}
		if c.Wear, err = wear(text); err != nil {
			return c, fmt.Errorf("look at the card: %w", err)
		}
		if text, err = attribute(filepath.Join(disk, "device"), "pre_eol_info"); err == nil {
			n, err := strconv.ParseUint(text, 0, 8)
			c.Ending = err == nil && n >= 2
		}
		return c, nil
	}
	return c, nil
}

// wear reads the two estimates, of which the worse counts: "0x01 0x03".
func wear(text string) (worst vitals.Maybe[vitals.Percent], err error) {
	for _, field := range strings.Fields(text) {
		n, err := strconv.ParseUint(field, 0, 8)
		if err != nil || n > 0x0b {
			return worst, fmt.Errorf("life_time %q is none", text)
		}
		if before, known := worst.Get(); n > 0 && (!known || vitals.Percent(10*n) > before) { // 0 is "not defined"
			worst = vitals.Some(vitals.Percent(10 * n))
		}
	}
	return worst, nil
}

func identity(device string) (c CardIdentity) {
	get := func(name string) string {
		text, _ := attribute(device, name) // what it does not tell stays empty
		return text
	}
	if c.Type = get("type"); c.Type != "SD" && c.Type != "MMC" {
		return CardIdentity{} // another disk
	}
	c.Name, c.Serial, c.Made = get("name"), get("serial"), get("date")
	c.Maker = strings.TrimSpace(get("manfid") + " " + get("oemid"))
	return c
}
