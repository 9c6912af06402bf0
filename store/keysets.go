package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"unity.internal/store/internal/sq"
)

// A VaultRow says how the master key is found and proves that it is the right one.
type VaultRow struct {
	Instance string // names this appliance
	Salt     []byte // of a passphrase; none: the key is in a file
	Proof    []byte // something known, encrypted with the master key
	Created  time.Time
}

// Vault returns the appliance's vault, or ErrNotFound before it was made.
func (y System) Vault(ctx context.Context) (VaultRow, error) {
	v, err := sq.One(ctx, y.db(), func(r sq.Row) (v VaultRow, err error) {
		var ms int64
		err = r.Scan(&v.Instance, &v.Salt, &v.Proof, &ms)
		v.Created = time.UnixMilli(ms).UTC()
		return v, err
	}, `SELECT instance, salt, proof, created_at FROM vault WHERE id = 1`)
	return v, known(err)
}

// CreateVault stores the vault of a new appliance.
func (y System) CreateVault(ctx context.Context, v VaultRow) error {
	return y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `INSERT INTO vault (id, instance, salt, proof, created_at) VALUES (1, @instance, @salt, @proof, @now)`,
			sql.Named("instance", v.Instance), sql.Named("salt", v.Salt), sql.Named("proof", v.Proof),
			sql.Named("now", y.own.store.Now().UnixMilli()))
	})
}

// A Keyset is what seals for one tenant, wrapped by the master key.
type Keyset struct {
	Keyset  []byte // of Tink
	Secret  []byte // from which keys for HMACs are derived
	Created time.Time
	Rotated *time.Time // when its newest key was made, if that is not its first
}

// Keyset returns the tenant's wrapped keyset, or ErrNotFound.
func (t Tenant) Keyset(ctx context.Context) (Keyset, error) {
	v, err := sq.One(ctx, t.db, func(r sq.Row) (v Keyset, err error) {
		var created int64
		var rotated *int64
		err = r.Scan(&v.Keyset, &v.Secret, &created, &rotated)
		v.Created, v.Rotated = time.UnixMilli(created).UTC(), moment(rotated)
		return v, err
	}, `SELECT keyset, secret, created_at, rotated_at FROM keysets WHERE tenant_id = @tenant`)
	return v, known(err)
}

// AddKeyset stores the tenant's first keyset. Of two that race, the first stays.
func (t Tenant) AddKeyset(ctx context.Context, v Keyset) error {
	return t.Tx(ctx, func(t Tenant) error {
		_, err := t.Keyset(ctx)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		return sq.Exec(ctx, t.db, `INSERT INTO keysets (tenant_id, keyset, secret, created_at) VALUES (@tenant, @keyset, @secret, @now)`,
			sql.Named("keyset", v.Keyset), sql.Named("secret", v.Secret), sql.Named("now", t.store.Now().UnixMilli()))
	})
}

// AddKey stores the keyset with a new key, if it still is as it was read.
func (t Tenant) AddKey(ctx context.Context, old, keyset []byte) error {
	return t.change(ctx, "vault.rotate", string(t.ID), func(t Tenant) error {
		return sq.Exec(ctx, t.db, `UPDATE keysets SET keyset = @new, rotated_at = @now WHERE tenant_id = @tenant AND keyset = @old`,
			sql.Named("old", old), sql.Named("new", keyset), sql.Named("now", t.store.Now().UnixMilli()))
	})
}

// DropKeys stores the keyset without its old keys, if it still is as it was read.
func (t Tenant) DropKeys(ctx context.Context, old, keyset []byte) error {
	return t.change(ctx, "vault.rotated", string(t.ID), func(t Tenant) error {
		return sq.Exec(ctx, t.db, `UPDATE keysets SET keyset = @new WHERE tenant_id = @tenant AND keyset = @old`,
			sql.Named("old", old), sql.Named("new", keyset))
	})
}

// Rewrap moves everything to another master key in one transaction: v proves it,
// and rewrap returns what it is given as the new key wraps it.
func (y System) Rewrap(ctx context.Context, v VaultRow, rewrap func(TenantID, Keyset) (Keyset, error)) error {
	return y.own.change(ctx, "vault.rotate_master", v.Instance, func(t Tenant) error {
		y := System{t}
		all, err := y.AllTenants(ctx)
		if err != nil {
			return err
		}
		for _, info := range append(all, TenantInfo{ID: SystemTenant}) {
			if err := y.Tenant(info.ID).rewrap(ctx, rewrap); err != nil {
				return err
			}
		}
		return sq.Exec(ctx, y.db(), `UPDATE vault SET salt = @salt, proof = @proof WHERE id = 1`,
			sql.Named("salt", v.Salt), sql.Named("proof", v.Proof))
	})
}

func (t Tenant) rewrap(ctx context.Context, rewrap func(TenantID, Keyset) (Keyset, error)) error {
	old, err := t.Keyset(ctx)
	if errors.Is(err, ErrNotFound) {
		return nil // the tenant is being deleted
	}
	if err != nil {
		return err
	}
	v, err := rewrap(t.ID, old)
	if err != nil {
		return err
	}
	return sq.Exec(ctx, t.db, `UPDATE keysets SET keyset = @keyset, secret = @secret WHERE tenant_id = @tenant`,
		sql.Named("keyset", v.Keyset), sql.Named("secret", v.Secret))
}
