package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"unity.internal/app/fault"
	"unity.internal/migrations"
)

// ErrNewer says that a newer binary wrote the database.
var ErrNewer = fault.New(fault.Conflict, "database.newer", "The database was written by a newer version of Unity. Install that version or restore an older backup.")

// SchemaVersion returns the newest schema that this binary knows.
func SchemaVersion() int64 {
	names, _ := fs.Glob(migrations.FS, "*.sql") // the pattern is right
	number, _, _ := strings.Cut(names[len(names)-1], "_")
	n, _ := strconv.ParseInt(number, 10, 64) // the names are ours
	return n
}

// migrate brings the file to the newest schema, on a connection of its own:
// with foreign keys on, dropping a rebuilt table would delete its children.
func migrate(ctx context.Context, path string, checkpoint func(context.Context, *sql.DB, int64) error) error {
	db, err := sql.Open("sqlite", dsn(path, "foreign_keys(0)")+"&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	current, err := version(ctx, db)
	target := SchemaVersion()
	switch {
	case err != nil:
		return err
	case current > target: // goose says nothing
		return ErrNewer.Because(fmt.Errorf("database is at schema %d, this binary knows %d", current, target))
	case current == target:
		return nil
	case current > 0:
		if err := checkpoint(ctx, db, current); err != nil {
			return fmt.Errorf("checkpoint before migration: %w", err)
		}
	}
	versions, err := database.NewStore(database.DialectSQLite3, goose.DefaultTablename)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider("", db, migrations.FS,
		goose.WithStore(guard{versions}), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// current refuses a file that is not at the newest schema.
func current(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return err
	}
	defer db.Close()
	at, err := version(ctx, db)
	switch {
	case err != nil:
		return fmt.Errorf("open %s: %w", path, err)
	case at > SchemaVersion():
		return ErrNewer
	case at < SchemaVersion():
		return fault.New(fault.Conflict, "database.older", "The database is at schema %d, and this version of Unity works with schema %d. Start it, or run: unity migrate", at, SchemaVersion())
	}
	return nil
}

// version returns the schema of the file; 0 of a new one.
func version(ctx context.Context, db asker) (n int64, err error) {
	var there bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'goose_db_version')`).Scan(&there)
	if err == nil && there {
		err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&n)
	}
	return n, err
}

// Copy writes a consistent copy of the database to path, which must not exist.
func (s *Store) Copy(ctx context.Context, path string) error {
	_, err := s.read.ExecContext(ctx, `VACUUM INTO @path`, sql.Named("path", path))
	return known(err)
}

// Verify reads the whole file at path, which nobody has open, and reports its
// schema version, or why it is no sound database of ours.
func Verify(ctx context.Context, path string) (int64, error) {
	return verify(ctx, path, `PRAGMA integrity_check(1)`)
}

// VerifyQuick is Verify without comparing indexes with their tables, which is
// most of the time.
func VerifyQuick(ctx context.Context, path string) (int64, error) {
	return verify(ctx, path, `PRAGMA quick_check(1)`)
}

func verify(ctx context.Context, path, check string) (int64, error) {
	db, err := sql.Open("sqlite", still(path))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := sound(ctx, db, check); err != nil {
		return 0, err
	}
	return version(ctx, db)
}

// sound runs a check of SQLite's own, and one of the references.
func sound(ctx context.Context, db asker, check string) error {
	var ok string
	if err := db.QueryRowContext(ctx, check).Scan(&ok); err != nil {
		return err
	}
	if ok != "ok" {
		return errors.New(ok)
	}
	var child, parent string
	err := db.QueryRowContext(ctx, `SELECT "table", parent FROM pragma_foreign_key_check`).Scan(&child, &parent)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return errors.Join(fmt.Errorf("a row of %s points to a missing row of %s", child, parent), err)
}

// A guard checks a migration inside its transaction: goose calls Insert after
// the file has run and before it commits.
type guard struct{ database.Store }

// Insert refuses a migration that leaves a reference to a missing row.
func (g guard) Insert(ctx context.Context, db database.DBTxConn, r database.InsertRequest) error {
	var child, parent string
	err := db.QueryRowContext(ctx, `SELECT "table", parent FROM pragma_foreign_key_check`).Scan(&child, &parent)
	switch {
	case err == nil:
		return fmt.Errorf("a row of %s points to a missing row of %s", child, parent)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	return g.Store.Insert(ctx, db, r)
}

// Check reads the whole database and fails if something in it is damaged.
func (s *Store) Check(ctx context.Context) error {
	return known(sound(ctx, s.read, `PRAGMA integrity_check(1)`))
}
