package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// boltStore has one bucket by lane and number, and one by id.
//
//	items   lane(1) seq(8)   len id(1) id payload
//	ids     id               lane(1) seq(8)
type boltStore struct {
	*committer
	db *bolt.DB
}

var itemsBucket, idsBucket = []byte("items"), []byte("ids")

// openBolt opens the store as bbolt comes, with the freelist type that is quick when much is free.
func openBolt(dir string) (store, error) {
	db, err := bolt.Open(filepath.Join(dir, "items.db"), 0o600, &bolt.Options{Timeout: 10 * time.Second, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	s := &boltStore{db: db}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.committer = newCommitter(s.apply)
	return s, nil
}

// prepare makes the buckets of a new store; it writes nothing into an old one.
func (s *boltStore) prepare() error {
	there := false
	err := s.db.View(func(tx *bolt.Tx) error {
		there = tx.Bucket(idsBucket) != nil
		return nil
	})
	if err != nil || there {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(itemsBucket)
		_, err2 := tx.CreateBucketIfNotExists(idsBucket)
		return errors.Join(err, err2)
	})
}

// apply commits in one transaction.
func (s *boltStore) apply(all []change) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		items, ids := tx.Bucket(itemsBucket), tx.Bucket(idsBucket)
		items.FillPercent = 0.9 // numbers only grow
		for _, w := range all {
			for _, r := range w.puts {
				if err := putBolt(items, ids, r); err != nil {
					return err
				}
			}
			for _, seq := range w.acks {
				if err := ackBolt(items, ids, seq); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func putBolt(items, ids *bolt.Bucket, r record) error {
	if ids.Get([]byte(r.id)) != nil {
		return nil
	}
	seq, err := items.NextSequence()
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64([]byte{byte(r.lane)}, seq)
	value := append(append([]byte{byte(len(r.id))}, r.id...), r.payload...)
	return errors.Join(items.Put(key, value), ids.Put([]byte(r.id), key))
}

func ackBolt(items, ids *bolt.Bucket, seq uint64) error {
	for lane := byte(1); lane <= 2; lane++ {
		key := binary.BigEndian.AppendUint64([]byte{lane}, seq)
		if v := items.Get(key); v != nil {
			id := bytes.Clone(v[1 : 1+v[0]])
			return errors.Join(items.Delete(key), ids.Delete(id))
		}
	}
	return nil
}

func (s *boltStore) next(ctx context.Context, most int) ([]entry, error) {
	return s.await(ctx, func() (items []entry, err error) {
		err = s.db.View(func(tx *bolt.Tx) error {
			c := tx.Bucket(itemsBucket).Cursor()
			for k, v := c.First(); k != nil && len(items) < most; k, v = c.Next() {
				n := 1 + int(v[0])
				items = append(items, entry{binary.BigEndian.Uint64(k[1:]), string(v[1:n]), bytes.Clone(v[n:])})
			}
			return nil
		})
		return items, err
	})
}

func (s *boltStore) close() error {
	s.committer.close()
	return s.db.Close()
}
