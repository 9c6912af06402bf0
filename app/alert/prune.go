package alert

import (
	"context"
	"time"

	"unity.internal/store"
)

const (
	pruneEvery = time.Hour
	keepAlerts = 365 * 24 * time.Hour // after they ended
	keepTold   = 90 * 24 * time.Hour  // deliveries and silences that are over
)

// prune deletes, once an hour, what nobody looks for any more. Each step is a
// transaction of its own, so that no other write waits for long.
func (s *Service) prune(ctx context.Context, tenants []store.Tenant) error {
	now := s.Now()
	if now.Sub(s.pruned) < pruneEvery {
		return nil
	}
	s.pruned = now
	for _, t := range tenants {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = t.PruneAlerting(ctx, now.Add(-keepAlerts), now.Add(-keepTold)); err != nil {
				return err
			}
		}
	}
	return nil
}
