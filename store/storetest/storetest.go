// Package storetest opens real, migrated stores for tests.
package storetest

import (
	"path/filepath"
	"testing"

	"unity.internal/store"
)

// Open returns a new store in a temporary directory, closed when the test ends.
func Open(tb testing.TB, opts ...store.Option) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), filepath.Join(tb.TempDir(), "unity.db"), opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Tenants creates tenants.
func Tenants(tb testing.TB, s *store.Store, ids ...store.TenantID) {
	tb.Helper()
	for _, id := range ids {
		if err := s.System().CreateTenant(tb.Context(), id, string(id)); err != nil {
			tb.Fatal(err)
		}
	}
}
