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
	"encoding/binary"
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
	prefix []byte // what is sealed with the newest key begins with it
	keys   int    // more than one: a rotation is under way
}

// Vault seals and opens. It is safe for concurrent use; the zero value is locked.
type Vault struct {
	mu       sync.RWMutex
	store    *store.Store
	master   tink.AEAD
	key      Key // what master is made of
	instance string
	reason   string
	rings    map[store.TenantID]ring
	turns    int // how often a ring was replaced or forgotten: what was read before is old
	source   Source

	// wrapping is held while keysets are written. Who signs inside a transaction
	// must never wait for it: who holds it waits for the database.
	wrapping sync.Mutex
	rotating sync.Mutex // held while values are sealed anew
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
	for {
		v.mu.RLock()
		r, ok := v.rings[tenant]
		master, turns := v.master, v.turns
		v.mu.RUnlock()
		if ok {
			return r, nil
		}
		if master == nil {
			return ring{}, ErrLocked
		}
		r, _, err := v.read(ctx, master, tenant)
		v.mu.Lock()
		if v.turns != turns { // what was read may be what was just replaced
			v.mu.Unlock()
			continue
		}
		if err == nil {
			v.rings[tenant] = r
		}
		v.mu.Unlock()
		return r, err
	}
}

// read opens the stored keyset of a tenant.
func (v *Vault) read(ctx context.Context, master tink.AEAD, tenant store.TenantID) (ring, store.Keyset, error) {
	row, err := v.store.Tenant(tenant).Keyset(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return ring{}, row, fmt.Errorf("no keyset of tenant %s: %w", tenant, err)
	}
	if err != nil {
		return ring{}, row, err
	}
	r, err := unwrap(master, tenant, row)
	return r, row, err
}

// Forget lets go of what the vault holds for a tenant that is deleted.
func (v *Vault) Forget(tenant store.TenantID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.rings, tenant)
	v.turns++
}

// AddTenant makes the keyset of a new tenant. It comes before the tenant's
// first audited write.
func (v *Vault) AddTenant(ctx context.Context, tenant store.TenantID) error {
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	return v.AddTenantWith(ctx, v.store.Tenant(tenant), secret)
}

// opened returns the master key, or ErrLocked.
func (v *Vault) opened() (tink.AEAD, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.master == nil {
		return nil, ErrLocked
	}
	return v.master, nil
}

// newKeyset makes a keyset for tenant and encrypts it, and the secret with it.
func newKeyset(master tink.AEAD, tenant store.TenantID, secret []byte) (row store.Keyset, err error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return row, err
	}
	if row.Keyset, err = wrap(master, tenant, h); err != nil {
		return row, err
	}
	row.Secret, err = master.Encrypt(secret, secretOf(tenant))
	return row, err
}

// wrap encrypts the keys of tenant.
func wrap(master tink.AEAD, tenant store.TenantID, h *keyset.Handle) ([]byte, error) {
	var out bytes.Buffer
	err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), master, []byte(tenant))
	return out.Bytes(), err
}

// handle is the inverse of wrap.
func handle(master tink.AEAD, tenant store.TenantID, wrapped []byte) (*keyset.Handle, error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), master, []byte(tenant))
	if err != nil {
		return nil, ErrSeal.Because(err)
	}
	return h, nil
}

// secretOf binds the secret of a tenant to it.
func secretOf(tenant store.TenantID) []byte { return []byte("secret|" + tenant) }

func unwrap(master tink.AEAD, tenant store.TenantID, row store.Keyset) (r ring, err error) {
	h, err := handle(master, tenant, row.Keyset)
	if err != nil {
		return r, err
	}
	if r, err = ringOf(h); err != nil {
		return r, ErrSeal.Because(err)
	}
	if r.secret, err = master.Decrypt(row.Secret, secretOf(tenant)); err != nil {
		return r, ErrSeal.Because(err)
	}
	return r, nil
}

// ringOf returns a ring of the keys of h, without a secret. Tink begins what it
// encrypts with a one and the number of the key.
func ringOf(h *keyset.Handle) (r ring, err error) {
	newest, err := h.Primary()
	if err != nil {
		return r, err
	}
	r.prefix, r.keys = binary.BigEndian.AppendUint32([]byte{1}, newest.KeyID()), h.Len()
	r.aead, err = aead.New(h)
	return r, err
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
