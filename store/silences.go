package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A Silence keeps alerts from being delivered for a while. What it does not
// name, it does not ask for: empty matchers match every alert.
type Silence struct {
	ID        string    `json:"id"`
	Rev       int64     `json:"rev"`
	Source    string    `json:"source" enum:"mute,snooze,maintenance,manual,quiet_hours"`
	Threshold string    `json:"threshold_id"`
	Alert     string    `json:"alert_id"`
	Server    string    `json:"server_id"`
	Tag       string    `json:"tag"`
	Severity  string    `json:"severity" enum:",info,warning,critical"`
	Comment   string    `json:"comment"`
	Actor     string    `json:"actor"`
	Starts    time.Time `json:"starts_at"`
	Ends      time.Time `json:"ends_at"`
	Created   time.Time `json:"created_at"`
}

// The sources of a silence that the store itself makes and ends.
const (
	SourceMute   = "mute"
	SourceSnooze = "snooze"
)

// ErrSilenceEnds says that a silence ends before it starts.
var ErrSilenceEnds = fault.New(fault.Invalid, "silence.ends_first", "A silence must end after it starts. Choose a later end.")

const silenceCols = "id, rev, source, threshold_id, alert_id, server_id, tag, severity, comment, actor, starts_at, ends_at, created_at"

func scanSilence(r sq.Row) (v Silence, err error) {
	var starts, ends, created int64
	err = r.Scan(&v.ID, &v.Rev, &v.Source, &v.Threshold, &v.Alert, &v.Server, &v.Tag, &v.Severity, &v.Comment, &v.Actor,
		&starts, &ends, &created)
	v.Starts, v.Ends, v.Created = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), time.UnixMilli(created).UTC()
	return v, err
}

const silencesLatest = `SELECT ` + silenceCols + ` FROM silences
	WHERE tenant_id = @tenant AND (ends_at, id) < (@key, @id) AND ends_at > @after AND comment LIKE @like ESCAPE '\'
	ORDER BY ends_at DESC, id DESC LIMIT @limit`

// Silences returns one page of the silences, the one that ends last first; with
// active only those that have not ended.
func (t Tenant) Silences(ctx context.Context, l List, active bool) (Page[Silence], error) {
	after := sql.Named("after", int64(0))
	if active {
		after = sql.Named("after", t.store.Now().UnixMilli())
	}
	return page(l, maxTime, func(args ...any) ([]Silence, error) {
		return sq.Many(ctx, t.db, scanSilence, silencesLatest, append(args, after)...)
	}, func(v Silence) cursor[int64] { return cursor[int64]{v.Ends.UnixMilli(), v.ID} })
}

// OpenSilences returns every silence that has not ended, for evaluation.
func (t Tenant) OpenSilences(ctx context.Context) ([]Silence, error) {
	all, err := sq.Many(ctx, t.db, scanSilence, `SELECT `+silenceCols+` FROM silences
		WHERE tenant_id = @tenant AND ends_at > @now`, t.current())
	return all, known(err)
}

// Silence returns one silence, or ErrNotFound.
func (t Tenant) Silence(ctx context.Context, id string) (Silence, error) {
	v, err := sq.One(ctx, t.db, scanSilence, `SELECT `+silenceCols+` FROM silences
		WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	return v, known(err)
}

func silenceArgs(v Silence) []any {
	return []any{
		sql.Named("id", v.ID), sql.Named("source", v.Source), sql.Named("threshold", v.Threshold), sql.Named("alert", v.Alert),
		sql.Named("server", v.Server), sql.Named("tag", v.Tag), sql.Named("severity", v.Severity),
		sql.Named("comment", v.Comment), sql.Named("actor", v.Actor),
		sql.Named("starts", v.Starts.UnixMilli()), sql.Named("ends", v.Ends.UnixMilli()),
	}
}

func silenceEnds(err error) error {
	if broken(err, sqlite3.SQLITE_CONSTRAINT_CHECK, "ends_at") {
		return ErrSilenceEnds.Because(err)
	}
	return err
}

// CreateSilence stores v and returns it as stored.
func (t Tenant) CreateSilence(ctx context.Context, v Silence) (out Silence, err error) {
	err = t.changeWith(ctx, "silences.create", v.ID, &diff{after: v}, func(t Tenant) error {
		out, err = t.addSilence(ctx, v)
		return err
	})
	return out, err
}

// addSilence stores v if what it names is the tenant's.
func (t Tenant) addSilence(ctx context.Context, v Silence) (out Silence, err error) {
	if err := t.ownMatchers(ctx, v); err != nil {
		return out, err
	}
	if v.Threshold != "" {
		if err := t.touchThreshold(ctx, v.Threshold); err != nil {
			return out, err
		}
	}
	out, err = sq.Returning(ctx, t.db, scanSilence, `INSERT INTO silences
		(tenant_id, id, source, threshold_id, alert_id, server_id, tag, severity, comment, actor, starts_at, ends_at, created_at)
		VALUES (@tenant, @id, @source, @threshold, @alert, @server, @tag, @severity, @comment, @actor, @starts, @ends, @now)
		RETURNING `+silenceCols, append(silenceArgs(v), t.current())...)
	return out, silenceEnds(err)
}

// ownMatchers returns ErrNotFound if v names a thing that the tenant does not have.
func (t Tenant) ownMatchers(ctx context.Context, v Silence) error {
	n, err := sq.One(ctx, t.db, scanNumber, `SELECT
		(@threshold = '' OR EXISTS (SELECT 1 FROM thresholds WHERE tenant_id = @tenant AND id = @threshold))
		AND (@alert = '' OR EXISTS (SELECT 1 FROM alerts WHERE tenant_id = @tenant AND id = @alert))
		AND (@server = '' OR EXISTS (SELECT 1 FROM servers WHERE tenant_id = @tenant AND id = @server))`,
		sql.Named("threshold", v.Threshold), sql.Named("alert", v.Alert), sql.Named("server", v.Server))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// UpdateSilence stores v if its revision is still v.Rev, else ErrStale.
func (t Tenant) UpdateSilence(ctx context.Context, v Silence) (out Silence, err error) {
	var d diff
	err = t.changeWith(ctx, "silences.update", v.ID, &d, func(t Tenant) error {
		old, err := t.Silence(ctx, v.ID)
		if err != nil {
			return err
		}
		if v.Rev != AnyRev && v.Rev != old.Rev {
			return ErrStale
		}
		if err := t.ownMatchers(ctx, v); err != nil {
			return err
		}
		out, err = sq.Returning(ctx, t.db, scanSilence, `UPDATE silences SET rev = rev + 1, threshold_id = @threshold,
			alert_id = @alert, server_id = @server, tag = @tag, severity = @severity, comment = @comment,
			starts_at = @starts, ends_at = @ends WHERE tenant_id = @tenant AND id = @id RETURNING `+silenceCols, silenceArgs(v)...)
		d = diff{old, out}
		return silenceEnds(err)
	})
	return out, err
}

// DeleteSilence ends a silence for good, if its revision is still rev.
func (t Tenant) DeleteSilence(ctx context.Context, id string, rev int64) error {
	var d diff
	return t.changeWith(ctx, "silences.delete", id, &d, func(t Tenant) error {
		v, err := t.Silence(ctx, id)
		if err != nil {
			return err
		}
		if rev != AnyRev && rev != v.Rev {
			return ErrStale
		}
		d.before = v
		return sq.Exec(ctx, t.db, `DELETE FROM silences WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	})
}

// MuteThreshold silences a threshold until then, instead of until what was said before.
func (t Tenant) MuteThreshold(ctx context.Context, id string, until time.Time) (out Threshold, err error) {
	var d diff
	err = t.changeWith(ctx, "thresholds.mute", id, &d, func(t Tenant) error {
		if d.before, err = t.Threshold(ctx, id); err != nil {
			return err
		}
		if err := t.unmute(ctx, id); err != nil {
			return err
		}
		_, err := t.addSilence(ctx, Silence{
			ID: NewID(), Source: SourceMute, Threshold: id, Actor: t.actor, Starts: t.store.Now(), Ends: until,
		})
		if err != nil {
			return err
		}
		out, err = t.Threshold(ctx, id)
		d.after = out
		return err
	})
	return out, err
}

// UnmuteThreshold ends the mute of a threshold, if it has one.
func (t Tenant) UnmuteThreshold(ctx context.Context, id string) (out Threshold, err error) {
	var d diff
	err = t.changeWith(ctx, "thresholds.unmute", id, &d, func(t Tenant) error {
		if d.before, err = t.Threshold(ctx, id); err != nil {
			return err
		}
		if err := t.touchThreshold(ctx, id); err != nil {
			return err
		}
		if err := t.unmute(ctx, id); err != nil {
			return err
		}
		out, err = t.Threshold(ctx, id)
		d.after = out
		return err
	})
	return out, err
}

func (t Tenant) unmute(ctx context.Context, threshold string) error {
	return some(sq.Exec(ctx, t.db, `DELETE FROM silences WHERE tenant_id = @tenant AND source = 'mute'
		AND threshold_id = @threshold AND ends_at > @now`, sql.Named("threshold", threshold), t.current()))
}

// SnoozeAlert silences one alert until then, instead of until what was said
// before. It stands in the transaction that writes the alert's time line.
func (t Tenant) SnoozeAlert(ctx context.Context, alert, comment string, until time.Time) error {
	return t.Tx(ctx, func(t Tenant) error {
		err := some(sq.Exec(ctx, t.db, `DELETE FROM silences WHERE tenant_id = @tenant AND source = 'snooze'
			AND alert_id = @alert AND ends_at > @now`, sql.Named("alert", alert), t.current()))
		if err != nil {
			return err
		}
		_, err = t.addSilence(ctx, Silence{
			ID: NewID(), Source: SourceSnooze, Alert: alert, Comment: comment, Actor: t.actor, Starts: t.store.Now(), Ends: until,
		})
		return err
	})
}

// some accepts a write that changed nothing.
func some(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
