package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// ErrTenantDeleting says that a tenant is being deleted, which nothing stops.
var ErrTenantDeleting = fault.New(fault.Conflict, "tenant.deleting", "This tenant is being deleted. Nothing brings it back.")

// A Content is how much of one kind a tenant has.
type Content struct {
	Kind string `json:"kind"`
	N    int64  `json:"n"`
}

// A table holds rows of tenants; drop deletes one step of them.
type table struct {
	name string
	drop sq.Change
}

// tables are all that hold rows of tenants, children before their parents. The
// keys come first: what a copy of the database still holds is unreadable then.
var tables = []table{
	{"keysets", sq.Later(`DELETE FROM keysets WHERE tenant_id = @tenant`)},
	{"sessions", sq.Later(`DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE home = @tenant LIMIT @step)`)},
	{"api_keys", sq.Later(`DELETE FROM api_keys WHERE rowid IN (SELECT rowid FROM api_keys WHERE tenant_id = @tenant LIMIT @step)`)},
	{"invitations", sq.Later(`DELETE FROM invitations WHERE rowid IN (SELECT rowid FROM invitations WHERE tenant_id = @tenant LIMIT @step)`)},
	{"memberships", sq.Later(`DELETE FROM memberships WHERE tenant_id = @tenant AND user_id IN (SELECT user_id FROM memberships WHERE tenant_id = @tenant LIMIT @step)`)},
	{"deliveries", sq.Later(`DELETE FROM deliveries WHERE rowid IN (SELECT rowid FROM deliveries WHERE tenant_id = @tenant LIMIT @step)`)},
	{"channels", sq.Later(`DELETE FROM channels WHERE rowid IN (SELECT rowid FROM channels WHERE tenant_id = @tenant LIMIT @step)`)},
	{"silences", sq.Later(`DELETE FROM silences WHERE rowid IN (SELECT rowid FROM silences WHERE tenant_id = @tenant LIMIT @step)`)},
	{"alert_events", sq.Later(`DELETE FROM alert_events WHERE rowid IN (SELECT rowid FROM alert_events WHERE tenant_id = @tenant LIMIT @step)`)},
	{"alerts", sq.Later(`DELETE FROM alerts WHERE rowid IN (SELECT rowid FROM alerts WHERE tenant_id = @tenant LIMIT @step)`)},
	{"thresholds", sq.Later(`DELETE FROM thresholds WHERE rowid IN (SELECT rowid FROM thresholds WHERE tenant_id = @tenant LIMIT @step)`)},
	{"journal", sq.Later(`DELETE FROM journal WHERE rowid IN (SELECT rowid FROM journal WHERE tenant_id = @tenant LIMIT @step)`)},
	{"chunks", sq.Later(`DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE tenant_id = @tenant LIMIT @step)`)},
	{"windows", sq.Later(`DELETE FROM windows WHERE tenant_id = @tenant`)},
	{"series", sq.Later(`DELETE FROM series WHERE rowid IN (SELECT rowid FROM series WHERE tenant_id = @tenant LIMIT @step)`)},
	{"snapshots", sq.Later(`DELETE FROM snapshots WHERE rowid IN (SELECT rowid FROM snapshots WHERE tenant_id = @tenant LIMIT @step)`)},
	{"snapshot_sections", sq.Later(`DELETE FROM snapshot_sections WHERE rowid IN (SELECT rowid FROM snapshot_sections WHERE tenant_id = @tenant LIMIT @step)`)},
	{"server_states", sq.Later(`DELETE FROM server_states WHERE rowid IN (SELECT rowid FROM server_states WHERE tenant_id = @tenant LIMIT @step)`)},
	{"host_keys", sq.Later(`DELETE FROM host_keys WHERE rowid IN (SELECT rowid FROM host_keys WHERE tenant_id = @tenant LIMIT @step)`)},
	{"servers", sq.Later(`DELETE FROM servers WHERE rowid IN (SELECT rowid FROM servers WHERE tenant_id = @tenant LIMIT @step)`)},
	{"cluster_objects", sq.Later(`DELETE FROM cluster_objects WHERE rowid IN (SELECT rowid FROM cluster_objects WHERE tenant_id = @tenant LIMIT @step)`)},
	{"cluster_states", sq.Later(`DELETE FROM cluster_states WHERE rowid IN (SELECT rowid FROM cluster_states WHERE tenant_id = @tenant LIMIT @step)`)},
	{"clusters", sq.Later(`DELETE FROM clusters WHERE rowid IN (SELECT rowid FROM clusters WHERE tenant_id = @tenant LIMIT @step)`)},
	{"jobs", sq.Later(`DELETE FROM jobs WHERE rowid IN (SELECT rowid FROM jobs WHERE tenant_id = @tenant LIMIT @step)`)},
	{"audit", sq.Later(`DELETE FROM audit WHERE rowid IN (SELECT rowid FROM audit WHERE tenant_id = @tenant LIMIT @step)`)},
	{"audit_anchors", sq.Later(`DELETE FROM audit_anchors WHERE tenant_id = @tenant`)},
	{"settings", sq.Later(`DELETE FROM settings WHERE tenant_id = @tenant`)},
	{"imports", sq.Later(`DELETE FROM imports WHERE tenant_id = @tenant`)},
	{"usage", sq.Later(`DELETE FROM usage WHERE tenant_id = @tenant`)},
}

// counts is one row a kind that people count, from parents to children.
const counts = `SELECT 'servers', count(*) FROM servers WHERE tenant_id = @tenant
	UNION ALL SELECT 'clusters', count(*) FROM clusters WHERE tenant_id = @tenant
	UNION ALL SELECT 'users', count(*) FROM memberships WHERE tenant_id = @tenant
	UNION ALL SELECT 'invitations', count(*) FROM invitations WHERE tenant_id = @tenant
	UNION ALL SELECT 'api_keys', count(*) FROM api_keys WHERE tenant_id = @tenant
	UNION ALL SELECT 'thresholds', count(*) FROM thresholds WHERE tenant_id = @tenant
	UNION ALL SELECT 'alerts', count(*) FROM alerts WHERE tenant_id = @tenant
	UNION ALL SELECT 'silences', count(*) FROM silences WHERE tenant_id = @tenant
	UNION ALL SELECT 'channels', count(*) FROM channels WHERE tenant_id = @tenant
	UNION ALL SELECT 'deliveries', count(*) FROM deliveries WHERE tenant_id = @tenant
	UNION ALL SELECT 'snapshots', count(*) FROM snapshots WHERE tenant_id = @tenant
	UNION ALL SELECT 'series', count(*) FROM series WHERE tenant_id = @tenant
	UNION ALL SELECT 'jobs', count(*) FROM jobs WHERE tenant_id = @tenant
	UNION ALL SELECT 'audit', count(*) FROM audit WHERE tenant_id = @tenant
	UNION ALL SELECT kind, n FROM usage WHERE tenant_id = @tenant AND kind = 'storage_bytes'`

// Contents returns how much of each kind goes with a tenant.
func (y System) Contents(ctx context.Context, id TenantID) ([]Content, error) {
	if _, err := y.TenantInfo(ctx, id); err != nil {
		return nil, err
	}
	all, err := sq.Many(ctx, y.Tenant(id).db, func(r sq.Row) (v Content, err error) {
		err = r.Scan(&v.Kind, &v.N)
		return v, err
	}, counts)
	return all, known(err)
}

// CloseTenant begins the deletion of a tenant: from then on nothing is written
// to it. The same again changes nothing.
func (y System) CloseTenant(ctx context.Context, id TenantID) error {
	if id == SystemTenant || id == DefaultTenant {
		return ErrTenantReserved
	}
	v, err := y.TenantInfo(ctx, id)
	if err != nil {
		return err
	}
	if v.Status != "deleting" {
		err = y.own.change(ctx, "tenants.delete", string(id), func(t Tenant) error {
			return sq.Exec(ctx, t.db.System(), `UPDATE tenants SET status = 'deleting', rev = rev + 1 WHERE id = @id`, sql.Named("id", string(id)))
		})
	}
	if err == nil {
		y.own.store.leaving.Store(id, true)
	}
	return err
}

// Leaving returns the tenants whose deletion began and has not ended.
func (y System) Leaving(ctx context.Context) ([]TenantID, error) {
	all, err := sq.Many(ctx, y.db(), scanID, `SELECT id FROM tenants WHERE status = 'deleting' ORDER BY id`)
	ids := make([]TenantID, len(all))
	for i, id := range all {
		ids[i] = TenantID(id)
	}
	return ids, known(err)
}

// leave closes, at a start, the tenants whose deletion a stop cut off.
func (s *Store) leave(ctx context.Context) error {
	all, err := s.System().Leaving(ctx)
	for _, id := range all {
		s.leaving.Store(id, true)
	}
	return err
}

// DeleteTenant deletes all that a closed tenant has, and the tenant at last. Each
// step is a transaction of its own, so it may be cut off and called again. step
// is told which table comes, and how many rows are gone.
func (y System) DeleteTenant(ctx context.Context, id TenantID, step func(table string, done, total int, rows int64)) (rows int64, err error) {
	if _, closed := y.own.store.leaving.Load(id); !closed {
		return 0, fmt.Errorf("tenant %s is not closed", id)
	}
	for i, one := range tables {
		for more := true; more; {
			step(one.name, i, len(tables), rows)
			err := y.Tx(ctx, func(y System) error {
				gone, err := one.drop(ctx, y.Tenant(id).db, sql.Named("step", MaxStep))
				rows += gone
				more = gone == MaxStep
				return err
			})
			if err != nil {
				return rows, fmt.Errorf("%s of tenant %s: %w", one.name, id, err)
			}
		}
	}
	err = y.own.changeWith(ctx, "tenants.deleted", string(id), map[string]int64{"rows": rows}, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `DELETE FROM tenants WHERE id = @id AND status = 'deleting'`, sql.Named("id", string(id)))
	})
	if err == nil || errors.Is(err, ErrNotFound) {
		y.own.store.leaving.Delete(id)
		y.own.store.importing.Delete(id)
	}
	return rows, err
}
