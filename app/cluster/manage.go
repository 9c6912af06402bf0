package cluster

import (
	"context"
	"strings"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Draft is a cluster as a person registers it.
type Draft struct {
	Name, Source, Context, Notes string
	Kubeconfig                   string // sealed at once
	Tags                         []string
	Accept                       []string // risks, as Context.Ask names them
}

var errNoName = fault.New(fault.Invalid, "cluster.name_missing", "Give the cluster a name.")

// Create registers a cluster and begins to watch it. What the kubeconfig has
// beside the chosen context is not kept.
func (s *Service) Create(ctx context.Context, t store.Tenant, d Draft) (store.Cluster, error) {
	v := store.Cluster{ID: store.NewID(), Name: strings.TrimSpace(d.Name), Source: d.Source, Tags: d.Tags, Notes: d.Notes}
	if v.Name == "" {
		return v, errNoName
	}
	if err := s.take(ctx, t, &v, d); err != nil {
		return v, err
	}
	v, err := t.CreateCluster(ctx, v)
	if err == nil {
		s.tell(t, v)
	}
	return v, err
}

// take puts the credential of d into v.
func (s *Service) take(ctx context.Context, t store.Tenant, v *store.Cluster, d Draft) error {
	if d.Source == store.ClusterInside {
		c, err := s.inside(t)
		if err != nil {
			return err
		}
		v.Server, v.Context = c.Host, ""
		return nil
	}
	kept, at, err := one([]byte(d.Kubeconfig), d.Context, d.Accept)
	if err != nil {
		return err
	}
	v.Source, v.Server, v.Context = store.ClusterKubeconfig, at.Server, at.Name
	v.Kubeconfig, err = s.Vault.Seal(ctx, t.ID, where(v.ID), kept)
	return err
}

// tell says that a cluster changed.
func (s *Service) tell(t store.Tenant, v store.Cluster) {
	s.Publish(t.ID, "clusters", v.ID, v.Rev)
	s.Changed()
}

// Changed makes Run look which clusters there are.
func (s *Service) Changed() {
	select {
	case s.changed <- struct{}{}:
	default: // Run has a token waiting
	}
}
