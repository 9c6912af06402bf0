package cluster

import (
	"context"
	"testing"
	"time"

	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

// A bench is a service of clusters over a real store and vault.
type bench struct {
	*Service
	tenant, other store.Tenant
}

// newBench returns a service that watches nothing until it is told to.
func newBench(tb testing.TB) *bench {
	tb.Helper()
	s := newStation(tb)
	return &bench{Service: s.service, tenant: s.acme, other: s.globex}
}

// register registers a cluster and returns its id.
func (b *bench) register(tb testing.TB, kubeconfig string) string {
	tb.Helper()
	v, err := b.Create(tb.Context(), b.tenant, Draft{Name: tb.Name(), Kubeconfig: kubeconfig})
	if err != nil {
		tb.Fatal(err)
	}
	return v.ID
}

// watch watches every cluster until the test ends.
func (b *bench) watch(tb testing.TB) {
	tb.Helper()
	ctx, end := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	tb.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
}

// until waits until something holds; what is waited for is asked every few milliseconds.
func until(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	limit, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-limit:
			tb.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// plane returns the control plane that the tests of this package share.
func plane(tb testing.TB) *clustertest.Plane {
	tb.Helper()
	return clustertest.Shared(tb)
}
