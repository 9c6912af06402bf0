package store

import (
	"context"
	"path"
	"strings"

	"unity.internal/store/internal/sq"
)

// A Name is what a person, a place or a tenant is known by in here.
type Name struct{ Kind, Text string }

// names are those of tenants, people and servers, and of every place that
// settings name. Of settings, a text counts that has a dot, an @, a slash or a
// colon, or is one of a list: the others are words of ours.
const names = `SELECT 'tenant', id FROM tenants WHERE id NOT IN ('system', 'default')
	UNION ALL SELECT 'tenant', name FROM tenants WHERE id <> 'system' AND name <> 'Home'
	UNION ALL SELECT 'server', name FROM servers
	UNION ALL SELECT 'host', host FROM servers WHERE auth <> 'local'
	UNION ALL SELECT 'cluster', name FROM clusters
	UNION ALL SELECT 'cluster', context FROM clusters
	UNION ALL SELECT 'place', server FROM clusters
	UNION ALL SELECT 'user', username FROM servers WHERE username <> 'root'
	UNION ALL SELECT 'user', username FROM users
	UNION ALL SELECT 'email', email FROM users
	UNION ALL SELECT 'email', email FROM invitations
	UNION ALL SELECT 'user', name FROM identities
	UNION ALL SELECT 'provider', name FROM providers
	UNION ALL SELECT 'place', issuer FROM providers
	UNION ALL SELECT 'place', j.value FROM settings, json_tree(data) j
		WHERE j.type = 'text' AND length(j.value) < 500 AND (j.value GLOB '*[.@/:]*' OR typeof(j.key) = 'integer' OR j.key IN ('key_name', 'eab_key_id'))
	UNION ALL SELECT 'host', name FROM tls_attempts
	UNION ALL SELECT 'place', j.value FROM channels, json_tree(config) j
		WHERE j.type = 'text' AND (j.value GLOB '*[.@/:]*' OR j.key IN ('host', 'topic', 'username'))
	UNION ALL SELECT 'place', j.value FROM backup, json_tree(replica) j
		WHERE j.type = 'text' AND (j.value GLOB '*[.@/:]*' OR j.key IN ('username', 'access_key'))
	UNION ALL SELECT 'place', j.value FROM backup, json_tree(target) j
		WHERE j.type = 'text' AND (j.value GLOB '*[.@/:]*' OR j.key IN ('username', 'access_key'))`

// Where the storage of certificates has names in its keys: below the one come the
// issuer and the name of a host, below the other the authority, "users", the address
// of a person and files that are called like them.
const (
	certificates = "certificates"
	accounts     = "acme"
)

// Names returns what must not be read by somebody who does not know the owner.
func (y System) Names(ctx context.Context) ([]Name, error) {
	all, err := sq.Many(ctx, y.db(), func(r sq.Row) (v Name, err error) {
		err = r.Scan(&v.Kind, &v.Text)
		return v, err
	}, names)
	if err != nil {
		return nil, known(err)
	}
	keys, err := y.CertKeys(ctx, certificates)
	for _, key := range keys {
		if part := strings.Split(key, "/"); len(part) > 2 {
			all = append(all, Name{"host", part[2]})
		}
	}
	if err != nil {
		return all, err
	}
	keys, err = y.CertKeys(ctx, accounts)
	for _, key := range keys {
		if part := strings.Split(key, "/"); len(part) > 4 && strings.Contains(part[3], "@") {
			all = append(all, Name{"email", part[3]}, Name{"user", strings.TrimSuffix(part[4], path.Ext(part[4]))})
		}
	}
	return all, err
}

// A Count is how many rows a table has.
type Count struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Counts returns how many rows each table has, and those it has counted when ctx
// ends before the last.
func (y System) Counts(ctx context.Context) ([]Count, error) {
	tables, err := sq.Tables(ctx, y.db())
	if err != nil {
		return nil, known(err)
	}
	all := make([]Count, 0, len(tables))
	for _, t := range tables {
		n, err := sq.Rows(ctx, y.db(), t)
		if err != nil {
			return all, known(err)
		}
		all = append(all, Count{t.Name(), n})
	}
	return all, nil
}
