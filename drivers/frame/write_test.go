package frame_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/frame"
)

// A device that takes nothing does not hold the host, and the error says which it was.
func TestWriteGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		began := time.Now()
		err := frame.Write(near, "cuff", []byte("X"), 2*time.Second)
		if err == nil || !strings.HasPrefix(err.Error(), "cuff: ") || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		near.Close()
		far.Close()
		synctest.Wait()
		if err := frame.Write(near, "cuff", []byte("X"), time.Second); err == nil || !strings.HasPrefix(err.Error(), "cuff: write: ") {
			t.Errorf("on a closed port: %v", err)
		}
	})
}
