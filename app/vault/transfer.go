package vault

import (
	"bytes"
	"context"
	"fmt"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// ErrSecret says that what should be the secret of a tenant is none.
var ErrSecret = fault.New(fault.Invalid, "vault.bad_secret", "The secret of this tenant has another length than ours. Export the tenant again.")

// Secret returns what the keys of a tenant for HMACs are derived from. With it,
// the audit of the tenant is checked elsewhere; it opens nothing that is sealed.
func (v *Vault) Secret(ctx context.Context, tenant store.TenantID) ([]byte, error) {
	r, err := v.of(ctx, tenant)
	return bytes.Clone(r.secret), err
}

// AddTenantWith makes the keyset of a new tenant as AddTenant does, with a secret
// that it had elsewhere.
func (v *Vault) AddTenantWith(ctx context.Context, t store.Tenant, secret []byte) error {
	if len(secret) != keySize {
		return ErrSecret
	}
	v.wrapping.Lock()
	defer v.wrapping.Unlock()
	master, err := v.opened()
	if err != nil {
		return err
	}
	row, err := newKeyset(master, t.ID, secret)
	if err != nil {
		return fmt.Errorf("make a keyset: %w", err)
	}
	return t.AddKeyset(ctx, row)
}
