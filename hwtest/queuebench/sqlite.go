package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"modernc.org/sqlite"
)

// sqliteStore is one table. The number is the row's own key, which is what SQLite does best; the partial index finds urgent items and costs
// routine ones nothing.
type sqliteStore struct {
	*committer
	db              *sql.DB
	insert, remove  *sql.Stmt
	urgent, routine *sql.Stmt
	last            int64 // number given; only the committer's goroutine changes it
}

const schema = `
create table if not exists item (seq integer primary key, id text not null unique, lane integer not null, payload blob not null);
create index if not exists urgent on item (seq) where lane = 1;`

// openSQLite opens the store with fdatasync, as the builds of Linux distributions do.
func openSQLite(dir string) (store, error) {
	if _, err := sqlite.Fdatasync(true); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "items.db")+
		"?_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2) // one writes, one reads
	s := &sqliteStore{db: db}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.committer = newCommitter(s.apply)
	return s, nil
}

func (s *sqliteStore) prepare() error {
	if _, err := s.db.Exec(schema); err != nil {
		return err
	}
	for text, to := range map[string]**sql.Stmt{
		"insert or ignore into item (seq, id, lane, payload) values (?, ?, ?, ?)": &s.insert,
		"delete from item where seq = ?":                                          &s.remove,
		"select seq, id, payload from item where lane = 1 order by seq limit ?":   &s.urgent,
		"select seq, id, payload from item where lane = 2 order by seq limit ?":   &s.routine,
	} {
		var err error
		if *to, err = s.db.Prepare(text); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	return s.db.QueryRow("select coalesce(max(seq), 0) from item").Scan(&s.last)
}

// apply commits in one transaction.
func (s *sqliteStore) apply(all []change) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	insert, remove := tx.Stmt(s.insert), tx.Stmt(s.remove)
	for _, w := range all {
		if err := s.applyOne(insert, remove, w); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func (s *sqliteStore) applyOne(insert, remove *sql.Stmt, w change) error {
	for _, r := range w.puts {
		s.last++
		if _, err := insert.Exec(s.last, r.id, int64(r.lane), r.payload); err != nil {
			return err
		}
	}
	for _, seq := range w.acks {
		if _, err := remove.Exec(int64(seq)); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteStore) next(ctx context.Context, most int) ([]entry, error) {
	return s.await(ctx, func() ([]entry, error) {
		items, err := s.query(s.urgent, most)
		if err != nil || len(items) == most {
			return items, err
		}
		more, err := s.query(s.routine, most-len(items))
		return append(items, more...), err
	})
}

func (s *sqliteStore) query(q *sql.Stmt, most int) (items []entry, err error) {
	rows, err := q.Query(most)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var it entry
		if err := rows.Scan(&it.seq, &it.id, &it.payload); err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, rows.Err()
}

func (s *sqliteStore) close() error {
	s.committer.close()
	return s.db.Close()
}
