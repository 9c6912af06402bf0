package metric

import (
	"context"
	"errors"
	"sync"
	"time"

	"unity.internal/store"
)

const (
	maintainEvery = time.Minute
	replayRows    = 16      // journal rows that are read at a time
	replayCount   = 256_000 // samples that are sorted at a time
	longestWait   = 30 * time.Second
)

// Run replays the journal, commits what is queued and closes windows until ctx
// ends; then it commits what is left.
func (s *Service) Run(ctx context.Context) error {
	var g sync.WaitGroup
	g.Go(func() { s.maintain(ctx) })
	g.Go(func() { s.commits(ctx) })
	g.Wait()
	if err := s.Flush(context.WithoutCancel(ctx)); err != nil {
		s.log.ErrorContext(ctx, "last samples not written", "err", err)
	}
	return nil
}

// commits writes the queue 250 ms after its first sample came, or when it is
// full. After a failure it waits longer and longer.
func (s *Service) commits(ctx context.Context) {
	wait := time.NewTimer(commitEvery)
	defer wait.Stop()
	backOff := commitEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		}
		wait.Reset(backOff)
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		case <-s.whenFull(backOff):
		}
		if err := s.Flush(ctx); err != nil {
			if backOff == commitEvery {
				s.log.ErrorContext(ctx, "samples not written", "err", err)
			}
			backOff = min(2*backOff, longestWait)
			wake(s.kick)
			continue
		}
		backOff = commitEvery
	}
}

// whenFull returns what ends the wait early, unless it is a wait after a failure.
func (s *Service) whenFull(backOff time.Duration) <-chan struct{} {
	if backOff > commitEvery {
		return nil
	}
	return s.full
}

// maintain replays each tenant's journal once, and closes windows.
func (s *Service) maintain(ctx context.Context) {
	s.openAll(ctx)
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		for _, h := range s.all() {
			err := s.tend(ctx, h)
			if errors.Is(err, store.ErrNotFound) { // the tenant was deleted
				s.Forget(h.tenant.ID)
			} else if err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "samples not tended", "tenant", h.tenant.ID, "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.warm:
		}
	}
}

// openAll loads the head of every tenant, so that charts and latest values are
// there before the first poll.
func (s *Service) openAll(ctx context.Context) {
	tenants, err := s.store.System().Tenants(ctx)
	for _, t := range tenants {
		_, one := s.head(ctx, t.ID)
		err = errors.Join(err, one)
	}
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "series not loaded", "err", err)
	}
}

// tend does what is due for one tenant.
func (s *Service) tend(ctx context.Context, h *head) error {
	if h.isWarming() {
		if err := s.replay(ctx, h); err != nil {
			return err
		}
	}
	if err := h.reopen(ctx); err != nil {
		return err
	}
	now := s.now().UnixMilli()
	if err := s.rewind(ctx, h, now); err != nil {
		return err
	}
	s.compact(h, now)
	if s.Room() {
		if err := s.closeDue(ctx, h, now); err != nil {
			return err
		}
	}
	return s.retain(ctx, h, now)
}
