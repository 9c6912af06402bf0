package httpapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) audit() {
	list := route("listAudit", http.MethodGet, "/audit")
	handle(m, auth.AuditRead, list, m.listAudit)

	op := route("exportAudit", http.MethodGet, "/audit/export")
	op.Description = "The rows as newline-delimited JSON, newest first, each with its mac in hex"
	op.Parameters = slices.DeleteFunc(slices.Clone(m.api.OpenAPI().Paths[list.Path].Get.Parameters), func(p *huma.Param) bool {
		return p.Name == "cursor" || p.Name == "limit"
	})
	download(m, auth.AuditRead, op, "application/x-ndjson", "A file of rows", m.exportAudit)
}

// exportStep is how many rows of an export are in memory at a time.
const exportStep = 250

type auditIn struct {
	Paging
	Actor  string `query:"actor" maxLength:"64" doc:"A user's id, or system"`
	Thing  string `query:"thing" maxLength:"200" doc:"The id of what it was done to"`
	Result string `query:"result" enum:"done,refused,failed"`
	From   string `query:"from" doc:"The first moment, RFC 3339 or unix milliseconds"`
	To     string `query:"to" doc:"The moment after the last"`
}

// rows returns which rows in asks for.
func (in auditIn) rows() (l store.AuditList, err error) {
	l = store.AuditList{List: in.list("newest"), Actor: in.Actor, Thing: in.Thing, Result: in.Result}
	for _, t := range []struct {
		name, text string
		into       *time.Time
	}{{"from", in.From, &l.From}, {"to", in.To, &l.To}} {
		if *t.into, err = instant(t.text, time.Time{}); err != nil {
			return l, field("query."+t.name, "audit.time", "This is no time. Write it like 2026-11-24T08:00:00Z.")
		}
	}
	return l, nil
}

type auditRow struct {
	store.Audit
	ActorName string `json:"actor_name"`
}

// auditRow names the actor of a row.
func (m mux) auditRow(a store.Audit) auditRow {
	if a.Actor == "system" {
		return auditRow{a, "Unity"}
	}
	return auditRow{a, m.Auth.UserName(a.Actor)}
}

// listAudit shows names beside the ids of who acted. Where there is one
// household, the appliance's own rows are asked for with X-Tenant-ID: system.
func (m mux) listAudit(ctx context.Context, c Caller, in *auditIn) (*body[store.Page[auditRow]], error) {
	l, err := in.rows()
	if err != nil {
		return nil, err
	}
	rows, err := c.Tenant.AuditRows(ctx, l)
	if err != nil {
		return nil, err
	}
	out := store.Page[auditRow]{Items: []auditRow{}, Next: rows.Next}
	for _, r := range rows.Items {
		out.Items = append(out.Items, m.auditRow(r))
	}
	return &body[store.Page[auditRow]]{out}, nil
}

// exported is one line of an export: with its mac, a copy elsewhere can be
// compared with the chain.
type exported struct {
	auditRow
	MAC string `json:"mac"`
}

func (m mux) exportAudit(_ context.Context, c Caller, r *fiber.Ctx) (file, error) {
	in := auditIn{
		Paging: Paging{Q: r.Query("q"), Limit: exportStep},
		Actor:  r.Query("actor"), Thing: r.Query("thing"), Result: r.Query("result"), From: r.Query("from"), To: r.Query("to"),
	}
	l, err := in.rows()
	if err != nil {
		return file{}, err
	}
	return file{name: "audit-" + string(c.Tenant.ID) + "-" + time.Now().UTC().Format("2006-01-02") + ".ndjson", next: func(ctx context.Context, out *bytes.Buffer) (bool, error) {
		rows, err := c.Tenant.AuditRows(ctx, l)
		line := json.NewEncoder(out)
		for _, a := range rows.Items {
			if err := line.Encode(exported{m.auditRow(a), hex.EncodeToString(a.MAC())}); err != nil {
				return false, err
			}
		}
		l.Cursor = rows.Next
		return rows.Next != "", err
	}}, nil
}
