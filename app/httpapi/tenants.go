package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) tenants() {
	handle(m, auth.SystemWrite, route("getTenantContents", http.MethodGet, "/tenants/{id}/contents"), m.getTenantContents)
	gone := accepted("deleteTenant", "/tenants/{id}")
	gone.Method = http.MethodDelete
	gone.Description = "Closes the tenant at once and deletes all it has. Nothing brings it back."
	handle(m, auth.SystemWrite, gone, m.deleteTenant)
}

func (m mux) getTenantContents(ctx context.Context, _ Caller, in *ID) (*body[items[store.Content]], error) {
	return listed(m.System.Contents(ctx, store.TenantID(in.ID)))
}

func (m mux) deleteTenant(ctx context.Context, c Caller, in *ID) (*body[store.Job], error) {
	j, err := m.DeleteTenant(ctx, m.System.By(c.User, c.From.Address), store.TenantID(in.ID))
	return &body[store.Job]{j}, err
}
