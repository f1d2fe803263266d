// Command wardbench measures the doctor's page: how long a number takes from a simulated oximeter to the page, on loopback and through a slow link, and
// what many watchers of many kiosks cost the clinic and one another. The programs are those beside this one (make bin).
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("wardbench: ", err)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "nabz-wardbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // a temporary folder
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	fmt.Printf("%-58s %8s %8s\n", "ms", "p50", "p99")
	for _, slow := range []time.Duration{0, 300 * time.Millisecond} {
		if err := measureLatency(ctx, filepath.Join(dir, slow.String()), slow); err != nil {
			return err
		}
	}
	return measureScale(ctx, filepath.Join(dir, "scale"))
}

// row prints what was measured.
func row(name string, all []time.Duration) {
	fmt.Printf("%-58s %8.0f %8.0f\n", name, ms(quantile(all, 0.50)), ms(quantile(all, 0.99)))
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// quantile is the smallest of all that is not below a share q of them.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
