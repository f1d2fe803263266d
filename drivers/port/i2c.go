package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/i2c"
	host "periph.io/x/host/v3/sysfs"
)

// OpenI2C opens the I2C bus whose device file is path, such as /dev/i2c-1. Its transactions may come from any goroutine. Errors say what to do:
// switch the bus on, or fix the permission. What a chip does not acknowledge is an error of Tx; the kernel's own time-out ends one that hangs.
func OpenI2C(path string) (i2c.BusCloser, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(path, "/dev/i2c-"))
	if err != nil || !strings.HasPrefix(path, "/dev/i2c-") {
		return nil, fmt.Errorf("open %s: not an I2C bus: use a path such as /dev/i2c-1", path)
	}
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, i2cError(path, err)
	} else if err := f.Close(); err != nil {
		return nil, err
	}
	bus, err := host.NewI2C(number)
	if err != nil {
		return nil, i2cError(path, err)
	}
	return bus, nil
}

func i2cError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open %s: no such bus: switch it on (dtparam=i2c_arm=on) and load i2c-dev", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open %s: permission denied: add this user to the group i2c", path)
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// I2CBuses are the device files of all I2C buses, in order. It opens none.
func I2CBuses() ([]string, error) {
	entries, err := os.ReadDir("/sys/class/i2c-dev")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []string
	for _, e := range entries {
		all = append(all, "/dev/"+e.Name())
	}
	return all, err
}
