package cluster

import (
	"context"
	"strings"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Draft is a cluster as a person registers it.
type Draft struct {
	Name, Context, Notes string
	Source               string // where the credential is: kubeconfig, in_cluster, or what Offers named
	Kubeconfig           string // sealed at once
	Tags                 []string
	Accept               []string // risks, as Context.Ask names them
}

var errNoName = fault.New(fault.Invalid, "cluster.name_missing", "Give the cluster a name.")

// Create registers a cluster and begins to watch it. What the kubeconfig has
// beside the chosen context is not kept.
func (s *Service) Create(ctx context.Context, t store.Tenant, d Draft) (store.Cluster, error) {
	v := store.Cluster{ID: store.NewID(), Name: strings.TrimSpace(d.Name), Tags: d.Tags, Notes: d.Notes}
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

// A Change is what a person changes of a cluster; nil keeps what is there.
type Change struct {
	Name, Notes *string
	Tags        *[]string
	Draft       *Draft // another credential
}

// Update changes a cluster if its revision is still rev.
func (s *Service) Update(ctx context.Context, t store.Tenant, id string, rev int64, c Change) (store.Cluster, error) {
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return v, err
	}
	if rev != store.AnyRev {
		v.Rev = rev
	}
	if c.Name != nil {
		v.Name = strings.TrimSpace(*c.Name)
	}
	if v.Name == "" {
		return v, errNoName
	}
	if c.Notes != nil {
		v.Notes = *c.Notes
	}
	if c.Tags != nil {
		v.Tags = *c.Tags
	}
	if c.Draft != nil {
		if err := s.take(ctx, t, &v, *c.Draft); err != nil {
			return v, err
		}
	}
	v, err = t.UpdateCluster(ctx, v)
	if err == nil {
		s.tell(t, v)
	}
	return v, err
}

// Delete forgets a cluster if its revision is still rev. Nothing in the cluster
// itself changes.
func (s *Service) Delete(ctx context.Context, t store.Tenant, id string, rev int64) error {
	err := t.DeleteCluster(ctx, id, rev)
	if err == nil {
		s.tell(t, store.Cluster{ID: id})
	}
	return err
}

// take puts the credential of d into v.
func (s *Service) take(ctx context.Context, t store.Tenant, v *store.Cluster, d Draft) error {
	if d.Source == store.ClusterInside {
		c, err := s.inside(t)
		if err != nil {
			return err
		}
		v.Source, v.Server, v.Context, v.Kubeconfig = d.Source, c.Host, "", seal.Value{}
		return nil
	}
	text, err := s.textOf(t, d)
	if err != nil {
		return err
	}
	kept, at, err := one(text, d.Context, d.Accept)
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
