package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A User is a person. What they may do where is in their memberships.
type User struct {
	ID       string    `json:"id"`
	Rev      int64     `json:"rev"`
	Username string    `json:"username"`
	Email    string    `json:"email"`
	Admin    bool      `json:"is_admin" doc:"May administer the appliance"`
	Active   bool      `json:"is_active"`
	Created  time.Time `json:"created_at"`
	Hash     string    `json:"-"` // argon2id in PHC form
	Changed  time.Time `json:"-"` // when the password was set
}

// ErrUserTaken says that a user name exists, or one that reads like it.
var ErrUserTaken = fault.New(fault.Conflict, "user.name_taken", "A user with that name exists already. Choose another name.")

const userCols = "id, rev, username, email, password, is_admin, is_active, created_at, changed_at"

func scanUser(r sq.Row) (u User, err error) {
	var created, changed int64
	err = r.Scan(&u.ID, &u.Rev, &u.Username, &u.Email, &u.Hash, &u.Admin, &u.Active, &created, &changed)
	u.Created, u.Changed = time.UnixMilli(created).UTC(), time.UnixMilli(changed).UTC()
	return u, err
}

// CreateUser adds a user, who belongs to no tenant yet. key is the name folded.
func (y System) CreateUser(ctx context.Context, u User, key string) error {
	return y.own.change(ctx, "users.create", u.ID, func(t Tenant) error {
		now := t.store.Now().UnixMilli()
		err := sq.Exec(ctx, t.db.System(), `INSERT INTO users (id, username, name_key, email, password, is_admin, created_at, changed_at)
			VALUES (@id, @username, @key, @email, @password, @admin, @now, @now)`,
			sql.Named("id", u.ID), sql.Named("username", u.Username), sql.Named("key", key), sql.Named("email", u.Email),
			sql.Named("password", u.Hash), sql.Named("admin", u.Admin), sql.Named("now", now))
		if broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "users.name_key") {
			return ErrUserTaken.Because(err)
		}
		return err
	})
}

// User returns one user, or ErrNotFound.
func (y System) User(ctx context.Context, id string) (User, error) {
	u, err := sq.One(ctx, y.db(), scanUser, `SELECT `+userCols+` FROM users WHERE id = @id`, sql.Named("id", id))
	return u, known(err)
}

// UserByName returns the user whose folded name is key, or ErrNotFound.
func (y System) UserByName(ctx context.Context, key string) (User, error) {
	u, err := sq.One(ctx, y.db(), scanUser, `SELECT `+userCols+` FROM users WHERE name_key = @key`, sql.Named("key", key))
	return u, known(err)
}

// Users returns every user, by name.
func (y System) Users(ctx context.Context) ([]User, error) {
	all, err := sq.Many(ctx, y.db(), scanUser, `SELECT `+userCols+` FROM users ORDER BY name_key`)
	return all, known(err)
}

// HasUsers reports whether anybody can sign in.
func (y System) HasUsers(ctx context.Context) (bool, error) {
	there, err := sq.One(ctx, y.db(), func(r sq.Row) (v bool, err error) {
		err = r.Scan(&v)
		return v, err
	}, `SELECT EXISTS (SELECT 1 FROM users)`)
	return there, known(err)
}

// SetPassword replaces a user's hash and ends every session of theirs but keep.
func (y System) SetPassword(ctx context.Context, id, hash, keep string) error {
	return y.own.change(ctx, "users.password", id, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `UPDATE users SET password = @password, changed_at = @now, rev = rev + 1 WHERE id = @id`,
			sql.Named("id", id), sql.Named("password", hash), sql.Named("now", t.store.Now().UnixMilli()))
		if err != nil {
			return err
		}
		_, err = sq.Many(ctx, t.db.System(), scanID, `DELETE FROM sessions WHERE user_id = @id AND id <> @keep RETURNING id`,
			sql.Named("id", id), sql.Named("keep", keep))
		return err
	})
}

func scanID(r sq.Row) (id string, err error) {
	err = r.Scan(&id)
	return id, err
}

// A Membership is the role of one user in one tenant.
type Membership struct {
	Tenant TenantID `json:"tenant_id"`
	User   string   `json:"user_id"`
	Role   string   `json:"role" enum:"owner,admin,member,viewer"`
}

// SetMember gives user a role in the tenant.
func (t Tenant) SetMember(ctx context.Context, user, role string) error {
	return t.changeWith(ctx, "members.set", user, map[string]string{"role": role}, func(t Tenant) error {
		return sq.Exec(ctx, t.db, `INSERT INTO memberships (tenant_id, user_id, role) VALUES (@tenant, @user, @role)
			ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role`,
			sql.Named("user", user), sql.Named("role", role))
	})
}

// Memberships returns every membership of every tenant.
func (y System) Memberships(ctx context.Context) ([]Membership, error) {
	all, err := sq.Many(ctx, y.db(), func(r sq.Row) (m Membership, err error) {
		err = r.Scan(&m.Tenant, &m.User, &m.Role)
		return m, err
	}, `SELECT tenant_id, user_id, role FROM memberships`)
	return all, known(err)
}

// UserNames returns the names of users, by id, for pages that show who acted.
func (y System) UserNames(ctx context.Context) (map[string]string, error) {
	all, err := y.Users(ctx)
	names := make(map[string]string, len(all))
	for _, u := range all {
		names[u.ID] = strings.TrimSpace(u.Username)
	}
	return names, err
}
