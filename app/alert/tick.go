package alert

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"unity.internal/store"
)

const (
	every       = time.Second      // how often time itself is looked at
	lost        = 3                // polls that a series may miss before its alert is stale
	lostAtLeast = 60 * time.Second // and the time it has in any case
)

// Run takes in, until ctx ends, what only time brings: a server that stayed
// down for long enough, a series that fell silent, a silence that is over.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "alert tick", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Tick takes in what time brought to every tenant until now. A failure of one
// does not keep the others waiting.
func (s *Service) Tick(ctx context.Context) error {
	tenants, err := s.Tenants(ctx)
	if err != nil {
		return err
	}
	first := s.prune(ctx, tenants)
	for _, t := range tenants {
		err := s.on(ctx, t, func(x *board) error {
			p := x.plan(s.Now())
			x.pass(p)
			return s.commit(ctx, t, x, p, "")
		})
		if first == nil && !errors.Is(err, store.ErrNotFound) { // else it was deleted meanwhile
			first = err
		}
	}
	return first
}

// pass plans what the time of p brings.
func (x *board) pass(p *plan) {
	x.silences = slices.DeleteFunc(x.silences, func(s store.Silence) bool { return !p.now.Before(s.Ends) })
	for _, k := range slices.Sorted(maps.Keys(x.open)) {
		e := x.open[k]
		r := x.rules[e.Threshold]
		if r == nil {
			continue
		}
		switch {
		case fed(r.Builtin) && e.State == store.AlertPending && p.now.Sub(e.Started) >= r.wait:
			p.fire(r, &entry{Alert: e.Alert})
		case e.State == store.AlertFiring && e.owed && x.release(p, r, e):
		case !fed(r.Builtin) && e.Stale == nil && p.now.Sub(e.seen) > x.patience(e.Target()):
			x.stale(p, e)
		}
	}
}

// patience is how long the series of a target may be silent.
func (x *board) patience(target string) time.Duration {
	return max(lost*x.targets[target].Poll, lostAtLeast)
}

// stale marks an alert whose series fell silent. It stays open: silence is no proof.
func (x *board) stale(p *plan, e *entry) {
	a := e.Alert
	a.Stale = &p.now
	p.restate(e, a, p.line("stale", "No value for "+span(p.now.Sub(e.seen))+". The alert stays open."))
	p.moves[len(p.moves)-1].unheard = true
}

// release tells of an alert that a silence held back, when no silence does any more.
func (x *board) release(p *plan, r *rule, e *entry) bool {
	if _, quiet := x.silenced(e.Alert, p.now); quiet {
		return false
	}
	p.add(move{
		AlertChange: store.AlertChange{
			Alert: e.Alert, Events: []store.AlertEvent{p.line(store.EventReleased, "The silence is over and it still fires.")},
			Notify: p.notice(r, e.Alert, "firing", e.Message),
		},
		unheard: true,
	})
	return true
}
