package app

import (
	"context"
	"errors"
	"sync"

	"unity.internal/store"
)

// A sink hands what servers bring to everybody who wants it: the samples are
// kept, alerts are evaluated and browsers see both, in this order and at once.
type sink struct {
	app    *App
	signal chan struct{}

	mu      sync.Mutex
	changed map[store.TenantID]bool // whose servers or clusters changed, and the alerts do not know yet
	revs    map[string]int64        // of clusters, as they were told of last
}

func newSink(a *App) *sink {
	return &sink{app: a, signal: make(chan struct{}, 1), changed: map[store.TenantID]bool{}, revs: map[string]int64{}}
}

// Take implements server.Sink. Alerts are evaluated even if the samples could
// not be kept: they come last when the disk is full.
func (s *sink) Take(ctx context.Context, t store.Tenant, b store.Batch) error {
	err := s.app.metrics.Append(ctx, t, b)
	s.app.bus.Samples(t.ID, b)
	return errors.Join(err, s.app.alerts.Observe(ctx, t, b))
}

// Reached implements server.Sink.
func (s *sink) Reached(ctx context.Context, t store.Tenant, v store.Server, state store.ServerState) error {
	return s.app.alerts.Reached(ctx, t, v, state)
}

// publish tells browsers that a server or cluster changed, and then the alerts,
// which know both by their tags. How a cluster is changes all the time, and is
// no matter of theirs.
func (s *sink) publish(tenant store.TenantID, kind, id string, rev int64) {
	s.app.bus.Publish(tenant, kind, id, rev)
	s.mu.Lock()
	if known, ok := s.revs[id]; kind == "clusters" && ok && known == rev {
		s.mu.Unlock()
		return
	}
	if kind == "clusters" {
		s.revs[id] = rev
	}
	s.changed[tenant] = true
	s.mu.Unlock()
	select {
	case s.signal <- struct{}{}:
	default: // run has a signal waiting, and will find this tenant, too
	}
}

// take returns the tenants whose servers or clusters changed since the last time.
func (s *sink) take() map[store.TenantID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.changed
	s.changed = map[store.TenantID]bool{}
	return all
}

// run tells the alerts of changed servers and clusters until ctx ends.
func (s *sink) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.signal:
		}
		for tenant := range s.take() {
			err := s.app.alerts.Changed(ctx, s.app.store.Tenant(tenant))
			if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) { // else the tenant was deleted
				s.app.log.ErrorContext(ctx, "tell alerts of what changed", "tenant", tenant, "err", err)
			}
		}
	}
}
