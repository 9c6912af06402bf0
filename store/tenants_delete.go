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
	drop func(context.Context, Tenant) ([]int64, error)
}

// tables are all that hold rows of tenants, children before their parents. The
// keys come first: what a copy of the database still holds is unreadable then.
func tables() []table { //nolint:funlen // one list, to be read as one
	step := sql.Named("step", MaxStep)
	return []table{
		{"keysets", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM keysets WHERE tenant_id = @tenant RETURNING 1`)
		}},
		{"sessions", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
				WHERE home = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"api_keys", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM api_keys WHERE rowid IN (SELECT rowid FROM api_keys
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"invitations", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM invitations WHERE rowid IN (SELECT rowid FROM invitations
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"memberships", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM memberships WHERE tenant_id = @tenant AND user_id IN (SELECT user_id
				FROM memberships WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"deliveries", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM deliveries WHERE rowid IN (SELECT rowid FROM deliveries
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"channels", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM channels WHERE rowid IN (SELECT rowid FROM channels
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"silences", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM silences WHERE rowid IN (SELECT rowid FROM silences
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"alert_events", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM alert_events WHERE rowid IN (SELECT rowid FROM alert_events
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"alerts", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM alerts WHERE rowid IN (SELECT rowid FROM alerts
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"thresholds", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM thresholds WHERE rowid IN (SELECT rowid FROM thresholds
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"journal", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM journal WHERE rowid IN (SELECT rowid FROM journal
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"chunks", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"windows", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM windows WHERE tenant_id = @tenant RETURNING 1`)
		}},
		{"series", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM series WHERE rowid IN (SELECT rowid FROM series
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"snapshots", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM snapshots WHERE rowid IN (SELECT rowid FROM snapshots
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"snapshot_sections", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM snapshot_sections WHERE rowid IN (SELECT rowid FROM snapshot_sections
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"server_states", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM server_states WHERE rowid IN (SELECT rowid FROM server_states
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"host_keys", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM host_keys WHERE rowid IN (SELECT rowid FROM host_keys
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"servers", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM servers WHERE rowid IN (SELECT rowid FROM servers
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"jobs", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM jobs WHERE rowid IN (SELECT rowid FROM jobs
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"audit", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM audit WHERE rowid IN (SELECT rowid FROM audit
				WHERE tenant_id = @tenant LIMIT @step) RETURNING 1`, step)
		}},
		{"audit_anchors", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM audit_anchors WHERE tenant_id = @tenant RETURNING 1`)
		}},
		{"settings", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM settings WHERE tenant_id = @tenant RETURNING 1`)
		}},
		{"usage", func(ctx context.Context, t Tenant) ([]int64, error) {
			return sq.Many(ctx, t.db, scanNumber, `DELETE FROM usage WHERE tenant_id = @tenant RETURNING 1`)
		}},
	}
}

// counts is one row a kind that people count, from parents to children.
const counts = `SELECT 'servers', count(*) FROM servers WHERE tenant_id = @tenant
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
	all := tables()
	for i, one := range all {
		for more := true; more; {
			step(one.name, i, len(all), rows)
			err := y.Tx(ctx, func(y System) error {
				gone, err := one.drop(ctx, y.Tenant(id))
				rows += int64(len(gone))
				more = len(gone) == MaxStep
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
	}
	return rows, err
}
