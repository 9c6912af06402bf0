package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"unity.internal/migrations"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// migrate brings the file to the newest schema, on a connection of its own:
// with foreign keys on, dropping a rebuilt table would delete its children.
func migrate(ctx context.Context, path string, checkpoint func(context.Context) error) error {
	db, err := sql.Open("sqlite", dsn(path, "foreign_keys(0)")+"&_txlock=immediate")
	if err != nil {
		return err
	}
	defer db.Close()
	versions, err := database.NewStore(database.DialectSQLite3, goose.DefaultTablename)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider("", db, migrations.FS,
		goose.WithStore(guard{versions}), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case current > target: // goose says nothing
		return fmt.Errorf("database is at schema %d, this binary knows %d: refusing to open it", current, target)
	case current > 0 && current < target:
		if err := checkpoint(ctx); err != nil {
			return fmt.Errorf("checkpoint before migration: %w", err)
		}
	}
	_, err = p.Up(ctx)
	return err
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
