package firmware

import (
	"context"
	"errors"
	"time"

	"nabz/drivers/board"
	"nabz/drivers/vitals"
	"nabz/firmware/screen"
	"nabz/firmware/upkeep"
	"nabz/queue"
)

// counted is how counters stood when the kiosk began.
type counted struct {
	written int64
	known   bool
	seq     uint64
}

func (k *Kiosk) begin() {
	k.counted.written, k.counted.known = board.HostSys.Written(k.cfg.Data)
	k.counted.seq = k.queue.LastSeq()
}

// watchdogWaits is what the machine's own watchdog is set to: a Raspberry Pi's takes no more.
const watchdogWaits = 15 * time.Second

// keeper is the task that feeds the watchdogs that this kiosk has.
func (k *Kiosk) keeper() Task {
	keeper := &upkeep.Keeper{Pulses: &k.pulses, HungAfter: k.cfg.Watch.HungAfter, Every: k.cfg.Watch.HungAfter / 3, History: k.history, Log: k.log}
	if s, within, ok := upkeep.WatchedBySystemd(); ok {
		keeper.Feeders, keeper.Every = append(keeper.Feeders, s), min(keeper.Every, within/3)
	}
	if path := k.cfg.Board.Watchdog; path != "" {
		w, err := board.OpenWatchdog(path, watchdogWaits)
		if err != nil {
			k.log.Error("the kiosk runs without the machine's watchdog", "why", err) // better than not to measure
			return keeper
		}
		keeper.Feeders, keeper.Every = append(keeper.Feeders, w), min(keeper.Every, w.Timeout/3)
	}
	return keeper
}

// noteEnd writes down how the run ended. One that failed is none that ended well.
func (k *Kiosk) noteEnd() error {
	switch {
	case k.history == nil:
		return nil
	case errors.Is(k.ended, ErrPowerOff) || errors.Is(k.ended, ErrRestart):
		return k.history.Note(upkeep.Switched)
	case k.ended != nil && !errors.Is(k.ended, context.Canceled):
		return nil
	}
	return k.history.Note(upkeep.Clean)
}

// EndedWell says that what Run returned was no failure of the kiosk's: it begins anew because somebody wanted it.
func (k *Kiosk) EndedWell() { k.ended = nil }

func (k *Kiosk) trouble() screen.Trouble {
	if k.history == nil {
		return screen.Trouble{}
	}
	t := k.history.Trouble(k.clock.Now())
	return screen.Trouble{Restarts: t.Restarts, Last: t.Last, Looping: t.Looping, Hung: k.pulses.Late(k.cfg.Watch.HungAfter)}
}

// snapshot is what the kiosk tells of itself.
func (k *Kiosk) snapshot() upkeep.Snapshot {
	link, _ := k.link.Get()
	state, _ := k.power.Get()
	card, _ := k.card.Get()
	stats, now, health := k.queue.Stats(), k.clock.Now(), board.HostSys.Health()
	s := upkeep.Snapshot{
		Kiosk: k.cfg.Name, Version: k.version, Lanes: k.lanes(stats), Parked: stats.Parked, Delivered: stats.Delivered, QueueSize: stats.Bytes, QueueFull: stats.Full,
		Readings: int(k.queue.LastSeq() - k.counted.seq), Devices: map[string]bool{}, Broker: link.Broker, Clinic: link.Clinic,
		Clock: string(now.Source), Uncertainty: now.Uncertainty, Source: string(state.Source), Charge: state.Charge, LowBattery: state.Low,
		Temperature: health.Temperature, UnderVoltage: health.UnderVoltage, CardErrors: card.Errors, CardWear: card.Wear,
		Hung: len(k.pulses.Late(k.cfg.Watch.HungAfter)), Trouble: k.history.Trouble(now),
	}
	if bits, known := health.Throttled.Get(); known {
		s.Throttled = vitals.Some(uint32(bits))
	}
	if n, known := board.HostSys.Written(k.cfg.Data); known && k.counted.known {
		s.Written = vitals.Some(n - k.counted.written)
	}
	devices, _ := k.devices.Get()
	for _, d := range devices {
		s.Devices[d.Name] = d.State == "connected"
	}
	return s
}

// lanes are how long the oldest entry of each waits. An age is by the wall clock, which may have been set meanwhile.
func (k *Kiosk) lanes(stats queue.Stats) map[string]upkeep.Lane {
	all := map[string]upkeep.Lane{"urgent": {Waiting: stats.Urgent}, "routine": {Waiting: stats.Waiting - stats.Urgent}}
	for name, which := range map[string]queue.Lane{"urgent": queue.Urgent, "routine": queue.Routine} {
		l := all[name]
		if l.Waiting == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // it may just have been delivered
		items, err := k.queue.Next(ctx, which, 1)
		if cancel(); err == nil && len(items) > 0 {
			l.Oldest = max(0, time.Since(items[0].Put))
		}
		all[name] = l
	}
	return all
}
