package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A Membership is the role of one user in one tenant, and what they may beyond it.
type Membership struct {
	Tenant TenantID `json:"tenant_id"`
	User   string   `json:"user_id"`
	Role   string   `json:"role" enum:"owner,admin,member,viewer"`
	Grants []string `json:"grants" nullable:"false" doc:"Permissions beyond the role"`
	// Source is who keeps it: a person, an invitation, or the claims of a provider.
	Source  string    `json:"source" enum:"person,invitation,provider"`
	By      string    `json:"given_by" doc:"Who gave it: a user's or a provider's id, or system"`
	Created time.Time `json:"created_at"`
}

// The sources of a membership.
const (
	FromPerson     = "person"
	FromInvitation = "invitation"
	FromProvider   = "provider"
)

// ErrLastOwner says that a tenant needs an owner.
var ErrLastOwner = fault.New(fault.Conflict, "member.last_owner", "This is the last owner here. Make somebody else an owner first.")

const memberCols = "tenant_id, user_id, role, grants, source, given_by, created_at"

func scanMember(r sq.Row) (m Membership, err error) {
	var grants string
	var created int64
	err = r.Scan(&m.Tenant, &m.User, &m.Role, &grants, &m.Source, &m.By, &created)
	if err == nil {
		err = json.Unmarshal([]byte(grants), &m.Grants)
	}
	m.Created = time.UnixMilli(created).UTC()
	return m, err
}

// A Person is a member with what a list shows of them.
type Person struct {
	Membership
	Username     string     `json:"username"`
	Active       bool       `json:"is_active"`
	SecondFactor bool       `json:"second_factor" doc:"Has one"`
	Seen         *time.Time `json:"seen_at" nullable:"true"`
}

// People returns the members of the tenant, by name.
func (t Tenant) People(ctx context.Context) ([]Person, error) {
	all, err := sq.Many(ctx, t.db, func(r sq.Row) (v Person, err error) {
		var grants string
		var created int64
		var seen *int64
		err = r.Scan(&v.Tenant, &v.User, &v.Role, &grants, &v.Source, &v.By, &created, &v.Username, &v.Active, &v.SecondFactor, &seen)
		if err == nil {
			err = json.Unmarshal([]byte(grants), &v.Grants)
		}
		v.Created, v.Seen = time.UnixMilli(created).UTC(), moment(seen)
		return v, err
	}, `SELECT m.tenant_id, m.user_id, m.role, m.grants, m.source, m.given_by, m.created_at, u.username, u.is_active,
		EXISTS (SELECT 1 FROM totp WHERE totp.user_id = u.id AND confirmed_at IS NOT NULL) OR EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = u.id),
		u.seen_at FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = @tenant ORDER BY u.name_key`)
	return all, known(err)
}

// Member returns what one user is in the tenant, or ErrNotFound.
func (t Tenant) Member(ctx context.Context, user string) (Membership, error) {
	m, err := sq.One(ctx, t.db, scanMember, `SELECT `+memberCols+` FROM memberships WHERE tenant_id = @tenant AND user_id = @user`, sql.Named("user", user))
	return m, known(err)
}

// SetMember makes m.User a member, or changes what they are. The last owner
// stays one.
func (t Tenant) SetMember(ctx context.Context, m Membership) error {
	grants, err := json.Marshal(append([]string{}, m.Grants...))
	if err != nil {
		return err
	}
	m.Tenant, m.Source, m.By = t.ID, cmp.Or(m.Source, FromPerson), cmp.Or(m.By, t.actor)
	return t.Tx(ctx, func(t Tenant) error {
		old, err := t.Member(ctx, m.User)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		owned := old.Role == "owner"
		d := &diff{before: old, after: m}
		if old.User == "" {
			d.before = nil
		}
		return t.changeWith(ctx, "members.set", m.User, d, func(t Tenant) error {
			if old.User == "" {
				if err := t.within(ctx, QuotaUsers); err != nil {
					return err
				}
			}
			err := sq.Exec(ctx, t.db, `INSERT INTO memberships (tenant_id, user_id, role, grants, source, given_by, created_at)
				VALUES (@tenant, @user, @role, @grants, @source, @by, @now)
				ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role, grants = excluded.grants, source = excluded.source, given_by = excluded.given_by`,
				sql.Named("user", m.User), sql.Named("role", m.Role), sql.Named("grants", string(grants)), sql.Named("source", m.Source),
				sql.Named("by", m.By), sql.Named("now", t.store.Now().UnixMilli()))
			if err != nil || !owned || m.Role == "owner" {
				return err
			}
			return t.owned(ctx)
		})
	})
}

// DeleteMember takes somebody out of the tenant, with their keys. The last owner stays.
func (t Tenant) DeleteMember(ctx context.Context, user string) error {
	return t.Tx(ctx, func(t Tenant) error {
		m, err := t.Member(ctx, user)
		if err != nil {
			return err
		}
		return t.changeWith(ctx, "members.delete", user, &diff{before: m}, func(t Tenant) error {
			err := sq.Exec(ctx, t.db, `DELETE FROM memberships WHERE tenant_id = @tenant AND user_id = @user`, sql.Named("user", user))
			if err != nil || m.Role != "owner" {
				return err
			}
			return t.owned(ctx)
		})
	})
}

// owned fails with ErrLastOwner when the tenant has no owner any more.
func (t Tenant) owned(ctx context.Context) error {
	there, err := sq.One(ctx, t.db, scanBool, `SELECT EXISTS (SELECT 1 FROM memberships WHERE tenant_id = @tenant AND role = 'owner')`)
	if err == nil && !there {
		return ErrLastOwner
	}
	return err
}

// Memberships returns every membership of every tenant.
func (y System) Memberships(ctx context.Context) ([]Membership, error) {
	all, err := sq.Many(ctx, y.db(), scanMember, `SELECT `+memberCols+` FROM memberships`)
	return all, known(err)
}
