package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// Quota is what a tenant may have at most; nil: as much as there is room for.
type Quota struct {
	Servers      *int64 `json:"servers,omitempty" minimum:"0"`
	Clusters     *int64 `json:"clusters,omitempty" minimum:"0" doc:"Of Kubernetes"`
	Users        *int64 `json:"users,omitempty" minimum:"0"`
	Series       *int64 `json:"series,omitempty" minimum:"0" doc:"Metrics with one set of labels each"`
	StorageBytes *int64 `json:"storage_bytes,omitempty" minimum:"0" doc:"Of samples and snapshots"`
	APICallsHour *int64 `json:"api_calls_hour,omitempty" minimum:"0" doc:"Of API keys and tokens; browsers are not counted"`
}

// Usage is what a tenant has now, as the database counts it.
type Usage struct {
	Servers      int64 `json:"servers"`
	Clusters     int64 `json:"clusters"`
	Users        int64 `json:"users"`
	Series       int64 `json:"series"`
	StorageBytes int64 `json:"storage_bytes"`
}

// The kinds that a quota limits.
const (
	QuotaServers  = "servers"
	QuotaClusters = "clusters"
	QuotaUsers    = "users"
	QuotaSeries   = "series"
	QuotaStorage  = "storage_bytes"
	QuotaAPICalls = "api_calls_hour"
)

// ErrQuota is matched by every refusal of a quota.
var ErrQuota = fault.New(fault.Forbidden, "quota.exceeded", "This tenant may not have more. Ask the administrator of the appliance.")

// quotaWords are the words for one of a kind, and for others.
var quotaWords = map[string][2]string{
	QuotaServers:  {"server", "servers"},
	QuotaClusters: {"cluster", "clusters"},
	QuotaUsers:    {"member", "members"},
	QuotaSeries:   {"series of a metric", "series of metrics"},
	QuotaAPICalls: {"API call an hour", "API calls an hour"},
}

// OverQuota returns the refusal of more than limit of a kind.
func OverQuota(kind string, limit int64) *fault.Error {
	what := fmt.Sprintf("%d %s", limit, quotaWords[kind][1])
	switch {
	case limit == 1 && kind != QuotaStorage:
		what = "1 " + quotaWords[kind][0]
	case kind == QuotaStorage:
		what = fmt.Sprintf("%.1f MiB of samples and snapshots", float64(limit)/(1<<20))
	}
	return fault.New(ErrQuota.Kind, ErrQuota.Code, "This tenant may have at most %s. Ask the administrator of the appliance for more.", what)
}

// Quota returns what the tenant may have at most.
func (t Tenant) Quota(ctx context.Context) (q Quota, err error) {
	text, err := sq.One(ctx, t.db, scanID, `SELECT quota FROM tenants WHERE id = @tenant`)
	if err != nil {
		return q, known(err)
	}
	return q, json.Unmarshal([]byte(text), &q)
}

// AllUsage returns what each tenant has.
func (y System) AllUsage(ctx context.Context) (map[TenantID]Usage, error) {
	all := map[TenantID]Usage{}
	_, err := sq.Many(ctx, y.db(), func(r sq.Row) (struct{}, error) {
		var id TenantID
		var kind string
		var n int64
		err := r.Scan(&id, &kind, &n)
		u := all[id]
		u.set(kind, n)
		all[id] = u
		return struct{}{}, err
	}, `SELECT tenant_id, kind, n FROM usage`)
	return all, known(err)
}

// set puts a count where it belongs.
func (u *Usage) set(kind string, n int64) {
	switch kind {
	case QuotaServers:
		u.Servers = n
	case QuotaClusters:
		u.Clusters = n
	case QuotaUsers:
		u.Users = n
	case QuotaSeries:
		u.Series = n
	case QuotaStorage:
		u.StorageBytes = n
	}
}

// Usage returns what the tenant has.
func (t Tenant) Usage(ctx context.Context) (u Usage, err error) {
	_, err = sq.Many(ctx, t.db, func(r sq.Row) (struct{}, error) {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		u.set(kind, n)
		return struct{}{}, err
	}, `SELECT kind, n FROM usage WHERE tenant_id = @tenant`)
	return u, known(err)
}

// Room returns how much more of a kind the tenant may have, and its limit; less
// than nothing after a limit was lowered. It reports false if there is no limit.
func (t Tenant) Room(ctx context.Context, kind string) (left, limit int64, limited bool, err error) {
	type row struct{ n, limit int64 }
	v, err := sq.One(ctx, t.db, func(r sq.Row) (v row, err error) {
		err = r.Scan(&v.n, &v.limit)
		return v, err
	}, `SELECT u.n, t.quota ->> @kind FROM tenants t JOIN usage u ON u.tenant_id = t.id AND u.kind = @kind
		WHERE t.id = @tenant AND t.quota ->> @kind IS NOT NULL`, sql.Named("kind", kind))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, false, nil
	}
	return v.limit - v.n, v.limit, true, known(err)
}

// Fits returns a refusal unless n more of a kind fit into the tenant's quota.
// Inside the transaction that writes them, that holds until it ends.
func (t Tenant) Fits(ctx context.Context, kind string, n int64) error {
	left, limit, limited, err := t.Room(ctx, kind)
	if err == nil && limited && left < n {
		return OverQuota(kind, limit)
	}
	return err
}

// within returns a refusal unless one more of a kind fits. It belongs into the
// transaction that writes it, before that.
func (t Tenant) within(ctx context.Context, kind string) error { return t.Fits(ctx, kind, 1) }
