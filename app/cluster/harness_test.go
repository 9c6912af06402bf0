package cluster_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"unity.internal/app/cluster"
	"unity.internal/app/seal"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// open is a sealer that keeps nothing from anybody: sealing is the vault's to test.
type open struct{}

func (open) Seal(_ context.Context, _ store.TenantID, _ string, secret []byte) (seal.Value, error) {
	return seal.Of(secret), nil
}

func (open) Open(_ context.Context, _ store.TenantID, _ string, v seal.Value) ([]byte, error) {
	return v.Ciphertext(), nil
}

// A bench is a service over a store, with a tenant that has clusters.
type bench struct {
	*cluster.Service
	tb     testing.TB
	store  *store.Store
	acme   store.Tenant
	globex store.Tenant
	stop   func()

	mu    sync.Mutex
	heard chan struct{} // closed at the next event
	keys  []string      // what was said to have changed
	taken []store.Batch
}

// newBench returns a running service.
func newBench(tb testing.TB) *bench {
	tb.Helper()
	s := storetest.Open(tb)
	storetest.Tenants(tb, s, "acme", "globex")
	return newBenchOver(tb, s)
}

// newBenchOver is newBench over a store that has something already.
func newBenchOver(tb testing.TB, s *store.Store) *bench {
	tb.Helper()
	b := &bench{tb: tb, store: s, acme: s.Tenant("acme"), globex: s.Tenant("globex"), heard: make(chan struct{})}
	o := cluster.Options{
		Tenants: s.System().Tenants, Vault: open{}, Dial: (&net.Dialer{}).DialContext, Eased: func() {}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Household: func(store.TenantID) bool { return true }, Publish: func(_ store.TenantID, kind, id string, _ int64) { b.hear(kind + "|" + id) },
		Moved: func(_ store.TenantID, id, kind string, keys []string) {
			b.hear(id + "|" + kind)
			for _, k := range keys {
				b.hear(id + "|" + kind + "|" + k)
			}
		},
		Take: func(_ context.Context, _ store.Tenant, batch store.Batch) error {
			b.mu.Lock()
			b.taken = append(b.taken, batch)
			b.mu.Unlock()
			b.hear("readings")
			return nil
		},
	}
	b.Service = cluster.New(o)
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(b.stop)
	return b
}

func (b *bench) hear(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys = append(b.keys, what)
	close(b.heard)
	b.heard = make(chan struct{})
}

// told reports whether something was told since the test began.
func (b *bench) told(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.keys, what)
}

// add registers a cluster and returns its id.
func (b *bench) add(kubeconfig string) string {
	b.tb.Helper()
	v, err := b.Create(b.tb.Context(), b.acme, cluster.Draft{Name: b.tb.Name() + store.NewID()[:13], Kubeconfig: kubeconfig})
	if err != nil {
		b.tb.Fatal(err)
	}
	return v.ID
}

// until waits for something to hold. It looks at each event, and now and then
// for what no event tells: a right takes effect some milliseconds late.
func (b *bench) until(what string, holds func() bool) {
	b.tb.Helper()
	end := time.NewTimer(60 * time.Second)
	defer end.Stop()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		b.mu.Lock()
		heard := b.heard
		b.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-heard:
		case <-again.C:
		case <-end.C:
			b.tb.Fatal("not within a minute: " + what)
		}
	}
}

// state waits until a cluster is in a state.
func (b *bench) state(id, want string) store.Cluster {
	b.tb.Helper()
	var v store.Cluster
	b.until(want, func() bool {
		var err error
		if v, err = b.acme.Cluster(b.tb.Context(), id); err != nil {
			b.tb.Fatal(err)
		}
		return v.State == want
	})
	return v
}

// list returns what a query finds.
func (b *bench) list(q cluster.Query) cluster.Found {
	b.tb.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	f, err := b.Objects(b.tb.Context(), b.acme, q)
	if err != nil {
		b.tb.Fatal(err)
	}
	return f
}

// names returns the names of rows.
func names(f cluster.Found) []string {
	all := []string{}
	for _, r := range f.Rows {
		all = append(all, r.Name)
	}
	return all
}

// pods waits until a namespace has n pods that all are in a phase.
func (b *bench) pods(id, namespace, phase string, n int) cluster.Found {
	b.tb.Helper()
	var f cluster.Found
	b.until("pods "+phase, func() bool {
		f = b.list(cluster.Query{Kind: "pods", Clusters: []string{id}, Namespaces: []string{namespace}, Fields: "phase=" + phase})
		return f.Total == n
	})
	return f
}

// is fails unless err is want.
func is(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Fatalf("%v, want %v", err, want)
	}
}
