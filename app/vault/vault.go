// Package vault seals and opens secrets. Each tenant has a Tink keyset, wrapped
// by the master key, which never stands in the database: a stolen database or
// replica opens nothing. A vault whose master key is not there is locked: it
// fails with ErrLocked, and everything that needs no secret goes on.
package vault

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

var (
	// ErrLocked says that the master key is not there yet.
	ErrLocked = store.ErrUnsigned
	// ErrWrongKey says that a key or passphrase does not open this vault.
	ErrWrongKey = fault.New(fault.Forbidden, "vault.wrong_key", "That does not open the vault of this appliance. Check the passphrase or the key file.")
	// ErrSeal says that a sealed value was damaged or stands in the wrong row.
	ErrSeal = fault.New(fault.Internal, "vault.damaged", "A stored secret cannot be opened. Enter it again.")
)

// keySize is the length of the master key and of derived keys, in bytes.
const keySize = 32

// A ring is what the vault holds for one tenant.
type ring struct {
	aead   tink.AEAD
	secret []byte
}

// Vault seals and opens. It is safe for concurrent use; the zero value is locked.
type Vault struct {
	mu       sync.RWMutex
	store    *store.Store
	master   tink.AEAD
	instance string
	reason   string
	rings    map[store.TenantID]ring
}

// Locked reports whether the master key is missing, and why in a sentence.
func (v *Vault) Locked() (reason string, locked bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.reason, v.master == nil
}

// Instance names this appliance; empty before the vault was found.
func (v *Vault) Instance() string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.instance
}

// of returns the ring of a tenant, made at its first use.
func (v *Vault) of(ctx context.Context, tenant store.TenantID) (ring, error) {
	v.mu.RLock()
	r, ok := v.rings[tenant]
	master := v.master
	v.mu.RUnlock()
	if ok {
		return r, nil
	}
	if master == nil {
		return ring{}, ErrLocked
	}
	t := v.store.Tenant(tenant)
	row, err := t.Keyset(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return ring{}, fmt.Errorf("no keyset of tenant %s: %w", tenant, err)
	}
	if err != nil {
		return ring{}, err
	}
	if r, err = unwrap(master, tenant, row); err != nil {
		return ring{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rings[tenant] = r
	return r, nil
}

// AddTenant makes the keyset of a new tenant. It comes before the tenant's
// first audited write.
func (v *Vault) AddTenant(ctx context.Context, tenant store.TenantID) error {
	v.mu.RLock()
	master := v.master
	v.mu.RUnlock()
	if master == nil {
		return ErrLocked
	}
	row, err := wrap(master, tenant)
	if err != nil {
		return fmt.Errorf("make a keyset: %w", err)
	}
	return v.store.Tenant(tenant).AddKeyset(ctx, row)
}

// wrap makes a keyset and a secret for tenant and encrypts both.
func wrap(master tink.AEAD, tenant store.TenantID) (row store.Keyset, err error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return row, err
	}
	var out bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), master, []byte(tenant)); err != nil {
		return row, err
	}
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return row, err
	}
	row.Keyset = out.Bytes()
	row.Secret, err = master.Encrypt(secret, []byte("secret|"+tenant))
	return row, err
}

func unwrap(master tink.AEAD, tenant store.TenantID, row store.Keyset) (r ring, err error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(row.Keyset)), master, []byte(tenant))
	if err != nil {
		return r, ErrSeal.Because(err)
	}
	if r.aead, err = aead.New(h); err != nil {
		return r, ErrSeal.Because(err)
	}
	if r.secret, err = master.Decrypt(row.Secret, []byte("secret|"+tenant)); err != nil {
		return r, ErrSeal.Because(err)
	}
	return r, nil
}

// associated binds a value to its place, so that it opens nowhere else.
func associated(tenant store.TenantID, where string) []byte {
	return []byte(string(tenant) + "|" + where)
}

// Seal encrypts secret for one place of one tenant: where is "table|column|id".
func (v *Vault) Seal(ctx context.Context, tenant store.TenantID, where string, secret []byte) (seal.Value, error) {
	r, err := v.of(ctx, tenant)
	if err != nil {
		return seal.Value{}, err
	}
	text, err := r.aead.Encrypt(secret, associated(tenant, where))
	return seal.Of(text), err
}

// Open decrypts what Seal made for the same place.
func (v *Vault) Open(ctx context.Context, tenant store.TenantID, where string, value seal.Value) ([]byte, error) {
	r, err := v.of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	secret, err := r.aead.Decrypt(value.Ciphertext(), associated(tenant, where))
	if err != nil {
		return nil, ErrSeal.Because(fmt.Errorf("open %s: %w", where, err))
	}
	return secret, nil
}

// Key derives a key of 32 bytes from the tenant's secret for one purpose.
func (v *Vault) Key(ctx context.Context, tenant store.TenantID, purpose string) ([]byte, error) {
	r, err := v.of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, r.secret, nil, purpose, keySize)
}

// Sign is the store.Signer of this vault.
func (v *Vault) Sign(ctx context.Context, tenant store.TenantID, msg []byte) ([]byte, error) {
	key, err := v.Key(ctx, tenant, "audit")
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(msg)
	return mac.Sum(nil), nil
}
