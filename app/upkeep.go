package app

import (
	"context"
	"errors"
	"time"

	"unity.internal/store"
)

// upkeepEvery is how often work that was cut off is looked for.
const upkeepEvery = 24 * time.Hour

// upkeep goes on with long work that a stop cut off: at the start, when the vault
// is opened, and daily.
func (a *App) upkeep(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-a.jobs.Opened():
	}
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		if _, locked := a.vault.Locked(); !locked {
			if err := errors.Join(a.deletion.resume(ctx), a.keys.resume(ctx), a.upgrade.record(ctx)); err != nil && ctx.Err() == nil {
				a.log.ErrorContext(ctx, "go on with what was cut off", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-a.unlocked:
		}
	}
}

// forget has every part let go of a tenant that is deleted.
func (a *App) forget(tenant store.TenantID) {
	a.jobs.Forget(tenant)
	a.letGo(tenant)
}

// letGo has every part read anew what it knows of a tenant.
func (a *App) letGo(tenant store.TenantID) {
	for _, part := range []interface{ Forget(store.TenantID) }{
		a.servers, a.clusters, a.remote, a.metrics, a.alerts, a.bus, a.http, a.vault,
	} {
		part.Forget(tenant)
	}
}
