package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"time"
)

// Of the log that readers and a replica follow, in bytes.
const (
	walFull    = 32 << 20        // writers wait until it was copied
	frameSize  = 4096 + 24       // a page with its header
	walTry     = 5 * time.Second // how long they wait at most
	drainTries = 3
)

// Follow says how the log (the WAL) is copied into the database file while a
// replica follows it: only the follower may begin the log anew, so SQLite's own
// checkpoints rest. Because its checkpoints never win against a busy writer,
// writers wait for one whenever the log is full. Nil: nobody follows any more.
func (s *Store) Follow(ctx context.Context, checkpoint func(context.Context) error) error {
	return s.still(ctx, func(conn *sql.Conn) error {
		s.follower.Store(&checkpoint)
		pragma := `PRAGMA wal_autocheckpoint(0)`
		if checkpoint == nil {
			pragma = `PRAGMA wal_autocheckpoint(1000)` // pages: what SQLite begins with
		}
		_, err := conn.ExecContext(ctx, pragma)
		return known(err)
	})
}

// committed keeps the log short: it is called after every write, without a
// transaction.
func (s *Store) committed(ctx context.Context) {
	follower := s.follower.Load()
	if follower == nil || *follower == nil {
		return
	}
	if info, err := os.Stat(s.path + "-wal"); err != nil || info.Size() < walFull {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), walTry)
	defer cancel()
	if err := s.drain(ctx, *follower); err != nil {
		s.log.WarnContext(ctx, "keep the log short", "err", err) // the next write tries again
	}
}

// drain holds writers until what the log holds is in the database file. Who
// reads keeps it from that: after a moment the next writer tries again.
func (s *Store) drain(ctx context.Context, checkpoint func(context.Context) error) error {
	return s.Still(ctx, func() error {
		for range drainTries {
			if full, err := s.full(ctx); err != nil || !full {
				return err
			}
			if err := checkpoint(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// full reports whether the log holds as much as it may. Its file does not shrink,
// so its size says nothing.
func (s *Store) full(ctx context.Context) (bool, error) {
	var busy, frames, copied int64
	err := s.read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &frames, &copied)
	return frames*frameSize >= walFull, err
}

// Still runs do while nothing is written: it holds the only writing connection.
func (s *Store) Still(ctx context.Context, do func() error) error {
	return s.still(ctx, func(*sql.Conn) error { return do() })
}

func (s *Store) still(ctx context.Context, do func(*sql.Conn) error) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return known(err)
	}
	return errors.Join(do(conn), conn.Close())
}
