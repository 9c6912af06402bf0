package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"unity.internal/store/internal/sq"
)

// An Invitation lets the holder of its link join the tenant, once. Only the
// SHA-256 of the link's token is kept.
type Invitation struct {
	ID      string     `json:"id"`
	Email   string     `json:"email" doc:"Whom it was meant for; empty: whoever holds the link"`
	Role    string     `json:"role" enum:"owner,admin,member,viewer"`
	Grants  []string   `json:"grants" nullable:"false"`
	By      string     `json:"invited_by"`
	Created time.Time  `json:"created_at"`
	Expires time.Time  `json:"expires_at"`
	Used    *time.Time `json:"used_at" nullable:"true"`
	UsedBy  string     `json:"used_by"`
	Hash    []byte     `json:"-"`
}

const invitationCols = "id, email, role, grants, invited_by, created_at, expires_at, used_at, used_by, hash"

func scanInvitation(r sq.Row) (v Invitation, err error) {
	var grants string
	var created, expires int64
	var used *int64
	err = r.Scan(&v.ID, &v.Email, &v.Role, &grants, &v.By, &created, &expires, &used, &v.UsedBy, &v.Hash)
	if err == nil {
		err = json.Unmarshal([]byte(grants), &v.Grants)
	}
	v.Created, v.Expires, v.Used = time.UnixMilli(created).UTC(), time.UnixMilli(expires).UTC(), moment(used)
	return v, err
}

const invitationsNewest = `SELECT ` + invitationCols + ` FROM invitations
	WHERE tenant_id = @tenant AND (created_at, id) < (@key, @id) AND email LIKE @like ESCAPE '\'
	ORDER BY created_at DESC, id DESC LIMIT @limit`

// Invitations returns one page of the invitations whose address contains l.Q, newest first.
func (t Tenant) Invitations(ctx context.Context, l List) (Page[Invitation], error) {
	return page(l, maxTime, func(args ...any) ([]Invitation, error) {
		return sq.Many(ctx, t.db, scanInvitation, invitationsNewest, args...)
	}, func(v Invitation) cursor[int64] { return cursor[int64]{v.Created.UnixMilli(), v.ID} })
}

// CreateInvitation stores v, whose id the caller minted.
func (t Tenant) CreateInvitation(ctx context.Context, v Invitation) (out Invitation, err error) {
	grants, err := json.Marshal(append([]string{}, v.Grants...))
	if err != nil {
		return v, err
	}
	err = t.changeWith(ctx, "invitations.create", v.ID, &diff{after: v}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db, scanInvitation, `INSERT INTO invitations (tenant_id, id, email, role, grants, hash, invited_by, created_at, expires_at)
			VALUES (@tenant, @id, @email, @role, @grants, @hash, @by, @now, @expires) RETURNING `+invitationCols,
			sql.Named("id", v.ID), sql.Named("email", v.Email), sql.Named("role", v.Role), sql.Named("grants", string(grants)), sql.Named("hash", v.Hash),
			sql.Named("by", t.actor), sql.Named("now", t.store.Now().UnixMilli()), sql.Named("expires", v.Expires.UnixMilli()))
		return err
	})
	return out, err
}

// DeleteInvitation takes an invitation back; one that was taken cannot be.
func (t Tenant) DeleteInvitation(ctx context.Context, id string) error {
	return t.change(ctx, "invitations.delete", id, func(t Tenant) error {
		return sq.Exec(ctx, t.db, `DELETE FROM invitations WHERE tenant_id = @tenant AND id = @id AND used_at IS NULL`, sql.Named("id", id))
	})
}

// UseInvitation marks an invitation as taken by user, or fails with ErrNotFound
// if it was taken or taken back meanwhile, or has run out.
func (t Tenant) UseInvitation(ctx context.Context, id, user string) error {
	return t.change(ctx, "invitations.use", id, func(t Tenant) error {
		return sq.Exec(ctx, t.db, `UPDATE invitations SET used_at = @now, used_by = @user
			WHERE tenant_id = @tenant AND id = @id AND used_at IS NULL AND expires_at > @now`,
			sql.Named("id", id), sql.Named("user", user), sql.Named("now", t.store.Now().UnixMilli()))
	})
}

// InvitationByHash returns the invitation whose token has this SHA-256, with its
// tenant, or ErrNotFound.
func (y System) InvitationByHash(ctx context.Context, hash []byte) (tenant TenantID, v Invitation, err error) {
	tenant, err = sq.One(ctx, y.db(), func(r sq.Row) (id TenantID, err error) {
		err = r.Scan(&id)
		return id, err
	}, `SELECT tenant_id FROM invitations WHERE hash = @hash`, sql.Named("hash", hash))
	if err != nil {
		return "", v, known(err)
	}
	v, err = sq.One(ctx, y.Tenant(tenant).db, scanInvitation, `SELECT `+invitationCols+` FROM invitations WHERE tenant_id = @tenant AND hash = @hash`,
		sql.Named("hash", hash))
	return tenant, v, known(err)
}
