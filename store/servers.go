package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// A Server is a machine that a tenant watches, with what was last seen of it.
type Server struct {
	ID              string     `json:"id"`
	Rev             int64      `json:"rev"`
	Name            string     `json:"name"`
	Host            string     `json:"host"`
	Port            int64      `json:"port"`
	Username        string     `json:"username"`
	Auth            string     `json:"auth" enum:"password,key,agent,local"`
	Password        seal.Value `json:"-"`
	PrivateKey      seal.Value `json:"-"`
	Passphrase      seal.Value `json:"-"`
	Tags            []string   `json:"tags" nullable:"false"`
	Group           string     `json:"group"`
	Notes           string     `json:"notes"`
	PollSeconds     int64      `json:"poll_seconds"`
	SnapshotMinutes int64      `json:"snapshot_minutes"`
	Created         time.Time  `json:"created_at"`
	ServerState
	HostKey *HostKey `json:"host_key"`
}

// A ServerState is what the appliance last knew of a server.
type ServerState struct {
	State    string     `json:"state" enum:"up,down,untrusted,unknown"`
	Since    time.Time  `json:"state_since"`
	Reason   string     `json:"reason" doc:"Why it is not up, as a sentence"`
	LastSeen *time.Time `json:"last_seen" nullable:"true"`
	SkewMS   int64      `json:"skew_ms" doc:"How far its clock is ahead of the appliance's"`
	Facts    Facts      `json:"facts"`
}

// The states of a server.
const (
	ServerUp        = "up"
	ServerDown      = "down"
	ServerUntrusted = "untrusted"
	ServerUnknown   = "unknown"
)

// Facts are what a list shows of a machine without opening its snapshot.
type Facts struct {
	Hostname       string     `json:"hostname"`
	OS             string     `json:"os"`
	Kernel         string     `json:"kernel"`
	Arch           string     `json:"arch"`
	CPUModel       string     `json:"cpu_model"`
	CPUCores       int64      `json:"cpu_cores"`
	MemoryBytes    int64      `json:"memory_bytes"`
	BootAt         *time.Time `json:"boot_at" nullable:"true"`
	Virtualization string     `json:"virtualization"`
	Updates        *int64     `json:"updates" nullable:"true" doc:"Packages that wait to be updated; null: not known"`
}

var (
	// ErrServerName says that a tenant already has a server of that name.
	ErrServerName = fault.New(fault.Conflict, "server.name_taken", "Another server has that name. Choose another one.")
	// ErrServerLocal says that this machine is a server of the tenant already.
	ErrServerLocal = fault.New(fault.Conflict, "server.local_taken", "This machine is watched already.")
)

// serverCols are read from servers s with its state st and its host key k.
const serverCols = `s.id, s.rev, s.name, s.host, s.port, s.username, s.auth, s.password, s.private_key, s.passphrase,
	s.tags, s.group_name, s.notes, s.poll_seconds, s.snapshot_minutes, s.created_at,
	coalesce(st.state, 'unknown'), coalesce(st.since, s.created_at), coalesce(st.seen_at, 0), coalesce(st.reason, ''),
	coalesce(st.skew_ms, 0), coalesce(st.facts, '{}'), k.trusted, k.offered`

const serverFrom = ` FROM servers s
	LEFT JOIN server_states st ON st.tenant_id = s.tenant_id AND st.server_id = s.id
	LEFT JOIN host_keys k ON k.tenant_id = s.tenant_id AND k.server_id = s.id`

func scanServer(r sq.Row) (v Server, err error) {
	var created, since, seen int64
	var password, private, passphrase, trusted, offered []byte
	var tags, facts string
	err = r.Scan(&v.ID, &v.Rev, &v.Name, &v.Host, &v.Port, &v.Username, &v.Auth, &password, &private, &passphrase,
		&tags, &v.Group, &v.Notes, &v.PollSeconds, &v.SnapshotMinutes, &created,
		&v.State, &since, &seen, &v.Reason, &v.SkewMS, &facts, &trusted, &offered)
	if err != nil {
		return v, err
	}
	v.Password, v.PrivateKey, v.Passphrase = seal.Of(password), seal.Of(private), seal.Of(passphrase)
	v.Created, v.Since = time.UnixMilli(created).UTC(), time.UnixMilli(since).UTC()
	if seen > 0 {
		v.LastSeen = moment(&seen)
	}
	v.HostKey = hostKeyOf(trusted, offered)
	return v, errors.Join(json.Unmarshal([]byte(tags), &v.Tags), json.Unmarshal([]byte(facts), &v.Facts))
}

// A ServerList says which servers are asked for.
type ServerList struct {
	List
	Tag, State string // empty: any
}

const serverFilter = ` AND (s.name LIKE @like ESCAPE '\' OR s.host LIKE @like ESCAPE '\')
	AND (@tag = '' OR EXISTS (SELECT 1 FROM json_each(s.tags) WHERE value = @tag))
	AND (@state = '' OR coalesce(st.state, 'unknown') = @state)`

// The list queries: one constant and one index for each order.
const (
	serversByName = `SELECT ` + serverCols + serverFrom + `
		WHERE s.tenant_id = @tenant AND (s.name, s.id) > (@key, @id)` + serverFilter + `
		ORDER BY s.name, s.id LIMIT @limit`
	serversNewest = `SELECT ` + serverCols + serverFrom + `
		WHERE s.tenant_id = @tenant AND (s.created_at, s.id) < (@key, @id)` + serverFilter + `
		ORDER BY s.created_at DESC, s.id DESC LIMIT @limit`
)

// Servers returns one page of the servers whose name or host contains l.Q, by
// name or newest first.
func (t Tenant) Servers(ctx context.Context, l ServerList) (Page[Server], error) {
	filter := []any{sql.Named("tag", l.Tag), sql.Named("state", l.State)}
	if l.Sort == "newest" {
		return page(l.List, maxTime, func(args ...any) ([]Server, error) {
			return sq.Many(ctx, t.db, scanServer, serversNewest, append(args, filter...)...)
		}, func(v Server) cursor[int64] { return cursor[int64]{v.Created.UnixMilli(), v.ID} })
	}
	return page(l.List, "", func(args ...any) ([]Server, error) {
		return sq.Many(ctx, t.db, scanServer, serversByName, append(args, filter...)...)
	}, func(v Server) cursor[string] { return cursor[string]{v.Name, v.ID} })
}

// AllServers returns every server of the tenant, for those who watch them.
func (t Tenant) AllServers(ctx context.Context) ([]Server, error) {
	all, err := sq.Many(ctx, t.db, scanServer, `SELECT `+serverCols+serverFrom+`
		WHERE s.tenant_id = @tenant ORDER BY s.name`)
	return all, known(err)
}

// Server returns one server, or ErrNotFound.
func (t Tenant) Server(ctx context.Context, id string) (Server, error) {
	v, err := sq.One(ctx, t.db, scanServer, `SELECT `+serverCols+serverFrom+`
		WHERE s.tenant_id = @tenant AND s.id = @id`, sql.Named("id", id))
	return v, known(err)
}

// LocalServer returns the machine that the appliance runs on, or ErrNotFound.
func (t Tenant) LocalServer(ctx context.Context) (Server, error) {
	v, err := sq.One(ctx, t.db, scanServer, `SELECT `+serverCols+serverFrom+`
		WHERE s.tenant_id = @tenant AND s.auth = 'local'`)
	return v, known(err)
}

// CreateServer stores v, whose id the caller minted, and returns it as stored.
func (t Tenant) CreateServer(ctx context.Context, v Server) (out Server, err error) {
	err = t.changeWith(ctx, "servers.create", v.ID, &diff{after: v}, func(t Tenant) error {
		if err := t.within(ctx, QuotaServers); err != nil {
			return err
		}
		err := sq.Exec(ctx, t.db, `INSERT INTO servers (tenant_id, id, name, host, port, username, auth, password, private_key,
			passphrase, tags, group_name, notes, poll_seconds, snapshot_minutes, created_at)
			VALUES (@tenant, @id, @name, @host, @port, @username, @auth, @password, @private_key,
			@passphrase, @tags, @group, @notes, @poll, @snapshot, @created)`,
			append(serverArgs(v), sql.Named("created", t.store.Now().UnixMilli()))...)
		if err != nil {
			return serverTaken(err)
		}
		out, err = t.Server(ctx, v.ID)
		return err
	})
	return out, err
}

// UpdateServer stores v if its revision is still v.Rev, else ErrStale.
func (t Tenant) UpdateServer(ctx context.Context, v Server) (out Server, err error) {
	var d diff
	err = t.changeWith(ctx, "servers.update", v.ID, &d, func(t Tenant) error {
		old, err := t.freshServer(ctx, v.ID, v.Rev)
		if err != nil {
			return err
		}
		err = sq.Exec(ctx, t.db, `UPDATE servers SET rev = rev + 1, name = @name, host = @host, port = @port,
			username = @username, auth = @auth, password = @password, private_key = @private_key, passphrase = @passphrase,
			tags = @tags, group_name = @group, notes = @notes, poll_seconds = @poll, snapshot_minutes = @snapshot
			WHERE tenant_id = @tenant AND id = @id`, serverArgs(v)...)
		if err != nil {
			return serverTaken(err)
		}
		out, err = t.Server(ctx, v.ID)
		d = diff{old, out}
		return err
	})
	return out, err
}

// DeleteServer deletes a server and all it owns if its revision is still rev.
func (t Tenant) DeleteServer(ctx context.Context, id string, rev int64) error {
	var d diff
	return t.changeWith(ctx, "servers.delete", id, &d, func(t Tenant) error {
		old, err := t.freshServer(ctx, id, rev)
		if err != nil {
			return err
		}
		d.before = old
		return sq.Exec(ctx, t.db, `DELETE FROM servers WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	})
}

// freshServer returns the server, or ErrStale unless it is at rev; AnyRev is always fresh.
func (t Tenant) freshServer(ctx context.Context, id string, rev int64) (Server, error) {
	v, err := t.Server(ctx, id)
	if err == nil && rev != AnyRev && rev != v.Rev {
		return v, ErrStale
	}
	return v, err
}

func serverArgs(v Server) []any {
	tags, _ := json.Marshal(append([]string{}, v.Tags...)) // strings marshal
	return []any{
		sql.Named("id", v.ID), sql.Named("name", v.Name), sql.Named("host", v.Host), sql.Named("port", v.Port),
		sql.Named("username", v.Username), sql.Named("auth", v.Auth), sql.Named("password", v.Password.Ciphertext()),
		sql.Named("private_key", v.PrivateKey.Ciphertext()), sql.Named("passphrase", v.Passphrase.Ciphertext()),
		sql.Named("tags", string(tags)), sql.Named("group", v.Group), sql.Named("notes", v.Notes),
		sql.Named("poll", v.PollSeconds), sql.Named("snapshot", v.SnapshotMinutes),
	}
}

// secrets names what the audit says of a server's secrets: that they changed.
func (v Server) secrets() map[string]seal.Value {
	return map[string]seal.Value{"password": v.Password, "private_key": v.PrivateKey, "passphrase": v.Passphrase}
}

func serverTaken(err error) error {
	if !broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "servers") {
		return err
	}
	if strings.Contains(err.Error(), "servers.name") {
		return ErrServerName.Because(err)
	}
	return ErrServerLocal.Because(err)
}

// SaveServerState keeps what was last seen of a server. It is not audited.
func (t Tenant) SaveServerState(ctx context.Context, id string, v ServerState) error {
	facts, err := json.Marshal(v.Facts)
	if err != nil {
		return err
	}
	var seen int64
	if v.LastSeen != nil {
		seen = v.LastSeen.UnixMilli()
	}
	return known(sq.Exec(ctx, t.db, `INSERT INTO server_states (tenant_id, server_id, state, since, seen_at, reason, skew_ms, facts)
		VALUES (@tenant, @id, @state, @since, @seen, @reason, @skew, @facts)
		ON CONFLICT (tenant_id, server_id) DO UPDATE SET state = excluded.state, since = excluded.since, seen_at = excluded.seen_at,
		reason = excluded.reason, skew_ms = excluded.skew_ms, facts = excluded.facts`,
		sql.Named("id", id), sql.Named("state", v.State), sql.Named("since", v.Since.UnixMilli()), sql.Named("seen", seen),
		sql.Named("reason", v.Reason), sql.Named("skew", v.SkewMS), sql.Named("facts", string(facts))))
}

// A Tag is a tag and how many servers have it.
type Tag struct {
	Tag   string `json:"tag"`
	Count int64  `json:"count"`
}

// ServerTags returns the tags of the tenant's servers, by name.
func (t Tenant) ServerTags(ctx context.Context) ([]Tag, error) {
	all, err := sq.Many(ctx, t.db, func(r sq.Row) (v Tag, err error) {
		err = r.Scan(&v.Tag, &v.Count)
		return v, err
	}, `SELECT json_each.value, count(*) FROM servers s, json_each(s.tags)
		WHERE s.tenant_id = @tenant GROUP BY json_each.value ORDER BY json_each.value`)
	return all, known(err)
}

// ServerCounts returns how many servers are in each state.
func (t Tenant) ServerCounts(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	_, err := sq.Many(ctx, t.db, func(r sq.Row) (struct{}, error) {
		var state string
		var n int64
		err := r.Scan(&state, &n)
		counts[state] = n
		return struct{}{}, err
	}, `SELECT coalesce(st.state, 'unknown'), count(*) FROM servers s
		LEFT JOIN server_states st ON st.tenant_id = s.tenant_id AND st.server_id = s.id
		WHERE s.tenant_id = @tenant GROUP BY 1`)
	return counts, known(err)
}
