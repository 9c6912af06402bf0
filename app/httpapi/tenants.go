package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) tenants() {
	handle(m, auth.TenantsRead, route("listTenants", http.MethodGet, "/tenants"), m.listTenants)
	handle(m, auth.TenantsWrite, route("createTenant", http.MethodPost, "/tenants"), m.createTenant)
	handle(m, auth.TenantsRead, route("getTenant", http.MethodGet, "/tenants/{id}"), m.getTenant)
	handle(m, auth.TenantsWrite, route("updateTenant", http.MethodPatch, "/tenants/{id}"), m.updateTenant)
	handle(m, auth.TenantsWrite, stepUp(action("suspendTenant", "/tenants/{id}/suspend")), m.suspendTenant)
	handle(m, auth.TenantsWrite, action("activateTenant", "/tenants/{id}/activate"), m.activateTenant)
	handle(m, auth.TenantDelete, route("getTenantContents", http.MethodGet, "/tenants/{id}/contents"), m.getTenantContents)
	gone := accepted("deleteTenant", "/tenants/{id}")
	gone.Method = http.MethodDelete
	gone.Description = "Closes the tenant at once and deletes all it has, its keys first. Nothing brings it back."
	handle(m, auth.TenantDelete, stepUp(gone), m.deleteTenant)
}

// ownTenant refuses an owner who names another tenant than the request's.
func (m mux) ownTenant(c Caller, id string) (store.TenantID, error) {
	if store.TenantID(id) != c.Tenant.ID && !m.Auth.Admin(c.User) {
		return "", store.ErrNotFound
	}
	return store.TenantID(id), nil
}

func (m mux) getTenantContents(ctx context.Context, c Caller, in *ID) (*body[items[store.Content]], error) {
	id, err := m.ownTenant(c, in.ID)
	if err != nil {
		return nil, err
	}
	return listed(m.System.Contents(ctx, id))
}

func (m mux) deleteTenant(ctx context.Context, c Caller, in *ID) (*body[store.Job], error) {
	id, err := m.ownTenant(c, in.ID)
	if err != nil {
		return nil, err
	}
	j, err := m.DeleteTenant(ctx, m.System.By(c.User, c.From.Address), id)
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "tenants", in.ID, 0)
	}
	return &body[store.Job]{j}, err
}

// tenant is one as administrators of the appliance see it: counts, never contents.
type tenant struct {
	store.TenantInfo
	Usage  store.Usage  `json:"usage"`
	Alerts alert.Counts `json:"alerts" doc:"Open ones"`
}

func (m mux) tenant(v store.TenantInfo, usage store.Usage) tenant {
	out := tenant{TenantInfo: v, Usage: usage}
	for _, n := range m.Alerts.OpenCounts(v.ID) {
		out.Alerts.Info += n.Info
		out.Alerts.Warning += n.Warning
		out.Alerts.Critical += n.Critical
	}
	return out
}

func (m mux) listTenants(ctx context.Context, _ Caller, _ *struct{}) (*body[items[tenant]], error) {
	infos, err := m.System.AllTenants(ctx)
	if err != nil {
		return nil, err
	}
	usage, err := m.System.AllUsage(ctx)
	var all []tenant
	for _, v := range infos {
		all = append(all, m.tenant(v, usage[v.ID]))
	}
	return listed(all, err)
}

func (m mux) getTenant(ctx context.Context, _ Caller, in *ID) (*versioned[tenant], error) {
	return m.showTenant(ctx, store.TenantID(in.ID))
}

func (m mux) showTenant(ctx context.Context, id store.TenantID) (*versioned[tenant], error) {
	v, err := m.System.TenantInfo(ctx, id)
	if err != nil {
		return nil, err
	}
	usage, err := m.Tenant(id).Usage(ctx)
	return tagged(m.tenant(v, usage), v.Rev, err)
}

type tenantIn struct {
	Body struct {
		ID   string `json:"id" minLength:"1" maxLength:"49" pattern:"^[a-z0-9][a-z0-9-]*$" doc:"Stands in addresses and stays"`
		Name string `json:"name" minLength:"1" maxLength:"100"`
		Plan string `json:"plan,omitempty" maxLength:"50"`
	}
}

func (m mux) createTenant(ctx context.Context, c Caller, in *tenantIn) (*versioned[tenant], error) {
	y, id := m.System.By(c.User, c.From.Address), store.TenantID(in.Body.ID)
	if err := y.CreateTenant(ctx, id, in.Body.Name); err != nil {
		return nil, err
	}
	if err := m.Vault.AddTenant(ctx, id); err != nil {
		return nil, err
	}
	if in.Body.Plan != "" {
		v := store.TenantInfo{ID: id, Name: in.Body.Name, Plan: in.Body.Plan, Rev: store.AnyRev}
		if _, err := y.UpdateTenant(ctx, v); err != nil {
			return nil, err
		}
	}
	return m.tenantChanged(ctx, c, id)
}

// tenantChanged tells every part and every page that a tenant changed, and returns it.
func (m mux) tenantChanged(ctx context.Context, c Caller, id store.TenantID) (*versioned[tenant], error) {
	m.Changed(ctx, id)
	v, err := m.showTenant(ctx, id)
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "tenants", string(id), v.Body.Rev)
	}
	return v, err
}

type tenantPatch struct {
	ID
	IfMatch
	Body struct {
		Name  Opt[string]      `json:"name,omitzero" minLength:"1" maxLength:"100"`
		Plan  Opt[string]      `json:"plan,omitzero" maxLength:"50"`
		Quota Opt[store.Quota] `json:"quota,omitzero" doc:"All of it: what is not named is not limited"`
	}
}

func (m mux) updateTenant(ctx context.Context, c Caller, in *tenantPatch) (*versioned[tenant], error) {
	y := m.System.By(c.User, c.From.Address)
	v, err := y.TenantInfo(ctx, store.TenantID(in.ID.ID))
	if err != nil {
		return nil, err
	}
	if v.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	in.Body.Name.into(&v.Name)
	in.Body.Plan.into(&v.Plan)
	in.Body.Quota.into(&v.Quota)
	if _, err := y.UpdateTenant(ctx, v); err != nil {
		return nil, err
	}
	return m.tenantChanged(ctx, c, v.ID)
}

func (m mux) suspendTenant(ctx context.Context, c Caller, in *ID) (*versioned[tenant], error) {
	if err := m.System.By(c.User, c.From.Address).SetTenantStatus(ctx, store.TenantID(in.ID), "suspended"); err != nil {
		return nil, err
	}
	return m.tenantChanged(ctx, c, store.TenantID(in.ID))
}

func (m mux) activateTenant(ctx context.Context, c Caller, in *ID) (*versioned[tenant], error) {
	if err := m.System.By(c.User, c.From.Address).SetTenantStatus(ctx, store.TenantID(in.ID), "active"); err != nil {
		return nil, err
	}
	return m.tenantChanged(ctx, c, store.TenantID(in.ID))
}
