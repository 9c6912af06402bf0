package store

import (
	"context"
	"database/sql"
	"time"

	"unity.internal/store/internal/sq"
)

// The kinds of links that work once.
const (
	LinkReset  = "reset"   // sets a password
	LinkSignIn = "sign_in" // signs in, whatever else is switched off
)

// A Link lets its holder act for a user once. Only the SHA-256 of its token is kept.
type Link struct {
	Hash    []byte
	User    string
	Kind    string
	Expires time.Time
}

// CreateLink keeps a link; earlier ones of the user and the kind end.
func (y System) CreateLink(ctx context.Context, v Link) error {
	return y.own.changeWith(ctx, "users.link", v.User, map[string]string{"kind": v.Kind}, func(t Tenant) error {
		now := t.store.Now().UnixMilli()
		err := some(sq.Exec(ctx, t.db.System(), `DELETE FROM links WHERE (user_id = @user AND kind = @kind) OR expires_at <= @now`,
			sql.Named("user", v.User), sql.Named("kind", v.Kind), sql.Named("now", now)))
		if err != nil {
			return err
		}
		return sq.Exec(ctx, t.db.System(), `INSERT INTO links (hash, user_id, kind, created_at, expires_at) VALUES (@hash, @user, @kind, @now, @expires)`,
			sql.Named("hash", v.Hash), sql.Named("user", v.User), sql.Named("kind", v.Kind), sql.Named("now", now), sql.Named("expires", v.Expires.UnixMilli()))
	})
}

// Link returns the user of a link that is still good, or ErrNotFound.
func (y System) Link(ctx context.Context, hash []byte, kind string) (user string, err error) {
	user, err = sq.One(ctx, y.db(), scanID, `SELECT user_id FROM links WHERE hash = @hash AND kind = @kind AND expires_at > @now`,
		sql.Named("hash", hash), sql.Named("kind", kind), sql.Named("now", y.own.store.Now().UnixMilli()))
	return user, known(err)
}

// UseLink uses a link up and returns its user, or ErrNotFound.
func (y System) UseLink(ctx context.Context, hash []byte, kind string) (user string, err error) {
	err = y.Tx(ctx, func(y System) error {
		user, err = sq.Returning(ctx, y.db(), scanID, `DELETE FROM links WHERE hash = @hash AND kind = @kind AND expires_at > @now RETURNING user_id`,
			sql.Named("hash", hash), sql.Named("kind", kind), sql.Named("now", y.own.store.Now().UnixMilli()))
		return err
	})
	return user, err
}
