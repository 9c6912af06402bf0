package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"unity.internal/app/seal"
	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// silent is a rotation of tenants that tells nobody and waits for nobody.
func silent(tenants ...store.Tenant) vault.Rotation {
	return vault.Rotation{Tenants: tenants, Step: func(context.Context, string, int, int) {}}
}

// locked makes a store with a vault whose audit the vault signs.
func locked(t *testing.T, from vault.Source) (*store.Store, *vault.Vault) {
	t.Helper()
	v := &vault.Vault{}
	s := storetest.Open(t, store.WithSigner(v.Sign))
	if err := v.Attach(t.Context(), s, from); err != nil {
		t.Fatal(err)
	}
	return s, v
}

// put stores a server whose password is sealed.
func put(t *testing.T, v *vault.Vault, of store.Tenant, id string) {
	t.Helper()
	password, err := v.Seal(t.Context(), of.ID, "servers|password|"+id, []byte("secret of "+id))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := of.CreateServer(t.Context(), box(id, password)); err != nil {
		t.Fatal(err)
	}
}

func box(id string, password seal.Value) store.Server {
	return store.Server{ID: id, Name: id, Host: id, Port: 22, Username: "u", Auth: "password", Password: password, PollSeconds: 10, SnapshotMinutes: 30}
}

// opened fails unless every server's password opens; it returns their beginnings.
func opened(t *testing.T, v *vault.Vault, of store.Tenant) map[string]bool {
	t.Helper()
	all, err := of.AllServers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	prefixes := map[string]bool{}
	for _, n := range all {
		if got, err := v.Open(t.Context(), of.ID, "servers|password|"+n.ID, n.Password); err != nil || string(got) != "secret of "+n.ID {
			t.Fatalf("%s: %q, %v", n.ID, got, err)
		}
		prefixes[string(n.Password.Ciphertext()[:5])] = true
	}
	return prefixes
}

func TestRotationSealsEverythingAnewInSteps(t *testing.T) {
	t.Parallel()
	s, v := locked(t, vault.Source{Dir: t.TempDir()})
	home := s.Tenant(store.DefaultTenant)
	for i := range store.ResealStep*2 + 7 {
		put(t, v, home, strconv.Itoa(i))
	}
	before := opened(t, v, home)
	first, err := home.Keyset(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, err := v.Rotate(t.Context(), silent(home))
	if err != nil || n.Values != store.ResealStep*2+7 || n.Damaged != 0 {
		t.Fatal(n, err)
	}
	after := opened(t, v, home)
	for prefix := range before {
		if len(before) != 1 || len(after) != 1 || after[prefix] {
			t.Fatal(before, after)
		}
	}
	last, err := home.Keyset(t.Context())
	if err != nil || last.Rotated == nil || !bytes.Equal(first.Secret, last.Secret) || len(last.Keyset) != len(first.Keyset) {
		t.Fatalf("%d and %d bytes, %v, %v", len(first.Keyset), len(last.Keyset), last.Rotated, err)
	}
	if rows, err := home.VerifyAudit(t.Context()); err != nil || rows == 0 {
		t.Fatal("the audit broke", rows, err)
	}
	if all, err := v.Unfinished(t.Context()); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
}

// TestNothingIsLostThatIsStoredMeanwhile stores, between the sweeps, a value that
// was sealed before the rotation began, as a slow request does.
func TestNothingIsLostThatIsStoredMeanwhile(t *testing.T) {
	t.Parallel()
	s, v := locked(t, vault.Source{Dir: t.TempDir()})
	home := s.Tenant(store.DefaultTenant)
	put(t, v, home, "s1")
	late, err := v.Seal(t.Context(), home.ID, "servers|password|s2", []byte("secret of s2"))
	if err != nil {
		t.Fatal(err)
	}
	r := silent(home)
	r.Step = func(ctx context.Context, step string, _, _ int) {
		if !strings.HasPrefix(step, "Waiting") {
			return
		}
		if _, err := home.CreateServer(ctx, box("s2", late)); err != nil {
			t.Error(err)
		}
		put(t, v, home, "s3") //nolint:contextcheck // under the new key
	}
	if n, err := v.Rotate(t.Context(), r); err != nil || n.Values != 2 {
		t.Fatal(n, err)
	}
	if after := opened(t, v, home); len(after) != 1 {
		t.Fatal(after)
	}
}

func TestOldKeysStayForTheirGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, v := locked(t, vault.Source{Dir: t.TempDir()})
		defer func() {
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		home := s.Tenant(store.DefaultTenant)
		put(t, v, home, "s1")
		r := silent(home)
		r.Grace = vault.Grace
		began := time.Now()
		if _, err := v.Rotate(t.Context(), r); err != nil || time.Since(began) < vault.Grace-time.Millisecond {
			t.Fatal(time.Since(began), err)
		}
	})
}

// TestARotationThatWasCutOffGoesOn ends one at each of its steps, like a kill.
func TestARotationThatWasCutOffGoesOn(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"Waiting", "Forgetting"} {
		dir := t.TempDir()
		s, v := locked(t, vault.Source{Dir: dir})
		home := s.Tenant(store.DefaultTenant)
		put(t, v, home, "s1")
		ctx, cancel := context.WithCancel(t.Context())
		r := silent(home)
		r.Step = func(_ context.Context, step string, _, _ int) {
			if strings.HasPrefix(step, at) {
				cancel()
			}
		}
		if _, err := v.Rotate(ctx, r); !errors.Is(err, context.Canceled) {
			t.Fatal(at, err)
		}
		v = attach(t, s, vault.Source{Dir: dir})
		if all, err := v.Unfinished(t.Context()); err != nil || len(all) != 1 || all[0] != home.ID {
			t.Fatal(at, all, err)
		}
		if state, err := v.State(t.Context()); err != nil || !state.Rotating || state.Source != "file" || len(state.Keysets) != 2 {
			t.Fatalf("%s: %+v, %v", at, state, err)
		}
		k, err := home.Keyset(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r = silent(s.System().Own(), home)
		r.Resume = true
		if _, err := v.Rotate(t.Context(), r); err != nil {
			t.Fatal(at, err)
		}
		after, err := home.Keyset(t.Context())
		if own, err2 := s.System().Own().Keyset(t.Context()); err != nil || err2 != nil || own.Rotated != nil || !after.Rotated.Equal(*k.Rotated) {
			t.Fatal(at, "it began another one", own.Rotated, after.Rotated, err, err2)
		}
		if all, err := v.Unfinished(t.Context()); err != nil || len(all) != 0 {
			t.Fatal(at, all, err)
		}
		opened(t, v, home)
	}
}

// TestManySealAndOpenWhileKeysTurn has writers at work during rotations. Each of
// these waits for the requests that had begun, as the grace does.
func TestManySealAndOpenWhileKeysTurn(t *testing.T) {
	t.Parallel()
	s, v := locked(t, vault.Source{Dir: t.TempDir()})
	home := s.Tenant(store.DefaultTenant)
	var requests sync.RWMutex
	request := func(id string) error {
		requests.RLock()
		defer requests.RUnlock()
		put(t, v, home, id)
		n, err := home.Server(t.Context(), id)
		if err == nil {
			_, err = v.Open(t.Context(), home.ID, "servers|password|"+id, n.Password)
		}
		return err
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := request(strconv.Itoa(w) + "-" + strconv.Itoa(i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	r := silent(home)
	r.Step = func(_ context.Context, step string, _, _ int) {
		if strings.HasPrefix(step, "Waiting") {
			requests.Lock()
			defer requests.Unlock()
		}
	}
	for range 5 {
		if _, err := v.Rotate(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	opened(t, v, home)
}

func TestADamagedValueHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s, v := locked(t, vault.Source{Dir: t.TempDir()})
	home := s.Tenant(store.DefaultTenant)
	if _, err := home.CreateServer(t.Context(), box("broken", seal.Of([]byte("no ciphertext")))); err != nil {
		t.Fatal(err)
	}
	put(t, v, home, "s1")
	if n, err := v.Rotate(t.Context(), silent(home)); err != nil || n.Values != 1 || n.Damaged == 0 {
		t.Fatal(n, err)
	}
}

func key(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, vault.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheMasterKeyIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, v := locked(t, vault.Source{Dir: dir})
	storetest.Tenants(t, s, "acme", "late")
	if err := v.AddTenant(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	acme, old := s.Tenant("acme"), key(t, dir)
	put(t, v, acme, "s1")
	if err := v.RotateMaster(t.Context(), s.System().By("root", ""), nil); err != nil {
		t.Fatal(err)
	}
	if err := v.AddTenant(t.Context(), "late"); err != nil {
		t.Fatal(err)
	}
	opened(t, v, acme)
	if info, err := os.Stat(filepath.Join(dir, vault.KeyFile)); err != nil || info.Mode().Perm() != 0o600 || key(t, dir) == old {
		t.Fatal(info, err)
	}
	if _, err := os.Stat(filepath.Join(dir, vault.NextFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	again := attach(t, s, vault.Source{Dir: dir})
	opened(t, again, acme)
	for _, id := range []store.TenantID{"acme", "late", "default", "system"} {
		if _, err := again.Key(t.Context(), id, "audit"); err != nil {
			t.Fatal(id, err)
		}
		if _, err := s.Tenant(id).VerifyAudit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stolen := t.TempDir() // the old key opens nothing
	if err := os.WriteFile(filepath.Join(stolen, vault.KeyFile), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	v = attach(t, s, vault.Source{Dir: stolen})
	if _, locked := v.Locked(); !locked {
		t.Fatal("the old key opens the vault")
	}
}

// TestAMasterKeyThatWasHalfReplacedOpens starts after a kill at each point.
func TestAMasterKeyThatWasHalfReplacedOpens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps int
		then  func(t *testing.T, dir string)
		moved bool
	}{
		"in the middle of the new file":   {1, func(t *testing.T, dir string) { rewrite(t, dir, vault.NextFile, "AAAA") }, false},
		"with the new file written":       {1, func(*testing.T, string) {}, false},
		"with everything wrapped anew":    {2, func(*testing.T, string) {}, true},
		"with the old key file gone, too": {2, func(t *testing.T, dir string) { remove(t, dir, vault.KeyFile) }, true},
	} {
		dir := t.TempDir()
		s, v := locked(t, vault.Source{Dir: dir})
		home := s.Tenant(store.DefaultTenant)
		put(t, v, home, "s1")
		old := key(t, dir)
		if err := v.RotateMasterUpTo(t.Context(), s.System(), tt.steps); err != nil {
			t.Fatal(name, err)
		}
		tt.then(t, dir)
		v = attach(t, s, vault.Source{Dir: dir})
		if reason, locked := v.Locked(); locked {
			t.Fatal(name, reason)
		}
		opened(t, v, home)
		if _, err := os.Stat(filepath.Join(dir, vault.NextFile)); !errors.Is(err, fs.ErrNotExist) || (key(t, dir) != old) != tt.moved {
			t.Fatal(name, "the files are not settled", err)
		}
		if err := v.RotateMaster(t.Context(), s.System(), nil); err != nil {
			t.Fatal(name, err)
		}
	}
}

func rewrite(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// TestAMasterKeyThatCannotBeStoredChangesNothing fails the one transaction.
func TestAMasterKeyThatCannotBeStoredChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, v := locked(t, vault.Source{Dir: dir})
	home, old := s.Tenant(store.DefaultTenant), key(t, dir)
	put(t, v, home, "s1")
	v2 := &vault.Vault{} // its store signs with a vault that is locked
	s2, err := store.Open(t.Context(), s.Path(), store.WithSigner(v2.Sign))
	if err != nil {
		t.Fatal(err)
	}
	defer s2.Close(t.Context())
	if err := v.RotateMaster(t.Context(), s2.System(), nil); !errors.Is(err, store.ErrUnsigned) {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, vault.NextFile)); !errors.Is(err, fs.ErrNotExist) || key(t, dir) != old {
		t.Fatal(err)
	}
	opened(t, v, home)
	opened(t, attach(t, s, vault.Source{Dir: dir}), home)
}

func TestAPassphraseIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, v := locked(t, vault.Source{Dir: dir, Passphrase: []byte("old")})
	home := s.Tenant(store.DefaultTenant)
	put(t, v, home, "s1")
	if err := v.RotateMaster(t.Context(), s.System(), nil); !errors.Is(err, vault.ErrNoPassphrase) {
		t.Fatal(err)
	}
	if err := v.RotateMaster(t.Context(), s.System(), []byte("new")); err != nil {
		t.Fatal(err)
	}
	opened(t, v, home)
	later := attach(t, s, vault.Source{Dir: dir})
	if err := later.Unlock(t.Context(), []byte("old")); !errors.Is(err, vault.ErrWrongKey) {
		t.Fatal(err)
	}
	if err := later.Unlock(t.Context(), []byte("new")); err != nil {
		t.Fatal(err)
	}
	opened(t, later, home)
}

func TestACredentialIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir, credentials := t.TempDir(), t.TempDir()
	s, _ := locked(t, vault.Source{Dir: dir})
	if err := os.Rename(filepath.Join(dir, vault.KeyFile), filepath.Join(credentials, "unity-master-key")); err != nil {
		t.Fatal(err)
	}
	v := attach(t, s, vault.Source{Dir: dir, Credentials: credentials})
	if err := v.RotateMaster(t.Context(), s.System(), nil); !errors.Is(err, vault.ErrCredential) {
		t.Fatal(err)
	}
	if state, err := v.State(t.Context()); err != nil || state.Source != "credential" {
		t.Fatal(state, err)
	}
}
