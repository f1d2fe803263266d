package firmware

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"time"

	"nabz/firmware/audit"
	"nabz/firmware/wire"
)

// told is the audit as the clinic hears of it. It implements uplink.Audit.
type told struct{ *Kiosk }

// errEnough ends the reading.
var errEnough = errors.New("enough")

// From implements uplink.Audit.
func (t told) From(n uint64, most int) (lines []wire.AuditLine, err error) {
	if n > t.audit.Last() {
		return nil, nil
	}
	r, w := io.Pipe()
	go func() {
		_, err := t.audit.WriteTo(w)
		w.CloseWithError(err)
	}()
	all := bufio.NewScanner(r)
	for all.Scan() && len(lines) < most {
		var e audit.Entry
		if json.Unmarshal(all.Bytes(), &e) != nil || e.N < n {
			continue
		}
		l := wire.AuditLine{Line: all.Text()}
		if i := t.clock.Resolve(e.At); i.Synchronised() {
			l.At = i.Time
		}
		lines = append(lines, l)
	}
	err = all.Err()
	r.CloseWithError(errEnough)
	return lines, err
}

// clocked notes that the clinic's time moved the clock.
func (k *Kiosk) clocked(moved time.Duration) {
	if err := k.audit.Note(audit.Entry{Who: "clinic", Did: audit.ClockSet, What: moved.String(), OK: true}); err != nil {
		k.log.Error("the audit was not written", "why", err)
	}
}
