package server

import (
	"context"
	"errors"
	"strings"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// Credentials are the secrets of a server as a person gives them: nil keeps what
// is stored, empty forgets it. They are sealed at once.
type Credentials struct {
	Password, PrivateKey, Passphrase *string
}

var errNoPassword = fault.New(fault.Invalid, "server.password_missing", "To sign in with a password, give the password.")

// where names the place of a secret for the vault.
func where(column, server string) string { return "servers|" + column + "|" + server }

// target returns v as remote connects to it.
func (s *Service) target(t store.Tenant, v store.Server) remote.Target {
	n := remote.Target{Tenant: t.ID, Server: v.ID, Host: v.Host, Port: v.Port, User: v.Username, Auth: v.Auth}
	if v.HostKey != nil {
		n.Trusted = v.HostKey.TrustedWire
	}
	n.Secrets = func(ctx context.Context) (remote.Secrets, error) { return s.open(ctx, t, v) }
	if v.ID != "" { // v may be from long ago: since then its secrets may be sealed under other keys
		n.Secrets = func(ctx context.Context) (remote.Secrets, error) {
			now, err := t.Server(ctx, v.ID)
			if err == nil && now.Rev != v.Rev {
				err = store.ErrStale // its new secrets may be meant for another machine
			}
			if err != nil {
				return remote.Secrets{}, err
			}
			return s.open(ctx, t, now)
		}
	}
	return n
}

// open opens what v needs to sign in, for one log-in.
func (s *Service) open(ctx context.Context, t store.Tenant, v store.Server) (n remote.Secrets, err error) {
	if v.Auth == remote.ByPassword {
		password, err := s.Vault.Open(ctx, t.ID, where("password", v.ID), v.Password)
		return remote.Secrets{Password: string(password)}, err
	}
	if v.PrivateKey.Ciphertext() == nil {
		return s.openOwn(ctx, t)
	}
	if n.Key, err = s.Vault.Open(ctx, t.ID, where("private_key", v.ID), v.PrivateKey); err != nil {
		return n, err
	}
	if v.Passphrase.Ciphertext() != nil {
		n.Passphrase, err = s.Vault.Open(ctx, t.ID, where("passphrase", v.ID), v.Passphrase)
	}
	return n, err
}

// seal puts c into v, and forgets what v's way of signing in does not need.
func (s *Service) seal(ctx context.Context, t store.Tenant, v *store.Server, c Credentials) error {
	if err := s.checkKey(ctx, t, *v, c); err != nil {
		return err
	}
	for _, one := range []struct {
		column, auth string
		given        *string
		to           *seal.Value
	}{
		{"password", remote.ByPassword, c.Password, &v.Password},
		{"private_key", remote.ByKey, c.PrivateKey, &v.PrivateKey},
		{"passphrase", remote.ByKey, c.Passphrase, &v.Passphrase},
	} {
		switch {
		case one.auth != v.Auth, one.given != nil && *one.given == "":
			*one.to = seal.Value{}
		case one.given != nil:
			sealed, err := s.Vault.Seal(ctx, t.ID, where(one.column, v.ID), []byte(*one.given))
			if err != nil {
				return err
			}
			*one.to = sealed
		}
	}
	if v.Auth == remote.ByPassword && v.Password.Ciphertext() == nil {
		return errNoPassword
	}
	return nil
}

// checkKey refuses a private key that could never sign in.
func (s *Service) checkKey(ctx context.Context, t store.Tenant, v store.Server, c Credentials) error {
	if v.Auth != remote.ByKey || c.PrivateKey == nil && c.Passphrase == nil {
		return nil
	}
	var stored remote.Secrets
	if v.PrivateKey.Ciphertext() != nil && (c.PrivateKey == nil || c.Passphrase == nil) {
		var err error
		if stored, err = s.open(ctx, t, v); err != nil {
			return err
		}
	}
	if c.PrivateKey != nil {
		stored.Key = []byte(*c.PrivateKey)
	}
	if c.Passphrase != nil {
		stored.Passphrase = []byte(*c.Passphrase)
	}
	if len(stored.Key) == 0 {
		return nil // the appliance's own key
	}
	_, err := remote.ParseKey(stored.Key, stored.Passphrase)
	return err
}

// A PublicKey is what a person pastes so that the appliance may sign in.
type PublicKey struct {
	PublicKey   string `json:"public_key"`
	Line        string `json:"authorized_keys_line" doc:"One line for ~/.ssh/authorized_keys: commands only, no terminal and no forwarding"`
	Fingerprint string `json:"fingerprint"`
}

// ownKey is the place of the appliance's private key for the vault.
const ownKey = "settings|ssh_private_key|own"

// PublicKey returns the appliance's own key of a tenant, which it makes once.
func (s *Service) PublicKey(ctx context.Context, t store.Tenant) (PublicKey, error) {
	k, err := s.own(ctx, t)
	if err != nil {
		return PublicKey{}, err
	}
	fp, err := remote.Fingerprint(k.Public)
	return PublicKey{k.Public, "restrict " + k.Public, fp}, err
}

func (s *Service) own(ctx context.Context, t store.Tenant) (store.SSHKey, error) {
	s.keys.Lock()
	defer s.keys.Unlock()
	k, err := t.SSHKey(ctx)
	if !errors.Is(err, store.ErrNotFound) {
		return k, err
	}
	private, public, err := remote.NewKey("unity@" + strings.Join(strings.Fields(s.Hostname), "-"))
	if err != nil {
		return k, err
	}
	sealed, err := s.Vault.Seal(ctx, t.ID, ownKey, private)
	if err != nil {
		return k, err
	}
	return t.SetSSHKey(ctx, public, sealed)
}

func (s *Service) openOwn(ctx context.Context, t store.Tenant) (n remote.Secrets, err error) {
	k, err := s.own(ctx, t)
	if err != nil {
		return n, err
	}
	n.Key, err = s.Vault.Open(ctx, t.ID, ownKey, k.Private)
	return n, err
}
