package exam

import (
	"crypto/sha256"
	"strconv"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// taken is one accepted reading and what became of it.
type taken struct {
	Reading    reading.Reading `json:"reading"`
	Urgent     bool            `json:"urgent,omitempty"`
	Superseded bool            `json:"superseded,omitempty"`
	Retracted  bool            `json:"retracted,omitempty"`
}

func (t *taken) stands() bool { return !t.Superseded && !t.Retracted }

// mean says that it is the mean of others.
func (t *taken) mean() bool { return len(t.Reading.DerivedFrom) > 0 }

// standing is the newest reading of that kind that nothing replaced, means apart; nil when there is none.
func (v *Visit) standing(k vitals.Kind) *taken {
	for i := len(v.m.Taken) - 1; i >= 0; i-- {
		if t := &v.m.Taken[i]; t.stands() && !t.mean() && t.Reading.Measurement.Kind() == k {
			return t
		}
	}
	return nil
}

// finding is a measurement on its way to become a reading.
type finding struct {
	measurement  vitals.Measurement
	device       reading.DeviceRef
	flags        vitals.Flags
	method       reading.Method
	absent       reading.Absent
	questionable string
	note         string
	window       time.Duration
	from         time.Duration // since boot
	supersedes   string
	derivedFrom  []string
	taken        *clock.Stamp // when it was taken, if not now
	operator     string       // by whom, if not by the one who does the visit
}

// accept makes a reading of it, once and for all.
func (v *Visit) accept(f finding) reading.Reading {
	r := reading.Reading{
		ID: v.newID(), Visit: v.m.ID, Practice: v.m.Settings.Practice, Patient: v.m.Patient, Operator: v.m.Operator, Device: f.device,
		Measurement: f.measurement, Flags: f.flags, Method: f.method, Absent: f.absent, Questionable: f.questionable, Note: f.note,
		Window: f.window, Taken: v.now, Supersedes: f.supersedes, DerivedFrom: f.derivedFrom,
	}
	if f.taken != nil {
		r.Taken = *f.taken
	}
	if f.operator != "" {
		r.Operator = f.operator
	}
	if f.measurement.Kind() == vitals.KindBloodPressure && f.absent != reading.AbsentNotPerformed {
		r.BodySite = reading.LeftUpperArm
	}
	for i := range v.m.Taken {
		if v.m.Taken[i].Reading.ID == r.Supersedes {
			v.m.Taken[i].Superseded = true
		}
	}
	urgent := f.absent == reading.AbsentError || v.m.Settings.Urgent.Urgent(f.measurement, v.band())
	v.m.Taken = append(v.m.Taken, taken{Reading: r, Urgent: urgent})
	v.changed = true
	v.emit(Accept{Reading: r, Urgent: urgent, From: f.from})
	return r
}

// Attest gives a reading that an Accept of the newest event carries the hash of its evidence (reading.Reading.Evidence), and returns it so. It
// is to be called before Save.
func (v *Visit) Attest(id, hash string) (r reading.Reading) {
	for i := range v.m.Taken {
		if t := &v.m.Taken[i]; t.Reading.ID == id {
			t.Reading.Evidence = hash
			r = t.Reading
		}
	}
	return r
}

// notPerformed accepts that there will be no number of that kind.
func (v *Visit) notPerformed(k vitals.Kind, why SkipReason) {
	v.accept(finding{
		measurement: empty(k), method: reading.ByHand, absent: reading.AbsentNotPerformed, note: "skipped: " + string(why),
	})
}

func empty(k vitals.Kind) vitals.Measurement {
	switch k {
	case vitals.KindBloodPressure:
		return vitals.BloodPressure{}
	case vitals.KindOximetry:
		return vitals.Oximetry{}
	case vitals.KindRespiration:
		return vitals.Respiration{}
	}
	return vitals.Temperature{}
}

// newID is the event's own id the first time; then ids that derive from it: UUIDv7s of the same millisecond, the same for the same event.
func (v *Visit) newID() string {
	n := v.made
	v.made++
	if n == 0 {
		return v.id
	}
	sum := sha256.Sum256([]byte(v.id + " " + strconv.Itoa(n)))
	id := uuid.UUID(sum[:16])
	if own, err := uuid.Parse(v.id); err == nil {
		copy(id[:6], own[:6]) // the time
	}
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	return id.String()
}

// Entries lists everything the visit accepted and retracted, in order. After a restart it is put into the queue again, which ignores
// what it has.
func (v *Visit) Entries() []reading.Entry {
	all := make([]reading.Entry, 0, len(v.m.Taken)+len(v.m.Retractions))
	for _, t := range v.m.Taken {
		all = append(all, reading.Entry{Reading: &t.Reading})
	}
	for _, r := range v.m.Retractions {
		all = append(all, reading.Entry{Retraction: &r})
	}
	return all
}

// Urgent says whether the reading or retraction of that id goes before the others. Retractions always do.
func (v *Visit) Urgent(id string) bool {
	for _, t := range v.m.Taken {
		if t.Reading.ID == id {
			return t.Urgent
		}
	}
	for _, r := range v.m.Retractions {
		if r.ID == id {
			return true
		}
	}
	return false
}
