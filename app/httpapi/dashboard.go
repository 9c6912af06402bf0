package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/store"
)

const (
	missing   = 4           // polls that may be missing before what a server shows is old
	leastWait = time.Minute // for a server that is polled often
)

func (m mux) dashboard() {
	handle(m, auth.ServersRead, route("getDashboard", http.MethodGet, "/system/dashboard"), m.getDashboard)
}

// dashboard is what the overview counts.
type dashboard struct {
	Local    *string              `json:"local_server_id" nullable:"true" doc:"The machine this runs on, if it is watched"`
	Servers  serverLooks          `json:"servers"`
	Clusters orNull[clusterLooks] `json:"clusters" doc:"Null to whoever may not see clusters"`
	Alerts   alert.Stats          `json:"alerts"`
}

// serverLooks counts servers as people see them: each once, by its worst trouble.
type serverLooks struct {
	Up        int64 `json:"up" doc:"Without any trouble"`
	Down      int64 `json:"down"`
	Untrusted int64 `json:"untrusted"`
	Unknown   int64 `json:"unknown" doc:"Not reached yet"`
	Warning   int64 `json:"warning" doc:"Up, with an open warning"`
	Critical  int64 `json:"critical" doc:"Up, with an open critical alert"`
	Stale     int64 `json:"stale" doc:"Up, but its polls do not come"`
}

func (m mux) getDashboard(ctx context.Context, c Caller, _ *struct{}) (*body[dashboard], error) {
	all, err := c.Tenant.AllServers(ctx)
	if err != nil {
		return nil, err
	}
	var out dashboard
	out.Alerts, err = m.Alerts.Stats(ctx, m.household(c)...)
	if err != nil {
		return nil, err
	}
	if _, err := m.callerWith(ctx, auth.ClustersRead); err == nil { // a key may not have it
		n, err := m.clusterLooks(ctx, c.Tenant)
		if err != nil {
			return nil, err
		}
		out.Clusters = orNull[clusterLooks]{&n}
	}
	open, now := m.Alerts.OpenCounts(c.Tenant.ID), time.Now()
	for i := range all {
		v := &all[i]
		m.Servers.Now(c.Tenant.ID, v)
		out.Servers.add(v, open[v.ID], now)
		if v.Auth == "local" {
			out.Local = &v.ID
		}
	}
	return &body[dashboard]{out}, nil
}

func (n *serverLooks) add(v *store.Server, open alert.Counts, now time.Time) {
	switch {
	case v.State == store.ServerDown:
		n.Down++
	case v.State == store.ServerUntrusted:
		n.Untrusted++
	case v.State != store.ServerUp:
		n.Unknown++
	case open.Critical > 0:
		n.Critical++
	case open.Warning > 0:
		n.Warning++
	case v.LastSeen != nil && now.Sub(*v.LastSeen) > max(leastWait, missing*time.Duration(v.PollSeconds)*time.Second):
		n.Stale++
	default:
		n.Up++
	}
}
