package vault

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/crypto/argon2"
	"unity.internal/store"
)

const (
	// KeyFile is the name of the master key in the data directory.
	KeyFile = "master.key"
	// credential is its name among the credentials that systemd hands over.
	credential = "unity-master-key"
	proofText  = "unity vault"
	// A passphrase becomes the master key by argon2id: RFC 9106's second choice,
	// at an amount of memory that a small box can spare.
	passTime, passMemory, passThreads = 4, 32 * 1024, 1
	saltSize                          = 16
)

// The ways to the master key.
const (
	byFile       = "file"
	byCredential = "credential"
	byPassphrase = "passphrase"
)

// A Source says where the master key may come from.
type Source struct {
	Dir         string // the data directory
	Credentials string // $CREDENTIALS_DIRECTORY of systemd; empty: none
	Passphrase  []byte // empty: none was given
	Last        Key    // what opened it before a restart in place; it stands in for a passphrase
}

// Attach finds the vault of s, making it on a new appliance, and opens it if
// the master key is at hand. A vault that stays locked is no error.
func (v *Vault) Attach(ctx context.Context, s *store.Store, from Source) error {
	v.mu.Lock()
	v.store, v.source, v.rings, v.reason = s, from, map[store.TenantID]ring{}, "The vault is locked."
	v.mu.Unlock()
	row, err := s.System().Vault(ctx)
	if errors.Is(err, store.ErrNotFound) {
		row, err = v.create(ctx, from)
	}
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.instance = row.Instance
	v.mu.Unlock()
	if err := from.settle(row); err != nil {
		return err
	}
	key, err := from.key(row.Salt)
	if err != nil {
		return v.lock(err)
	}
	if key == nil && from.Last.raw != nil {
		key = from.Last.raw()
	}
	if key == nil {
		return nil
	}
	err = v.open(ctx, row, key)
	if errors.Is(err, ErrWrongKey) && from.kind(row.Salt) == byCredential {
		err = v.beside(ctx, row, from, err)
	}
	if err != nil {
		return v.lock(err)
	}
	return nil
}

// beside tries the file where the credential of this box does not open the vault:
// a restore from another box brought its own key.
func (v *Vault) beside(ctx context.Context, row store.VaultRow, from Source, wrong error) error {
	key, err := readKey(filepath.Join(from.Dir, KeyFile))
	if err != nil {
		return wrong
	}
	return v.open(ctx, row, key)
}

// lock keeps the reason why the vault is locked. What is no matter of keys is returned.
func (v *Vault) lock(err error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case errors.Is(err, ErrWrongKey):
		v.reason = "The master key that was found does not open this vault. Put the right " + KeyFile + " into the data directory and start again."
	case errors.Is(err, fs.ErrNotExist):
		v.reason = "The master key is missing. Put " + KeyFile + " back into the data directory and start again."
	default:
		return err
	}
	return nil
}

// Unlock opens a passphrase-protected vault.
func (v *Vault) Unlock(ctx context.Context, passphrase []byte) error {
	row, err := v.store.System().Vault(ctx)
	if err != nil {
		return err
	}
	if row.Salt == nil {
		return ErrWrongKey
	}
	return v.open(ctx, row, derive(passphrase, row.Salt))
}

// create makes the vault of a new appliance. A passphrase takes the place of the file.
func (v *Vault) create(ctx context.Context, from Source) (row store.VaultRow, err error) {
	row.Instance = store.NewID()
	if len(from.Passphrase) > 0 {
		row.Salt = make([]byte, saltSize)
		if _, err := rand.Read(row.Salt); err != nil {
			return row, err
		}
	}
	key, err := from.key(row.Salt)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = newKeyFile(filepath.Join(from.Dir, KeyFile))
	}
	if err != nil {
		return row, err
	}
	master, err := subtle.NewAESGCM(key)
	if err != nil {
		return row, err
	}
	if row.Proof, err = master.Encrypt([]byte(proofText), []byte(row.Instance)); err != nil {
		return row, err
	}
	return row, v.store.System().CreateVault(ctx, row)
}

// open checks key against the proof and begins to use it.
func (v *Vault) open(ctx context.Context, row store.VaultRow, key []byte) error {
	master, err := prove(row, key)
	if err != nil {
		return err
	}
	return v.use(ctx, master, key)
}

// prove returns what key opens, if it is the master key of row.
func prove(row store.VaultRow, key []byte) (tink.AEAD, error) {
	master, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, ErrWrongKey.Because(err)
	}
	if proof, err := master.Decrypt(row.Proof, []byte(row.Instance)); err != nil || string(proof) != proofText {
		return nil, ErrWrongKey.Because(err)
	}
	return master, nil
}

// use makes the keysets that are missing: those of the tenants of a new database.
func (v *Vault) use(ctx context.Context, master tink.AEAD, key []byte) error {
	v.mu.Lock()
	v.master, v.key, v.reason = master, KeyOf(key), ""
	v.mu.Unlock()
	tenants, err := v.store.System().AllTenants(ctx)
	if err != nil {
		return err
	}
	ids := []store.TenantID{store.SystemTenant}
	for _, t := range tenants {
		ids = append(ids, t.ID)
	}
	for _, id := range ids {
		if _, err := v.store.Tenant(id).Keyset(ctx); !errors.Is(err, store.ErrNotFound) {
			if err != nil {
				return err
			}
			continue
		}
		err := v.AddTenant(ctx, id)
		// One that is being deleted has none any more, one that is being imported not yet.
		if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrImporting) {
			return err
		}
	}
	return nil
}

// key returns the master key; nil if only a passphrase opens the vault and
// neither it nor a key was given; fs.ErrNotExist if there is no file.
func (s Source) key(salt []byte) ([]byte, error) {
	if salt != nil {
		if len(s.Passphrase) > 0 {
			return derive(s.Passphrase, salt), nil
		}
		key, err := readKey(filepath.Join(s.Dir, KeyFile)) // of a recovery kit, whose owner forgot the passphrase
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return key, err
	}
	if s.kind(nil) == byCredential {
		return readKey(filepath.Join(s.Credentials, credential))
	}
	return readKey(filepath.Join(s.Dir, KeyFile))
}

// kind says where the master key of a vault comes from.
func (s Source) kind(salt []byte) string {
	if salt != nil {
		return byPassphrase
	}
	if s.Credentials != "" {
		if _, err := os.Stat(filepath.Join(s.Credentials, credential)); !errors.Is(err, fs.ErrNotExist) {
			return byCredential
		}
	}
	return byFile
}

// readKey returns the master key in a file, or fs.ErrNotExist.
func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator's data directory
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, ErrWrongKey.Because(fmt.Errorf("%s holds no key", path))
	}
	return key, nil
}

func derive(passphrase, salt []byte) []byte {
	return argon2.IDKey(passphrase, salt, passTime, passMemory, passThreads, keySize)
}

// newKeyFile writes a new master key that only the owner may read. An existing
// file is never replaced.
func newKeyFile(path string) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's data directory
	if err != nil {
		return nil, fmt.Errorf("write the master key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}

// syncDir makes the names in a directory outlive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's data directory
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
