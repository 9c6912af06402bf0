package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"unity.internal/store"
)

// What is kept of one kind, so that a restart and an unreachable cluster show
// what was there.
type kept struct {
	Kind    Kind      `json:"kind"`
	Objects []*Object `json:"objects"`
}

// restore reads what was kept, unless there is something newer.
func (m *member) restore(ctx context.Context) {
	err := m.tenant.ClusterObjects(ctx, m.row.ID, func(v store.ClusterObjects) error {
		var k kept
		if err := json.Unmarshal(v.Data, &k); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.tables[v.Kind] == nil {
			t := newTable(k.Kind, m.share, func(string, ...key) {})
			t.replace(k.Objects)
			t.moved, t.seen = m.moved, v.Seen
			m.tables[v.Kind] = t
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		m.service.Log.ErrorContext(ctx, "read what was kept of a cluster", "cluster", m.row.ID, "err", err)
	}
}

// keep stores what is in the tables: once soon after they are there, then now and
// again if anything changed, and at the end.
func (m *member) keep(ctx context.Context) {
	timer := time.NewTimer(saveFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveWithin)
			defer cancel()
			m.save(end)
			m.keepState(end)
			return
		case <-timer.C:
			m.save(ctx)
			m.service.Eased()
			timer.Reset(saveEvery)
		}
	}
}

// save stores every table that changed since it was stored.
func (m *member) save(ctx context.Context) {
	m.mu.Lock()
	all := make([]*table, 0, len(m.tables))
	for _, t := range m.tables {
		all = append(all, t)
	}
	m.mu.Unlock()
	for _, t := range all {
		err := t.save(m.service.Now(), func(k Kind, seen time.Time, objects []*Object) error {
			text, err := json.Marshal(kept{k, objects})
			if err != nil {
				return err
			}
			return m.tenant.SaveClusterObjects(ctx, m.row.ID, store.ClusterObjects{
				Kind: k.Name, Seen: seen, Count: int64(len(objects)), Data: text,
			})
		})
		if errors.Is(err, store.ErrNotFound) {
			return // the cluster was removed meanwhile
		}
		if err != nil && ctx.Err() == nil {
			m.service.Log.ErrorContext(ctx, "keep the objects of a cluster", "cluster", m.row.ID, "kind", t.kind.Name, "err", err)
			return
		}
	}
}

// save hands over what is in the table and when that was so, unless it was handed
// over already, or the first list is not there yet.
func (t *table) save(now time.Time, put func(Kind, time.Time, []*Object) error) error {
	t.mu.RLock()
	k, seen, serial := t.kind, t.seen, t.serial
	if t.state == tableSynced {
		seen = now
	}
	objects := slices.Clone(t.order)
	due := serial != t.stored && !seen.IsZero()
	t.mu.RUnlock()
	if !due {
		return nil
	}
	if err := put(k, seen, objects); err != nil {
		return err
	}
	t.mu.Lock()
	t.stored = serial
	t.mu.Unlock()
	return nil
}
