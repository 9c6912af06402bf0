package httpapi

import (
	"testing"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store"
)

func TestTheHealthOfClusters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	acme := b.store.Tenant("acme")
	for id, state := range map[string]string{"k1": store.ClusterSynced, "k2": store.ClusterUnreachable} {
		_, err := acme.CreateCluster(t.Context(), store.Cluster{
			ID: id, Name: id, Source: store.ClusterKubeconfig, Server: "https://192.0.2.7:6443", Kubeconfig: seal.Of([]byte("sealed")),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := acme.SaveClusterState(t.Context(), id, store.ClusterState{State: state, Since: time.Now(), Facts: store.ClusterFacts{Version: "v1.37.2"}}); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Truncate(time.Second)
	err := b.parts.Metrics.Append(t.Context(), acme, store.Batch{Server: "k1", At: at, Readings: []store.Reading{
		{Metric: "kube_up", Value: 1}, {Metric: "kube_nodes", Value: 3},
	}})
	if err != nil {
		t.Fatal(err)
	}

	h := b.want(200, "vic", "GET", "/clusters/k1/health", "")
	if h["state"] != "synced" || h["version"] != "v1.37.2" || len(h["findings"].([]any)) != 0 || len(h["certificates"].([]any)) != 0 {
		t.Errorf("health: %v", h)
	}
	p := b.want(200, "vic", "GET", "/clusters/findings", "")
	if len(p["items"].([]any)) != 0 || p["more"] != 0.0 {
		t.Errorf("findings: %v", p)
	}
	series := b.want(200, "vic", "GET", "/clusters/k1/metrics?names=kube_nodes&step=0", "")["series"].([]any)
	if len(series) != 1 || series[0].(map[string]any)["points"].([]any)[0].([]any)[1] != 3.0 {
		t.Errorf("series: %v", series)
	}
	d := b.want(200, "vic", "GET", "/system/dashboard", "")["clusters"].(map[string]any)
	if d["synced"] != 1.0 || d["unreachable"] != 1.0 || d["syncing"] != 0.0 || len(d["findings"].([]any)) != 0 {
		t.Errorf("dashboard: %v", d)
	}
	b.want(404, "ann", "GET", "/clusters/nobody/health", "")
	b.want(404, "ann", "GET", "/clusters/nobody/metrics", "")
	b.want(404, "ann", "GET", "/servers/k1/metrics", "")
	b.want(422, "ann", "GET", "/clusters/k1/metrics?from=never", "")
}
