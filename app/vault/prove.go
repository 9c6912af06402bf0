package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// ErrOlderKey says that a database was sealed before the master key was replaced.
var ErrOlderKey = fault.New(fault.Conflict, "vault.older_key", "The key is right for this appliance, but that moment was sealed under an older master key. Give the key of then, or choose a moment after it was replaced.")

// KeyOf returns the key that lies in 32 bytes. WriteKey writes it, even where a
// passphrase made it: what a recovery kit brings is all that its owner has.
func KeyOf(key []byte) Key { return Key{raw: func() []byte { return key }} }

// Expose returns the bytes of the key: for a recovery kit, for the version that goes
// on in this process, and for nothing else.
func (k Key) Expose() []byte {
	if k.raw == nil {
		return nil
	}
	return slices.Clone(k.raw())
}

// Key returns what a person typed as a key of this lock: the text of master.key,
// or the passphrase. It may be the wrong one.
func (l Lock) Key(text string) (Key, error) {
	if k, err := ParseKey([]byte(text)); err == nil || l.Salt == nil {
		return k, err
	}
	return l.PassphraseKey([]byte(text)), nil
}

// Master returns the master key: for a recovery kit, and for a restart in place.
func (v *Vault) Master() (Key, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.master == nil {
		return Key{}, ErrLocked
	}
	return v.key, nil
}

// Prove opens one sealed value of the database file at path with the master key
// of this vault, and says which.
func (v *Vault) Prove(ctx context.Context, path string) (what string, err error) {
	master, err := v.opened()
	if err != nil {
		return "", err
	}
	err = store.Peek(path, func(y store.System) error {
		what, err = openOne(ctx, y, master)
		return err
	})
	return what, err
}

// ProveFile is Prove for a key on a box that has no vault yet.
func ProveFile(ctx context.Context, path string, k Key) (what string, err error) {
	if k.raw == nil {
		return "", ErrWrongKey
	}
	master, err := subtle.NewAESGCM(k.raw())
	if err != nil {
		return "", ErrWrongKey.Because(err)
	}
	err = store.Peek(path, func(y store.System) error {
		what, err = openOne(ctx, y, master)
		return err
	})
	return what, err
}

// SealIn seals a secret of the appliance in a database that k opens, before
// anything serves it.
func SealIn(ctx context.Context, y store.System, k Key, where string, secret []byte) (v seal.Value, err error) {
	master, err := subtle.NewAESGCM(k.raw())
	if err != nil {
		return v, ErrWrongKey.Because(err)
	}
	keys, err := y.Own().Keyset(ctx)
	if err != nil {
		return v, err
	}
	r, err := unwrap(master, store.SystemTenant, keys)
	if err != nil {
		return v, err
	}
	text, err := r.aead.Encrypt(secret, associated(store.SystemTenant, where))
	return seal.Of(text), err
}

// openOne opens the appliance's keys and, if there is one, a value under them.
func openOne(ctx context.Context, y store.System, master tink.AEAD) (string, error) {
	row, err := y.Vault(ctx)
	if err != nil {
		return "", err
	}
	if proof, err := master.Decrypt(row.Proof, []byte(row.Instance)); err != nil || string(proof) != proofText {
		return "", ErrOlderKey.Because(err)
	}
	tenants, err := y.AllTenants(ctx)
	if err != nil {
		return "", err
	}
	for _, id := range append([]store.TenantInfo{{ID: store.SystemTenant}}, tenants...) {
		what, err := openOf(ctx, y.Tenant(id.ID), master)
		if err != nil || what != "" {
			return what, err
		}
	}
	return "the keys of the appliance", nil
}

// noPrefix is what nothing sealed begins with, so that all of it is before it.
var noPrefix = []byte{0}

// openOf opens the keys of a tenant and one value that they seal.
func openOf(ctx context.Context, t store.Tenant, master tink.AEAD) (string, error) {
	keys, err := t.Keyset(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil // it is being deleted
	}
	if err != nil {
		return "", err
	}
	r, err := unwrap(master, t.ID, keys)
	if err != nil {
		return "", err
	}
	for _, p := range store.Places() {
		if p.Own && t.ID != store.SystemTenant {
			continue
		}
		found, err := t.SealedBefore(ctx, p, "", noPrefix)
		if err != nil {
			return "", err
		}
		for _, v := range found {
			if len(v.Value) == 0 {
				continue
			}
			if _, err := r.aead.Decrypt(v.Value, associated(t.ID, p.Name+"|"+v.ID)); err != nil {
				return "", ErrSeal.Because(fmt.Errorf("open %s: %w", p.Name, err))
			}
			return p.Name, nil
		}
	}
	return "", nil
}
