package httpapi

import (
	"context"
	"errors"
	"net/http"

	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) alerts() {
	handle(m, auth.AlertsRead, route("listAlerts", http.MethodGet, "/alerts"), m.listAlerts)
	handle(m, auth.AlertsRead, route("getAlertStats", http.MethodGet, "/alerts/stats"), m.getAlertStats)
	handle(m, auth.AlertsRead, route("getAlert", http.MethodGet, "/alerts/{id}"), m.getAlert)
	handle(m, auth.AlertsWrite, action("acknowledgeAlert", "/alerts/{id}/acknowledge"), m.acknowledgeAlert)
	handle(m, auth.AlertsWrite, action("unacknowledgeAlert", "/alerts/{id}/unacknowledge"), m.unacknowledgeAlert)
	handle(m, auth.AlertsWrite, action("resolveAlert", "/alerts/{id}/resolve"), m.resolveAlert)
	handle(m, auth.AlertsWrite, action("snoozeAlert", "/alerts/{id}/snooze"), m.snoozeAlert)
	handle(m, auth.AlertsWrite, action("acknowledgeAlerts", "/alerts/acknowledge"), m.acknowledgeAlerts)
	handle(m, auth.AlertsWrite, action("resolveAlerts", "/alerts/resolve"), m.resolveAlerts)
	handle(m, auth.AlertsWrite, action("snoozeAlerts", "/alerts/snooze"), m.snoozeAlerts)
}

type listAlertsIn struct {
	Paging
	State    string `query:"state" enum:"open,pending,firing,resolved,all" default:"open"`
	Severity string `query:"severity" enum:"info,warning,critical"`
	Server   string `query:"server" maxLength:"64" doc:"The id of a server"`
	Cluster  string `query:"cluster" maxLength:"64" doc:"The id of a cluster, if no server is named"`
	Sort     string `query:"sort" enum:"newest" default:"newest"`
}

func (m mux) listAlerts(ctx context.Context, c Caller, in *listAlertsIn) (*body[store.Page[store.Alert]], error) {
	p, err := c.Tenant.Alerts(ctx, store.AlertList{
		List: in.list(in.Sort), State: in.State, Severity: in.Severity, Server: in.Server, Cluster: in.Cluster,
	}, m.household(c)[1:]...)
	return &body[store.Page[store.Alert]]{p}, err
}

func (m mux) getAlertStats(ctx context.Context, c Caller, _ *struct{}) (*body[alert.Stats], error) {
	n, err := m.Alerts.Stats(ctx, m.household(c)...)
	return &body[alert.Stats]{n}, err
}

// An alertDetail is an alert with all that happened to it.
type alertDetail struct {
	store.Alert
	Timeline   []store.AlertEvent `json:"timeline" nullable:"false"`
	Deliveries []store.Delivery   `json:"deliveries" nullable:"false"`
}

func (m mux) getAlert(ctx context.Context, c Caller, in *ID) (*versioned[alertDetail], error) {
	t, v, err := whose(m, c, func(t store.Tenant) (store.Alert, error) { return t.Alert(ctx, in.ID) })
	if err != nil {
		return nil, err
	}
	line, err := t.Timeline(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	told, err := c.Tenant.DeliveriesOf(ctx, v.ID) // the household tells what the appliance has to say
	return tagged(alertDetail{v, line, told}, v.Rev, err)
}

// An act does something with alerts of one tenant.
type act func(ctx context.Context, t store.Tenant, by string, ids ...string) ([]store.Alert, error)

// act runs do on alerts of the caller's household, as the person they are.
func (m mux) act(ctx context.Context, c Caller, ids []string, do act) ([]store.Alert, error) {
	who, err := m.System.User(ctx, c.User)
	if err != nil {
		return nil, err
	}
	left := map[store.TenantID][]string{}
	for _, id := range ids {
		t, _, err := whose(m, c, func(t store.Tenant) (store.Alert, error) { return t.Alert(ctx, id) })
		if err != nil {
			return nil, err
		}
		left[t.ID] = append(left[t.ID], id)
	}
	out := []store.Alert{}
	for _, t := range m.household(c) {
		if len(left[t.ID]) == 0 {
			continue
		}
		part, err := do(ctx, t, who.Username, left[t.ID]...)
		if errors.Is(err, alert.ErrResolved) && len(ids) > 1 {
			continue // of many, those that ended meanwhile are left out
		}
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// one runs do on one alert.
func (m mux) one(ctx context.Context, c Caller, id string, do act) (*versioned[store.Alert], error) {
	out, err := m.act(ctx, c, []string{id}, do)
	if err != nil {
		return nil, err
	}
	return tagged(out[0], out[0].Rev, nil)
}

// snooze keeps alerts quiet for so many minutes.
func (m mux) snooze(minutes int64) act {
	return func(ctx context.Context, t store.Tenant, by string, ids ...string) ([]store.Alert, error) {
		return m.Alerts.Snooze(ctx, t, by, until(minutes), ids...)
	}
}

func (m mux) acknowledgeAlert(ctx context.Context, c Caller, in *ID) (*versioned[store.Alert], error) {
	return m.one(ctx, c, in.ID, m.Alerts.Acknowledge)
}

func (m mux) unacknowledgeAlert(ctx context.Context, c Caller, in *ID) (*versioned[store.Alert], error) {
	return m.one(ctx, c, in.ID, m.Alerts.Unacknowledge)
}

func (m mux) resolveAlert(ctx context.Context, c Caller, in *ID) (*versioned[store.Alert], error) {
	return m.one(ctx, c, in.ID, m.Alerts.Resolve)
}

func (m mux) snoozeAlert(ctx context.Context, c Caller, in *minutesIn) (*versioned[store.Alert], error) {
	return m.one(ctx, c, in.ID.ID, m.snooze(in.Body.Minutes))
}

type alertIDsIn struct {
	Body struct {
		IDs []string `json:"ids" minItems:"1" maxItems:"500" nullable:"false"`
	}
}

func (m mux) acknowledgeAlerts(ctx context.Context, c Caller, in *alertIDsIn) (*body[items[store.Alert]], error) {
	return listed(m.act(ctx, c, in.Body.IDs, m.Alerts.Acknowledge))
}

func (m mux) resolveAlerts(ctx context.Context, c Caller, in *alertIDsIn) (*body[items[store.Alert]], error) {
	return listed(m.act(ctx, c, in.Body.IDs, m.Alerts.Resolve))
}

type snoozeAlertsIn struct {
	Body struct {
		IDs     []string `json:"ids" minItems:"1" maxItems:"500" nullable:"false"`
		Minutes int64    `json:"minutes" minimum:"1" maximum:"525600"`
	}
}

func (m mux) snoozeAlerts(ctx context.Context, c Caller, in *snoozeAlertsIn) (*body[items[store.Alert]], error) {
	return listed(m.act(ctx, c, in.Body.IDs, m.snooze(in.Body.Minutes)))
}
