package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A User is a person. What they may do where is in their memberships.
type User struct {
	ID         string     `json:"id"`
	Rev        int64      `json:"rev"`
	Username   string     `json:"username"`
	Email      string     `json:"email"`
	Admin      bool       `json:"is_admin" doc:"May administer the appliance"`
	Active     bool       `json:"is_active"`
	MustChange bool       `json:"must_change_password" doc:"Has to choose a password before anything else"`
	TOTP       bool       `json:"totp_enrolled"`
	Passkeys   int64      `json:"passkeys" doc:"How many passkeys they have"`
	Language   string     `json:"language" doc:"Of the pages; empty: the browser's"`
	Theme      string     `json:"theme" enum:",light,dark" doc:"Empty: the device's"`
	TimeZone   string     `json:"time_zone" doc:"An IANA name; empty: the browser's"`
	Created    time.Time  `json:"created_at"`
	Seen       *time.Time `json:"seen_at" nullable:"true" doc:"When they were here last"`
	Hash       string     `json:"-"` // argon2id in PHC form; empty: no password signs in
	Changed    time.Time  `json:"-"` // when the password was set
}

// SecondFactor reports whether the user has a second proof beside the password.
func (u User) SecondFactor() bool { return u.TOTP || u.Passkeys > 0 }

var (
	// ErrUserTaken says that a user name exists, or one that reads like it.
	ErrUserTaken = fault.New(fault.Conflict, "user.name_taken", "A user with that name, or one that looks like it, exists already. Choose another name.")
	// ErrLastAdmin says that somebody has to administer the appliance.
	ErrLastAdmin = fault.New(fault.Conflict, "user.last_administrator", "This is the last administrator of the appliance. Make somebody else one first.")
)

const userCols = `id, rev, username, email, password, is_admin, is_active, must_change, language, theme, time_zone, created_at, changed_at, seen_at,
	EXISTS (SELECT 1 FROM totp WHERE totp.user_id = users.id AND confirmed_at IS NOT NULL),
	(SELECT count(*) FROM passkeys WHERE passkeys.user_id = users.id)`

func scanUser(r sq.Row) (u User, err error) {
	var created, changed int64
	var seen *int64
	err = r.Scan(&u.ID, &u.Rev, &u.Username, &u.Email, &u.Hash, &u.Admin, &u.Active, &u.MustChange, &u.Language, &u.Theme, &u.TimeZone,
		&created, &changed, &seen, &u.TOTP, &u.Passkeys)
	u.Created, u.Changed, u.Seen = time.UnixMilli(created).UTC(), time.UnixMilli(changed).UTC(), moment(seen)
	return u, err
}

// CreateUser adds a user, who belongs to no tenant yet. key is the name folded;
// alike reports whether a name that exists looks like the new one.
func (y System) CreateUser(ctx context.Context, u User, key string, alike func(string) bool) error {
	return y.own.changeWith(ctx, "users.create", u.ID, &diff{after: u}, func(t Tenant) error {
		names, err := sq.Many(ctx, t.db.System(), scanID, `SELECT username FROM users ORDER BY name_key`)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(names, alike) {
			return ErrUserTaken
		}
		err = sq.Exec(ctx, t.db.System(), `INSERT INTO users (id, username, name_key, email, password, is_admin, must_change, created_at, changed_at)
			VALUES (@id, @username, @key, @email, @password, @admin, @must, @now, @now)`,
			sql.Named("id", u.ID), sql.Named("username", u.Username), sql.Named("key", key), sql.Named("email", u.Email),
			sql.Named("password", u.Hash), sql.Named("admin", u.Admin), sql.Named("must", u.MustChange), sql.Named("now", t.store.Now().UnixMilli()))
		if broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "users.name_key") {
			return ErrUserTaken.Because(err)
		}
		return err
	})
}

// UpdateUser stores who u is and what they prefer, if the revision is still
// u.Rev. Name and password stay. The last active administrator remains one.
// Somebody who is switched off is signed out.
func (y System) UpdateUser(ctx context.Context, u User) (out User, err error) {
	err = y.own.Tx(ctx, func(t Tenant) error {
		y := System{t}
		old, err := y.User(ctx, u.ID)
		if err != nil {
			return err
		}
		if u.Rev != AnyRev && u.Rev != old.Rev {
			return ErrStale
		}
		d := diff{before: old}
		return t.changeWith(ctx, "users.update", u.ID, &d, func(t Tenant) error {
			err := sq.Exec(ctx, t.db.System(), `UPDATE users SET rev = rev + 1, email = @email, is_admin = @admin, is_active = @active,
				must_change = @must, language = @language, theme = @theme, time_zone = @zone WHERE id = @id`,
				sql.Named("id", u.ID), sql.Named("email", u.Email), sql.Named("admin", u.Admin), sql.Named("active", u.Active),
				sql.Named("must", u.MustChange), sql.Named("language", u.Language), sql.Named("theme", u.Theme), sql.Named("zone", u.TimeZone))
			if err != nil {
				return err
			}
			if !u.Active {
				if err := y.EndSessions(ctx, u.ID, ""); err != nil {
					return err
				}
			}
			if out, err = y.User(ctx, u.ID); err != nil {
				return err
			}
			d.after = out
			return y.administered(ctx)
		})
	})
	return out, err
}

// administered fails with ErrLastAdmin when nobody administers the appliance any more.
func (y System) administered(ctx context.Context) error {
	there, err := sq.One(ctx, y.db(), scanBool, `SELECT EXISTS (SELECT 1 FROM users WHERE is_admin = 1 AND is_active = 1)`)
	if err == nil && !there {
		return ErrLastAdmin
	}
	return err
}

func scanBool(r sq.Row) (v bool, err error) {
	err = r.Scan(&v)
	return v, err
}

// DeleteUser deletes a user with all that is theirs, if the revision is still
// rev. What they did stays in the audit, under their id.
func (y System) DeleteUser(ctx context.Context, id string, rev int64) error {
	return y.own.Tx(ctx, func(t Tenant) error {
		y := System{t}
		u, err := y.User(ctx, id)
		if err != nil {
			return err
		}
		if rev != AnyRev && rev != u.Rev {
			return ErrStale
		}
		return t.changeWith(ctx, "users.delete", id, &diff{before: u}, func(t Tenant) error {
			if err := sq.Exec(ctx, t.db.System(), `DELETE FROM users WHERE id = @id`, sql.Named("id", id)); err != nil {
				return err
			}
			return y.administered(ctx)
		})
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

// UsersByEmail returns the active users with an address, in any case.
func (y System) UsersByEmail(ctx context.Context, email string) ([]User, error) {
	all, err := sq.Many(ctx, y.db(), scanUser, `SELECT `+userCols+` FROM users WHERE email = @email COLLATE NOCASE AND is_active = 1 ORDER BY id`,
		sql.Named("email", email))
	return all, known(err)
}

// Users returns every user, by name.
func (y System) Users(ctx context.Context) ([]User, error) {
	all, err := sq.Many(ctx, y.db(), scanUser, `SELECT `+userCols+` FROM users ORDER BY name_key`)
	return all, known(err)
}

// The orders of the list of users.
const (
	usersByName = `SELECT ` + userCols + ` FROM users
		WHERE (name_key, id) > (@key, @id) AND (username LIKE @like ESCAPE '\' OR email LIKE @like ESCAPE '\')
		ORDER BY name_key, id LIMIT @limit`
	usersNewest = `SELECT ` + userCols + ` FROM users
		WHERE (created_at, id) < (@key, @id) AND (username LIKE @like ESCAPE '\' OR email LIKE @like ESCAPE '\')
		ORDER BY created_at DESC, id DESC LIMIT @limit`
)

// UserPage returns one page of the users whose name or address contains l.Q, by
// name or newest first. key folds a name as CreateUser was given it.
func (y System) UserPage(ctx context.Context, l List, key func(string) string) (Page[User], error) {
	if l.Sort == "newest" {
		return page(l, maxTime, func(args ...any) ([]User, error) {
			return sq.Many(ctx, y.db(), scanUser, usersNewest, args...)
		}, func(u User) cursor[int64] { return cursor[int64]{u.Created.UnixMilli(), u.ID} })
	}
	return page(l, "", func(args ...any) ([]User, error) {
		return sq.Many(ctx, y.db(), scanUser, usersByName, args...)
	}, func(u User) cursor[string] { return cursor[string]{key(u.Username), u.ID} })
}

// SignsInOtherwise reports whether a user has a passkey, or an identity at a
// provider that is in use.
func (y System) SignsInOtherwise(ctx context.Context, user string) (bool, error) {
	there, err := sq.One(ctx, y.db(), scanBool, `SELECT EXISTS (SELECT 1 FROM passkeys WHERE user_id = @user) OR EXISTS (
		SELECT 1 FROM identities i JOIN providers p ON p.id = i.provider_id WHERE i.user_id = @user AND p.enabled = 1)`, sql.Named("user", user))
	return there, known(err)
}

// HasUsers reports whether anybody can sign in.
func (y System) HasUsers(ctx context.Context) (bool, error) {
	there, err := sq.One(ctx, y.db(), scanBool, `SELECT EXISTS (SELECT 1 FROM users)`)
	return there, known(err)
}

// SetPassword replaces a user's hash and ends every session of theirs but keep.
// Nothing has to be changed any more then, and no link sets it again.
func (y System) SetPassword(ctx context.Context, id, hash, keep string) error {
	return y.own.change(ctx, "users.password", id, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `UPDATE users SET password = @password, must_change = 0, changed_at = @now, rev = rev + 1 WHERE id = @id`,
			sql.Named("id", id), sql.Named("password", hash), sql.Named("now", t.store.Now().UnixMilli()))
		if err != nil {
			return err
		}
		if err := some(sq.Exec(ctx, t.db.System(), `DELETE FROM links WHERE user_id = @id`, sql.Named("id", id))); err != nil {
			return err
		}
		return System{t}.EndSessions(ctx, id, keep)
	})
}

// EndSessions ends every session of a user but keep.
func (y System) EndSessions(ctx context.Context, user, keep string) error {
	return y.Tx(ctx, func(y System) error {
		return some(sq.Exec(ctx, y.db(), `DELETE FROM sessions WHERE user_id = @id AND id <> @keep`,
			sql.Named("id", user), sql.Named("keep", keep)))
	})
}

func scanID(r sq.Row) (id string, err error) {
	err = r.Scan(&id)
	return id, err
}
