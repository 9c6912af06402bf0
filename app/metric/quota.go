package metric

import (
	"context"
	"slices"

	"unity.internal/store"
)

// shrink leaves out of what a commit brings the series that the tenant may not
// have, and their samples. All others are kept, and alerts have seen every one.
func (s *Service) shrink(ctx context.Context, h *head, created []store.SeriesRow, rows []store.JournalRow) ([]store.SeriesRow, []store.JournalRow, error) {
	left, limit, limited, err := h.tenant.Room(ctx, store.QuotaSeries)
	if err != nil || !limited || left >= int64(len(created)) {
		return created, rows, err
	}
	keep := max(left, 0)
	gone := map[int64]bool{}
	for _, v := range created[keep:] {
		gone[v.ID] = true
	}
	h.refuse(gone)
	rows, lost := strip(rows, gone)
	h.refused.Add(lost)
	for i := range rows {
		rows[i].Seq = h.seq + 1 + int64(i)
	}
	if !h.full.Swap(true) {
		s.log.WarnContext(ctx, "new series are not kept: the tenant has as many as its quota allows", "tenant", h.tenant.ID, "limit", limit)
	}
	return created[:keep], rows, nil
}

// refuse takes series out of the head and out of the queue. Their numbers are
// given again after a restart, so no row of the journal may name them.
func (h *head) refuse(gone map[int64]bool) {
	h.mu.Lock() // no sample is on its way
	defer h.mu.Unlock()
	for id := range gone {
		x := h.byID[id]
		if x == nil {
			continue
		}
		x.mu.Lock()
		x.gone = true
		x.mu.Unlock()
		h.byID[id] = nil
		sum := h.names.hash(x.server, x.metric, x.labels)
		if first := without(h.index[sum], func(n *series) bool { return n == x }); first == nil {
			delete(h.index, sum)
		} else {
			h.index[sum] = first
		}
		m := h.machine(x.server)
		m.series = slices.DeleteFunc(m.series, func(n *series) bool { return n == x })
	}
	h.refused.Add(h.queue.strip(gone))
}

// strip takes the samples of series out of the queue, and returns how many.
func (q *queue) strip(gone map[int64]bool) (lost uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open.row.Count > 0 {
		q.rows = append(q.rows, q.open.take())
	}
	q.rows, lost = strip(q.rows, gone)
	q.count -= int64(lost) //nolint:gosec // not more than there were
	q.created = slices.DeleteFunc(q.created, func(v store.SeriesRow) bool { return gone[v.ID] })
	q.waiting = slices.DeleteFunc(q.waiting, func(r record) bool { return gone[r.series.id] })
	return lost
}

// strip returns rows without the samples of some series, and how many those were.
func strip(rows []store.JournalRow, gone map[int64]bool) (kept []store.JournalRow, lost uint64) {
	for _, r := range rows {
		var w rowWriter
		err := readRow(r.Data, func(id, at int64, value float64) {
			if gone[id] {
				lost++
			} else {
				w.add(id, at, value)
			}
		})
		if err == nil && w.row.Count > 0 {
			kept = append(kept, w.take())
		}
	}
	return kept, lost
}

// reopen lets new series in again, once there is room for them.
func (h *head) reopen(ctx context.Context) error {
	if !h.full.Load() {
		return nil
	}
	left, _, limited, err := h.tenant.Room(ctx, store.QuotaSeries)
	if err == nil && (!limited || left > 0) {
		h.full.Store(false)
	}
	return err
}

// Refused returns how many samples of a tenant were not kept since the start,
// because their series were more than its quota allows.
func (s *Service) Refused(tenant store.TenantID) uint64 {
	s.mu.RLock()
	h := s.heads[tenant]
	s.mu.RUnlock()
	if h == nil {
		return 0
	}
	return h.refused.Load()
}

// excess returns by how many bytes a tenant is over what it may store.
func excess(ctx context.Context, t store.Tenant) (int64, error) {
	left, _, limited, err := t.Room(ctx, store.QuotaStorage)
	if !limited {
		return 0, err
	}
	return max(-left, 0), err
}
