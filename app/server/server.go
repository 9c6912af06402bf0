// Package server watches machines: it polls them, takes snapshots of them and
// knows whether they are reached. One script a round trip collects everything.
// It never holds an opened credential longer than one log-in, never sends one to
// a machine whose host key nobody trusted, and does not judge what it reads.
package server

import (
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"unity.internal/app/remote"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Sealer seals and opens secrets. where is «table|column|id».
type Sealer interface {
	Seal(ctx context.Context, t store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, t store.TenantID, where string, v seal.Value) ([]byte, error)
}

// A Sink takes what was found.
type Sink interface {
	// Take takes the readings of one poll.
	Take(ctx context.Context, t store.Tenant, b store.Batch) error
	// Reached is told of the first poll after a start, and of every change.
	Reached(ctx context.Context, t store.Tenant, v store.Server, state store.ServerState) error
}

// Parts is what a Service stands on.
type Parts struct {
	Store    *store.Store
	Vault    Sealer
	Remote   *remote.Pool
	Sink     Sink
	Log      *slog.Logger
	Publish  func(tenant store.TenantID, kind, id string, rev int64)
	Hostname string // of the appliance, for the comment of its key
}

// A Service watches every server of every active tenant.
type Service struct {
	Parts

	mu      sync.Mutex
	lives   map[id]*live
	changes map[id]bool // servers to look at anew
	signal  chan struct{}
	keys    sync.Mutex    // so that a key pair is made once
	desks   chan struct{} // places where a snapshot is read and stored
}

type id struct {
	tenant store.TenantID
	server string
}

// New returns a service that watches once Run runs.
func New(p Parts) *Service {
	return &Service{Parts: p, lives: map[id]*live{}, changes: map[id]bool{}, signal: make(chan struct{}, 1), desks: make(chan struct{}, maxDesks)}
}

// maxDesks is how many snapshots are read and stored at once: that takes memory,
// and after an import everybody's first snapshot is due.
const maxDesks = 2

// resync is how often servers are compared with the database, for what
// nobody told us of: a tenant was suspended, say.
const resync = time.Minute

// Run watches until ctx ends, and waits for what it started.
func (s *Service) Run(ctx context.Context) error {
	w := watchers{service: s, running: map[id]*watcher{}}
	defer w.wait()
	tick := time.NewTicker(resync)
	defer tick.Stop()
	if err := w.sync(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.signal:
			for _, k := range s.changed() {
				err := w.heed(ctx, k)
				if err != nil && ctx.Err() == nil {
					s.Log.ErrorContext(ctx, "look at a changed server", "server", k.server, "err", err)
				}
			}
		case <-tick.C:
			if err := w.sync(ctx); err != nil && ctx.Err() == nil {
				s.Log.ErrorContext(ctx, "compare servers with the database", "err", err)
			}
		}
	}
}

// TenantsChanged has every server compared with the database at once: a tenant was
// made, suspended or woken.
func (s *Service) TenantsChanged() { s.Changed("", "") }

// Changed has a server looked at anew: it was made, edited, trusted or deleted.
// If it is there, it is polled at once.
func (s *Service) Changed(tenant store.TenantID, server string) {
	s.mu.Lock()
	s.changes[id{tenant, server}] = true
	s.mu.Unlock()
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// Forget has every server of a tenant that is deleted looked at anew: none of
// them is there any more, so what is known of them goes.
func (s *Service) Forget(tenant store.TenantID) {
	s.mu.Lock()
	var servers []string
	for k := range s.lives {
		if k.tenant == tenant {
			servers = append(servers, k.server)
		}
	}
	s.mu.Unlock()
	for _, server := range servers {
		s.Changed(tenant, server)
	}
}

func (s *Service) changed() (all []id) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.changes {
		all = append(all, k)
	}
	clear(s.changes)
	return all
}

// watchers are the goroutines of Run, one a server.
type watchers struct {
	service *Service
	running map[id]*watcher
}

// sync starts, restarts and ends watchers until they match the database.
func (w *watchers) sync(ctx context.Context) error {
	tenants, err := w.service.Store.System().Tenants(ctx)
	if err != nil {
		return err
	}
	seen := map[id]bool{}
	for _, t := range tenants {
		all, err := t.AllServers(ctx)
		if err != nil {
			return err
		}
		for _, v := range all {
			k := id{t.ID, v.ID}
			seen[k] = true
			if old := w.running[k]; old == nil {
				w.start(ctx, t, v, false)
			} else if old.server.Rev != v.Rev {
				w.end(k)
				w.start(ctx, t, v, true)
			}
		}
	}
	for k := range w.running {
		if !seen[k] {
			w.end(k)
			w.service.forget(k)
		}
	}
	return nil
}

// heed looks at one server anew; at all of them, if none is named.
func (w *watchers) heed(ctx context.Context, k id) error {
	if k == (id{}) {
		return w.sync(ctx)
	}
	return w.look(ctx, k)
}

// look restarts the watcher of one server, or ends it if the server is gone.
func (w *watchers) look(ctx context.Context, k id) error {
	w.end(k)
	tenants, err := w.service.Store.System().Tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if t.ID != k.tenant {
			continue
		}
		v, err := t.Server(ctx, k.server)
		if err == nil {
			w.start(ctx, t, v, true)
			return nil
		}
	}
	w.service.forget(k)
	return nil
}

func (w *watchers) start(ctx context.Context, t store.Tenant, v store.Server, now bool) {
	ctx, cancel := context.WithCancel(ctx)
	n := &watcher{
		service: w.service, tenant: t, server: v, live: w.service.live(id{t.ID, v.ID}, v),
		grid: gridOf(v.ID, time.Duration(v.PollSeconds)*time.Second), cancel: cancel, ended: make(chan struct{}),
	}
	w.running[id{t.ID, v.ID}] = n
	go func() {
		defer close(n.ended)
		n.run(ctx, now)
	}()
}

func (w *watchers) end(k id) {
	n := w.running[k]
	delete(w.running, k)
	if n == nil {
		return
	}
	n.cancel()
	w.service.Remote.Drop(k.tenant, k.server)
	<-n.ended
}

func (w *watchers) wait() {
	for _, n := range w.running {
		n.cancel()
	}
	for _, n := range w.running {
		<-n.ended
	}
}

// A grid spreads the polls of servers over their interval: a server's polls fall
// on the same moments every time, so that times cost next to nothing to keep.
type grid struct{ every, phase time.Duration }

// gridOf takes the phase from the id, so that it survives a restart.
func gridOf(server string, every time.Duration) grid {
	h := fnv.New32a()
	_, _ = h.Write([]byte(server)) // a hash takes everything
	steps := max(every/(100*time.Millisecond), 1)
	return grid{every, time.Duration(h.Sum32()) % steps * 100 * time.Millisecond}
}

// last returns the latest moment of the grid that is not after t.
func (g grid) last(t time.Time) time.Time {
	at := time.Duration(t.UnixNano()) - g.phase
	return time.Unix(0, int64(at-at%g.every+g.phase)).UTC()
}

// next returns the first moment of the grid after t.
func (g grid) next(t time.Time) time.Time { return g.last(t).Add(g.every) }
