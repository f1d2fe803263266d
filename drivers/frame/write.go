package frame

import (
	"fmt"
	"time"
)

// Write sends b and gives up after the time. Its errors begin with who it was for. A Port need not have a write deadline, so the write gets a
// goroutine, which ends when the port is closed.
func Write(p Port, who string, b []byte, limit time.Duration) error {
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
			return fmt.Errorf("%s: write: %w", who, err)
		}
		return nil
	case <-t.C:
		return fmt.Errorf("%s: it takes no commands for %s: check its cable and power", who, limit)
	}
}
