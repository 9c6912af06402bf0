package alert

import (
	"context"

	"unity.internal/store"
)

// Counts says how many alerts fire, by severity.
type Counts struct {
	Critical int64 `json:"critical"`
	Warning  int64 `json:"warning"`
	Info     int64 `json:"info"`
}

// Stats says how many alerts are open, in every sense of the word.
type Stats struct {
	Firing       int64 `json:"firing"`
	Pending      int64 `json:"pending"`
	Acknowledged int64 `json:"acknowledged"`
	Counts
	Stale int64 `json:"stale"`
}

func (c *Counts) add(severity string) {
	switch severity {
	case "critical":
		c.Critical++
	case "warning":
		c.Warning++
	default:
		c.Info++
	}
}

// Stats counts the open alerts of a tenant, and of more that its people may see.
func (s *Service) Stats(ctx context.Context, tenants ...store.Tenant) (n Stats, err error) {
	for _, t := range tenants {
		err = s.on(ctx, t, func(x *board) error {
			for _, e := range x.open {
				n.add(e)
			}
			return nil
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (n *Stats) add(e *entry) {
	if e.State == store.AlertPending {
		n.Pending++
		return
	}
	n.Firing++
	n.Counts.add(e.Severity)
	if e.Acknowledged != nil {
		n.Acknowledged++
	}
	if e.Stale != nil {
		n.Stale++
	}
}

// OpenCounts returns how many alerts fire on each server and cluster of a tenant
// that has any, from memory: none before the tenant's first poll.
func (s *Service) OpenCounts(tenant store.TenantID) map[string]Counts {
	x := s.board(tenant)
	x.mu.Lock()
	defer x.mu.Unlock()
	all := map[string]Counts{}
	for _, e := range x.open {
		if e.State == store.AlertFiring {
			c := all[e.Target()]
			c.add(e.Severity)
			all[e.Target()] = c
		}
	}
	return all
}
