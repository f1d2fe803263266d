package frame

import (
	"fmt"
	"time"
)

// Write sends b and gives up after the time: a Port need not have a write deadline, so the write gets a goroutine, which ends when the port
// is closed.
func Write(p Port, b []byte, limit time.Duration) error {
	done := make(chan error, 1)
	go func() {
		_, err := p.Write(b)
		done <- err
	}()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	case <-t.C:
		return fmt.Errorf("the device takes no commands for %s: check its cable and power", limit)
	}
}
