package bpcuff

import (
	"fmt"
	"time"

	"nabz/drivers/frame"
)

// write sends b and gives up after the time: a frame.Port need not have a write deadline, so the write gets a goroutine, which ends when the
// port is closed.
func write(port frame.Port, b []byte, limit time.Duration) error {
	done := make(chan error, 1)
	go func() {
		_, err := port.Write(b)
		done <- err
	}()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("cuff: write: %w", err)
		}
		return nil
	case <-t.C:
		return fmt.Errorf("cuff: the module takes no commands for %s: check its cable and power", limit)
	}
}
