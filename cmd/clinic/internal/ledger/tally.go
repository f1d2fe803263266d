package ledger

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"nabz/firmware/wire"
)

// Counted is a kiosk's tally beside what this clinic had recorded of the kiosk when it came.
type Counted struct {
	wire.Tally
	Clinic int       `json:"clinic"`
	At     time.Time `json:"at"`
}

// Account is how a kiosk's books and the clinic's stand to each other.
type Account struct {
	Last Counted `json:"last"`
	// What the clinic has and this store never counted lies between these: a store may be younger than the kiosk. Each tally narrows it; one that leaves
	// nothing between them does not add up.
	Low  int  `json:"low"`
	High int  `json:"high"`
	Off  bool `json:"off,omitempty"` // the last one did not
}

// Day is one day of a kiosk's account.
type Day struct {
	Kiosk    string   `json:"kiosk"`
	Day      string   `json:"day"` // 2006-01-02
	Opening  Counted  `json:"opening"`
	Closing  Counted  `json:"closing"`
	Off      bool     `json:"off,omitempty"`
	Replaced *Counted `json:"replaced,omitempty"` // the last that was heard of a store whose place another took on this day
}

// AddsUp says whether all that was saved is recorded, waits, or is parked, and the clinic has what the kiosk says it has.
func (d Day) AddsUp() bool {
	c := d.Closing
	return !d.Off && c.Saved == c.Recorded+c.Waiting+c.Parked && (d.Replaced == nil || d.Replaced.Waiting+d.Replaced.Parked == 0)
}

// Of is what came about on the day.
func (d Day) Of(number func(Counted) int) int { return number(d.Closing) - number(d.Opening) }

// next is the account after a tally. What the clinic has recorded and the kiosk does not know of yet still waits there, so of the difference between the
// two as much as waits is explained.
func (a Account) next(c Counted) Account {
	low, high := c.Clinic-c.Recorded-c.Waiting, c.Clinic-c.Recorded
	if a.Last.Store != c.Store {
		return Account{Last: c, Low: low, High: high}
	}
	low, high = max(low, a.Low), min(high, a.High)
	if low > high {
		a.Off = true
	} else {
		a.Low, a.High, a.Off = low, high, false
	}
	a.Last = c
	return a
}

// Tally enters a kiosk's tally into the books, under the day that it is where the clinic is.
func (l *Ledger) Tally(kiosk string, t wire.Tally, now time.Time, zone *time.Location) error {
	err := l.db.Update(func(txn *badger.Txn) error {
		n, err := recordedOf(txn, kiosk)
		if err != nil {
			return err
		}
		before, known, err := getJSON[Account](txn, "t"+kiosk)
		if err != nil {
			return err
		}
		day, begun, err := getJSON[Day](txn, "d"+kiosk+"/"+now.In(zone).Format(time.DateOnly))
		if err != nil {
			return err
		}
		a := before.next(Counted{t, n, now})
		day = dayAfter(day, begun, before, known, a)
		day.Kiosk, day.Day = kiosk, now.In(zone).Format(time.DateOnly)
		return errors.Join(setJSON(txn, "t"+kiosk, a), setJSON(txn, "d"+kiosk+"/"+day.Day, day))
	})
	if err != nil {
		return fmt.Errorf("enter a tally of %s: %w", kiosk, err)
	}
	return nil
}

func dayAfter(day Day, begun bool, before Account, known bool, a Account) Day {
	fresh := !known || before.Last.Store != a.Last.Store
	if known && fresh {
		day.Replaced = &before.Last
	}
	if !begun || fresh {
		day.Opening = before.Last
		if fresh { // it begins with zero
			day.Opening = Counted{Tally: wire.Tally{Store: a.Last.Store}, Clinic: a.Last.Clinic - a.Last.Recorded}
		}
	}
	day.Opening.Held = nil
	day.Closing, day.Off = a.Last, a.Off
	return day
}

// Account is the newest of a kiosk; false when it never told one.
func (l *Ledger) Account(kiosk string) (a Account, known bool, err error) {
	err = l.db.View(func(txn *badger.Txn) error {
		a, known, err = getJSON[Account](txn, "t"+kiosk)
		return err
	})
	if err != nil {
		return a, false, fmt.Errorf("read the account of %s: %w", kiosk, err)
	}
	return a, known, nil
}

// Days are the newest days of a kiosk's account, newest first.
func (l *Ledger) Days(kiosk string, most int) (all []Day, err error) {
	err = l.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte("d" + kiosk + "/"), Reverse: true, PrefetchValues: true, PrefetchSize: most})
		defer it.Close()
		for it.Seek([]byte("d" + kiosk + "/\xff")); it.Valid() && len(all) < most; it.Next() {
			var d Day
			if err := it.Item().Value(func(raw []byte) error { return json.Unmarshal(raw, &d) }); err != nil {
				return err
			}
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the account of %s: %w", kiosk, err)
	}
	return all, nil
}

// recordedOf is how many Bundles of a kiosk are recorded. A ledger of an earlier version is counted through once.
func recordedOf(txn *badger.Txn, kiosk string) (int, error) {
	item, err := txn.Get([]byte("c" + kiosk))
	if err == nil {
		var n uint64
		err = item.Value(func(raw []byte) error { n = binary.BigEndian.Uint64(raw); return nil })
		return int(n), err
	}
	if !errors.Is(err, badger.ErrKeyNotFound) {
		return 0, err
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte("b" + kiosk + "-")})
	defer it.Close()
	n := 0
	for it.Rewind(); it.Valid(); it.Next() {
		if _, own := wire.EntryID(kiosk, strings.TrimPrefix(string(it.Item().Key()), "b")); own {
			n++
		}
	}
	return n, nil
}

// countOne counts a Bundle whose entry is being added.
func countOne(txn *badger.Txn, id string) error {
	const entry = len("-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01")
	if len(id) <= entry {
		return nil
	}
	kiosk := id[:len(id)-entry]
	n, err := recordedOf(txn, kiosk)
	if err != nil {
		return err
	}
	return txn.Set([]byte("c"+kiosk), binary.BigEndian.AppendUint64(nil, uint64(n)+1))
}

func getJSON[T any](txn *badger.Txn, key string) (v T, found bool, err error) {
	item, err := txn.Get([]byte(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	return v, true, item.Value(func(raw []byte) error { return json.Unmarshal(raw, &v) })
}

func setJSON(txn *badger.Txn, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return txn.Set([]byte(key), raw)
}
