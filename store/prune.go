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
		for _, step := range []func() (int64, error){
			func() (int64, error) {
				return pruned(sq.Many(ctx, t.db, scanCount, `DELETE FROM alerts WHERE tenant_id = @tenant AND id IN (
					SELECT id FROM alerts WHERE tenant_id = @tenant AND state = 'resolved' AND started_at < @before
					AND resolved_at < @before ORDER BY started_at LIMIT @step) RETURNING 1`, before(ended)...))
			},
			func() (int64, error) {
				return pruned(sq.Many(ctx, t.db, scanCount, `DELETE FROM deliveries WHERE tenant_id = @tenant AND id IN (
					SELECT id FROM deliveries WHERE tenant_id = @tenant AND created_at < @before AND state <> 'queued'
					ORDER BY created_at LIMIT @step) RETURNING 1`, before(told)...))
			},
			func() (int64, error) {
				return pruned(sq.Many(ctx, t.db, scanCount, `DELETE FROM silences WHERE tenant_id = @tenant AND id IN (
					SELECT id FROM silences WHERE tenant_id = @tenant AND ends_at < @before
					ORDER BY ends_at LIMIT @step) RETURNING 1`, before(told)...))
			},
		} {
			n, err := step()
			if err != nil {
				return err
			}
			more = more || n == pruneStep
		}
		return nil
	})
	return more, err
}

func before(at time.Time) []any {
	return []any{sql.Named("before", at.UnixMilli()), sql.Named("step", int64(pruneStep))}
}

func pruned(rows []int64, err error) (int64, error) { return int64(len(rows)), err }
