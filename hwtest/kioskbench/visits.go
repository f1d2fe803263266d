package main

import (
	"context"
	"errors"
	"fmt"

	"nabz/hwtest/stage"
)

// manyVisits are taken one after another. The store of visits is full and forgets from the 500th on, so memory is compared between the half and the end.
const manyVisits = 2000

// measureVisits takes a kiosk without devices through many visits whose numbers are typed, and prints its resident memory.
func measureVisits(dir string) (err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	kiosk, url, err := start(ctx, dir, stage.NewBench(dir, 1, true))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kiosk.Stop()) }()
	w := stage.NewWorker(url)
	if _, err := w.Patiently(ctx); err != nil {
		return err
	}
	var half, end stage.Usage
	fmt.Printf("%-28s", "resident after visits")
	for n := 1; n <= manyVisits; n++ {
		if err := w.ByHand(ctx, fmt.Sprintf("%06d", n)); err != nil {
			return fmt.Errorf("visit %d: %w", n, err)
		}
		if n%(manyVisits/4) != 0 {
			continue
		}
		if end, err = kiosk.Usage(); err != nil {
			return err
		}
		if n == manyVisits/2 {
			half = end
		}
		fmt.Printf("  %d: %.1f MB", n, mega(end.Resident))
	}
	fmt.Println()
	if end.Resident > half.Resident*6/5 {
		return fmt.Errorf("memory grows: %.1f MB after half of the visits, %.1f MB after all", mega(half.Resident), mega(end.Resident))
	}
	return nil
}
