// Package storetest opens real, migrated stores for tests.
package storetest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"
	"unity.internal/migrations"
	"unity.internal/store"
)

// template is a migrated file, made once a process and copied for every test.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "unity-template")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "unity.db")
	s, err := store.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(context.Background()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Sign signs audit rows with a key that every test knows.
func Sign(_ context.Context, tenant store.TenantID, msg []byte) ([]byte, error) {
	mac := hmac.New(sha256.New, []byte("test key of "+tenant))
	mac.Write(msg)
	return mac.Sum(nil), nil
}

// Open returns a new store in a temporary directory, closed when the test ends.
func Open(tb testing.TB, opts ...store.Option) *store.Store {
	tb.Helper()
	data, err := template()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "unity.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return OpenFile(tb, path, opts...)
}

// OpenFile opens a file that is there, closed when the test ends.
func OpenFile(tb testing.TB, path string, opts ...store.Option) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), path, append([]store.Option{store.WithSigner(Sign)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Older returns a file of an older schema, made by the migrations of then.
func Older(tb testing.TB, schema int64) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "older.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = p.UpTo(tb.Context(), schema)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// User creates a user whose name folds to itself.
func User(tb testing.TB, s *store.Store, u store.User) {
	tb.Helper()
	if u.Username == "" {
		u.Username = u.ID
	}
	if err := s.System().CreateUser(tb.Context(), u, u.Username, func(string) bool { return false }); err != nil {
		tb.Fatal(err)
	}
}

// Quota sets what a tenant may have at most.
func Quota(tb testing.TB, s *store.Store, tenant store.TenantID, q store.Quota) {
	tb.Helper()
	v, err := s.System().TenantInfo(tb.Context(), tenant)
	v.Quota = q
	if err == nil {
		_, err = s.System().UpdateTenant(tb.Context(), v)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// Member makes a user a member of a tenant.
func Member(tb testing.TB, s *store.Store, tenant store.TenantID, user, role string) {
	tb.Helper()
	if err := s.Tenant(tenant).SetMember(tb.Context(), store.Membership{User: user, Role: role}); err != nil {
		tb.Fatal(err)
	}
}

// Crowd creates tenants, tenant-0 and on, with so many users each: user-0-0 and
// on, the first of them its owner. made is told of each tenant.
func Crowd(tb testing.TB, s *store.Store, tenants, users int, made func(store.TenantID) error) {
	tb.Helper()
	name := func(i int) store.TenantID { return store.TenantID(fmt.Sprintf("tenant-%d", i)) }
	for i := range tenants {
		Tenants(tb, s, name(i))
		if err := made(name(i)); err != nil {
			tb.Fatal(err)
		}
	}
	err := s.System().Tx(tb.Context(), func(y store.System) error {
		for i := range tenants * users {
			id := fmt.Sprintf("user-%d-%d", i/users, i%users)
			if err := y.CreateUser(tb.Context(), store.User{ID: id, Username: id}, id, func(string) bool { return false }); err != nil {
				return err
			}
			role := "member"
			if i%users == 0 {
				role = "owner"
			}
			if err := y.Tenant(name(i/users)).SetMember(tb.Context(), store.Membership{User: id, Role: role}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
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
