package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A HostKey is the key by which a server is known: the one that a person
// trusted or, before that, the one it showed.
type HostKey struct {
	KeyName
	Trusted bool     `json:"trusted"`
	Offered *KeyName `json:"offered,omitempty" doc:"The key it shows now, if that is not the trusted one"`

	TrustedWire []byte `json:"-"` // as SSH sends it
	OfferedWire []byte `json:"-"`
}

// A KeyName tells public keys apart.
type KeyName struct {
	Type        string `json:"type" example:"ssh-ed25519"`
	Fingerprint string `json:"fingerprint" example:"SHA256:uNiVztksCsDhcc0u9e8BrrvA4LIZhXnxbrAJBkTPQpQ"`
}

// NameKey returns the type and the SHA-256 fingerprint of a public key in wire form.
func NameKey(wire []byte) KeyName {
	sum := sha256.Sum256(wire)
	v := KeyName{Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])}
	if len(wire) > 4 {
		if n := int(binary.BigEndian.Uint32(wire)); n <= len(wire)-4 {
			v.Type = string(wire[4 : 4+n])
		}
	}
	return v
}

func hostKeyOf(trusted, offered []byte) *HostKey {
	v := &HostKey{Trusted: len(trusted) > 0, TrustedWire: trusted, OfferedWire: offered}
	switch {
	case v.Trusted && len(offered) > 0:
		name := NameKey(offered)
		v.Offered = &name
		fallthrough
	case v.Trusted:
		v.KeyName = NameKey(trusted)
	case len(offered) > 0:
		v.KeyName = NameKey(offered)
	default:
		return nil
	}
	return v
}

// ErrHostKeyOther says that a person decided about a key which the server does not show any more.
var ErrHostKeyOther = fault.New(fault.Conflict, "server.host_key_other",
	"The server shows another host key than the one you were shown. Look at the new one and decide again.")

// OfferHostKey keeps a key that a server showed and nobody trusted yet. The
// trusted one stays.
func (t Tenant) OfferHostKey(ctx context.Context, id string, wire []byte) error {
	return known(sq.Exec(ctx, t.db, `INSERT INTO host_keys (tenant_id, server_id, offered, offered_at) VALUES (@tenant, @id, @key, @at)
		ON CONFLICT (tenant_id, server_id) DO UPDATE SET offered = excluded.offered, offered_at = excluded.offered_at`,
		sql.Named("id", id), sql.Named("key", wire), sql.Named("at", t.store.Now().UnixMilli())))
}

// ForgetOffered forgets an offered key, because the server shows the trusted one again.
func (t Tenant) ForgetOffered(ctx context.Context, id string) error {
	err := known(sq.Exec(ctx, t.db, `UPDATE host_keys SET offered = NULL, offered_at = NULL
		WHERE tenant_id = @tenant AND server_id = @id AND offered IS NOT NULL`, sql.Named("id", id)))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// TrustHostKey pins the key that a server showed, if it is the one with this fingerprint.
func (t Tenant) TrustHostKey(ctx context.Context, id, fingerprint string) (out Server, err error) {
	err = t.changeWith(ctx, "servers.trust_host_key", id, map[string]string{"fingerprint": fingerprint}, func(t Tenant) error {
		v, err := t.Server(ctx, id)
		switch {
		case err != nil:
			return err
		case v.HostKey == nil:
			return ErrHostKeyOther
		case v.HostKey.Trusted && v.HostKey.Offered == nil && v.HostKey.Fingerprint == fingerprint:
			out = v // it is trusted already
			return nil
		case len(v.HostKey.OfferedWire) == 0 || NameKey(v.HostKey.OfferedWire).Fingerprint != fingerprint:
			return ErrHostKeyOther
		}
		if err := t.pin(ctx, id, v.HostKey.OfferedWire); err != nil {
			return err
		}
		out, err = t.Server(ctx, id)
		return err
	})
	return out, err
}

func (t Tenant) pin(ctx context.Context, id string, wire []byte) error {
	return sq.Exec(ctx, t.db, `UPDATE host_keys SET trusted = @key, trusted_at = @at, offered = NULL, offered_at = NULL
		WHERE tenant_id = @tenant AND server_id = @id`,
		sql.Named("id", id), sql.Named("key", wire), sql.Named("at", t.store.Now().UnixMilli()))
}
