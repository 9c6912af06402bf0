package store

import (
	"context"
	"errors"
	"os"
	"time"
)

// Of the log that readers and a replica follow, in bytes.
const (
	walFull = 24 << 20        // writers wait until it was copied
	walTry  = 5 * time.Second // how long they wait at most
)

// Follow says how the log (the WAL) is copied into the database file while a
// replica follows it: only the follower may begin the log anew, so SQLite's own
// checkpoints rest. Because its checkpoints never win against a busy writer,
// writers wait for one whenever the log is full. Nil: nobody follows any more.
func (s *Store) Follow(ctx context.Context, checkpoint func(context.Context) error) error {
	pages := 1000 // SQLite's own default
	if checkpoint != nil {
		pages = 0
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return known(err)
	}
	defer conn.Close()
	s.follower.Store(&checkpoint)
	if pages == 0 {
		_, err = conn.ExecContext(ctx, `PRAGMA wal_autocheckpoint(0)`)
	} else {
		_, err = conn.ExecContext(ctx, `PRAGMA wal_autocheckpoint(1000)`)
	}
	return known(err)
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

// drain holds writers until what the log holds is in the database file. The log
// file does not shrink, so what counts is how much of it is not copied yet.
func (s *Store) drain(ctx context.Context, checkpoint func(context.Context) error) error {
	return s.Still(ctx, func() error {
		if full, err := s.full(ctx); err != nil || !full {
			return err
		}
		return checkpoint(ctx)
	})
}

// full reports whether the log holds as much as it may.
func (s *Store) full(ctx context.Context) (bool, error) {
	var busy, frames, copied int64
	err := s.read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &frames, &copied)
	return frames*(4096+24) >= walFull, err
}

// Still runs do while nothing is written: it holds the only writing connection.
func (s *Store) Still(ctx context.Context, do func() error) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return known(err)
	}
	return errors.Join(do(), conn.Close())
}
