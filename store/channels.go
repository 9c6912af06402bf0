package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// A Channel is a way to tell people. Its config is what people may read: where
// a secret stands, it holds a mask, and the secrets are sealed apart.
type Channel struct {
	ID       string         `json:"id"`
	Rev      int64          `json:"rev"`
	Name     string         `json:"name"`
	Type     string         `json:"type" enum:"webhook,ntfy,smtp"`
	Enabled  bool           `json:"enabled"`
	Config   map[string]any `json:"config"`
	Template string         `json:"template" doc:"Go template of the message; empty: the usual one"`
	Created  time.Time      `json:"created_at"`
	Secrets  seal.Value     `json:"-"`
}

var (
	// ErrChannelName says that the tenant has a channel of that name.
	ErrChannelName = fault.New(fault.Conflict, "channel.name_taken", "Another channel has that name. Choose another one.")
	// ErrChannelUnknown says that a threshold names a channel that is not there.
	ErrChannelUnknown = fault.New(fault.NotFound, "channel.unknown", "One of the channels does not exist. Load the channels again and choose.")
)

const channelCols = "id, rev, name, type, enabled, config, template, created_at, secrets"

func scanChannel(r sq.Row) (v Channel, err error) {
	var config string
	var created int64
	var secrets []byte
	if err = r.Scan(&v.ID, &v.Rev, &v.Name, &v.Type, &v.Enabled, &config, &v.Template, &created, &secrets); err == nil {
		err = json.Unmarshal([]byte(config), &v.Config)
	}
	v.Created, v.Secrets = time.UnixMilli(created).UTC(), seal.Of(secrets)
	return v, err
}

const channelsByName = `SELECT ` + channelCols + ` FROM channels
	WHERE tenant_id = @tenant AND (name, id) > (@key, @id) AND name LIKE @like ESCAPE '\'
	ORDER BY name, id LIMIT @limit`

// Channels returns one page of the channels whose name contains l.Q, by name.
func (t Tenant) Channels(ctx context.Context, l List) (Page[Channel], error) {
	return page(l, "", func(args ...any) ([]Channel, error) {
		return sq.Many(ctx, t.db, scanChannel, channelsByName, args...)
	}, func(v Channel) cursor[string] { return cursor[string]{v.Name, v.ID} })
}

// Channel returns one channel, or ErrNotFound.
func (t Tenant) Channel(ctx context.Context, id string) (Channel, error) {
	v, err := sq.One(ctx, t.db, scanChannel, `SELECT `+channelCols+` FROM channels
		WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	return v, known(err)
}

// secrets names what the audit says of a channel's secrets: that they changed.
func (v Channel) secrets() map[string]seal.Value { return map[string]seal.Value{"secrets": v.Secrets} }

func channelArgs(v Channel) ([]any, error) {
	config, err := json.Marshal(v.Config)
	return []any{
		sql.Named("id", v.ID), sql.Named("name", v.Name), sql.Named("type", v.Type), sql.Named("enabled", v.Enabled),
		sql.Named("config", string(config)), sql.Named("template", v.Template), sql.Named("secrets", v.Secrets.Ciphertext()),
	}, err
}

func channelName(err error) error {
	if broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "channels.name") {
		return ErrChannelName.Because(err)
	}
	return err
}

// CreateChannel stores v and returns it as stored.
func (t Tenant) CreateChannel(ctx context.Context, v Channel) (out Channel, err error) {
	args, err := channelArgs(v)
	if err != nil {
		return out, err
	}
	err = t.changeWith(ctx, "channels.create", v.ID, &diff{after: v}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db, scanChannel, `INSERT INTO channels
			(tenant_id, id, name, type, enabled, config, template, secrets, created_at)
			VALUES (@tenant, @id, @name, @type, @enabled, @config, @template, @secrets, @now)
			RETURNING `+channelCols, append(args, t.current())...)
		return channelName(err)
	})
	return out, err
}

// UpdateChannel stores v if its revision is still v.Rev, else ErrStale. The
// type of a channel never changes.
func (t Tenant) UpdateChannel(ctx context.Context, v Channel) (out Channel, err error) {
	args, err := channelArgs(v)
	if err != nil {
		return out, err
	}
	var d diff
	err = t.changeWith(ctx, "channels.update", v.ID, &d, func(t Tenant) error {
		old, err := t.Channel(ctx, v.ID)
		if err != nil {
			return err
		}
		if v.Rev != AnyRev && v.Rev != old.Rev {
			return ErrStale
		}
		out, err = sq.Returning(ctx, t.db, scanChannel, `UPDATE channels SET rev = rev + 1, name = @name, enabled = @enabled,
			config = @config, template = @template, secrets = @secrets
			WHERE tenant_id = @tenant AND id = @id RETURNING `+channelCols, args...)
		d = diff{old, out}
		return channelName(err)
	})
	return out, err
}

// DeleteChannel deletes a channel if its revision is still rev. What is queued
// for it fails when it is due, and says why.
func (t Tenant) DeleteChannel(ctx context.Context, id string, rev int64) error {
	var d diff
	return t.changeWith(ctx, "channels.delete", id, &d, func(t Tenant) error {
		v, err := t.Channel(ctx, id)
		if err != nil {
			return err
		}
		if rev != AnyRev && rev != v.Rev {
			return ErrStale
		}
		d.before = v
		return sq.Exec(ctx, t.db, `DELETE FROM channels WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	})
}

// ownChannels returns ErrChannelUnknown if one of the ids is no channel of the
// tenant. The appliance itself may name those of the household that speaks for it.
func (t Tenant) ownChannels(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	missing, err := sq.One(ctx, t.db, scanNumber, `SELECT count(*) FROM json_each(@ids)
		WHERE NOT EXISTS (SELECT 1 FROM channels c WHERE c.tenant_id = @tenant AND c.id = json_each.value)
		AND NOT EXISTS (SELECT 1 FROM channels c WHERE @tenant = 'system' AND c.tenant_id = 'default' AND c.id = json_each.value)`, sql.Named("ids", string(text)))
	if err == nil && missing > 0 {
		return ErrChannelUnknown
	}
	return err
}

// hearing returns the enabled channels among ids, or all enabled ones for nil.
func (t Tenant) hearing(ctx context.Context, ids []string) ([]Channel, error) {
	text, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return sq.Many(ctx, t.db, scanChannel, `SELECT `+channelCols+` FROM channels
		WHERE tenant_id = @tenant AND enabled = 1
		AND (@ids = 'null' OR id IN (SELECT value FROM json_each(@ids))) ORDER BY name, id`, sql.Named("ids", string(text)))
}
