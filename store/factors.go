package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// A TOTP is what a user shares with an authenticator app.
type TOTP struct {
	Secret    seal.Value
	UsedStep  int64 // the newest time step a code was taken of
	Created   time.Time
	Confirmed *time.Time // nil: no code of it was seen yet
}

// TOTP returns what a user shares with an authenticator app, or ErrNotFound.
func (y System) TOTP(ctx context.Context, user string) (TOTP, error) {
	v, err := sq.One(ctx, y.db(), func(r sq.Row) (v TOTP, err error) {
		var secret []byte
		var created int64
		var confirmed *int64
		err = r.Scan(&secret, &v.UsedStep, &created, &confirmed)
		v.Secret, v.Created, v.Confirmed = seal.Of(secret), time.UnixMilli(created).UTC(), moment(confirmed)
		return v, err
	}, `SELECT secret, used_step, created_at, confirmed_at FROM totp WHERE user_id = @user`, sql.Named("user", user))
	return v, known(err)
}

// SetTOTP keeps a secret that no code was seen of yet, in place of another such.
// One that is confirmed stays: ErrNotFound.
func (y System) SetTOTP(ctx context.Context, user string, secret seal.Value) error {
	return y.own.change(ctx, "auth.totp_begin", user, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `INSERT INTO totp (user_id, secret, created_at) VALUES (@user, @secret, @now)
			ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, used_step = 0, created_at = excluded.created_at WHERE confirmed_at IS NULL`,
			sql.Named("user", user), sql.Named("secret", secret.Ciphertext()), sql.Named("now", t.store.Now().UnixMilli()))
	})
}

// UseTOTP marks the code of a time step as used. It reports false for one that
// was used before, or is older than one that was.
func (y System) UseTOTP(ctx context.Context, user string, step int64) (fresh bool, err error) {
	err = y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `UPDATE totp SET used_step = @step WHERE user_id = @user AND used_step < @step`,
			sql.Named("user", user), sql.Named("step", step))
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ConfirmTOTP puts a secret into force, gives its user these recovery codes and
// ends every session of theirs but keep.
func (y System) ConfirmTOTP(ctx context.Context, user string, codes [][]byte, keep string) error {
	return y.own.change(ctx, "auth.totp", user, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `UPDATE totp SET confirmed_at = @now WHERE user_id = @user AND confirmed_at IS NULL`,
			sql.Named("user", user), sql.Named("now", t.store.Now().UnixMilli()))
		if err != nil {
			return err
		}
		y := System{t}
		return errors.Join(y.replaceCodes(ctx, user, codes), y.EndSessions(ctx, user, keep))
	})
}

// DeleteTOTP ends a user's authenticator app.
func (y System) DeleteTOTP(ctx context.Context, user string) error {
	return y.own.change(ctx, "auth.totp_delete", user, func(t Tenant) error {
		if err := sq.Exec(ctx, t.db.System(), `DELETE FROM totp WHERE user_id = @user`, sql.Named("user", user)); err != nil {
			return err
		}
		return System{t}.dropCodes(ctx, user)
	})
}

// SetRecoveryCodes replaces a user's recovery codes by those of these SHA-256.
func (y System) SetRecoveryCodes(ctx context.Context, user string, codes [][]byte) error {
	return y.own.change(ctx, "auth.recovery_codes", user, func(t Tenant) error {
		return System{t}.replaceCodes(ctx, user, codes)
	})
}

func (y System) replaceCodes(ctx context.Context, user string, codes [][]byte) error {
	if err := some(sq.Exec(ctx, y.db(), `DELETE FROM recovery_codes WHERE user_id = @user`, sql.Named("user", user))); err != nil {
		return err
	}
	for _, hash := range codes {
		err := sq.Exec(ctx, y.db(), `INSERT INTO recovery_codes (user_id, hash) VALUES (@user, @hash)`, sql.Named("user", user), sql.Named("hash", hash))
		if err != nil {
			return err
		}
	}
	return nil
}

// dropCodes deletes the recovery codes of a user who has no second factor left.
func (y System) dropCodes(ctx context.Context, user string) error {
	return some(sq.Exec(ctx, y.db(), `DELETE FROM recovery_codes WHERE user_id = @user
		AND NOT EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = @user)
		AND NOT EXISTS (SELECT 1 FROM totp WHERE totp.user_id = @user AND confirmed_at IS NOT NULL)`, sql.Named("user", user)))
}

// UseRecoveryCode uses a code up. It reports false for one that is unknown or used.
func (y System) UseRecoveryCode(ctx context.Context, user string, hash []byte) (good bool, err error) {
	err = y.own.change(ctx, "auth.recovery_code", user, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `UPDATE recovery_codes SET used_at = @now WHERE user_id = @user AND hash = @hash AND used_at IS NULL`,
			sql.Named("user", user), sql.Named("hash", hash), sql.Named("now", t.store.Now().UnixMilli()))
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// RecoveryCodesLeft returns how many recovery codes of a user are good.
func (y System) RecoveryCodesLeft(ctx context.Context, user string) (int64, error) {
	n, err := sq.One(ctx, y.db(), scanNumber, `SELECT count(*) FROM recovery_codes WHERE user_id = @user AND used_at IS NULL`, sql.Named("user", user))
	return n, known(err)
}

// DeleteSecondFactor takes every second proof from a user who lost theirs, and
// ends their sessions.
func (y System) DeleteSecondFactor(ctx context.Context, user string) error {
	return y.own.change(ctx, "users.second_factor_delete", user, func(t Tenant) error {
		for _, one := range []func() error{
			func() error {
				return some(sq.Exec(ctx, t.db.System(), `DELETE FROM totp WHERE user_id = @user`, sql.Named("user", user)))
			},
			func() error {
				return some(sq.Exec(ctx, t.db.System(), `DELETE FROM passkeys WHERE user_id = @user`, sql.Named("user", user)))
			},
			func() error { return System{t}.dropCodes(ctx, user) },
			func() error { return System{t}.EndSessions(ctx, user, "") },
		} {
			if err := one(); err != nil {
				return err
			}
		}
		return nil
	})
}
