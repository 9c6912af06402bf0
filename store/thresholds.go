package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// A Threshold watches a metric of one server, of the servers with a tag, or of all.
type Threshold struct {
	ID         string     `json:"id"`
	Rev        int64      `json:"rev"`
	Name       string     `json:"name"`
	Builtin    string     `json:"builtin" doc:"Not empty: it comes with the appliance"`
	Server     *string    `json:"server_id" nullable:"true" doc:"Null: every server, or those with the tag"`
	Tag        string     `json:"tag"`
	Metric     string     `json:"metric" doc:"A preset or the name of a metric"`
	Condition  string     `json:"condition" enum:"gt,gte,lt,lte,eq,ne"`
	Value      float64    `json:"value"`
	Clear      *float64   `json:"clear_value" nullable:"true" doc:"An alert ends when the value is back behind this one; null: behind value"`
	For        int64      `json:"for_seconds" doc:"How long the condition must hold"`
	Severity   string     `json:"severity" enum:"info,warning,critical"`
	Enabled    bool       `json:"enabled"`
	MutedUntil *time.Time `json:"muted_until" nullable:"true"`
	Channels   []string   `json:"channel_ids" nullable:"true" doc:"Null: every channel"`
	Created    time.Time  `json:"created_at"`
}

// ErrThresholdBuiltin says that a threshold comes with the appliance.
var ErrThresholdBuiltin = fault.New(fault.Conflict, "threshold.builtin",
	"This threshold comes with the appliance and cannot be deleted. Switch it off instead.")

const thresholdCols = `id, rev, name, builtin, server_id, tag, metric, condition, value, clear_value, for_seconds, severity,
	enabled, (SELECT max(s.ends_at) FROM silences s WHERE s.tenant_id = @tenant AND s.source = 'mute'
		AND s.threshold_id = thresholds.id AND s.ends_at > @now), channel_ids, created_at`

func scanThreshold(r sq.Row) (v Threshold, err error) {
	var created int64
	var muted *int64
	var channels *string
	err = r.Scan(&v.ID, &v.Rev, &v.Name, &v.Builtin, &v.Server, &v.Tag, &v.Metric, &v.Condition, &v.Value, &v.Clear, &v.For,
		&v.Severity, &v.Enabled, &muted, &channels, &created)
	if err == nil && channels != nil {
		err = json.Unmarshal([]byte(*channels), &v.Channels)
	}
	v.MutedUntil, v.Created = moment(muted), time.UnixMilli(created).UTC()
	return v, err
}

// current binds @now.
func (t Tenant) current() sql.NamedArg { return sql.Named("now", t.store.Now().UnixMilli()) }

const thresholdsByName = `SELECT ` + thresholdCols + ` FROM thresholds
	WHERE tenant_id = @tenant AND (name, id) > (@key, @id) AND name LIKE @like ESCAPE '\'
	ORDER BY name, id LIMIT @limit`

// Thresholds returns one page of the thresholds whose name contains l.Q, by
// name. Those of more tenants join the list: the appliance's own, where
// everybody may see them.
func (t Tenant) Thresholds(ctx context.Context, l List, more ...Tenant) (Page[Threshold], error) {
	return page(l, "", func(args ...any) ([]Threshold, error) {
		all := []Threshold{}
		for _, of := range append([]Tenant{t}, more...) {
			part, err := sq.Many(ctx, of.db, scanThreshold, thresholdsByName, append(slices.Clip(args), of.current())...)
			if err != nil {
				return nil, err
			}
			all = append(all, part...)
		}
		slices.SortFunc(all, func(a, b Threshold) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		return all[:min(len(all), l.Limit+1)], nil
	}, func(v Threshold) cursor[string] { return cursor[string]{v.Name, v.ID} })
}

// AllThresholds returns every threshold, for evaluation.
func (t Tenant) AllThresholds(ctx context.Context) ([]Threshold, error) {
	all, err := sq.Many(ctx, t.db, scanThreshold, `SELECT `+thresholdCols+` FROM thresholds
		WHERE tenant_id = @tenant ORDER BY name, id`, t.current())
	return all, known(err)
}

// Threshold returns one threshold, or ErrNotFound.
func (t Tenant) Threshold(ctx context.Context, id string) (Threshold, error) {
	v, err := sq.One(ctx, t.db, scanThreshold, `SELECT `+thresholdCols+` FROM thresholds
		WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id), t.current())
	return v, known(err)
}

// thresholdArgs binds what a write stores. Channels of nobody stay NULL: all.
func thresholdArgs(v Threshold) ([]any, error) {
	var channels *string
	if v.Channels != nil {
		text, err := json.Marshal(v.Channels)
		if err != nil {
			return nil, err
		}
		s := string(text)
		channels = &s
	}
	return []any{
		sql.Named("id", v.ID), sql.Named("name", v.Name), sql.Named("builtin", v.Builtin), sql.Named("server", v.Server),
		sql.Named("tag", v.Tag), sql.Named("metric", v.Metric), sql.Named("condition", v.Condition), sql.Named("value", v.Value),
		sql.Named("clear", v.Clear), sql.Named("for", v.For), sql.Named("severity", v.Severity),
		sql.Named("enabled", v.Enabled), sql.Named("channels", channels),
	}, nil
}

// CreateThreshold stores v and returns it as stored.
func (t Tenant) CreateThreshold(ctx context.Context, v Threshold) (out Threshold, err error) {
	err = t.changeWith(ctx, "thresholds.create", v.ID, &diff{after: v}, func(t Tenant) error {
		if err := t.ownChannels(ctx, v.Channels); err != nil {
			return err
		}
		args, err := thresholdArgs(v)
		if err != nil {
			return err
		}
		err = sq.Exec(ctx, t.db, `INSERT INTO thresholds (tenant_id, id, name, builtin, server_id, tag, metric, condition, value,
			clear_value, for_seconds, severity, enabled, channel_ids, created_at)
			VALUES (@tenant, @id, @name, @builtin, @server, @tag, @metric, @condition, @value,
			@clear, @for, @severity, @enabled, @channels, @now)`, append(args, t.current())...)
		if err != nil {
			return err
		}
		out, err = t.Threshold(ctx, v.ID)
		return err
	})
	return out, err
}

// EnsureThreshold stores a builtin threshold unless the tenant has it. Nobody
// asked for it, so it is not audited.
func (t Tenant) EnsureThreshold(ctx context.Context, v Threshold) error {
	args, err := thresholdArgs(v)
	if err != nil {
		return err
	}
	_, err = sq.Returning(ctx, t.db, scanNumber, `INSERT INTO thresholds (tenant_id, id, name, builtin, server_id, tag, metric,
		condition, value, clear_value, for_seconds, severity, enabled, channel_ids, created_at)
		VALUES (@tenant, @id, @name, @builtin, @server, @tag, @metric,
		@condition, @value, @clear, @for, @severity, @enabled, @channels, @now)
		ON CONFLICT (tenant_id, builtin) WHERE builtin <> '' DO UPDATE SET builtin = excluded.builtin RETURNING 1`,
		append(args, t.current())...)
	return known(err)
}

// UpdateThreshold stores v if its revision is still v.Rev, else ErrStale.
func (t Tenant) UpdateThreshold(ctx context.Context, v Threshold) (out Threshold, err error) {
	var d diff
	err = t.changeWith(ctx, "thresholds.update", v.ID, &d, func(t Tenant) error {
		old, err := t.Threshold(ctx, v.ID)
		if err != nil {
			return err
		}
		if v.Rev != AnyRev && v.Rev != old.Rev {
			return ErrStale
		}
		if err := t.ownChannels(ctx, v.Channels); err != nil {
			return err
		}
		args, err := thresholdArgs(v)
		if err != nil {
			return err
		}
		err = sq.Exec(ctx, t.db, `UPDATE thresholds SET rev = rev + 1, name = @name, server_id = @server, tag = @tag,
			metric = @metric, condition = @condition, value = @value, clear_value = @clear, for_seconds = @for,
			severity = @severity, enabled = @enabled, channel_ids = @channels
			WHERE tenant_id = @tenant AND id = @id`, args...)
		if err != nil {
			return err
		}
		out, err = t.Threshold(ctx, v.ID)
		d = diff{old, out}
		return err
	})
	return out, err
}

// touchThreshold gives a threshold a new revision: its mute changed.
func (t Tenant) touchThreshold(ctx context.Context, id string) error {
	return sq.Exec(ctx, t.db, `UPDATE thresholds SET rev = rev + 1 WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
}

// DeleteThreshold deletes a threshold that a person made, if its revision is still rev.
func (t Tenant) DeleteThreshold(ctx context.Context, id string, rev int64) error {
	var d diff
	return t.changeWith(ctx, "thresholds.delete", id, &d, func(t Tenant) error {
		v, err := t.Threshold(ctx, id)
		switch {
		case err != nil:
			return err
		case rev != AnyRev && rev != v.Rev:
			return ErrStale
		case v.Builtin != "":
			return ErrThresholdBuiltin
		}
		d.before = v
		return sq.Exec(ctx, t.db, `DELETE FROM thresholds WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	})
}

// A Target is what alerting must know of a server or a cluster.
type Target struct {
	Kind           string // server, cluster
	ID, Name, Host string // of a cluster the address of its API
	Tags           []string
	Poll           time.Duration
	State, Reason  string // of a server: up, down, untrusted, unknown
	KeyChanged     bool   // it showed another host key than the trusted one
}

// The kinds of targets.
const (
	TargetServer  = "server"
	TargetCluster = "cluster"
)

// clusterPoll is how often a cluster's readings come, in seconds.
const clusterPoll = 30

func scanTarget(r sq.Row) (v Target, err error) {
	var tags string
	var poll int64
	if err = r.Scan(&v.Kind, &v.ID, &v.Name, &v.Host, &tags, &poll, &v.State, &v.Reason, &v.KeyChanged); err == nil {
		err = json.Unmarshal([]byte(tags), &v.Tags)
	}
	v.Poll = time.Duration(poll) * time.Second
	return v, err
}

// Targets returns every server and every cluster of the tenant as alerting sees it.
func (t Tenant) Targets(ctx context.Context) ([]Target, error) {
	all, err := sq.Many(ctx, t.db, scanTarget, `SELECT 'server', s.id, s.name, s.host, s.tags, s.poll_seconds,
		coalesce(v.state, 'unknown'), coalesce(v.reason, ''),
		coalesce(k.trusted IS NOT NULL AND k.offered IS NOT NULL AND k.offered <> k.trusted, 0)
		FROM servers s
		LEFT JOIN server_states v ON v.tenant_id = @tenant AND v.server_id = s.id
		LEFT JOIN host_keys k ON k.tenant_id = @tenant AND k.server_id = s.id
		WHERE s.tenant_id = @tenant
		UNION ALL SELECT 'cluster', c.id, c.name, c.server, c.tags, @poll, '', '', 0 FROM clusters c
		WHERE c.tenant_id = @tenant`, sql.Named("poll", clusterPoll))
	return all, known(err)
}
