package card

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a card that was cut or closed leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
