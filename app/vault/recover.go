package vault

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// ErrKeyExists says that another master key is in the way.
var ErrKeyExists = fault.New(fault.Conflict, "vault.key_exists",
	"Another "+KeyFile+" is in the data directory already. Move it away, or choose an empty directory.")

// A Lock proves a master key without the database.
type Lock struct {
	Instance string `json:"instance"`
	Salt     []byte `json:"salt,omitempty"`
	Proof    []byte `json:"proof"`
}

// A Key is a master key outside of a vault. It never prints or marshals.
type Key struct {
	raw     func() []byte // of a func fmt prints an address at most
	derived bool          // from a passphrase: no file holds it
}

// ParseKey returns the key that the text of a key file holds.
func ParseKey(text []byte) (Key, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != keySize {
		return Key{}, ErrWrongKey
	}
	return Key{raw: func() []byte { return raw }}, nil
}

// PassphraseKey derives the key of a vault that opens with a passphrase.
func (l Lock) PassphraseKey(passphrase []byte) Key {
	raw := derive(passphrase, l.Salt)
	return Key{raw: func() []byte { return raw }, derived: true}
}

// MarshalJSON refuses.
func (Key) MarshalJSON() ([]byte, error) { return nil, seal.ErrSealed }

// MarshalText refuses.
func (Key) MarshalText() ([]byte, error) { return nil, seal.ErrSealed }

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue("[key]") }

// Format hides the key from every verb.
func (Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[key]") }

// Lock returns what proves the master key of this vault.
func (v *Vault) Lock(ctx context.Context) (Lock, error) {
	row, err := v.store.System().Vault(ctx)
	return Lock{Instance: row.Instance, Salt: row.Salt, Proof: row.Proof}, err
}

// Wants says what opens the vault: file or passphrase.
func (l Lock) Wants() string {
	if l.Salt != nil {
		return byPassphrase
	}
	return byFile
}

// Opens returns ErrWrongKey unless k is the master key.
func (l Lock) Opens(k Key) error {
	if k.raw == nil {
		return ErrWrongKey
	}
	_, err := prove(store.VaultRow{Instance: l.Instance, Salt: l.Salt, Proof: l.Proof}, k.raw())
	return err
}

// WriteKey puts k into the data directory, never over another key. A key that
// comes from a passphrase stands in no file.
func WriteKey(dir string, k Key) error {
	if k.raw == nil {
		return ErrWrongKey
	}
	if k.derived {
		return nil
	}
	path := filepath.Join(dir, KeyFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's data directory
	if errors.Is(err, fs.ErrExist) {
		if old, err := readKey(path); err != nil || subtle.ConstantTimeCompare(old, k.raw()) == 0 {
			return ErrKeyExists.Because(err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(k.raw()) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return syncDir(dir)
}
