package app

import (
	"context"
	"encoding/hex"
	"time"
)

// anchorEvery is how often the head of each audit goes to the log.
const anchorEvery = 24 * time.Hour

// anchor writes the head of each tenant's audit to the log, now and daily: the
// log is kept elsewhere, so a chain that was written anew is found out.
func (a *App) anchor(ctx context.Context) error {
	tick := time.NewTicker(anchorEvery)
	defer tick.Stop()
	for {
		tenants, err := a.store.System().Tenants(ctx)
		for _, t := range tenants {
			seq, mac, failed := t.AuditHead(ctx)
			if failed != nil {
				err = failed
				break
			}
			a.log.InfoContext(ctx, "audit head", "part", "audit", "tenant", t.ID, "row", seq, "mac", hex.EncodeToString(mac))
		}
		if err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "read the audit's head", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
