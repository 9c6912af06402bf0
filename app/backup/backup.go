// Package backup keeps a copy of the database elsewhere, up to the last second,
// and brings it back: to a moment, on another box, for trial. Litestream does
// the copying; it is known here only. What this package says about a copy is
// what was read back from it, never what was hoped.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Sealer opens what is kept sealed.
type Sealer interface {
	Seal(ctx context.Context, tenant store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, tenant store.TenantID, where string, value seal.Value) ([]byte, error)
}

// Where the vault finds the secrets of places.
const (
	replicaSecret = "backup|replica_secret|own"
	targetSecret  = "backup|target_secret|own"
)

// Options is what a Service stands on.
type Options struct {
	Store *store.Store
	Dir   string // the data directory
	// Fixed is the replica that the command line names; nil: the page decides.
	Fixed  *Fixed
	Sealer Sealer
	// Lock returns what proves a master key without the database; it stands beside
	// the replica, so that a restore can ask for the key first.
	Lock func(context.Context) (json.RawMessage, error)
	// Prove opens one sealed value of a restored file and says which.
	Prove   func(ctx context.Context, path string) (string, error)
	Publish func(tenant store.TenantID, kind, id string, rev int64)
	// Start starts a job of the appliance.
	Start func(ctx context.Context, y store.System, kind, title string, work func(context.Context, Progress) error) (store.Job, error)
	// Stage has a file take the place of the database at the next start.
	Stage   func(path string) error
	Host    string // of this box, for people
	Version string
	Now     func() time.Time
	Log     *slog.Logger
}

// A Fixed is a replica that the command line names.
type Fixed struct {
	Config place.Config
	Secret []byte
}

// A Service keeps the replica.
type Service struct {
	Options
	wake  chan struct{} // the settings changed, or somebody wants it now
	state state

	mu       sync.Mutex
	follower *follower  // nil: nothing is followed
	working  sync.Mutex // one restore at a time
	preview  *Preview   // what was restored to a side file
}

// New returns a service that follows nothing until Run runs.
func New(o Options) *Service {
	s := &Service{Options: o, wake: make(chan struct{}, 1)}
	s.state.now = o.Now
	return s
}

// errOff says that no replica is set.
var errOff = fault.New(fault.Conflict, "replica.off", "No replica is set. Choose where it shall be first.")

// A plan is what the settings ask for.
type plan struct {
	row    store.Backup
	config place.Config
	secret []byte
}

// plan reads what is set.
func (s *Service) plan(ctx context.Context) (p plan, err error) {
	if p.row, err = s.Store.System().Backup(ctx); err != nil {
		return p, err
	}
	p.config, p.secret, err = Where(ctx, p.row, s.Fixed, s.Sealer)
	return p, err
}

// Changed says that the settings were stored, or that the vault was opened.
func (s *Service) Changed() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Run follows the database until ctx ends. What was written after that is
// copied by Close, when everybody has stopped writing.
func (s *Service) Run(ctx context.Context) error {
	if err := os.RemoveAll(s.work()); err != nil { // what a stop left of restores
		return err
	}
	wait := retryFirst
	for ctx.Err() == nil {
		p, err := s.plan(ctx)
		switch {
		case err == nil && p.config.URL == "":
			s.state.off()
			wait = retryNever
		case err == nil:
			err = s.follow(ctx, p)
			wait = retryFirst // it was followed, or asked anew
		}
		if err != nil {
			s.failed(ctx, err)
			wait = min(2*wait, retryLast)
		}
		if !s.rest(ctx, wait) {
			return nil
		}
	}
	return nil
}

const (
	retryFirst = time.Second
	retryLast  = 30 * time.Second
	retryNever = 24 * time.Hour
)

// rest waits for d, or until somebody calls; false: ctx has ended.
func (s *Service) rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-s.wake:
	case <-time.After(d):
	}
	return true
}

// failed keeps what went wrong, and logs it when it is new. The end is no fault.
func (s *Service) failed(ctx context.Context, err error) {
	err = explain(err)
	if ctx.Err() == nil && s.state.fail(err) {
		s.Log.WarnContext(ctx, "replicate", "err", err)
		s.publish()
	}
}

func (s *Service) publish() { s.Publish(store.SystemTenant, "backup", "", 0) }

// follow opens the replica and copies until ctx ends or the settings change.
func (s *Service) follow(ctx context.Context, p plan) error {
	f, err := open(ctx, s, p)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.follower = f
	s.mu.Unlock()
	if err = f.first(ctx); err == nil {
		err = f.run(ctx)
	}
	if ctx.Err() == nil { // else Close ends it
		s.mu.Lock()
		s.follower = nil
		s.mu.Unlock()
		err = errors.Join(err, f.close(ctx))
	}
	return err
}

// Close copies what was written last. It comes after everything that writes.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	f := s.follower
	s.follower = nil
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	return f.close(ctx)
}

// following returns the open replica, or errOff.
func (s *Service) following() (*follower, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.follower == nil {
		if err := s.state.last(); err != nil {
			return nil, err
		}
		return nil, errOff
	}
	return s.follower, nil
}

// SyncNow copies what is not copied yet, and fails if the replica does not hold it then.
func (s *Service) SyncNow(ctx context.Context) error {
	f, err := s.following()
	if err != nil {
		s.Changed() // it may be waiting to try again
		return err
	}
	if err := f.sync(ctx); err != nil {
		s.failed(ctx, err)
		return explain(err)
	}
	return nil
}

// work is where side files of restores are, below the data directory.
func (s *Service) work() string { return filepath.Join(s.Dir, "restores") }
