// Package store keeps the appliance's state in one SQLite file. It is the only
// package that knows SQL. A Store itself has no rows: they are reached through
// a Tenant, or through System for what no tenant owns.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// maxReaders bounds the reading connections: each holds a page cache of 2 MB.
const maxReaders = 6

// A Signer returns the HMAC of msg with the audit key of a tenant.
type Signer func(ctx context.Context, tenant TenantID, msg []byte) ([]byte, error)

// Store is the database: one writing connection, many reading ones.
type Store struct {
	write, read *sql.DB
	db          sq.System
	path        string
	now         func() time.Time
	log         *slog.Logger
	checkpoints string
	sign        Signer
	later       *later
	follower    atomic.Pointer[func(context.Context) error]
	household   atomic.Bool // other tenants rest
	asItIs      bool        // no migration
	leaving     sync.Map    // TenantID: it is being deleted, and nothing is written to it
	importing   sync.Map    // TenantID: it is being imported, and nobody else writes to it
}

// An Option changes how Open opens a Store.
type Option func(*Store)

// WithClock replaces the clock, for tests.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// WithLog sets where failures of grouped writes are reported.
func WithLog(log *slog.Logger) Option { return func(s *Store) { s.log = log } }

// WithCheckpoints sets the directory that gets a copy of an existing database
// before a migration changes it.
func WithCheckpoints(dir string) Option { return func(s *Store) { s.checkpoints = dir } }

// AsItIs opens a database only if it is at this binary's schema: nothing in it is
// to change because somebody looks.
func AsItIs() Option { return func(s *Store) { s.asItIs = true } }

// WithSigner sets what signs audit rows. Without one, audited writes fail.
func WithSigner(sign Signer) Option { return func(s *Store) { s.sign = sign } }

// Open opens the file at path, creating and migrating it as needed.
func Open(ctx context.Context, path string, opts ...Option) (*Store, error) {
	s := &Store{path: path, now: time.Now, log: slog.New(slog.DiscardHandler), later: &later{}, sign: unsigned}
	for _, o := range opts {
		o(s)
	}
	err := s.fit(ctx)
	if err != nil {
		return nil, err
	}
	if s.write, err = sql.Open("sqlite", dsn(path, "foreign_keys(1)")+"&_txlock=immediate"); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn(path)+"&mode=ro"); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.write.Close())
	}
	s.read.SetMaxOpenConns(maxReaders)
	s.read.SetMaxIdleConns(maxReaders)
	s.db = sq.New(s.read, s.write, s.committed)
	if err := errors.Join(s.leave(ctx), s.arrive(ctx)); err != nil {
		return nil, errors.Join(err, s.read.Close(), s.write.Close())
	}
	return s, nil
}

// fit has the file at the newest schema.
func (s *Store) fit(ctx context.Context) error {
	if s.asItIs {
		return current(ctx, s.path)
	}
	if err := migrate(ctx, s.path, s.checkpoint); err != nil {
		return fmt.Errorf("migrate %s: %w", s.path, err)
	}
	return nil
}

// Close commits what is queued and closes the database.
func (s *Store) Close(ctx context.Context) error {
	err := s.flush(context.WithoutCancel(ctx))
	return errors.Join(err, s.read.Close(), s.write.Close())
}

// Path returns the database file.
func (s *Store) Path() string { return s.path }

// Now returns the store's time, in UTC with milliseconds, as rows keep it.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// dsn carries the pragmas, because every pooled connection needs them.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append(pragmas, "journal_mode(WAL)", "busy_timeout(5000)", "synchronous(FULL)")}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// NewID returns a new UUIDv7: later ones sort after earlier ones.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

var (
	// ErrNotFound says that no row matched. It is one error for every table, so
	// that «someone else's row» and «no such row» look the same to a caller.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "Not found.")
	// ErrStale says that the row changed since the caller read it.
	ErrStale = fault.New(fault.Stale, "stale", "It was changed meanwhile. Load it again.")
	// ErrDiskFull says that the database could not grow.
	ErrDiskFull = fault.New(fault.Unavailable, "disk.full", "The appliance's disk is full: nothing was saved. Free some space and try again.")
	// ErrBusy says that another write held the database for too long.
	ErrBusy = fault.New(fault.Unavailable, "store.busy", "The database is busy. Try again in a moment.")
	// ErrUnsigned says that no key signs the audit: the vault is locked.
	ErrUnsigned = fault.New(fault.Unavailable, "vault.locked", "The vault is locked, so nothing can be changed. Unlock it with the passphrase first.")
)

func unsigned(context.Context, TenantID, []byte) ([]byte, error) { return nil, ErrUnsigned }

// known turns what the driver says into what callers know. A reference to a row
// that is missing, or another tenant's, is not found like the row itself.
func known(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) || broken(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "") {
		return ErrNotFound.Because(err)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch {
		case e.Code()&0xff == sqlite3.SQLITE_FULL, e.Code() == sqlite3.SQLITE_IOERR_WRITE:
			return ErrDiskFull.Because(err)
		case e.Code()&0xff == sqlite3.SQLITE_BUSY:
			return ErrBusy.Because(err)
		}
	}
	return fault.From(fmt.Errorf("store: %w", err))
}

// broken reports whether err is a broken constraint of this code on column.
func broken(err error, code int, column string) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == code && strings.Contains(e.Error(), column)
}

// millis returns t as a column keeps it; nil of a nil.
func millis(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

// moment is the inverse of millis.
func moment(ms *int64) *time.Time {
	if ms == nil {
		return nil
	}
	t := time.UnixMilli(*ms).UTC()
	return &t
}
