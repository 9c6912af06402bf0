package app

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"unity.internal/store"
)

const (
	anchorFirst = 10 * time.Minute // after the start, so that a box which starts daily has anchors, too
	anchorEvery = 24 * time.Hour
)

// anchor looks after the audits, daily. It writes the head of each to the log:
// the log is kept elsewhere, so a chain that was written anew is found out. Then
// it deletes what tenants do not want to keep.
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
		if err := a.pruneAudits(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "prune the audit", "err", err)
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

// pruneAudits deletes the rows that are older than their tenant keeps them. One
// audit that cannot be pruned, because it is broken, keeps no other from it.
func (a *App) pruneAudits(ctx context.Context) error {
	tenants, err := a.store.System().Tenants(ctx)
	for _, t := range tenants {
		err = errors.Join(err, a.pruneAudit(ctx, t))
	}
	return err
}

func (a *App) pruneAudit(ctx context.Context, t store.Tenant) error {
	v, err := t.Settings(ctx)
	if err != nil || v.KeepAudit == 0 {
		return err
	}
	before := a.store.Now().Add(-time.Duration(v.KeepAudit) * 24 * time.Hour)
	for ctx.Err() == nil {
		n, err := t.PruneAudit(ctx, before)
		if err != nil || n == 0 {
			return err
		}
		a.log.InfoContext(ctx, "audit pruned", "part", "audit", "tenant", t.ID, "rows", n, "before", before)
	}
	return nil
}
