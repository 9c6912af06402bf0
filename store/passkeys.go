package store

import (
	"context"
	"database/sql"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A Passkey is a key pair of which the user's device keeps the secret half. It is
// good at one name of the appliance.
type Passkey struct {
	ID           string     `json:"id"`
	User         string     `json:"-"`
	Name         string     `json:"name"`
	RPID         string     `json:"rp_id" doc:"The name of the appliance at which it is good"`
	Created      time.Time  `json:"created_at"`
	Used         *time.Time `json:"used_at" nullable:"true"`
	CredentialID []byte     `json:"-"`
	Credential   []byte     `json:"-"` // public key, counter and flags, as JSON
}

// ErrPasskeyTaken says that a passkey belongs to somebody already.
var ErrPasskeyTaken = fault.New(fault.Conflict, "passkey.registered", "That passkey is registered already. Use another one.")

const passkeyCols = "id, user_id, name, rp_id, credential_id, credential, created_at, used_at" //nolint:gosec // names of columns

func scanPasskey(r sq.Row) (v Passkey, err error) {
	var created int64
	var used *int64
	err = r.Scan(&v.ID, &v.User, &v.Name, &v.RPID, &v.CredentialID, &v.Credential, &created, &used)
	v.Created, v.Used = time.UnixMilli(created).UTC(), moment(used)
	return v, err
}

// Passkeys returns every passkey of a user, oldest first.
func (y System) Passkeys(ctx context.Context, user string) ([]Passkey, error) {
	all, err := sq.Many(ctx, y.db(), scanPasskey, `SELECT `+passkeyCols+` FROM passkeys WHERE user_id = @user ORDER BY created_at, id`, sql.Named("user", user))
	return all, known(err)
}

// CreatePasskey stores a passkey. If it is its user's first second factor, they
// get these recovery codes, and every session of theirs but keep ends.
func (y System) CreatePasskey(ctx context.Context, v Passkey, codes [][]byte, keep string) (out Passkey, first bool, err error) {
	detail := map[string]any{"set": map[string]string{"name": v.Name, "rp_id": v.RPID}}
	err = y.own.changeWith(ctx, "auth.passkey_add", v.ID, detail, func(t Tenant) error {
		y := System{t}
		u, err := y.User(ctx, v.User)
		if err != nil {
			return err
		}
		out, err = sq.Returning(ctx, y.db(), scanPasskey, `INSERT INTO passkeys (id, user_id, name, rp_id, credential_id, credential, created_at)
			VALUES (@id, @user, @name, @rp, @credential_id, @credential, @now) RETURNING `+passkeyCols,
			sql.Named("id", v.ID), sql.Named("user", v.User), sql.Named("name", v.Name), sql.Named("rp", v.RPID), sql.Named("now", t.store.Now().UnixMilli()),
			sql.Named("credential_id", v.CredentialID), sql.Named("credential", string(v.Credential)))
		if broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "passkeys.credential_id") {
			return ErrPasskeyTaken.Because(err)
		}
		if first = err == nil && !u.SecondFactor(); !first {
			return err
		}
		if err := y.replaceCodes(ctx, v.User, codes); err != nil {
			return err
		}
		return y.EndSessions(ctx, v.User, keep)
	})
	return out, first, err
}

// UsePasskey keeps what a use changed of a passkey that was read as v. It is not
// found when another use, or its end, came first.
func (y System) UsePasskey(ctx context.Context, v Passkey, credential []byte) error {
	return y.own.change(ctx, "auth.passkey_use", v.ID, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `UPDATE passkeys SET credential = @credential, used_at = @now WHERE id = @id AND credential = @was`,
			sql.Named("id", v.ID), sql.Named("credential", string(credential)), sql.Named("was", string(v.Credential)), sql.Named("now", t.store.Now().UnixMilli()))
	})
}

// RenamePasskey renames a passkey of a user, or says that it is not found.
func (y System) RenamePasskey(ctx context.Context, user, id, name string) (out Passkey, err error) {
	err = y.own.changeWith(ctx, "auth.passkey_rename", id, map[string]any{"set": map[string]string{"name": name}}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db.System(), scanPasskey, `UPDATE passkeys SET name = @name WHERE id = @id AND user_id = @user RETURNING `+passkeyCols,
			sql.Named("id", id), sql.Named("user", user), sql.Named("name", name))
		return err
	})
	return out, err
}

// DeletePasskey ends a passkey of a user, or says that it is not found.
func (y System) DeletePasskey(ctx context.Context, user, id string) error {
	return y.Tx(ctx, func(y System) error {
		was, err := sq.Returning(ctx, y.db(), scanPasskey, `DELETE FROM passkeys WHERE id = @id AND user_id = @user RETURNING `+passkeyCols,
			sql.Named("id", id), sql.Named("user", user))
		if err != nil {
			return err
		}
		detail := map[string]any{"was": map[string]string{"name": was.Name, "rp_id": was.RPID}}
		return y.own.changeWith(ctx, "auth.passkey_delete", id, detail, func(t Tenant) error { return System{t}.dropCodes(ctx, user) })
	})
}
