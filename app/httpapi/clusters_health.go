package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/store"
)

func (m mux) clusterHealth() {
	handle(m, auth.ClustersRead, route("getClusterHealth", http.MethodGet, "/clusters/{id}/health"), m.getClusterHealth)
	handle(m, auth.ClustersRead, route("getClusterMetrics", http.MethodGet, "/clusters/{id}/metrics"), m.getClusterMetrics)
}

func (m mux) getClusterHealth(ctx context.Context, c Caller, in *ID) (*body[cluster.Health], error) {
	v, err := m.Clusters.Health(ctx, c.Tenant, in.ID)
	return &body[cluster.Health]{v}, err
}

// findingLimit is how many findings of all clusters are asked for.
type findingLimit struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"200"`
}

// clusterTroubles is the answer.
type clusterTroubles struct {
	Items []cluster.FindingOf `json:"items" nullable:"false" doc:"The worst and newest first"`
	More  int                 `json:"more" doc:"How many are left out"`
}

func (m mux) listClusterFindings(_ context.Context, c Caller, in *findingLimit) (*body[clusterTroubles], error) {
	var out clusterTroubles
	out.Items, out.More = m.Clusters.Findings(c.Tenant.ID, in.Limit)
	return &body[clusterTroubles]{out}, nil
}

func (m mux) getClusterMetrics(ctx context.Context, c Caller, in *metricsOf) (*body[serverMetrics], error) {
	if _, err := c.Tenant.Cluster(ctx, in.ID.ID); err != nil { // another tenant's is not found
		return nil, err
	}
	return m.samplesOf(ctx, c, in)
}

// shownFindings are how many findings the overview names.
const shownFindings = 6

// clusterLooks counts clusters, and names what is wrong first.
type clusterLooks struct {
	Synced      int64               `json:"synced"`
	Syncing     int64               `json:"syncing"`
	Stale       int64               `json:"stale" doc:"They answer, but not everything is up to date"`
	Unreachable int64               `json:"unreachable"`
	Forbidden   int64               `json:"forbidden" doc:"They refuse the credential"`
	Findings    []cluster.FindingOf `json:"findings" nullable:"false" doc:"The worst and newest first, without mere information"`
}

// clusterLooks returns how the clusters of a tenant are.
func (m mux) clusterLooks(ctx context.Context, t store.Tenant) (n clusterLooks, err error) {
	all, err := t.AllClusters(ctx)
	if err != nil {
		return n, err
	}
	for i := range all {
		switch all[i].State {
		case store.ClusterSynced:
			n.Synced++
		case store.ClusterStale:
			n.Stale++
		case store.ClusterUnreachable:
			n.Unreachable++
		case store.ClusterForbidden:
			n.Forbidden++
		default:
			n.Syncing++
		}
	}
	n.Findings, _ = m.Clusters.Findings(t.ID, shownFindings)
	for i, f := range n.Findings {
		if f.Severity == "info" { // they come last
			n.Findings = n.Findings[:i]
			break
		}
	}
	return n, nil
}
