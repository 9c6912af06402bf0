package cluster

import (
	"k8s.io/client-go/rest"
	"unity.internal/store"
)

// inside returns the configuration of the appliance's own service account. It is
// the household's: where many share the appliance, it is not theirs to use.
func (s *Service) inside(t store.Tenant) (*rest.Config, error) {
	if !s.Household(t.ID) {
		return nil, errNotInside
	}
	c, err := rest.InClusterConfig()
	if err != nil {
		return nil, errNotInside.Because(err)
	}
	return c, nil
}
