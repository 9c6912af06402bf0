package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// ErrNoDatabase says that a file is no database of ours.
var ErrNoDatabase = fault.New(fault.Invalid, "database.foreign", "The file is no database of Unity. Choose another moment or another backup.")

// Upgrade brings a file that nobody has open to the newest schema, as a start
// would, so that it can be compared with the live one. It refuses a newer one.
func Upgrade(ctx context.Context, path string) error {
	if err := ours(ctx, path); err != nil {
		return err
	}
	if err := migrate(ctx, path, func(context.Context, *sql.DB, int64) error { return nil }); err != nil {
		return fmt.Errorf("migrate %s: %w", path, err)
	}
	return flushed(path)
}

// Prepare makes a restored file ready to become the live one: it is brought to
// the newest schema, and in one transaction every session and link ends, jobs
// that ran are interrupted, and also does the rest. Afterwards everything stands
// in the one file, and on the disk. If it fails, it may be called again.
func Prepare(ctx context.Context, path string, also func(context.Context, System) error, opts ...Option) error {
	if err := ours(ctx, path); err != nil {
		return err
	}
	s, err := Open(ctx, path, opts...)
	if err != nil {
		return err
	}
	err = s.System().Tx(ctx, func(y System) error {
		if err := y.endSessions(ctx); err != nil {
			return err
		}
		if err := y.InterruptJobs(ctx); err != nil {
			return err
		}
		return also(ctx, y)
	})
	if err := errors.Join(err, s.Close(ctx)); err != nil {
		return err
	}
	return flushed(path)
}

// endSessions ends every session and every link that would make one.
func (y System) endSessions(ctx context.Context) error {
	if err := some(sq.Exec(ctx, y.db(), `DELETE FROM sessions`)); err != nil {
		return err
	}
	return some(sq.Exec(ctx, y.db(), `DELETE FROM links`))
}

// ours refuses a file that is no database of ours, or one of a newer binary.
func ours(ctx context.Context, path string) error {
	schema, err := SchemaOf(ctx, path)
	switch {
	case err != nil || schema == 0:
		return ErrNoDatabase.Because(err)
	case schema > SchemaVersion():
		return ErrNewer.Because(fmt.Errorf("%s is at schema %d, this binary knows %d", path, schema, SchemaVersion()))
	}
	return nil
}

// SchemaOf returns the schema of a file that nobody has open; 0 of a new one.
func SchemaOf(ctx context.Context, path string) (int64, error) {
	db, err := sql.Open("sqlite", still(path))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return version(ctx, db)
}

// flushed fails unless a closed database is one file, and has it on the disk.
func flushed(path string) error {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s still has a log", path)
	}
	return Settle(path)
}

// Settle has a file, or the names in a directory, written to the disk.
func Settle(path string) error {
	f, err := os.Open(path) //nolint:gosec // a path of ours
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Peek lets look at a file at this version's schema that nobody has open. What
// writes to it fails.
func Peek(path string, look func(System) error) error {
	db, err := sql.Open("sqlite", still(path))
	if err != nil {
		return err
	}
	defer db.Close()
	s := &Store{read: db, write: db, path: path, now: time.Now, sign: unsigned, later: &later{}}
	s.db = sq.New(db, db, func(context.Context) {})
	return look(s.System())
}
