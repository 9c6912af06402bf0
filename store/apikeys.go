package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"unity.internal/store/internal/sq"
)

// An APIKey acts for its maker in one tenant, with some of their permissions.
// Only its SHA-256 is kept; it goes with its maker's membership.
type APIKey struct {
	ID          string     `json:"id"`
	Tenant      TenantID   `json:"-"`
	User        string     `json:"user_id" doc:"Who made it"`
	Name        string     `json:"name"`
	Hint        string     `json:"hint" doc:"Its last letters"`
	Permissions []string   `json:"permissions" nullable:"false"`
	Created     time.Time  `json:"created_at"`
	Expires     *time.Time `json:"expires_at" nullable:"true"`
	Used        *time.Time `json:"used_at" nullable:"true"`
	Hash        []byte     `json:"-"`
}

const apiKeyCols = "id, tenant_id, user_id, name, hint, permissions, created_at, expires_at, used_at, hash" //nolint:gosec // names of columns

func scanAPIKey(r sq.Row) (v APIKey, err error) {
	var permissions string
	var created int64
	var expires, used *int64
	err = r.Scan(&v.ID, &v.Tenant, &v.User, &v.Name, &v.Hint, &permissions, &created, &expires, &used, &v.Hash)
	if err == nil {
		err = json.Unmarshal([]byte(permissions), &v.Permissions)
	}
	v.Created, v.Expires, v.Used = time.UnixMilli(created).UTC(), moment(expires), moment(used)
	return v, err
}

// CreateAPIKey stores a key; its maker has to be a member: else ErrNotFound.
func (t Tenant) CreateAPIKey(ctx context.Context, v APIKey) (out APIKey, err error) {
	permissions, err := json.Marshal(append([]string{}, v.Permissions...))
	if err != nil {
		return v, err
	}
	err = t.changeWith(ctx, "auth.api_key_create", v.ID, &diff{after: v}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db, scanAPIKey, `INSERT INTO api_keys (tenant_id, id, user_id, name, hint, hash, permissions, created_at, expires_at)
			VALUES (@tenant, @id, @user, @name, @hint, @hash, @permissions, @now, @expires) RETURNING `+apiKeyCols,
			sql.Named("id", v.ID), sql.Named("user", v.User), sql.Named("name", v.Name), sql.Named("hint", v.Hint), sql.Named("hash", v.Hash),
			sql.Named("permissions", string(permissions)), sql.Named("now", t.store.Now().UnixMilli()), sql.Named("expires", millis(v.Expires)))
		return err
	})
	return out, err
}

// DeleteAPIKey ends a key.
func (t Tenant) DeleteAPIKey(ctx context.Context, v APIKey) error {
	return t.changeWith(ctx, "auth.api_key_delete", v.ID, &diff{before: v}, func(t Tenant) error {
		return sq.Exec(ctx, t.db, `DELETE FROM api_keys WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", v.ID))
	})
}

// APIKeys returns every key of every tenant, for the memory of app/auth.
func (y System) APIKeys(ctx context.Context) ([]APIKey, error) {
	all, err := sq.Many(ctx, y.db(), scanAPIKey, `SELECT `+apiKeyCols+` FROM api_keys`)
	return all, known(err)
}

// SeeAPIKey stamps when a key was last used.
func (t Tenant) SeeAPIKey(ctx context.Context, id string, at time.Time) error {
	return known(some(sq.Exec(ctx, t.db, `UPDATE api_keys SET used_at = @at WHERE tenant_id = @tenant AND id = @id`,
		sql.Named("id", id), sql.Named("at", at.UnixMilli()))))
}
