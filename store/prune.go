package store

import (
	"context"
	"database/sql"
	"time"

	"unity.internal/store/internal/sq"
)

// pruneStep is how many rows one transaction deletes at most, of each table.
const pruneStep = 1000

// PruneAlerting deletes one step of the alerts that ended before ended, and of
// the deliveries and silences that were over before told. It reports whether
// there may be more.
func (t Tenant) PruneAlerting(ctx context.Context, ended, told time.Time) (more bool, err error) {
	err = t.Tx(ctx, func(t Tenant) error {
		for _, one := range []struct {
			drop   sq.Change
			before time.Time
		}{{dropAlerts, ended}, {dropDeliveries, told}, {dropSilences, told}} {
			n, err := one.drop(ctx, t.db, sql.Named("before", one.before.UnixMilli()), sql.Named("step", pruneStep))
			if err != nil {
				return err
			}
			more = more || n == pruneStep
		}
		return nil
	})
	return more, err
}

var (
	dropAlerts = sq.Later(`DELETE FROM alerts WHERE tenant_id = @tenant AND id IN (
		SELECT id FROM alerts WHERE tenant_id = @tenant AND state = 'resolved' AND started_at < @before
		AND resolved_at < @before ORDER BY started_at LIMIT @step)`)
	dropDeliveries = sq.Later(`DELETE FROM deliveries WHERE tenant_id = @tenant AND id IN (
		SELECT id FROM deliveries WHERE tenant_id = @tenant AND created_at < @before AND state <> 'queued'
		ORDER BY created_at LIMIT @step)`)
	dropSilences = sq.Later(`DELETE FROM silences WHERE tenant_id = @tenant AND id IN (
		SELECT id FROM silences WHERE tenant_id = @tenant AND ends_at < @before
		ORDER BY ends_at LIMIT @step)`)
)
