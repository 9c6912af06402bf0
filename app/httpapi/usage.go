package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) usage() {
	handle(m, auth.UsageRead, route("getUsage", http.MethodGet, "/usage"), m.getUsage)
}

// used is what a tenant has of one kind.
type used struct {
	Kind    string `json:"kind" enum:"servers,clusters,users,series,storage_bytes,api_calls_hour"`
	Used    int64  `json:"used"`
	Limit   *int64 `json:"limit" nullable:"true" doc:"null: none"`
	Dropped uint64 `json:"dropped" doc:"Samples that were not kept since the start, because their series are over the limit"`
}

func (m mux) getUsage(ctx context.Context, c Caller, _ *struct{}) (*body[items[used]], error) {
	q, err := c.Tenant.Quota(ctx)
	if err != nil {
		return nil, err
	}
	u, err := c.Tenant.Usage(ctx)
	return listed([]used{
		{store.QuotaServers, u.Servers, q.Servers, 0},
		{store.QuotaClusters, u.Clusters, q.Clusters, 0},
		{store.QuotaUsers, u.Users, q.Users, 0},
		{store.QuotaSeries, u.Series, q.Series, m.Metrics.Refused(c.Tenant.ID)},
		{store.QuotaStorage, u.StorageBytes, q.StorageBytes, 0},
		{store.QuotaAPICalls, m.limits.calls.used(c.Tenant.ID), q.APICallsHour, 0},
	}, err)
}
