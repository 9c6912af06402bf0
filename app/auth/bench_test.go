package auth

import (
	"testing"
	"time"

	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// BenchmarkSignIn signs in with a password, session and audit row included. Its
// limit is the argon2id of the same password alone, measured in turns with it.
func BenchmarkSignIn(b *testing.B) {
	st := storetest.Open(b)
	s := New(st, vaulttest.Open(b, st))
	if _, _, err := s.Setup(b.Context(), "lea", "correct horse battery", Client{}); err != nil {
		b.Fatal(err)
	}
	salt := make([]byte, 16)
	var bare, whole time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := s.hasher.key(b.Context(), "correct horse battery", salt, hashMemory, hashTime, hashThreads, 32); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(start)
		start = time.Now()
		if _, err := s.Login(b.Context(), "lea", "correct horse battery", Client{Address: "192.0.2.1"}); err != nil {
			b.Fatal(err)
		}
		whole += time.Since(start)
	}
	b.ReportMetric(float64(whole.Microseconds())/1000/float64(b.N), "ms/sign-in")
	b.ReportMetric(bare.Seconds()/whole.Seconds(), "of-limit")
}

// BenchmarkReload reads anew who may do what, as after every change of a role:
// 100 tenants with 50 users each.
func BenchmarkReload(b *testing.B) {
	st := storetest.Open(b)
	s := New(st, &vault.Vault{})
	s.Always = true
	storetest.Crowd(b, st, 100, 50, func(store.TenantID) error { return nil })
	for b.Loop() {
		if err := s.Reload(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if !s.May("tenant-7", "user-7-7", ServersRead) || s.May("tenant-7", "user-8-7", ServersRead) {
		b.Fatal("the crowd is not where it belongs")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/reload")
}
