// Package vaulttest gives tests the real vault.
package vaulttest

import (
	"testing"

	"unity.internal/app/vault"
	"unity.internal/store"
)

// Attach opens v on s with a new master key in a temporary directory, and makes
// the keysets of tenants other than the default one.
func Attach(tb testing.TB, v *vault.Vault, s *store.Store, tenants ...store.TenantID) {
	tb.Helper()
	if err := v.Attach(tb.Context(), s, vault.Source{Dir: tb.TempDir()}); err != nil {
		tb.Fatal(err)
	}
	for _, t := range tenants {
		if err := v.AddTenant(tb.Context(), t); err != nil {
			tb.Fatal(err)
		}
	}
}

// Open returns a vault that is attached to s.
func Open(tb testing.TB, s *store.Store, tenants ...store.TenantID) *vault.Vault {
	tb.Helper()
	v := &vault.Vault{}
	Attach(tb, v, s, tenants...)
	return v
}
