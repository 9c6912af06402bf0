package store

import (
	"context"
	"database/sql"
	"time"

	"unity.internal/store/internal/sq"
)

// A Session is one sign-in of one user: a browser's cookie, or a program's
// refresh token. Only the SHA-256 of either is kept.
type Session struct {
	ID            string    `json:"id"`
	User          string    `json:"-"`
	Home          TenantID  `json:"-"` // where the session acts when a request names no tenant
	Kind          string    `json:"kind" enum:"browser,program"`
	Hash          []byte    `json:"-"`
	Previous      []byte    `json:"-"`
	PreviousUntil time.Time `json:"-"`
	Address       string    `json:"address"`
	Agent         string    `json:"agent"`
	Created       time.Time `json:"created_at"`
	Seen          time.Time `json:"seen_at"`
	Expires       time.Time `json:"expires_at"`
	SecondFactor  bool      `json:"second_factor" doc:"It began with two proofs"`
	Proved        time.Time `json:"-"` // when its user last proved who they are
	// Generation counts refresh tokens. Successor says that the newest one has
	// reached its program: whoever sends the one before then has stolen it.
	Generation int64  `json:"-"`
	Successor  bool   `json:"-"`
	Provider   string `json:"provider_id,omitempty" doc:"The identity provider that signed its user in"`
}

const sessionCols = `id, user_id, home, kind, hash, previous, previous_until, address, agent, created_at, seen_at, expires_at,
	second_factor, proved_at, generation, successor, coalesce(provider_id, '')`

func scanSession(r sq.Row) (v Session, err error) {
	var until, created, seen, expires, proved int64
	err = r.Scan(&v.ID, &v.User, &v.Home, &v.Kind, &v.Hash, &v.Previous, &until, &v.Address, &v.Agent, &created, &seen, &expires,
		&v.SecondFactor, &proved, &v.Generation, &v.Successor, &v.Provider)
	v.PreviousUntil, v.Created = time.UnixMilli(until).UTC(), time.UnixMilli(created).UTC()
	v.Seen, v.Expires, v.Proved = time.UnixMilli(seen).UTC(), time.UnixMilli(expires).UTC(), time.UnixMilli(proved).UTC()
	return v, err
}

// CreateSession stores a sign-in, with its audit row in the user's home tenant.
func (y System) CreateSession(ctx context.Context, v Session) error {
	home := y.By(v.User, v.Address).Tenant(v.Home)
	return home.change(ctx, "auth.login", v.ID, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `UPDATE users SET seen_at = @now WHERE id = @id`,
			sql.Named("id", v.User), sql.Named("now", v.Created.UnixMilli()))
		if err != nil {
			return err
		}
		return sq.Exec(ctx, t.db.System(), `INSERT INTO sessions (id, user_id, home, kind, hash, address, agent, created_at, seen_at, expires_at,
			second_factor, proved_at, provider_id)
			VALUES (@id, @user, @home, @kind, @hash, @address, @agent, @created, @created, @expires, @second, @proved, nullif(@provider, ''))`,
			sql.Named("second", v.SecondFactor), sql.Named("proved", v.Proved.UnixMilli()), sql.Named("provider", v.Provider),
			sql.Named("id", v.ID), sql.Named("user", v.User), sql.Named("home", string(v.Home)), sql.Named("kind", v.Kind),
			sql.Named("hash", v.Hash), sql.Named("address", v.Address), sql.Named("agent", v.Agent),
			sql.Named("created", v.Created.UnixMilli()), sql.Named("expires", v.Expires.UnixMilli()))
	})
}

// Sessions returns every session that has not run out, for the memory of app/auth.
func (y System) Sessions(ctx context.Context) ([]Session, error) {
	all, err := sq.Many(ctx, y.db(), scanSession, `SELECT `+sessionCols+` FROM sessions WHERE expires_at > @now`,
		sql.Named("now", y.own.store.Now().UnixMilli()))
	return all, known(err)
}

// RotateSession gives a program's session a new refresh token; the one before
// stays good until v.PreviousUntil.
func (y System) RotateSession(ctx context.Context, v Session) error {
	return y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `UPDATE sessions SET hash = @hash, previous = @previous, previous_until = @until,
			seen_at = @seen, expires_at = @expires, generation = @generation, successor = 0 WHERE id = @id`,
			sql.Named("generation", v.Generation), sql.Named("id", v.ID), sql.Named("hash", v.Hash), sql.Named("previous", v.Previous),
			sql.Named("until", v.PreviousUntil.UnixMilli()), sql.Named("seen", v.Seen.UnixMilli()),
			sql.Named("expires", v.Expires.UnixMilli()))
	})
}

// SeeSession stamps when a session was last used, and until when it is good now.
func (y System) SeeSession(ctx context.Context, v Session) error {
	err := some(sq.Exec(ctx, y.db(), `UPDATE sessions SET seen_at = @seen, expires_at = @expires, successor = @successor WHERE id = @id`,
		sql.Named("id", v.ID), sql.Named("seen", v.Seen.UnixMilli()), sql.Named("expires", v.Expires.UnixMilli()), sql.Named("successor", v.Successor)))
	if err == nil {
		err = some(sq.Exec(ctx, y.db(), `UPDATE users SET seen_at = @seen WHERE id = @user`,
			sql.Named("user", v.User), sql.Named("seen", v.Seen.UnixMilli())))
	}
	return known(err)
}

// ProveSession keeps that the user of a session proved who they are; v says when,
// and whether two proofs stand behind it now.
func (y System) ProveSession(ctx context.Context, v Session) error {
	return y.Tenant(v.Home).change(ctx, "auth.step_up", v.ID, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `UPDATE sessions SET proved_at = @proved, second_factor = @second WHERE id = @id`,
			sql.Named("id", v.ID), sql.Named("proved", v.Proved.UnixMilli()), sql.Named("second", v.SecondFactor))
	})
}

// DeleteSession ends a session, with its audit row in its home tenant.
func (y System) DeleteSession(ctx context.Context, v Session, action string) error {
	return y.Tenant(v.Home).change(ctx, action, v.ID, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `DELETE FROM sessions WHERE id = @id`, sql.Named("id", v.ID))
	})
}

// PruneSessions forgets sessions that ran out.
func (y System) PruneSessions(ctx context.Context) error {
	return known(some(sq.Exec(ctx, y.db(), `DELETE FROM sessions WHERE expires_at <= @now`, y.own.current())))
}
