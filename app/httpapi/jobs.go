package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) jobs() {
	handle(m, auth.JobsRead, route("listJobs", http.MethodGet, "/jobs"), listJobs)
	handle(m, auth.JobsRead, route("getJob", http.MethodGet, "/jobs/{id}"), getJob)
	handle(m, auth.JobsWrite, action("cancelJob", "/jobs/{id}/cancel"), m.cancelJob)
}

func listJobs(ctx context.Context, c Caller, in *Paging) (*body[store.Page[store.Job]], error) {
	p, err := c.Tenant.Jobs(ctx, in.list("newest"))
	return &body[store.Page[store.Job]]{p}, err
}

func getJob(ctx context.Context, c Caller, in *ID) (*versioned[store.Job], error) {
	j, err := c.Tenant.Job(ctx, in.ID)
	return tagged(j, j.Rev, err)
}

func (m mux) cancelJob(ctx context.Context, c Caller, in *ID) (*body[store.Job], error) {
	j, err := m.Jobs.Cancel(ctx, c.Tenant, in.ID)
	return &body[store.Job]{j}, err
}
