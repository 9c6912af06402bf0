package server

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/store"
)

const (
	maxPause     = 5 * time.Minute // between tries
	minPause     = 5 * time.Second
	startWithin  = 10 * time.Second // of the first polls after a start
	pollLimit    = 15 * time.Second
	maxSkewGuess = time.Second
)

// A watcher polls one server and has snapshots taken of it.
type watcher struct {
	service *Service
	tenant  store.Tenant
	server  store.Server
	live    *live
	grid    grid
	cancel  context.CancelFunc
	ended   chan struct{}

	failures int
	lost     bool      // the last readings
	due      time.Time // of the next snapshot
	snaps    sync.WaitGroup
}

// run polls until ctx ends: at once if now, else spread over the first seconds,
// on a moment of its grid if one is near.
func (w *watcher) run(ctx context.Context, now bool) {
	defer w.snaps.Wait()
	w.due = w.firstSnapshot(ctx)
	timer := time.NewTimer(w.begin(now))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.live.now:
		}
		err := w.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		timer.Reset(w.pause(err, time.Now()))
	}
}

func (w *watcher) begin(now bool) time.Duration {
	if now || w.server.Auth == local {
		return 0
	}
	if w.grid.every <= startWithin {
		t := time.Now()
		return w.grid.next(t).Sub(t)
	}
	return w.grid.phase % startWithin
}

// pause returns how long to wait after a poll: to the next moment of the grid,
// or longer and longer while polls fail. What only a person can mend is not
// tried often: machines shut out who knocks too much.
func (w *watcher) pause(err error, now time.Time) time.Duration {
	if err == nil {
		w.failures = 0
		return w.grid.next(now).Sub(now)
	}
	if errors.Is(err, store.ErrUnsigned) {
		return startWithin
	}
	w.failures++
	d := min(max(w.grid.every, minPause)<<min(w.failures-1, 10), maxPause)
	if fault.From(err).Kind == fault.Conflict || fault.From(err).Kind == fault.Invalid {
		d = maxPause
	}
	return d - d/10 + rand.N(d/5) //nolint:gosec // jitter guards nothing
}

// poll asks the server once and hands on what it says.
func (w *watcher) poll(ctx context.Context) error {
	p, skew, err := w.ask(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	if err != nil {
		w.fail(ctx, err, now)
		return err
	}
	at := w.grid.last(now)
	readings, changed, save := w.live.took(p, at, now, skew)
	w.known(ctx)
	err = w.service.Sink.Take(ctx, w.tenant, store.Batch{Server: w.server.ID, At: at, Readings: readings})
	if err != nil && !w.lost && ctx.Err() == nil {
		w.service.Log.WarnContext(ctx, "readings are lost", "server", w.server.ID, "err", err)
	}
	w.lost = err != nil // said once, not at every poll
	w.tell(ctx, changed, save)
	if !now.Before(w.due) {
		w.due = now.Add(time.Duration(w.server.SnapshotMinutes) * time.Minute)
		w.snaps.Go(func() { w.snapshot(ctx) })
	}
	return nil
}

func (w *watcher) ask(ctx context.Context) (p *sample, skew time.Duration, err error) {
	if w.server.Auth == local {
		p, err = readLocal(ctx)
		return p, 0, err
	}
	sc := newScript(polls)
	out, err := w.service.Remote.Run(ctx, w.service.target(w.tenant, w.server), remote.Command{Script: sc.text, Limit: pollLimit})
	if err != nil {
		return nil, 0, err
	}
	parts, err := split(sc.word, out.Stdout)
	if err != nil {
		return nil, 0, err
	}
	p = parsePoll(parts)
	return p, p.skew(out.Started, out.Ended), nil
}

// skew returns how far the machine's clock was ahead when it was read, which is
// the first thing a poll does: somewhere between two moments of ours. What is
// less than the clock's grain is none.
func (s *sample) skew(started, ended time.Time) time.Duration {
	if s.clock.IsZero() {
		return 0
	}
	d := s.clock.Sub(started.Add(ended.Sub(started) / 2))
	if !s.exact {
		if d = d + maxSkewGuess/2; d.Abs() < maxSkewGuess {
			return 0
		}
	}
	return d
}

// known forgets an offered host key, now that the server showed the trusted one.
func (w *watcher) known(ctx context.Context) {
	k := w.server.HostKey
	if k == nil || k.Offered == nil {
		return
	}
	if err := w.tenant.ForgetOffered(ctx, w.server.ID); err != nil {
		return // the next poll tries again
	}
	forgotten := *k
	forgotten.Offered, forgotten.OfferedWire = nil, nil
	w.server.HostKey = &forgotten
}

// fail keeps why a server was not reached.
func (w *watcher) fail(ctx context.Context, err error, now time.Time) {
	state := store.ServerDown
	if errors.Is(err, store.ErrUnsigned) {
		state = store.ServerUnknown // nobody can sign in before the vault is open
	}
	if k, ok := errors.AsType[*remote.KeyError](err); ok {
		state = store.ServerUntrusted
		w.offer(ctx, k.Offered)
	}
	f := fault.From(err)
	if f.Kind == fault.Internal {
		w.service.Log.ErrorContext(ctx, "poll", "server", w.server.ID, "err", err)
	}
	changed, save := w.live.failed(state, f.Msg, now)
	if changed {
		w.service.Log.InfoContext(ctx, "server is not reached", "server", w.server.ID, "state", state, "err", err)
	}
	w.tell(ctx, changed, save)
}

// offer keeps the host key that a server shows, for a person to decide.
func (w *watcher) offer(ctx context.Context, k remote.HostKey) {
	if w.server.HostKey != nil && bytes.Equal(w.server.HostKey.OfferedWire, k.Wire) {
		return
	}
	if err := w.tenant.OfferHostKey(ctx, w.server.ID, k.Wire); err != nil {
		w.service.Log.ErrorContext(ctx, "keep an offered host key", "server", w.server.ID, "err", err)
		return
	}
	if v, err := w.tenant.Server(ctx, w.server.ID); err == nil {
		w.server.HostKey = v.HostKey
	}
}

// tell stores the state with its neighbours, and says when it changed.
func (w *watcher) tell(ctx context.Context, changed, save bool) {
	state := w.live.current()
	if save {
		w.service.save(w.tenant.ID, w.server.ID, state)
	}
	if save && (changed || state.State != store.ServerUp) { // when it was last seen is no news
		w.service.Publish(w.tenant.ID, "servers", w.server.ID, w.server.Rev)
	}
	if !changed {
		return
	}
	v := w.server
	v.ServerState = state
	if err := w.service.Sink.Reached(ctx, w.tenant, v, state); err != nil && ctx.Err() == nil {
		w.service.Log.WarnContext(ctx, "tell whether a server is reached", "server", w.server.ID, "err", err)
	}
}

// save stores a state with its neighbours. Nobody waits for that: Now knows it already.
func (s *Service) save(tenant store.TenantID, server string, state store.ServerState) {
	s.Store.Later(func(ctx context.Context, y store.System) error {
		err := y.Tenant(tenant).SaveServerState(ctx, server, state)
		if errors.Is(err, store.ErrNotFound) {
			return nil // it was deleted meanwhile
		}
		return err
	})
}

// firstSnapshot returns when the next snapshot is due, after those there are.
func (w *watcher) firstSnapshot(ctx context.Context) time.Time {
	p, err := w.tenant.Snapshots(ctx, w.server.ID, store.List{Limit: 1})
	if err != nil || len(p.Items) == 0 {
		return time.Time{}
	}
	return p.Items[0].Taken.Add(time.Duration(w.server.SnapshotMinutes) * time.Minute)
}

// snapshot takes a snapshot unless one is being taken.
func (w *watcher) snapshot(ctx context.Context) {
	err := w.service.Snapshot(ctx, w.tenant, w.server.ID, nil)
	if err != nil && ctx.Err() == nil {
		w.service.Log.WarnContext(ctx, "take a snapshot", "server", w.server.ID, "err", err)
	}
}
