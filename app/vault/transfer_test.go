package vault_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestATenantKeepsItsSecretElsewhere: what its audit is signed with goes along,
// what its values are sealed with does not.
func TestATenantKeepsItsSecretElsewhere(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, v := locked(t, vault.Source{Dir: t.TempDir()})
	other, w := locked(t, vault.Source{Dir: t.TempDir()})
	storetest.Tenants(t, s, "acme")
	storetest.Tenants(t, other, "moved", "short")
	if err := v.AddTenant(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	secret, err := v.Secret(ctx, "acme")
	if err != nil || len(secret) != 32 {
		t.Fatal(len(secret), err)
	}
	if err := w.AddTenantWith(ctx, other.Tenant("moved"), secret); err != nil {
		t.Fatal(err)
	}
	mac, err := v.Sign(ctx, "acme", []byte("row"))
	again, err2 := w.Sign(ctx, "moved", []byte("row"))
	if errors.Join(err, err2) != nil || !bytes.Equal(mac, again) {
		t.Errorf("%x %x %v %v", mac, again, err, err2)
	}
	sealed, err := v.Seal(ctx, "acme", "servers|password|s1", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := w.Open(ctx, "moved", "servers|password|s1", sealed); err == nil {
		t.Errorf("other keys open %q", text)
	}
	secret[0] ^= 1 // the caller's own
	if mac, err := v.Sign(ctx, "acme", []byte("row")); err != nil || !bytes.Equal(mac, again) {
		t.Errorf("the secret was given out, not a copy: %x %v", mac, err)
	}
	if err := w.AddTenantWith(ctx, other.Tenant("short"), secret[:31]); !errors.Is(err, vault.ErrSecret) {
		t.Errorf("a short secret: %v", err)
	}
	if _, err := w.Secret(ctx, "short"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a tenant without keys: %v", err)
	}
}

// TestAStartAfterAnImportThatHadNoKeysYet: it makes none, because the file has
// the secret behind the audit.
func TestAStartAfterAnImportThatHadNoKeysYet(t *testing.T) {
	t.Parallel()
	ctx, from := t.Context(), vault.Source{Dir: t.TempDir()}
	s, _ := locked(t, from)
	storetest.User(t, s, store.User{ID: "root", Admin: true})
	state, err := s.System().BeginImport(ctx, "export", store.TenantInfo{ID: "moved", Name: "Moved", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	v := attach(t, s, from)
	if _, err := v.Secret(ctx, "moved"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it has keys: %v", err)
	}
	secret := bytes.Repeat([]byte{7}, 32)
	if err := v.AddTenantWith(ctx, state.Tenant, secret); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Secret(ctx, "moved"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%x %v", got, err)
	}
}
