package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// nextFile holds a new master key until everything is wrapped by it.
const nextFile = KeyFile + ".new"

var (
	// ErrCredential says that the master key is not the appliance's to replace.
	ErrCredential = fault.New(fault.Conflict, "vault.credential",
		"systemd hands the master key over, so Unity cannot replace it. Stop the service, decrypt the credential to "+KeyFile+
			" in the data directory, run unity vault rotate --master there, and encrypt the new "+KeyFile+" with systemd-creds again.")
	// ErrNoPassphrase says that the vault needs a new passphrase.
	ErrNoPassphrase = fault.New(fault.Invalid, "vault.passphrase_needed", "This vault opens with a passphrase. Give a new one.")
	// ErrNoFile says that a passphrase was given to a vault with a key file.
	ErrNoFile = fault.New(fault.Invalid, "vault.has_file", "This vault opens with "+KeyFile+", not with a passphrase. Rotate it without one.")
)

// An Ask says what to rotate: the master key, the keys of one tenant, or those of all.
type Ask struct {
	Master     bool
	Tenant     store.TenantID
	Passphrase []byte // the new one, of a vault that opens with one
}

// MayRotateMaster returns why RotateMaster would refuse.
func (v *Vault) MayRotateMaster(ctx context.Context, passphrase []byte) error {
	if _, err := v.opened(); err != nil {
		return err
	}
	row, err := v.store.System().Vault(ctx)
	if err != nil {
		return err
	}
	return v.mayRotate(row, passphrase)
}

func (v *Vault) mayRotate(row store.VaultRow, passphrase []byte) error {
	switch kind := v.source.kind(row.Salt); {
	case kind == byCredential:
		return ErrCredential
	case kind == byPassphrase && len(passphrase) == 0:
		return ErrNoPassphrase
	case kind == byFile && len(passphrase) > 0:
		return ErrNoFile
	}
	return nil
}

// RotateMaster replaces the master key: by a new file, or by passphrase where the
// vault has one. It may be cut off anywhere: one of the two keys always opens the
// vault, and the next start finds out which.
func (v *Vault) RotateMaster(ctx context.Context, y store.System, passphrase []byte) error {
	v.wrapping.Lock()
	defer v.wrapping.Unlock()
	if _, err := v.opened(); err != nil {
		return err
	}
	row, err := y.Vault(ctx)
	if err != nil {
		return err
	}
	key, err := v.nextKey(&row, passphrase)
	if err != nil {
		return err
	}
	err = v.rewrap(ctx, y, row, key)
	// What is stored decides which key is in use, and which file stays, whatever err says.
	stored, err2 := y.Vault(context.WithoutCancel(ctx))
	if err2 != nil {
		return errors.Join(err, err2)
	}
	if master, wrong := prove(stored, key); wrong == nil {
		v.mu.Lock()
		v.master, v.key = master, KeyOf(key)
		v.turns++
		v.mu.Unlock()
	}
	return errors.Join(err, v.source.settle(stored))
}

// nextKey makes the new master key, and keeps it where it will be found.
func (v *Vault) nextKey(row *store.VaultRow, passphrase []byte) ([]byte, error) {
	if err := v.mayRotate(*row, passphrase); err != nil {
		return nil, err
	}
	if row.Salt != nil {
		row.Salt = make([]byte, saltSize)
		if _, err := rand.Read(row.Salt); err != nil {
			return nil, err
		}
		return derive(passphrase, row.Salt), nil
	}
	if err := v.source.settle(*row); err != nil { // what a failure left is in the way
		return nil, err
	}
	return newKeyFile(filepath.Join(v.source.Dir, nextFile))
}

// rewrap has everything wrapped by key.
func (v *Vault) rewrap(ctx context.Context, y store.System, row store.VaultRow, key []byte) error {
	old, err := v.opened()
	if err != nil {
		return err
	}
	next, err := subtle.NewAESGCM(key)
	if err != nil {
		return err
	}
	if row.Proof, err = next.Encrypt([]byte(proofText), []byte(row.Instance)); err != nil {
		return err
	}
	// Nobody shall have to open what was just wrapped with the key of before.
	if err := v.each(ctx, func(store.TenantID, ring) {}); err != nil {
		return err
	}
	err = y.Rewrap(context.WithoutCancel(ctx), row, func(tenant store.TenantID, k store.Keyset) (store.Keyset, error) {
		return rewrapped(old, next, tenant, k)
	})
	if err != nil {
		return fmt.Errorf("wrap keysets anew: %w", err)
	}
	return nil
}

func rewrapped(old, next tink.AEAD, tenant store.TenantID, k store.Keyset) (store.Keyset, error) {
	h, err := handle(old, tenant, k.Keyset)
	if err != nil {
		return k, err
	}
	secret, err := old.Decrypt(k.Secret, secretOf(tenant))
	if err != nil {
		return k, ErrSeal.Because(err)
	}
	if k.Keyset, err = wrap(next, tenant, h); err != nil {
		return k, err
	}
	k.Secret, err = next.Encrypt(secret, secretOf(tenant))
	return k, err
}

// settle ends what a rotation of the key file left: the new file takes the place
// of the old one if it opens the vault of row, and goes if the old one does.
func (s Source) settle(row store.VaultRow) error {
	if s.kind(row.Salt) != byFile {
		return nil
	}
	path, next := filepath.Join(s.Dir, KeyFile), filepath.Join(s.Dir, nextFile)
	if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if key, err := readKey(path); err == nil && opens(row, key) {
		return errors.Join(os.Remove(next), syncDir(s.Dir))
	}
	if key, err := readKey(next); err != nil || !opens(row, key) {
		return nil //nolint:nilerr // neither opens it: the vault says so, and a person must look
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("put the new master key in its place: %w", err)
	}
	return syncDir(s.Dir)
}

// opens reports whether key is the master key of row.
func opens(row store.VaultRow, key []byte) bool {
	_, err := prove(row, key)
	return err == nil
}
