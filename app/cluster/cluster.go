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
	"net"
	"sync"
	"time"

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
	// Found returns which clusters of this box may be offered to a tenant.
	Household func(store.TenantID) bool
	// Publish tells browsers that a cluster changed; Objects, that objects of a
	// kind did: keys names them as namespace/name, and is nil when there are too many.
	Publish func(tenant store.TenantID, kind, id string, rev int64)
	Objects func(tenant store.TenantID, cluster, kind string, keys []string)
	// Take keeps readings and evaluates thresholds on them.
	Take func(ctx context.Context, t store.Tenant, b store.Batch) error
	Now  func() time.Time
	Log  *slog.Logger
}

// A Service watches the clusters of every tenant. Make one with New.
type Service struct {
	Options

	mu      sync.Mutex
	members map[store.TenantID]map[string]*member
	changed chan struct{} // holds a token when which clusters there are may have changed
}

// New returns a service; Run must run for anything to be watched.
func New(o Options) *Service {
	return &Service{Options: o, members: map[store.TenantID]map[string]*member{}, changed: make(chan struct{}, 1)}
}

// A member is one cluster that is watched.
type member struct {
	service *Service
	tenant  store.Tenant

	mu   sync.Mutex
	row  store.Cluster
	link *link // nil: its credential could not be opened yet
}

// link returns the way to a cluster of t, or store.ErrNotFound.
func (s *Service) link(ctx context.Context, t store.Tenant, id string) (*link, error) {
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return nil, err
	}
	m := s.member(t, v)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.link == nil || m.row.Rev != v.Rev {
		l, err := s.connect(ctx, t, v)
		if err != nil {
			return nil, err
		}
		m.row, m.link = v, l
	}
	return m.link, nil
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
		m = &member{service: s, tenant: t, row: v}
		s.members[t.ID][v.ID] = m
	}
	return m
}
