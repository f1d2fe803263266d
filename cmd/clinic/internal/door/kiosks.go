package door

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nabz/firmware/audit"
	"nabz/firmware/wire"
)

// Kiosks keeps what kiosks tell of their own audits: each line as it stands there, in {dir}/kiosks/{kiosk}.ndjson, and as a FHIR AuditEvent in the clinic's. It is safe for
// concurrent use.
type Kiosks struct {
	journal *Journal
	dir     string

	mu   sync.Mutex
	open map[string]*record
}

// record is one kiosk's.
type record struct {
	f      *os.File
	next   uint64
	before string // SHA-256 of the last line
}

// OpenKiosks keeps them beside the clinic's own.
func OpenKiosks(dir string, journal *Journal) (*Kiosks, error) {
	dir = filepath.Join(dir, "kiosks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open audits of kiosks: %w", err)
	}
	return &Kiosks{journal: journal, dir: dir, open: map[string]*record{}}, nil
}

// Close closes all.
func (k *Kiosks) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, r := range k.open {
		errs = append(errs, r.f.Close())
	}
	return errors.Join(errs...)
}

// mostLine is how long a line of an audit may be.
const mostLine = 4096

// ErrBroken is an audit of which lines were changed or taken out.
var ErrBroken = errors.New("the kiosk's audit does not hang together: lines were changed or taken out")

// Take keeps lines that are new, and gives the number of the one that comes next. They are on stable storage when it returns. ErrBroken says that the first of them
// does not follow from the last before; they are kept all the same, so that everybody can see it.
func (k *Kiosks) Take(kiosk string, lines []wire.AuditLine) (next uint64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, err := k.record(kiosk)
	if err != nil {
		return 0, err
	}
	var broken error
	for _, l := range lines {
		var e audit.Entry
		if len(l.Line) > mostLine || json.Unmarshal([]byte(l.Line), &e) != nil {
			return r.next, errors.Join(broken, errors.New("no line of an audit"))
		}
		if e.N < r.next {
			continue
		}
		if r.before != "" && (e.N != r.next || e.Before != r.before) {
			broken = ErrBroken
		}
		if err := k.journal.kiosk(kiosk, e, l.At); err != nil {
			return r.next, errors.Join(broken, err)
		}
		if err := r.add(l.Line, e.N); err != nil {
			return r.next, errors.Join(broken, err)
		}
	}
	return r.next, errors.Join(broken, r.f.Sync())
}

func (r *record) add(line string, n uint64) error {
	if _, err := r.f.WriteString(line + "\n"); err != nil {
		return fmt.Errorf("keep a kiosk's audit: %w", err)
	}
	r.follow([]byte(line), n)
	return nil
}

func (r *record) follow(line []byte, n uint64) {
	sum := sha256.Sum256(line)
	r.next, r.before = n+1, hex.EncodeToString(sum[:])
}

// record opens a kiosk's file and finds its end. k.mu is held.
func (k *Kiosks) record(kiosk string) (*record, error) {
	if r := k.open[kiosk]; r != nil {
		return r, nil
	}
	if err := wire.CheckKiosk(kiosk); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(k.dir, kiosk+".ndjson"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep a kiosk's audit: %w", err)
	}
	r := &record{f: f}
	if err := trim(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e audit.Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			r.follow(lines.Bytes(), e.N)
		}
	}
	if _, err := f.Seek(0, 2); err != nil || lines.Err() != nil {
		return nil, errors.Join(err, lines.Err(), f.Close())
	}
	k.open[kiosk] = r
	return r, nil
}

// acted are what a kiosk's acts are called in FHIR (DICOM PS3.16, CID 400 and 401), with what they are about; the others are application activities.
var acted = map[audit.Act]struct {
	kind, sub coding
	action    string
	about     string // identifier system of what it is about
}{
	audit.SignIn:    {coding{dicom, "110114", "User Authentication"}, coding{dicom, "110122", "Login"}, "E", "/account"},
	audit.SignOut:   {coding{dicom, "110114", "User Authentication"}, coding{dicom, "110123", "Logout"}, "E", "/account"},
	audit.Open:      {coding{dicom, "110110", "Patient Record"}, coding{}, "R", "/visit"},
	audit.Stored:    {coding{dicom, "110110", "Patient Record"}, coding{}, "C", "/reading"},
	audit.Typed:     {coding{dicom, "110110", "Patient Record"}, coding{}, "C", "/reading"},
	audit.Corrected: {coding{dicom, "110110", "Patient Record"}, coding{}, "U", "/reading"},
	audit.Recorded:  {coding{dicom, "110106", "Export"}, coding{}, "R", "/reading"},
	audit.Seen:      {coding{dicom, "110110", "Patient Record"}, coding{}, "R", "/reading"},
	audit.Withdrawn: {coding{dicom, "110110", "Patient Record"}, coding{}, "D", "/reading"},
	audit.Started:   {coding{dicom, "110100", "Application Activity"}, coding{dicom, "110120", "Application Start"}, "E", ""},
}

// kiosk writes an act of a kiosk. The same act, told twice after a crash, has the same entity, kiosk and number.
func (j *Journal) kiosk(kiosk string, e audit.Entry, at time.Time) error {
	k, known := acted[e.Did]
	if !known {
		k.kind, k.action = coding{dicom, "110100", "Application Activity"}, "E"
	}
	why := string(e.Did)
	if at.IsZero() {
		at, why = time.Now(), why+"; when is not known, this is when it came"
	}
	a := auditEvent{ResourceType: "AuditEvent", Type: k.kind, Action: k.action, Recorded: at.UTC().Format(time.RFC3339Nano), Outcome: "0", OutcomeDesc: why}
	if k.sub.Code != "" {
		a.Subtype = []coding{k.sub}
	}
	if !e.OK {
		a.Outcome = "4"
	}
	who := e.Who
	if who == "" {
		who = kiosk
	}
	a.Agent = []agent{{reference{identifier{j.base + "/account", who}}, true}}
	a.Source.Observer.Identifier = identifier{j.base + "/kiosk", kiosk}
	a.Entity = []entity{{reference{identifier{j.base + "/act", fmt.Sprintf("%s-%d", kiosk, e.N)}}}}
	if e.What != "" && k.about != "" {
		a.Entity = append(a.Entity, entity{reference{identifier{j.base + k.about, e.What}}})
	}
	return j.write(a)
}
