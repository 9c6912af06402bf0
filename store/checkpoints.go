package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
	"unity.internal/app/fault"
)

// A Checkpoint is a copy of the database from before something changed it as a
// whole. It is the way back: migrations only go forward.
type Checkpoint struct {
	Name   string    `json:"name" doc:"Of its file"`
	Reason string    `json:"reason" enum:"migration,restore,rollback,upgrade" doc:"What came next"`
	Schema int64     `json:"schema"`
	Taken  time.Time `json:"taken_at"`
	Bytes  int64     `json:"bytes"`
}

const (
	share       = 10 // checkpoints may take one in so many bytes of the disk
	unfinished  = ".part"
	stampLayout = "20060102-150405.000"
)

var checkpointName = regexp.MustCompile(`^unity-schema-(\d+)-(\d{8}-\d{6}\.\d{3})(?:-([a-z]+))?\.db$`)

// CheckpointName returns the name of the file of a checkpoint.
func CheckpointName(schema int64, taken time.Time, reason string) string {
	return fmt.Sprintf("unity-schema-%d-%s-%s.db", schema, taken.UTC().Format(stampLayout), reason)
}

// Checkpoints returns the checkpoints in dir, newest first. A directory that is
// not there has none.
func Checkpoints(dir string) ([]Checkpoint, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	all := []Checkpoint{}
	for _, e := range entries {
		m := checkpointName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		v := Checkpoint{Name: e.Name(), Reason: cmp.Or(m[3], "migration")}
		v.Schema, err = strconv.ParseInt(m[1], 10, 64)
		taken, err2 := time.Parse(stampLayout, m[2])
		if err != nil || err2 != nil {
			continue // not one of ours
		}
		v.Taken, v.Bytes = taken, size(filepath.Join(dir, e.Name()))
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b Checkpoint) int {
		return cmp.Or(b.Taken.Compare(a.Taken), cmp.Compare(b.Name, a.Name))
	})
	return all, nil
}

// size returns what a database takes on the disk, with its log.
func size(path string) (n int64) {
	for _, beside := range []string{"", "-wal"} {
		if info, err := os.Stat(path + beside); err == nil {
			n += info.Size()
		}
	}
	return n
}

// PruneCheckpoints removes the oldest checkpoints in dir until the others fit
// together in a tenth of the disk. The newest is always kept.
func PruneCheckpoints(dir string) error {
	_, total, err := room(dir)
	if err != nil {
		return err
	}
	return pruneCheckpoints(dir, total/share)
}

func pruneCheckpoints(dir string, limit int64) error {
	all, err := Checkpoints(dir)
	if err != nil {
		return err
	}
	var taken int64
	for _, v := range all {
		taken += v.Bytes
	}
	for i := len(all) - 1; i > 0 && taken > limit; i-- {
		path := filepath.Join(dir, all[i].Name)
		os.Remove(path + "-wal") //nolint:gosec // most have none
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove an old checkpoint: %w", err)
		}
		taken -= all[i].Bytes
	}
	return nil
}

// room returns how many bytes may still be written below dir, and how many its
// disk holds.
func room(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, fmt.Errorf("ask how large the disk is: %w", err)
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil //nolint:gosec,unconvert // far below 2^63 on any disk; 32 bits have another type
}

// checkpoint copies an existing database before a migration changes it.
func (s *Store) checkpoint(ctx context.Context, db *sql.DB, version int64) error {
	if s.checkpoints == "" {
		return nil
	}
	return keepCopy(ctx, db, s.path, filepath.Join(s.checkpoints, CheckpointName(version, s.now(), "migration")), s.log)
}

// Checkpoint copies the database as it is at this moment, and goes on. It returns
// the name of the checkpoint; reason says what comes next.
func (s *Store) Checkpoint(ctx context.Context, reason string) (string, error) {
	name := CheckpointName(SchemaVersion(), s.now(), reason)
	return name, keepCopy(ctx, s.read, s.path, filepath.Join(s.checkpoints, name), s.log)
}

// CheckpointFile copies a database that nobody has open into dir, and returns the
// name of the checkpoint.
func CheckpointFile(ctx context.Context, path, dir, reason string) (string, error) {
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return "", err
	}
	defer db.Close()
	schema, err := version(ctx, db)
	if err != nil {
		return "", known(err)
	}
	name := CheckpointName(schema, time.Now(), reason)
	return name, keepCopy(ctx, db, path, filepath.Join(dir, name), slog.New(slog.DiscardHandler))
}

// keepCopy copies a database to a checkpoint. What there is too little room for is
// known before anything is written.
func keepCopy(ctx context.Context, db *sql.DB, from, path string, log *slog.Logger) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"+unfinished)) // the pattern is right
	for _, part := range left {
		os.Remove(part) //nolint:gosec // it only takes room
	}
	free, _, err := room(dir)
	if err != nil {
		return err
	}
	if err := fits(dir, size(from), free); err != nil {
		return err
	}
	if err := copyInto(ctx, db, path); err != nil {
		os.Remove(path + unfinished) //nolint:gosec // the error before is what counts
		return err
	}
	if err := PruneCheckpoints(dir); err != nil { // the copy is there, and that was the point
		log.ErrorContext(ctx, "prune checkpoints", "err", err)
	}
	return nil
}

// fits refuses a checkpoint for which there is no room.
func fits(dir string, needed, free int64) error {
	if needed <= free {
		return nil
	}
	const mega = 1e6
	return fault.New(fault.Unavailable, "checkpoint.no_room",
		"Before it changes the database as a whole, Unity keeps a copy of it, which takes %d MB; the disk has %d MB left. Nothing was changed. Free some space, or move older checkpoints in %s to another disk, and start again.",
		int64(float64(needed)/mega+1), int64(float64(free)/mega), dir)
}

// copyInto writes a copy that is either whole or not there.
func copyInto(ctx context.Context, db *sql.DB, path string) error {
	part := path + unfinished
	if _, err := db.ExecContext(ctx, `VACUUM INTO @path`, sql.Named("path", part)); err != nil {
		return known(err)
	}
	if err := Settle(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return Settle(filepath.Dir(path))
}

// Fold writes what stands in the log of a database that nobody has open into
// its file, so that the file alone is the whole database.
func Fold(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return err
	}
	defer db.Close()
	var busy, log, done int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done); err != nil {
		return err
	}
	if busy != 0 {
		return ErrBusy
	}
	if err := db.Close(); err != nil {
		return err
	}
	return flushed(path)
}

// Examine checks a database that a process may have left in the middle of its
// work, as quickly as that can be, and returns its schema. It changes nothing: what
// stands in the log stays there.
func Examine(ctx context.Context, path string) (int64, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := sound(ctx, db, `PRAGMA quick_check(1)`); err != nil {
		return 0, err
	}
	return version(ctx, db)
}
