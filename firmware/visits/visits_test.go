package visits

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"nabz/firmware/clock"
)

const (
	visit = "0192f3a1-7c5e-7b1a-9d0e-000000000001"
	entry = "0192f3a1-7c5e-7b1a-9d0e-000000000002"
)

func at(s int) clock.Stamp { return clock.Stamp{Boot: "b", SinceBoot: time.Duration(s) * time.Second} }

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestVisitInProgressSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.KeepVisit(visit, []byte(`{"step":"oximetry"}`), true))
	must(t, s.Close())
	s = open(t, dir)
	saved, err := s.Current()
	must(t, err)
	if string(saved) != `{"step":"oximetry"}` {
		t.Errorf("after a restart the visit is %q", saved)
	}
	must(t, s.KeepVisit(visit, saved, false))
	if saved, err = s.Current(); err != nil || saved != nil {
		t.Errorf("a closed visit is still in progress: %q, %v", saved, err)
	}
}

func TestPatientIsNotOnTheCardInClear(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	secret := []byte(strings.Repeat("MR-000123-SYNTHETIC ", 10))
	must(t, s.KeepVisit(visit, secret, true))
	must(t, s.Close())
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte("000123-SYNTHETIC")) {
			t.Errorf("%s holds the patient's identifier in clear", path)
		}
		return err
	}))
}

func TestMissingKeyIsSaidAndNothingIsChanged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.KeepVisit(visit, []byte("x"), true))
	must(t, s.Close())
	must(t, os.Remove(filepath.Join(dir, "visits.key")))
	if _, err := Open(dir, "", nil); err == nil || !strings.Contains(err.Error(), "visits.key is missing") {
		t.Errorf("opened without its key: %v", err)
	}
}

func TestSecondKioskIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, err := Open(dir, "", nil); err == nil || !strings.Contains(err.Error(), "another kiosk") {
		t.Errorf("second open: %v", err)
	}
}

func TestReceiptSteps(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.KeepVisit(visit, []byte("x"), true, Begun{Receipt: Receipt{Entry: entry, Visit: visit, Kind: "oximetry"}}))
	must(t, s.Reach(entry, Saved, at(1)))
	must(t, s.Reach(entry, Sent, at(2)))
	must(t, s.Reach(entry, Sent, at(9))) // a retry: the first time stays
	must(t, s.KeepVisit(visit, []byte("x"), true, Begun{Receipt: Receipt{Entry: entry, Visit: visit, Kind: "oximetry"}}))
	must(t, s.Reach("0192f3a1-7c5e-7b1a-9d0e-00000000ffff", Recorded, at(3))) // not ours
	must(t, s.Park(entry, "rule 7"))
	got := one(t, s)
	if got.Steps[Saved] != at(1) || got.Steps[Sent] != at(2) || got.Parked != "rule 7" || got.Done() {
		t.Errorf("receipt %+v", got)
	}
	must(t, s.Reach(entry, Recorded, at(4)))
	if got := one(t, s); got.Parked != "" || got.Steps[Recorded] != at(4) || !got.Done() {
		t.Errorf("recorded after all: %+v", got)
	}
}

func one(t *testing.T, s *Store) Receipt {
	t.Helper()
	all, err := s.Receipts(visit)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d receipts, want 1", len(all))
	}
	return all[0]
}

func TestTrimKeepsWhatIsNotDelivered(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 5 {
		id := fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-1000000000%02d", i)
		must(t, s.KeepVisit(id, []byte("x"), false, Begun{Receipt: Receipt{Entry: fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-2000000000%02d", i), Visit: id}}))
		if i != 1 {
			must(t, s.Reach(fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-2000000000%02d", i), Recorded, at(i)))
		}
	}
	newest, err := s.Newest(2)
	must(t, err)
	if len(newest) != 2 || newest[0].Visit[len(newest[0].Visit)-2:] != "03" || newest[1].Visit[len(newest[1].Visit)-2:] != "04" {
		t.Errorf("the newest two are %+v", newest)
	}
	must(t, s.Park(fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-2000000000%02d", 1), "a rule")) // a person may release it yet
	must(t, s.Trim(2))
	all, err := s.Receipts("")
	must(t, err)
	var left []string
	for _, r := range all {
		left = append(left, r.Visit[len(r.Visit)-2:])
	}
	if got := strings.Join(left, " "); got != "01 03 04" {
		t.Errorf("visits left: %s, want 01 (parked) 03 04", got)
	}
}

// Evidence comes back byte for byte, is not on the card in clear, and is forgotten with its visit or when it is not among the newest.
func TestEvidence(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	capture := []byte("# contec\n" + strings.Repeat("< 01 E0 85 B3 CA E1 A1 FF FF\n", 2500))
	must(t, s.KeepVisit(visit, []byte("x"), false, Begun{Receipt{Entry: entry, Visit: visit}, capture}))
	must(t, s.Close())
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte("E0 85 B3")) {
			t.Errorf("%s holds what the device sent in clear", path)
		}
		return err
	}))
	s = open(t, dir)
	got, err := s.Evidence(entry)
	must(t, err)
	if !bytes.Equal(got, capture) {
		t.Errorf("%d bytes came back of %d", len(got), len(capture))
	}
	if _, err := s.Evidence("0192f3a1-7c5e-7b1a-9d0e-00000000ffff"); !errors.Is(err, ErrNoEvidence) {
		t.Errorf("of another reading: %v", err)
	}
	for i := range keepEvidence {
		next := fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-3000000%05d", i)
		must(t, s.KeepVisit(visit, []byte("x"), false, Begun{Receipt{Entry: next, Visit: visit}, []byte("< 01\n")}))
	}
	must(t, s.Trim(500))
	if _, err := s.Evidence(entry); !errors.Is(err, ErrNoEvidence) {
		t.Errorf("after %d newer ones: %v", keepEvidence, err)
	}
}

// What was amended and is not in the queue yet is named until it is, also after a restart; visits come newest first.
func TestAmendedVisit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 3 {
		must(t, s.KeepVisit(fmt.Sprintf("%s%d", visit[:len(visit)-1], i), fmt.Append(nil, i), false))
	}
	must(t, s.AllPut())
	must(t, s.Amend(visit, []byte("amended"), Begun{Receipt: Receipt{Entry: entry, Visit: visit}}))
	must(t, s.Close())
	s = open(t, dir)
	if ids, err := s.Unput(); err != nil || len(ids) != 1 || ids[0] != visit {
		t.Errorf("not put: %q, %v", ids, err)
	}
	if saved, err := s.Visit(visit); err != nil || string(saved) != "amended" {
		t.Errorf("%q, %v", saved, err)
	}
	var order []string
	must(t, s.Latest(func(_ string, saved []byte) bool {
		order = append(order, string(saved))
		return len(order) < 2
	}))
	if strings.Join(order, " ") != "2 amended" {
		t.Errorf("the newest two: %q", order)
	}
	must(t, s.AllPut())
	if ids, err := s.Unput(); err != nil || len(ids) > 0 {
		t.Errorf("put, and still %q, %v", ids, err)
	}
	if saved, err := s.Visit("none"); err != nil || saved != nil {
		t.Errorf("a visit that is not kept: %q, %v", saved, err)
	}
}

// Small records are kept by name, sealed.
func TestNamedRecords(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.Remember("worker/7", []byte("SYNTHETIC-SYNTHETIC")))
	must(t, s.Remember("worker/12", []byte("x")))
	must(t, s.Remember("screen", []byte("y")))
	must(t, s.Close())
	s = open(t, dir)
	if raw, err := s.Remembered("worker/7"); err != nil || string(raw) != "SYNTHETIC-SYNTHETIC" {
		t.Errorf("%q, %v", raw, err)
	}
	if names, err := s.Names("worker/"); err != nil || strings.Join(names, " ") != "worker/12 worker/7" {
		t.Errorf("%q, %v", names, err)
	}
	if raw, err := s.Remembered("none"); err != nil || raw != nil {
		t.Errorf("%q, %v", raw, err)
	}
}

// Visits with an entry that waits for ever do not keep the others from being forgotten.
func TestTrimGoesPastWhatWaits(t *testing.T) {
	s := open(t, t.TempDir())
	id := func(i int) string { return fmt.Sprintf("%s%03d", visit[:len(visit)-3], i) }
	for i := range 60 {
		must(t, s.KeepVisit(id(i), []byte("x"), false, Begun{Receipt: Receipt{Entry: id(500 + i), Visit: id(i)}}))
		if i >= 30 {
			must(t, s.Reach(id(500+i), Recorded, at(i)))
		}
	}
	must(t, s.Trim(5))
	must(t, s.Trim(5))
	left, err := s.keys(visitPrefix)
	must(t, err)
	if len(left) != 35 { // thirty that wait, five newest
		t.Errorf("%d visits are left, want 35", len(left))
	}
}

// Desk and uplink note steps of the same entry at the same time: none is lost, and neither of them sees the other.
func TestStepsAtTheSameTime(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.KeepVisit(visit, []byte("x"), true, Begun{Receipt: Receipt{Entry: entry, Visit: visit}}))
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			step := []Step{Saved, Sent, Recorded, Seen}[i%4]
			if err := s.Reach(entry, step, at(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if r := one(t, s); len(r.Steps) != 4 {
		t.Errorf("steps %v", r.Steps)
	}
}

// TestTally: each step is counted once, whatever comes twice or after a restart, and visits that are forgotten stay counted.
func TestTally(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	first, err := s.Tally()
	if err != nil || first.Store == "" || first != (Tally{Store: first.Store}) {
		t.Fatalf("%+v, %v", first, err)
	}
	must := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	must(s.KeepVisit("v", []byte("x"), true,
		Begun{Receipt: Receipt{Entry: "a", Visit: "v", Kind: "oximetry"}}, Begun{Receipt: Receipt{Entry: "b", Visit: "v", Kind: "oximetry"}},
		Begun{Receipt: Receipt{Entry: "c", Visit: "v", Kind: "retraction"}}))
	at := clock.Stamp{Boot: "b"}
	for range 2 {
		must(s.Reach("a", Saved, at), s.Reach("b", Saved, at), s.Reach("c", Saved, at), s.Reach("a", Recorded, at), s.Supersede("a", "b"), s.Reach("none", Saved, at))
		must(s.Close())
		s = open(t, dir)
	}
	want := Tally{Store: first.Store, Saved: 3, Recorded: 1, Superseded: 1, Retracted: 1}
	if got, err := s.Tally(); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	must(s.Reach("b", Recorded, at), s.Reach("c", Recorded, at), s.KeepVisit("v", []byte("x"), false), s.Trim(0))
	want.Recorded = 3
	if got, err := s.Tally(); err != nil || got != want {
		t.Errorf("after the visit was forgotten: %+v, %v", got, err)
	}
}

// TestTallyOfAnEarlierVersion: a store that never counted begins with what it has.
func TestTallyOfAnEarlierVersion(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.KeepVisit("v", []byte("x"), true, Begun{Receipt: Receipt{Entry: "a", Visit: "v", Kind: "oximetry"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Reach("a", Saved, clock.Stamp{Boot: "b"}); err != nil {
		t.Fatal(err)
	}
	if err := s.update("", func(txn *badger.Txn) error { return txn.Delete([]byte(tallyKey)) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, dir).Tally(); err != nil || got.Saved != 1 || got.Recorded != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestTheKeyMovesOffTheData: a key that lay beside the store goes where it belongs, and opens what it opened; without it the folder tells nothing.
func TestTheKeyMovesOffTheData(t *testing.T) {
	dir, away := t.TempDir(), filepath.Join(t.TempDir(), "history.key")
	s, err := Open(dir, "", nil)
	if err == nil {
		err = errors.Join(s.KeepVisit("v-1", []byte("saved"), true), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s, err = Open(dir, away, nil); err != nil {
			t.Fatal(err)
		}
		saved, err := s.Current()
		if err := errors.Join(err, s.Close()); err != nil || string(saved) != "saved" {
			t.Errorf("%q, %v", saved, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "visits.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key is still with the data: %v", err)
	}
	if _, err := Open(dir, "", nil); err == nil || !strings.Contains(err.Error(), "visits.key is missing") {
		t.Errorf("without the key: %v", err)
	}
}

// otherBoard is a chip that seals by turning bytes around; another board turns them otherwise.
type otherBoard byte

func (o otherBoard) Seal(secret []byte) ([]byte, error) {
	sealed := []byte{byte(o)}
	for _, b := range secret {
		sealed = append(sealed, b^byte(o))
	}
	return sealed, nil
}

func (o otherBoard) Unseal(sealed []byte) ([]byte, error) {
	if sealed[0] != byte(o) {
		return nil, errors.New("another board has sealed this")
	}
	secret, err := o.Seal(sealed[1:])
	return secret[1:], err
}

// TestTheKeyIsBoundToTheBoard: a key in clear is sealed once there is a chip, and then the card tells nothing in another board, nor without its chip.
func TestTheKeyIsBoundToTheBoard(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "history.key")
	for n, chip := range []Chip{nil, otherBoard(5), otherBoard(5)} {
		s, err := Open(dir, key, chip)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			err = s.KeepVisit("v-1", []byte("saved"), true)
		}
		saved, cerr := s.Current()
		if err := errors.Join(err, cerr, s.Close()); err != nil || string(saved) != "saved" {
			t.Errorf("start %d: %q, %v", n, saved, err)
		}
	}
	for name, chip := range map[string]Chip{"another board": otherBoard(9), "no chip": nil} {
		if _, err := Open(dir, key, chip); err == nil {
			t.Errorf("%s: it opens", name)
		}
	}
}
