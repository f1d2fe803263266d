package hwtest

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"nabz/drivers/board"
	"nabz/drivers/port"
	"nabz/firmware/clock"
	"nabz/firmware/config"
	"nabz/firmware/live"
	"nabz/firmware/power"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// Bench is what is checked. Where no kiosk runs, the bench opens ports and connections itself; where one does, it has them, and is asked.
type Bench struct {
	Config config.Config
	Ports  port.System
	Sys    board.Sys
	Kernel func() (board.Power, error) // the kernel's class of power supplies
	Kiosk  Kiosk                       // that runs; nil without one
	Silent bool                        // nothing is sent to a record: nobody asked for the check
	Listen time.Duration               // how long each device's line is counted; 0 is five seconds
}

// Kiosk is the running one, as firmware.Kiosk is.
type Kiosk interface {
	Lines() []live.Line
	Power() power.State
	Link() uplink.Link
	Ask(ctx context.Context) (wire.HelloReply, time.Duration, error)
	Time() clock.Stamp
}

// Here is the bench of this box.
func Here(cfg config.Config, running Kiosk) Bench {
	return Bench{Config: cfg, Ports: port.Host, Sys: board.HostSys, Kernel: board.Host.Read, Kiosk: running}
}

// Quick are the checks that need no person, in the order in which they are run; together they take some seconds.
func (b Bench) Quick() []Check {
	all := b.devices()
	all = append(all, b.storage(), b.card(), b.supply(), b.heat(), b.time())
	return append(all, b.ladder()...)
}

func (b Bench) listenFor() time.Duration { return cmp.Or(b.Listen, usualListen) }

// dir is where this kiosk keeps what is durable.
func (b Bench) dir() string {
	if b.Config.Practice {
		return filepath.Join(b.Config.Data, "practice")
	}
	return filepath.Join(b.Config.Data, "live")
}
