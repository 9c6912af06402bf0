package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// laterEvery is how long a grouped write may wait for its commit.
const laterEvery = 250 * time.Millisecond

// later is the queue of writes that nobody waits for.
type later struct {
	mu    sync.Mutex
	queue []func(context.Context, System) error
}

// Later queues a write that nobody waits for: stamps, states, logs. It is
// committed with its neighbours within 250 ms while Run runs, and at Close.
func (s *Store) Later(do func(context.Context, System) error) {
	s.later.mu.Lock()
	defer s.later.mu.Unlock()
	s.later.queue = append(s.later.queue, do)
}

// Run commits grouped writes until ctx ends, and once more then.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(laterEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil // Close writes what is left
		case <-tick.C:
			if err := s.flush(ctx); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "grouped write", "err", err)
			}
		}
	}
}

// flush commits the queue in one transaction. If one write fails, each gets a
// transaction of its own, so that the others are not lost with it.
func (s *Store) flush(ctx context.Context) error {
	s.later.mu.Lock()
	queue := s.later.queue
	s.later.queue = nil
	s.later.mu.Unlock()
	if len(queue) == 0 {
		return nil
	}
	err := s.System().Tx(ctx, func(y System) error {
		for _, do := range queue {
			if err := do(ctx, y); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return nil
	}
	var failed []error
	for _, do := range queue {
		failed = append(failed, s.System().Tx(ctx, func(y System) error { return do(ctx, y) }))
	}
	return errors.Join(failed...)
}
