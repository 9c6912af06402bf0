package store

import (
	"context"

	"unity.internal/store/internal/sq"
)

// TenantID names a tenant.
type TenantID string

// The tenants that every appliance has.
const (
	SystemTenant  TenantID = "system"  // what belongs to the appliance itself
	DefaultTenant TenantID = "default" // everything, while there is one household
)

// Tenant is the store as one tenant sees it.
type Tenant struct {
	ID      TenantID
	db      sq.Tenant
	store   *Store
	actor   string
	address string
	imports bool // writes to it while it is being imported
}

// Tenant returns the view of one tenant, for work that the appliance does itself.
func (s *Store) Tenant(id TenantID) Tenant {
	return Tenant{ID: id, db: s.db.Tenant(string(id)), store: s, actor: "system"}
}

// By returns t for what user does from address.
func (t Tenant) By(user, address string) Tenant {
	t.actor, t.address = user, address
	return t
}

// Actor returns who acts: a user id, or "system".
func (t Tenant) Actor() string { return t.actor }

// Tx runs do in one transaction: all of it or nothing. Use only the Tenant
// that do gets, because the outer one waits for the transaction to end. A nested
// Tx joins, so its error must be returned. A tenant that is being deleted is not
// found; one that is being imported is only its import's.
func (t Tenant) Tx(ctx context.Context, do func(Tenant) error) error {
	return known(t.db.Tx(ctx, func(db sq.Tenant) error {
		if _, leaving := t.store.leaving.Load(t.ID); leaving {
			return ErrNotFound
		}
		if _, importing := t.store.importing.Load(t.ID); importing && !t.imports {
			return ErrImporting
		}
		t.db = db
		return do(t)
	}))
}

// change is the only way to write what an audit must show: it runs do and adds
// its audit row in one transaction.
func (t Tenant) change(ctx context.Context, action, thing string, do func(Tenant) error) error {
	return t.changeWith(ctx, action, thing, nil, do)
}

// changeWith is change with a detail, which is kept as JSON. It never holds a secret.
func (t Tenant) changeWith(ctx context.Context, action, thing string, detail any, do func(Tenant) error) error {
	return t.Tx(ctx, func(t Tenant) error {
		if err := do(t); err != nil {
			return err
		}
		return t.record(ctx, Audit{Action: action, Thing: thing, Result: "done", Detail: detail})
	})
}
