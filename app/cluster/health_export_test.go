package cluster

import (
	"context"

	"unity.internal/store"
)

// Diagnose asks a cluster now whether it answers and looks for what is wrong in it,
// as it does by itself every half minute, and returns what it hands over then.
func (s *Service) Diagnose(ctx context.Context, t store.TenantID, id string) []store.Reading {
	m := s.watched(t)[id]
	if m == nil {
		return nil
	}
	m.diagnose(ctx)
	return m.readings()
}

// Doubt has a cluster asked now whether it answers.
func (s *Service) Doubt(t store.TenantID, id string) { s.watched(t)[id].doubt() }

// Volumes returns why the volumes of nodes are not known.
func (s *Service) Volumes(ctx context.Context, t store.Tenant, id string, nodes ...string) (why string, err error) {
	l, err := s.link(ctx, t, id)
	if err != nil {
		return "", err
	}
	return l.volumes(ctx, nodes).why, nil
}
