package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) audit() {
	handle(m, auth.AuditRead, route("listAudit", http.MethodGet, "/audit"), m.listAudit)
}

type auditIn struct {
	Paging
	Actor string `query:"actor" maxLength:"64" doc:"A user's id, or system"`
}

type auditRow struct {
	store.Audit
	ActorName string `json:"actor_name"`
}

// listAudit shows names beside the ids of who acted. Where there is one
// household, the appliance's own rows are asked for with X-Tenant-ID: system.
func (m mux) listAudit(ctx context.Context, c Caller, in *auditIn) (*body[store.Page[auditRow]], error) {
	rows, err := c.Tenant.AuditRows(ctx, in.list("newest"), in.Actor)
	if err != nil {
		return nil, err
	}
	names, err := m.System.UserNames(ctx)
	out := store.Page[auditRow]{Items: []auditRow{}, Next: rows.Next}
	for _, r := range rows.Items {
		name := names[r.Actor]
		if r.Actor == "system" {
			name = "Unity"
		}
		out.Items = append(out.Items, auditRow{r, name})
	}
	return &body[store.Page[auditRow]]{out}, err
}
