package app

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

const (
	anchorFirst = 10 * time.Minute // after the start, so that a box which starts daily has anchors, too
	anchorEvery = 24 * time.Hour
)

// anchor writes the head of each tenant's audit to the log, daily: the log is
// kept elsewhere, so a chain that was written anew is found out.
func (a *App) anchor(ctx context.Context) error {
	timer := time.NewTimer(anchorFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			timer.Reset(anchorEvery)
		}
		if err := a.logHeads(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "read the audit's head", "err", err)
		}
	}
}

func (a *App) logHeads(ctx context.Context) error {
	tenants, err := a.store.System().Tenants(ctx)
	for _, t := range tenants {
		seq, mac, failed := t.AuditHead(ctx)
		err = errors.Join(err, failed)
		if seq > 0 {
			a.log.InfoContext(ctx, "audit head", "part", "audit", "tenant", t.ID, "row", seq, "mac", hex.EncodeToString(mac))
		}
	}
	return err
}
