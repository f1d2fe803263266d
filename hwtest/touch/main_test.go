package touch

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more tests run side by side than there are processors: each waits for its own devices most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "10"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
