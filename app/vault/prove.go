package vault

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	// ErrOlderKey says that a database was sealed before the master key was replaced.
	ErrOlderKey = fault.New(fault.Conflict, "vault.older_key", "The key is right for this appliance, but that moment was sealed under an older master key. Give the key of then, or choose a moment after it was replaced.")
	// ErrKeyThere says that another master key is where one would be written.
	ErrKeyThere = fault.New(fault.Conflict, "vault.key_exists", "There is another master key in the data directory, and it is not overwritten. Move it away first.")
)

// A Lock tells the right master key from a wrong one. It opens nothing, so it
// may stand beside a replica.
type Lock struct {
	Instance string `json:"instance"`
	Salt     []byte `json:"salt,omitempty"` // of a passphrase; none: the key is in a file
	Proof    []byte `json:"proof"`
}

// Lock returns the lock of this vault, which need not be open.
func (v *Vault) Lock(ctx context.Context) (Lock, error) {
	row, err := v.store.System().Vault(ctx)
	return Lock{row.Instance, row.Salt, row.Proof}, err
}

// Wants says what opens it: "file" or "passphrase".
func (l Lock) Wants() string {
	if l.Salt != nil {
		return byPassphrase
	}
	return byFile
}

// A Key opens a vault. It never prints: a func holds it.
type Key struct{ bytes func() []byte }

// KeyOf returns the key that lies in 32 bytes.
func KeyOf(key []byte) Key { return Key{func() []byte { return key }} }

// Text returns the key as master.key has it.
func (k Key) Text() string { return base64.StdEncoding.EncodeToString(k.bytes()) + "\n" }

// Key returns what a person typed as a key of this lock: the text of master.key,
// or the passphrase. It may be the wrong one.
func (l Lock) Key(text string) (Key, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err == nil && len(key) == keySize {
		return KeyOf(key), nil // a recovery kit holds the key of a passphrase, too
	}
	if l.Salt == nil {
		return Key{}, ErrWrongKey
	}
	return KeyOf(derive([]byte(text), l.Salt)), nil
}

// Opens fails with ErrWrongKey if k is not the master key.
func (l Lock) Opens(k Key) error {
	_, err := prove(store.VaultRow{Instance: l.Instance, Salt: l.Salt, Proof: l.Proof}, k.bytes())
	return err
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
	master, err := subtle.NewAESGCM(k.bytes())
	if err != nil {
		return "", ErrWrongKey.Because(err)
	}
	err = store.Peek(path, func(y store.System) error {
		what, err = openOne(ctx, y, master)
		return err
	})
	return what, err
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
		found, err := t.SealedBefore(ctx, p, "", nil)
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

// WriteKey puts a master key into a file that only the owner may read. The same
// key may be there already; another one is never overwritten.
func WriteKey(path string, k Key) error {
	if text, err := os.ReadFile(path); !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // the operator's data directory
		if err == nil && strings.TrimSpace(string(text)) != strings.TrimSpace(k.Text()) {
			err = ErrKeyThere
		}
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's data directory
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	_, err = f.WriteString(k.Text())
	return errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}
