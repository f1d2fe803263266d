package port

import (
	"strings"
	"testing"
)

func TestOpenI2CSaysWhatToDo(t *testing.T) {
	for path, want := range map[string]string{"/dev/ttyS0": "/dev/i2c-1", "/dev/i2c-99": "i2c_arm", "i2c": "/dev/i2c-1"} {
		if _, err := OpenI2C(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
