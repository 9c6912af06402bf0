package app

import (
	"context"
	"errors"

	"unity.internal/store"
)

// A sink hands what servers bring to everybody who wants it: the samples are
// kept, alerts are evaluated and browsers see both, in this order and at once.
type sink struct {
	app     *App
	changed chan store.TenantID
}

// waiting is how many changes of servers may wait for the alerts to hear of them.
const waiting = 64

func newSink(a *App) *sink { return &sink{a, make(chan store.TenantID, waiting)} }

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

// publish tells browsers that a server changed, and then the alerts, which know
// servers by their tags.
func (s *sink) publish(tenant store.TenantID, kind, id string, rev int64) {
	s.app.bus.Publish(tenant, kind, id, rev)
	select {
	case s.changed <- tenant:
	default: // one that waits reads everything anew as well
	}
}

// run tells the alerts of changed servers until ctx ends.
func (s *sink) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case tenant := <-s.changed:
			if err := s.app.alerts.Changed(ctx, s.app.store.Tenant(tenant)); err != nil && ctx.Err() == nil {
				s.app.log.ErrorContext(ctx, "tell alerts of a changed server", "err", err)
			}
		}
	}
}
