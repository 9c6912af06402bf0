// Package alert turns readings that cross a threshold into alerts, the moment
// they arrive, and writes what people must be told beside each transition. An
// alert ends only when a value says so, a person does, or what it is about is
// gone: a series that falls silent keeps it open, marked stale. It delivers
// nothing itself.
package alert

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"unity.internal/store"
)

// A Service evaluates the thresholds of every tenant. Its methods must not be
// called inside a transaction: they wait for each other and for the writer.
type Service struct {
	// Tenants returns the active tenants, which have background work.
	Tenants func(context.Context) ([]store.Tenant, error)
	// Publish tells streams that a thing changed.
	Publish func(tenant store.TenantID, kind, id string, rev int64)
	// Wake tells the outbox that something was queued.
	Wake func()
	// Voice returns the tenant whose channels speak for one: its own, but that
	// of the household for the appliance, while there is one household.
	Voice func(store.TenantID) store.TenantID
	Now   func() time.Time
	Log   *slog.Logger

	pruned time.Time // when old rows were deleted last
	mu     sync.Mutex
	boards map[store.TenantID]*board
}

// Observe evaluates what one poll brought. When it returns, every transition
// that follows is committed and published.
func (s *Service) Observe(ctx context.Context, t store.Tenant, b store.Batch) error {
	return s.on(ctx, t, func(x *board) error {
		if err := s.meet(ctx, t, x, b.Server); err != nil {
			return err
		}
		p := x.plan(b.At)
		x.observe(p, b)
		return s.commit(ctx, t, x, p, "")
	})
}

// Changed reads thresholds, servers and silences anew, after any of them was
// written. It ends the alerts whose threshold or server is gone.
func (s *Service) Changed(ctx context.Context, t store.Tenant) error {
	x := s.board(t.ID)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.loaded = false
	return s.load(ctx, t, x)
}

// Ready sees to it that the tenant has the thresholds that come with the appliance.
func (s *Service) Ready(ctx context.Context, t store.Tenant) error {
	return s.on(ctx, t, func(*board) error { return nil })
}

// board returns the memory of one tenant.
func (s *Service) board(id store.TenantID) *board {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boards == nil {
		s.boards = map[store.TenantID]*board{}
	}
	x := s.boards[id]
	if x == nil {
		x = newBoard(id)
		s.boards[id] = x
	}
	return x
}

// Forget lets go of what is remembered of a tenant that is deleted.
func (s *Service) Forget(tenant store.TenantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.boards, tenant)
}

// on runs do with the memory of t, read from the store at first use.
func (s *Service) on(ctx context.Context, t store.Tenant, do func(*board) error) error {
	x := s.board(t.ID)
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.loaded {
		if err := s.load(ctx, t, x); err != nil {
			return err
		}
	}
	return do(x)
}

// meet reads anew what x knows if a server or cluster was added meanwhile.
func (s *Service) meet(ctx context.Context, t store.Tenant, x *board, server string) error {
	if _, known := x.targets[server]; known || server == "" {
		return nil
	}
	return s.load(ctx, t, x)
}

// load reads what x must know and ends or begins what changed meanwhile.
func (s *Service) load(ctx context.Context, t store.Tenant, x *board) error {
	if !x.remembered {
		if err := ensure(ctx, t); err != nil {
			return err
		}
	}
	thresholds, err := t.AllThresholds(ctx)
	if err != nil {
		return err
	}
	targets, err := t.Targets(ctx)
	if err != nil {
		return err
	}
	silences, err := t.OpenSilences(ctx)
	if err != nil {
		return err
	}
	x.know(thresholds, targets, silences)
	if !x.remembered {
		open, err := t.OpenAlerts(ctx)
		if err != nil {
			return err
		}
		held, err := t.HeldAlerts(ctx)
		if err != nil {
			return err
		}
		x.remember(open, held, s.Now())
	}
	p := x.plan(s.Now())
	x.reconcile(p)
	x.reachAll(p, targets)
	if err := s.commit(ctx, t, x, p, ""); err != nil {
		return err
	}
	x.loaded = true
	return nil
}

// ensure gives a tenant what comes with the appliance. Nobody can delete it.
func ensure(ctx context.Context, t store.Tenant) error {
	for _, v := range builtins(t.ID) {
		v.ID = store.NewID()
		if err := t.EnsureThreshold(ctx, v); err != nil {
			return fmt.Errorf("builtin threshold %s: %w", v.Builtin, err)
		}
	}
	return nil
}

// commit writes a plan, and only then believes it: what could not be written is
// planned again by the next reading.
func (s *Service) commit(ctx context.Context, t store.Tenant, x *board, p *plan, action string, also ...func(store.Tenant) error) error {
	if len(p.moves) == 0 && len(also) == 0 {
		return nil
	}
	changes := make([]store.AlertChange, len(p.moves))
	told := false
	for i, m := range p.moves {
		if m.Notify != nil {
			m.Notify.In = s.Voice(t.ID)
			told = true
		}
		changes[i] = m.AlertChange
	}
	var out []store.Alert
	err := t.Tx(ctx, func(t store.Tenant) error {
		for _, do := range also {
			if err := do(t); err != nil {
				return err
			}
		}
		var err error
		out, err = t.ChangeAlerts(ctx, action, changes)
		return err
	})
	if err != nil {
		return fmt.Errorf("write alerts: %w", err)
	}
	for i, m := range p.moves {
		x.believe(m, out[i], p.now)
		s.Publish(t.ID, "alerts", out[i].ID, out[i].Rev)
		if len(m.Events) > 0 {
			s.Log.InfoContext(ctx, "alert changed", "tenant", t.ID, "alert", out[i].ID, "target", out[i].Target(), "to", m.Events[0].Kind)
		}
	}
	if told {
		s.Wake()
	}
	return nil
}
