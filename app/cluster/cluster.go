// Package cluster watches Kubernetes clusters, shows what is in them and changes
// it, always with the credential that the appliance keeps. What it shows of a
// cluster is in memory, compact, as it was last seen; an object is read whole
// when somebody opens it. Its one invariant: who asks for a cluster of another
// tenant gets the same answer as for one that does not exist. It knows no HTTP
// of the appliance, no desired state and no deployments.
package cluster

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"sync"
	"time"

	"k8s.io/klog/v2"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Sealer keeps secrets; app/vault is one.
type Sealer interface {
	Seal(ctx context.Context, tenant store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, tenant store.TenantID, where string, value seal.Value) ([]byte, error)
}

// Options are what the service stands on.
type Options struct {
	// Tenants returns the active tenants, which have background work.
	Tenants func(context.Context) ([]store.Tenant, error)
	Vault   Sealer
	// Dial connects to a cluster's API with the guards of outgoing requests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Household reports whether a tenant may use what this box has of clusters.
	Household func(store.TenantID) bool
	// Publish tells browsers that a cluster changed; Moved, that objects of a
	// kind did: keys names them as namespace/name, and is nil when there are too many.
	Publish func(tenant store.TenantID, kind, id string, rev int64)
	Moved   func(tenant store.TenantID, cluster, kind string, keys []string)
	// Take keeps readings and evaluates thresholds on them.
	Take func(ctx context.Context, t store.Tenant, b store.Batch) error
	// Eased is told when much memory is not needed any more: a cluster was read
	// for the first time, or all of it was kept.
	Eased func()
	Now   func() time.Time
	Log   *slog.Logger
}

// A Service watches the clusters of every tenant. Make one with New.
type Service struct {
	Options

	mu      sync.Mutex
	members map[store.TenantID]map[string]*member
	changed chan struct{} // holds a token when which clusters there are may have changed
}

// quiet turns off the log that client-go keeps for the whole process: what fails
// is heard where it is asked for, and shown.
var quiet = sync.OnceFunc(func() { klog.SetLogger(klog.Logger{}) })

// New returns a service; Run must run for anything to be watched.
func New(o Options) *Service {
	quiet()
	return &Service{Options: o, members: map[store.TenantID]map[string]*member{}, changed: make(chan struct{}, 1)}
}

// link returns the way to a cluster of t, or store.ErrNotFound.
func (s *Service) link(ctx context.Context, t store.Tenant, id string) (*link, error) {
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.member(t, v).linked(ctx, v)
}

// member returns the memory of a cluster.
func (s *Service) member(t store.Tenant, v store.Cluster) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[t.ID] == nil {
		s.members[t.ID] = map[string]*member{}
	}
	m := s.members[t.ID][v.ID]
	if m == nil {
		m = newMember(s, t, v)
		s.members[t.ID][v.ID] = m
	}
	return m
}

// watched returns the clusters of a tenant that are in memory, by id.
func (s *Service) watched(t store.TenantID) map[string]*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.members[t])
}

// Forget lets go of the clusters of a tenant that is deleted.
func (s *Service) Forget(tenant store.TenantID) {
	for _, m := range s.watched(tenant) {
		m.halt()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, tenant)
}

// lookEvery is how often it is looked which clusters there are, beside when
// somebody says that they changed: a tenant may have been suspended.
const lookEvery = time.Minute

// Run watches every cluster of every tenant until ctx ends. One that does not
// answer keeps no other waiting.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "look which clusters there are", "err", err)
		}
		select {
		case <-ctx.Done():
			s.stop()
			return nil
		case <-tick.C:
		case <-s.changed:
		}
	}
}

// look starts what is new, restarts what has another credential and stops what
// is gone.
func (s *Service) look(ctx context.Context) error {
	tenants, err := s.Tenants(ctx)
	if err != nil {
		return err
	}
	there := map[*member]bool{}
	for _, t := range tenants {
		all, err := t.AllClusters(ctx)
		if err != nil {
			return err
		}
		for _, v := range all {
			m := s.member(t, v)
			m.start(ctx, v)
			there[m] = true
		}
	}
	s.mu.Lock()
	var gone []*member
	for _, all := range s.members {
		for id, m := range all {
			if !there[m] {
				gone = append(gone, m)
				delete(all, id)
			}
		}
	}
	s.mu.Unlock()
	for _, m := range gone {
		m.halt()
	}
	return nil
}

// stop ends every watch and waits.
func (s *Service) stop() {
	s.mu.Lock()
	var all []*member
	for _, of := range s.members {
		for _, m := range of {
			all = append(all, m)
		}
	}
	s.mu.Unlock()
	for _, m := range all {
		m.cancel()
	}
	for _, m := range all {
		m.halt()
	}
}
