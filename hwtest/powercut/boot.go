package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"nabz/hwtest/powercut/machine"
)

// boot brings a machine up and hands its lines to hear until that says that it is over, or the power goes. Then the machine is killed, and
// hear gets what was still on its way.
func (b *bench) boot(ctx context.Context, p plan, life int, rng *rand.Rand, hear func(string) bool, cut func() <-chan struct{}) error {
	v, err := b.restore(ctx, p, life, rng)
	if err != nil {
		return err
	}
	defer func() {
		v.Kill() // before the card ends, so that the machine sees no error that a real one could not see
		for line := range v.Lines() {
			hear(line)
		}
	}()
	return follow(v, hear, cut)
}

// restore brings a parked machine back and tells it what to do.
func (b *bench) restore(ctx context.Context, p plan, life int, rng *rand.Rand) (*machine.VM, error) {
	seed := sha256.Sum256([]byte(fmt.Sprint(rng.Uint64())))
	boot, err := uuid.FromBytes(seed[:16])
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("GO entropy=%s boot=%s seed=%d life=%d", hex.EncodeToString(seed[:]), boot, rng.Uint64(), life)
	if p.fill > 0 {
		line += fmt.Sprintf(" fill=%d", p.fill)
	}
	if p.quota > 0 {
		line += fmt.Sprintf(" quota=%d", p.quota)
	}
	if p.noFlush {
		line += " nosync=yes"
	}
	if p.control {
		line += " ack=no" // so that much can be lost
	}
	if p.kiosk {
		line += " kiosk=yes"
	}
	v, err := b.on(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := v.Send(line); err != nil {
		v.Kill()
		return nil, err
	}
	return v, nil
}

// on switches a machine on: a parked one goes on, a Pi boots.
func (b *bench) on(ctx context.Context, p plan) (*machine.VM, error) {
	if !p.pi {
		return b.snapshot.Restore(ctx, b.opts())
	}
	o := b.opts()
	o.Pi = true
	v, err := b.kit.Boot(ctx, o)
	if err != nil {
		return nil, err
	}
	ready := func(line string) bool { return line == "SNAP" }
	if err := follow(v, ready, func() <-chan struct{} { return nil }); err != nil {
		v.Kill()
		return nil, err
	}
	return v, nil
}

// follow takes a machine's lines until hear says that it is over, or the power goes.
func follow(v *machine.VM, hear func(string) bool, cut func() <-chan struct{}) error {
	t := time.NewTimer(patience)
	defer t.Stop()
	for {
		select {
		case line, open := <-v.Lines():
			if !open {
				return fmt.Errorf("the machine ended by itself: see %s", v.Console())
			}
			if hear(line) {
				return nil
			}
		case <-cut():
			return nil
		case <-t.C:
			return fmt.Errorf("the machine hangs: see %s", v.Console())
		}
	}
}
