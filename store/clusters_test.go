package store_test

import (
	"errors"
	"testing"
	"time"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestClusters(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	acme, globex, ctx := s.Tenant("acme"), s.Tenant("globex"), t.Context()
	v, err := acme.CreateCluster(ctx, store.Cluster{ID: "k1", Name: "lab", Source: store.ClusterKubeconfig, Server: "https://k", Tags: []string{"home"}})
	must(t, err)
	if v.State != store.ClusterSyncing || v.Rev != 1 || v.Tags[0] != "home" || v.Synced != nil {
		t.Fatalf("%+v", v)
	}
	if _, err := acme.CreateCluster(ctx, store.Cluster{ID: "k2", Name: "lab", Source: store.ClusterInside}); !errors.Is(err, store.ErrClusterName) {
		t.Fatal(err)
	}
	now := time.UnixMilli(1000).UTC()
	must(t, acme.SaveClusterState(ctx, "k1", store.ClusterState{State: store.ClusterSynced, Since: now, Synced: &now, Facts: store.ClusterFacts{Nodes: 3}}))
	v.Notes = "changed"
	v, err = acme.UpdateCluster(ctx, v)
	if err != nil || v.Rev != 2 || v.State != store.ClusterSynced || v.Facts.Nodes != 3 || !v.Synced.Equal(now) {
		t.Fatalf("%+v, %v", v, err)
	}
	v.Rev = 1
	if _, err := acme.UpdateCluster(ctx, v); !errors.Is(err, store.ErrStale) {
		t.Fatal(err)
	}
	if _, err := globex.Cluster(ctx, "k1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("another tenant's:", err)
	}
	for _, sort := range []string{"name", "newest"} {
		if p, err := acme.Clusters(ctx, store.List{Q: "la", Sort: sort, Limit: 1}); err != nil || len(p.Items) != 1 {
			t.Fatal(p, err)
		}
	}
	must(t, acme.DeleteCluster(ctx, "k1", store.AnyRev))
	if all, err := acme.AllClusters(ctx); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
}

func TestObjectsOfAClusterAreKept(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme, ctx := s.Tenant("acme"), t.Context()
	_, err := acme.CreateCluster(ctx, store.Cluster{ID: "k1", Name: "lab", Source: store.ClusterInside})
	must(t, err)
	now := time.UnixMilli(5000).UTC()
	for _, text := range []string{"first", "second"} {
		must(t, acme.SaveClusterObjects(ctx, "k1", store.ClusterObjects{Kind: "pods", Seen: now, Count: 1, Data: []byte(text)}))
	}
	read := func() (all []store.ClusterObjects) {
		must(t, acme.ClusterObjects(ctx, "k1", func(v store.ClusterObjects) error {
			all = append(all, v)
			return nil
		}))
		return all
	}
	if all := read(); len(all) != 1 || string(all[0].Data) != "second" || !all[0].Seen.Equal(now) {
		t.Fatal(all)
	}
	if u, err := acme.Usage(ctx); err != nil || u.Clusters != 1 || u.StorageBytes < 6 {
		t.Fatal(u, err)
	}
	must(t, acme.DropClusterObjects(ctx, "k1", "pods"))
	if u, err := acme.Usage(ctx); err != nil || u.StorageBytes != 0 || len(read()) != 0 {
		t.Fatal(u, err)
	}
}
