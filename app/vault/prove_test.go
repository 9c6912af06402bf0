package vault_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// copied returns a copy of the database, as a restore brings one.
func copied(t *testing.T, s *store.Store) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Copy(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func masterOf(t *testing.T, v *vault.Vault) vault.Key {
	t.Helper()
	k, err := v.Master()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAPassphraseOpensItsLock(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	v := attach(t, s, vault.Source{Dir: t.TempDir(), Passphrase: []byte("harbour lantern 42")})
	l, err := v.Lock(t.Context())
	if err != nil || l.Wants() != "passphrase" {
		t.Fatal(err, l.Wants())
	}
	for text, want := range map[string]error{
		"harbour lantern 42":  nil,
		"harbour lantern 43":  vault.ErrWrongKey,
		"":                    vault.ErrWrongKey,
		"harbour lantern 42 ": vault.ErrWrongKey,
		base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)): vault.ErrWrongKey,
		base64.StdEncoding.EncodeToString(masterOf(t, v).Expose()):     nil, // as master.key would hold it
	} {
		k, err := l.Key(text)
		if err == nil {
			err = l.Opens(k)
		}
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestAFileIsProvedByTheKeyOfItsMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, v := locked(t, vault.Source{Dir: dir})
	empty := copied(t, s)
	put(t, v, s.Tenant(store.DefaultTenant), "one")
	before, old := copied(t, s), masterOf(t, v)
	if err := v.RotateMaster(t.Context(), s.System(), nil); err != nil {
		t.Fatal(err)
	}
	after, now := copied(t, s), masterOf(t, v)
	for _, c := range []struct {
		name, path string
		key        vault.Key
		want       error
		what       string
	}{
		{"right, nothing sealed yet", empty, old, nil, "the keys of the appliance"},
		{"right, before", before, old, nil, "servers|password"},
		{"right, after", after, now, nil, "servers|password"},
		{"the key of now for then", before, now, vault.ErrOlderKey, ""},
		{"the key of then for now", after, old, vault.ErrOlderKey, ""},
		{"another's", after, vault.KeyOf(bytes.Repeat([]byte{7}, 32)), vault.ErrOlderKey, ""},
		{"too short", after, vault.KeyOf([]byte("short")), vault.ErrWrongKey, ""},
		{"none", after, vault.Key{}, vault.ErrWrongKey, ""},
	} {
		what, err := vault.ProveFile(t.Context(), c.path, c.key)
		if !errors.Is(err, c.want) || what != c.what {
			t.Errorf("%s: %q, %v", c.name, what, err)
		}
	}
	if what, err := v.Prove(t.Context(), after); err != nil || what != "servers|password" {
		t.Error(what, err)
	}
	if _, err := v.Prove(t.Context(), before); !errors.Is(err, vault.ErrOlderKey) {
		t.Error(err)
	}
	if _, err := vault.ProveFile(t.Context(), filepath.Join(dir, "none.db"), now); err == nil {
		t.Error("a file that is not there is proved")
	}
}

// TestADamagedSecretIsNoProof gives the password of one server to another: the
// keys open, the value does not.
func TestADamagedSecretIsNoProof(t *testing.T) {
	t.Parallel()
	s, v := locked(t, vault.Source{Dir: t.TempDir()})
	password, err := v.Seal(t.Context(), store.DefaultTenant, "servers|password|two", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tenant(store.DefaultTenant).CreateServer(t.Context(), box("one", password)); err != nil {
		t.Fatal(err)
	}
	if what, err := v.Prove(t.Context(), copied(t, s)); !errors.Is(err, vault.ErrSeal) {
		t.Fatal(what, err)
	}
}

func TestALockedVaultProvesNothingAndGivesNoKey(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	attach(t, s, vault.Source{Dir: t.TempDir(), Passphrase: []byte("harbour lantern 42")})
	v := attach(t, s, vault.Source{Dir: t.TempDir()})
	if _, err := v.Prove(t.Context(), copied(t, s)); !errors.Is(err, vault.ErrLocked) {
		t.Error(err)
	}
	if k, err := v.Master(); !errors.Is(err, vault.ErrLocked) || k.Expose() != nil {
		t.Error(err)
	}
}

// TestAKitOpensAVaultWhosePassphraseIsForgotten takes the key out of a vault
// that a passphrase opened, as a recovery kit does, and brings it to another box.
func TestAKitOpensAVaultWhosePassphraseIsForgotten(t *testing.T) {
	t.Parallel()
	s, v := locked(t, vault.Source{Dir: t.TempDir(), Passphrase: []byte("harbour lantern 42")})
	home := s.Tenant(store.DefaultTenant)
	put(t, v, home, "one")
	l, err := v.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := masterOf(t, v).Expose() // what stands in the kit
	typed := l.PassphraseKey([]byte("harbour lantern 42"))
	if !bytes.Equal(typed.Expose(), kept) {
		t.Fatal("the passphrase makes another key than the vault has")
	}
	dir := t.TempDir()
	if err := vault.WriteKey(dir, vault.KeyOf(kept)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, vault.KeyFile))
	if err != nil || strings.TrimSpace(string(text)) != base64.StdEncoding.EncodeToString(kept) {
		t.Fatal(err, "the key is lost on its way")
	}
	again := attach(t, s, vault.Source{Dir: dir})
	opened(t, again, home)
	if state, err := again.State(t.Context()); err != nil || state.Locked || state.Source != "passphrase" {
		t.Fatal(state, err)
	}
	// The passphrase still opens it, and a new one can be set.
	opened(t, attach(t, s, vault.Source{Dir: t.TempDir(), Passphrase: []byte("harbour lantern 42")}), home)
	if err := again.RotateMaster(t.Context(), s.System(), []byte("another lantern 43")); err != nil {
		t.Fatal(err)
	}
	opened(t, attach(t, s, vault.Source{Dir: dir, Passphrase: []byte("another lantern 43")}), home)
	// What the kit brought opens it no more: without the passphrase it is locked, not dead.
	last := attach(t, s, vault.Source{Dir: dir})
	if _, locked := last.Locked(); !locked {
		t.Fatal("an old key opens it")
	}
	if err := last.Unlock(t.Context(), []byte("another lantern 43")); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsExposedIsACopy(t *testing.T) {
	t.Parallel()
	k := vault.KeyOf(bytes.Repeat([]byte{7}, 32))
	clear(k.Expose())
	if k.Expose()[0] != 7 {
		t.Fatal("who clears a copy clears the key")
	}
	if _, err := vault.ProveFile(context.WithoutCancel(t.Context()), "", vault.Key{}); !errors.Is(err, vault.ErrWrongKey) {
		t.Fatal(err)
	}
}
