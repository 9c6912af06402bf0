// Package transfer takes one tenant from an appliance to another: Export writes
// all that it has to one encrypted file, Import makes a tenant of such a file.
//
// The file is an age stream of zstd of lines of JSON. The first is the Header.
// Then comes a row a line, {table, row}: what is said of the tenant, the secret
// that signs its audit, its members, and then every table of tenants, parents
// before children, as the schema of the moment lists them. Bytes are base64. What
// a tenant has sealed stands there as it was entered, so it is sealed for who can
// open the file and for nobody else. The last line has the number of rows of each
// table and a digest of all lines before it.
//
// Its invariant: nothing is written before the whole file was read and found to
// be whole, and a tenant that is there in part belongs to its import alone. What
// a table lacks in an older file takes the schema's default. A file of a newer
// schema is refused, and so is one with a table or a column that is gone: that
// content has no place any more, and leaving it out would be a loss that nobody
// sees. Nobody gets in by an import who could not before: users come without what
// signs them in, and who merely has the name of somebody here is left out.
//
// It does not copy keys, API keys, invitations, sessions, or work that has not
// ended: store says which, and why.
package transfer

import (
	"context"
	"errors"
	"sync"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// Format is the newest form of the file that this version reads and writes.
const Format = 1

var (
	// ErrNewer says that a newer version made the file.
	ErrNewer = fault.New(fault.Conflict, "transfer.newer", "A newer version of Unity made this file. Install that version here, then import.")
	// ErrOlder says that what the file holds has no place in this version.
	ErrOlder = fault.New(fault.Conflict, "transfer.older", "An older version of Unity made this file, and some of it has no place in this version. Bring the appliance that exports to this version, and export again.")
	// ErrWrongKey says that the file is for somebody else.
	ErrWrongKey = fault.New(fault.Invalid, "transfer.wrong_key", "That does not open the file. Check the passphrase or the identity.")
	// ErrDamaged says that the file is not as it was written, or not whole.
	ErrDamaged = fault.New(fault.Invalid, "transfer.damaged", "This file is damaged, cut short, or no export of a tenant. Copy it again, or export again.")
	// ErrSecret says that something sealed cannot be opened.
	ErrSecret = fault.New(fault.Conflict, "transfer.unreadable_secret", "A secret of this tenant cannot be opened.")
	// ErrRunning says that the same tenant is being exported or imported.
	ErrRunning = fault.New(fault.Conflict, "transfer.running", "An export or an import of this tenant runs already. Wait until it has ended.")
)

// A Vault seals, opens, and knows the secret behind each tenant's audit.
type Vault interface {
	Seal(ctx context.Context, tenant store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, tenant store.TenantID, where string, value seal.Value) ([]byte, error)
	Secret(ctx context.Context, tenant store.TenantID) ([]byte, error)
	AddTenantWith(ctx context.Context, t store.Tenant, secret []byte) error
}

// Names tells user names apart.
type Names interface {
	// Key folds a name; Check refuses what is none; Alike returns what tells names
	// that an eye takes for this one.
	Key(name string) string
	Check(username, email string) error
	Alike(name string) func(string) bool
}

// Service exports and imports tenants. It is safe for concurrent use.
type Service struct {
	Vault   Vault
	Names   Names
	Version string // of this binary, for who reads the header
	// Forget is called when all rows are there and before the tenant is opened: what
	// a look at half of it left in memory must not be taken for the whole.
	Forget func(store.TenantID)

	mu      sync.Mutex
	running map[store.TenantID]bool
}

// A Step is told which table is worked on: done of total steps.
type Step func(table string, done, total int)

// take makes id the caller's until the function it returns was called.
func (s *Service) take(id store.TenantID) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[id] {
		return nil, ErrRunning
	}
	if s.running == nil {
		s.running = map[store.TenantID]bool{}
	}
	s.running[id] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, id)
	}, nil
}

// damaged returns ErrDamaged because of err, unless it is a fault or the end of ctx.
func damaged(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ErrDamaged.Because(err)
}
