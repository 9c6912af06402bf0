package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unity.internal/app/seal"
	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// attach opens the vault of s from what from says.
func attach(t testing.TB, s *store.Store, from vault.Source) *vault.Vault {
	t.Helper()
	v := &vault.Vault{}
	if err := v.Attach(t.Context(), s, from); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAValueOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	v := attach(t, s, vault.Source{Dir: t.TempDir()})
	sealed, err := v.Seal(t.Context(), "acme", "servers|password|s1", []byte("secret"))
	if err != nil || bytes.Contains(sealed.Ciphertext(), []byte("secret")) {
		t.Fatal(sealed, err)
	}
	if got, err := v.Open(t.Context(), "acme", "servers|password|s1", sealed); err != nil || string(got) != "secret" {
		t.Fatalf("%q, %v", got, err)
	}
	damaged := bytes.Clone(sealed.Ciphertext())
	damaged[len(damaged)-1]++
	for name, try := range map[string]func() ([]byte, error){
		"another row":      func() ([]byte, error) { return v.Open(t.Context(), "acme", "servers|password|s2", sealed) },
		"another column":   func() ([]byte, error) { return v.Open(t.Context(), "acme", "servers|private_key|s1", sealed) },
		"another tenant":   func() ([]byte, error) { return v.Open(t.Context(), "globex", "servers|password|s1", sealed) },
		"a damaged value":  func() ([]byte, error) { return v.Open(t.Context(), "acme", "servers|password|s1", seal.Of(damaged)) },
		"nothing at all":   func() ([]byte, error) { return v.Open(t.Context(), "acme", "servers|password|s1", seal.Value{}) },
		"a tenant unknown": func() ([]byte, error) { return v.Open(t.Context(), "nope", "servers|password|s1", sealed) },
	} {
		if got, err := try(); err == nil {
			t.Errorf("%s opens: %q", name, got)
		}
	}
}

func TestTheMasterKeyIsAFileOfItsOwner(t *testing.T) {
	t.Parallel()
	s, dir := storetest.Open(t), t.TempDir()
	v := attach(t, s, vault.Source{Dir: dir})
	sealed, err := v.Seal(t.Context(), "default", "w", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, vault.KeyFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	again := attach(t, s, vault.Source{Dir: dir})
	if got, err := again.Open(t.Context(), "default", "w", sealed); err != nil || string(got) != "secret" || again.Instance() != v.Instance() {
		t.Fatalf("%q, %v", got, err)
	}
	credentials := t.TempDir() // of systemd, under its own name
	if err := os.Rename(path, filepath.Join(credentials, "unity-master-key")); err != nil {
		t.Fatal(err)
	}
	if _, locked := attach(t, s, vault.Source{Dir: dir, Credentials: credentials}).Locked(); locked {
		t.Fatal("the credential does not open it")
	}
	lost := attach(t, s, vault.Source{Dir: dir})
	if reason, locked := lost.Locked(); !locked || !strings.Contains(reason, "missing") {
		t.Fatal(reason, locked)
	}
	if _, err := lost.Open(t.Context(), "default", "w", sealed); !errors.Is(err, vault.ErrLocked) {
		t.Fatal(err)
	}
	if _, err := lost.Sign(t.Context(), "default", nil); !errors.Is(err, vault.ErrLocked) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("A", 43)+"="), 0o600); err != nil {
		t.Fatal(err)
	}
	if reason, locked := attach(t, s, vault.Source{Dir: dir}).Locked(); !locked || !strings.Contains(reason, "does not open") {
		t.Fatal(reason, locked)
	}
}

func TestAPassphraseLocksAndUnlocks(t *testing.T) {
	t.Parallel()
	s, dir := storetest.Open(t), t.TempDir()
	v := attach(t, s, vault.Source{Dir: dir, Passphrase: []byte("open sesame")})
	sealed, err := v.Seal(t.Context(), "default", "w", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, vault.KeyFile)); err == nil {
		t.Fatal("a key file beside the passphrase")
	}
	later := attach(t, s, vault.Source{Dir: dir})
	if _, locked := later.Locked(); !locked {
		t.Fatal("it opens without the passphrase")
	}
	if err := later.Unlock(t.Context(), []byte("wrong")); !errors.Is(err, vault.ErrWrongKey) {
		t.Fatal(err)
	}
	if err := later.Unlock(t.Context(), []byte("open sesame")); err != nil {
		t.Fatal(err)
	}
	if got, err := later.Open(t.Context(), "default", "w", sealed); err != nil || string(got) != "secret" {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestKeysDifferByTenantAndPurpose(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	v := attach(t, s, vault.Source{Dir: t.TempDir()})
	seen := map[string]bool{}
	for _, tenant := range []store.TenantID{"default", "system"} {
		for _, purpose := range []string{"audit", "jwt"} {
			key, err := v.Key(t.Context(), tenant, purpose)
			if err != nil || len(key) != 32 || seen[string(key)] {
				t.Fatal(tenant, purpose, len(key), err)
			}
			seen[string(key)] = true
		}
	}
}

func FuzzSealOpen(f *testing.F) {
	f.Add("servers|password|s1", []byte("secret"))
	f.Add("", []byte{})
	s := storetest.Open(f)
	v := attach(f, s, vault.Source{Dir: f.TempDir()})
	f.Fuzz(func(t *testing.T, where string, secret []byte) {
		sealed, err := v.Seal(t.Context(), "default", where, secret)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Open(t.Context(), "default", where, sealed)
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("%q, %v", got, err)
		}
		if _, err := v.Open(t.Context(), "default", where, seal.Of(secret)); err == nil {
			t.Fatal("plain text opens")
		}
	})
}
