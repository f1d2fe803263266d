package uplink

import (
	"context"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// Audit is the kiosk's record of who did what.
type Audit interface {
	// From are the lines from that number on, at most so many; none when there are none. A number that is no longer kept begins with the oldest that is.
	From(n uint64, most int) ([]wire.AuditLine, error)
}

// auditEvery is how often the record is looked at; auditWait how long the clinic's word may take before it is asked again.
const (
	auditEvery = 10 * time.Second
	auditWait  = time.Minute
)

// keepAudit brings the clinic the lines that it lacks, while no reading waits: it says how far it has them, is sent the next, and says so again.
func (s *session) keepAudit(ctx context.Context) error {
	known, next := false, uint64(0)
	for {
		var lines []wire.AuditLine
		if known {
			var err error
			if lines, err = s.Audit.From(next, wire.MostAuditLines); err != nil {
				s.Log.Warn("the audit cannot be read", "why", err)
			}
		}
		if (!known || len(lines) > 0) && s.Queue.Stats().Waiting == 0 {
			m := broker.Message{Topic: s.topic(wire.UpEvt), QoS: 1, Payload: wire.Encode(wire.Audit{Event: wire.EventAudit, Lines: lines})}
			if err := s.publish(ctx, m); err != nil {
				return err
			}
			select {
			case n := <-s.audits:
				next, known = n.Next, true
				if len(lines) > 0 {
					continue
				}
			case <-time.After(auditWait):
				known = false
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		pause(ctx, auditEvery, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
