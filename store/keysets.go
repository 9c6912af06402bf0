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
	Keyset []byte // of Tink
	Secret []byte // from which keys for HMACs are derived
}

// Keyset returns the tenant's wrapped keyset, or ErrNotFound.
func (t Tenant) Keyset(ctx context.Context) (Keyset, error) {
	v, err := sq.One(ctx, t.db, func(r sq.Row) (v Keyset, err error) {
		err = r.Scan(&v.Keyset, &v.Secret)
		return v, err
	}, `SELECT keyset, secret FROM keysets WHERE tenant_id = @tenant`)
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
