package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"nabz/drivers/port"
	"nabz/firmware"
	"nabz/firmware/config"
	"nabz/firmware/upkeep"
	"nabz/hwtest"
	"nabz/provisioning/identity"
	"nabz/provisioning/profile"
)

// life runs the kiosk until it is told to stop, or has to begin anew with another site profile.
func (r runCmd) life(ctx context.Context, log *slog.Logger) error {
	local, err := os.ReadFile(r.Config)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	own, err := config.Parse(local)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Config, err)
	}
	if own.Identity == "" {
		k, err := firmware.Open(own, version, log)
		if err != nil {
			return err
		}
		k.CheckWith(hwtest.QuickOf(own, version, k))
		return runUntil(ctx, k, own, log)
	}
	who := identity.Folder{Dir: own.Identity}
	store := &profile.Store{Identity: who, Local: local}
	l, err := store.Load()
	if err != nil {
		return err
	}
	if l.Why != "" {
		log.Error("a site profile is not used", "why", l.Why)
	}
	k, err := firmware.Open(l.Config, version, log)
	if err != nil {
		return letGo(store, l, err, log)
	}
	k.CheckWith(hwtest.QuickOf(l.Config, version, k))
	k.Also(func(atLeast func() time.Time) firmware.Task {
		store.Now = atLeast
		return &profile.Keeper{
			Store: store, Trial: l.Trial, Needs: l.Needs, Offers: k.Profiles(), Sticks: own.Export, Working: k.Working, Idle: k.Idle, Log: log,
		}
	})
	k.Also(func(atLeast func() time.Time) firmware.Task {
		return &identity.Keeper{Folder: who, Sticks: own.Export, Now: atLeast, Sure: k.TimeKnown, Log: log}
	})
	return runUntil(ctx, k, l.Config, log)
}

// letGo is what follows when a kiosk does not even open: under a trial, the end of the trial.
func letGo(store *profile.Store, l profile.Loaded, err error, log *slog.Logger) error {
	if !l.Trial {
		return err
	}
	why := "with it the kiosk does not open: " + err.Error()
	log.Error("the site profile is taken back", "why", why)
	return errors.Join(profile.ErrReload, store.Reject(why))
}

func runUntil(ctx context.Context, k *firmware.Kiosk, cfg config.Config, log *slog.Logger) error {
	fmt.Println("kiosk ready:", k.URL())
	if err := upkeep.Ready(); err != nil {
		log.Warn("systemd was not told that the kiosk is ready", "why", err)
	}
	err := k.Run(ctx)
	if errors.Is(err, profile.ErrReload) {
		k.EndedWell()
	}
	if closed := k.Close(); closed != nil || !errors.Is(err, firmware.ErrPowerOff) && !errors.Is(err, firmware.ErrRestart) {
		return errors.Join(err, closed)
	}
	log.Info("everything is closed", "why", err)
	if err := firmware.SwitchOff(ctx, cfg.Board, port.Host, err, log); err != nil {
		return err
	}
	return halted(ctx)
}

// haltWithin is how long whoever switches the box off has for it.
const haltWithin = 90 * time.Second

// halted waits until the machine stops this program; when it does not, the kiosk had better go on.
func halted(ctx context.Context) error {
	t, meal := time.NewTimer(haltWithin), time.NewTicker(time.Second)
	defer t.Stop()
	defer meal.Stop()
	for {
		_ = upkeep.Systemd{}.Feed() // nothing runs any more that could hang
		select {
		case <-ctx.Done():
			return nil
		case <-meal.C:
		case <-t.C:
			return errors.New("the box was not switched off: is nabz-power.path enabled?")
		}
	}
}
