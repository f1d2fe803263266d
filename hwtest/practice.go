package hwtest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/vitals"
	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
	"nabz/firmware/uplink"
	"nabz/queue"
)

// practiceTime is how long the practice reading may take there and back.
const practiceTime = 25 * time.Second

// practice sends a synthetic reading to the practice root, through a queue and an uplink of its own, and waits for its receipt.
func (n *network) practice(ctx context.Context) Result {
	b := n.Config.Broker
	if n.Silent {
		return skipped("it is sent only when a person asks for the check")
	}
	if !n.Config.Practice {
		if n.Config.Lessons.Username == "" {
			return skipped("kiosk.toml has no credentials for practice ([lessons])")
		}
		if b.CA != "" { // by its certificate it is live, and a second connection of its name would throw the first out
			return skipped("with a certificate this kiosk is live alone; practice has a broker of its own")
		}
		b.Username, b.Password = n.Config.Lessons.Username, n.Config.Lessons.Password
	}
	dir, err := os.MkdirTemp("", "nabz-check-*")
	if err != nil {
		return failed(err.Error(), "make room in the folder for temporary files")
	}
	defer os.RemoveAll(dir) // nothing of value is in it
	ctx, cancel := context.WithTimeout(ctx, practiceTime)
	defer cancel()
	begun := time.Now()
	conf, secret, err := n.secure()
	if err != nil {
		return failed(err.Error(), "kioskctl enrol")
	}
	if err := n.send(ctx, dir, broker.Opts{
		URL: b.URL, ClientID: n.Config.Name + "-check", Username: b.Username, Password: b.Password, TLS: conf, Secret: secret,
	}); err != nil {
		return failed(err.Error(), "look whether the practice clinic runs, and at the practice's credentials")
	}
	return passed(duration("there and back", time.Since(begun), 0))
}

// send puts one reading and returns when the practice record has it.
func (n *network) send(ctx context.Context, dir string, o broker.Opts) error {
	q, _, err := queue.Open(filepath.Join(dir, "queue"), queue.Opts{Quota: 8 << 20})
	if err != nil {
		return err
	}
	c, err := clock.Open(filepath.Join(dir, "clock.json"))
	if err != nil {
		return errors.Join(err, q.Close())
	}
	r := reading.Reading{
		ID: uuid.Must(uuid.NewV7()).String(), Visit: uuid.Must(uuid.NewV7()).String(), Operator: "technician", Method: reading.ByHand, Taken: c.Now(), Practice: true,
		Patient:     reading.PatientRef{Type: reading.MedicalRecord, Value: "CHECK", Sex: reading.Female},
		Measurement: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_600)), Site: vitals.Axillary},
	}
	payload, err := reading.Entry{Reading: &r}.Encode()
	if err == nil {
		err = q.Put(ctx, r.ID, queue.Routine, payload)
	}
	if err != nil {
		return errors.Join(err, q.Close())
	}
	ended := make(chan error, 2)
	why := make(chan string, 64)
	run, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	u := uplink.New(uplink.Opts{
		Queue: q, Clock: c, Kiosk: n.Config.Name, Base: n.Config.FHIRBase, Software: "check", Zone: n.Config.Zone, Practice: true, Broker: o,
		Log: slog.New(slog.DiscardHandler),
		Receipt: func(r uplink.Receipt) {
			switch r.Step {
			case uplink.Recorded:
				offer(ended, nil)
			case uplink.Parked:
				offer(ended, errors.New("the practice clinic refuses it"))
			}
		},
		Link: func(l uplink.Link) { offer(why, l.Why) },
	})
	go func() { defer close(done); _ = u.Run(run) }() // its error is run's, or stands in why
	last := ""
	for {
		select {
		case err = <-ended:
		case last = <-why:
			continue
		case <-ctx.Done():
			if err = errors.New("no receipt comes back"); last != "" {
				err = errors.New(last)
			}
		}
		stop()
		<-done
		return errors.Join(err, q.Close())
	}
}

func offer[T any](to chan T, v T) {
	select {
	case to <- v:
	default:
	}
}
