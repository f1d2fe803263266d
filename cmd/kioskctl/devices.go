package main

import (
	"context"

	"nabz/drivers/bpcuff"
	"nabz/drivers/frame"
	"nabz/drivers/oximeter"
	"nabz/drivers/port"
	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
)

// driver is a device's driver as replay and record need it.
type driver interface {
	Next(ctx context.Context) (vitals.Sample, error)
	Tally() frame.Tally
	Lines() []frame.Line
}

// driverFor returns the driver that a device name stands for; the names are those of kong's enum.
func driverFor(name string, w port.Wire) driver {
	switch name {
	case "contec":
		return oximeter.NewContec(w, oximeter.DialectContec)
	case "bci":
		return oximeter.NewContec(w, oximeter.DialectBerry)
	case "par":
		return bpcuff.NewPAR(w, bpcuff.PAROpts{})
	case "suretemp":
		return thermometer.NewSureTemp(w)
	}
	panic("no driver for " + name) // the enum lets nothing else through
}
