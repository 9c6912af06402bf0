package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) thresholds() {
	handle(m, auth.AlertsRead, route("listThresholds", http.MethodGet, "/thresholds"), m.listThresholds)
	handle(m, auth.AlertsWrite, route("createThreshold", http.MethodPost, "/thresholds"), m.createThreshold)
	handle(m, auth.AlertsRead, route("listThresholdMetrics", http.MethodGet, "/thresholds/metrics"), listThresholdMetrics)
	handle(m, auth.AlertsRead, route("getThreshold", http.MethodGet, "/thresholds/{id}"), m.getThreshold)
	handle(m, auth.AlertsWrite, route("updateThreshold", http.MethodPatch, "/thresholds/{id}"), m.updateThreshold)
	handle(m, auth.AlertsWrite, route("deleteThreshold", http.MethodDelete, "/thresholds/{id}"), m.deleteThreshold)
	handle(m, auth.AlertsWrite, action("muteThreshold", "/thresholds/{id}/mute"), m.muteThreshold)
	handle(m, auth.AlertsWrite, action("unmuteThreshold", "/thresholds/{id}/unmute"), m.unmuteThreshold)
}

// household returns the tenants whose alerts a caller sees: their own and, while
// there is only one household, the appliance's.
func (m mux) household(c Caller) []store.Tenant {
	all := []store.Tenant{c.Tenant}
	if !m.Auth.MultiTenancy() && c.Tenant.ID != store.SystemTenant {
		all = append(all, m.System.Own().By(c.User, c.From.Address))
	}
	return all
}

// whose returns the first tenant of the caller's household that has a thing.
func whose[T any](m mux, c Caller, read func(store.Tenant) (T, error)) (t store.Tenant, v T, err error) {
	for _, t = range m.household(c) {
		if v, err = read(t); !errors.Is(err, store.ErrNotFound) {
			return t, v, err
		}
	}
	return t, v, err
}

// reload makes the evaluation see what was written. The write stands: if this
// fails, the next reading tries again.
func (m mux) reload(ctx context.Context, t store.Tenant, kind, id string, rev int64) {
	m.Bus.Publish(t.ID, kind, id, rev)
	if err := m.Alerts.Changed(ctx, t); err != nil {
		m.Log.ErrorContext(ctx, "reload alerts", "tenant", t.ID, "err", err)
	}
}

func (m mux) listThresholds(ctx context.Context, c Caller, in *Paging) (*body[store.Page[store.Threshold]], error) {
	all := m.household(c)
	for _, t := range all {
		if err := m.Alerts.Ready(ctx, t); err != nil {
			return nil, err
		}
	}
	p, err := c.Tenant.Thresholds(ctx, in.list("name"), all[1:]...)
	return &body[store.Page[store.Threshold]]{p}, err
}

func listThresholdMetrics(context.Context, Caller, *struct{}) (*body[items[alert.Metric]], error) {
	return listed(alert.Metrics(), nil)
}

type createThresholdIn struct {
	Body struct {
		Name      string   `json:"name" minLength:"1" maxLength:"100"`
		Server    *string  `json:"server_id,omitempty" maxLength:"64"`
		Tag       string   `json:"tag,omitempty" maxLength:"64"`
		Metric    string   `json:"metric" maxLength:"200" example:"cpu_percent"`
		Condition string   `json:"condition,omitempty" enum:"gt,gte,lt,lte,eq,ne" default:"gt"`
		Value     float64  `json:"value"`
		Clear     *float64 `json:"clear_value,omitempty"`
		For       int64    `json:"for_seconds,omitempty" minimum:"0" maximum:"604800"`
		Severity  string   `json:"severity,omitempty" enum:"info,warning,critical" default:"warning"`
		Enabled   *bool    `json:"enabled,omitempty" default:"true"`
		Channels  []string `json:"channel_ids,omitempty" maxItems:"50"`
	}
}

func (m mux) createThreshold(ctx context.Context, c Caller, in *createThresholdIn) (*versioned[store.Threshold], error) {
	b := in.Body
	v := store.Threshold{
		ID: store.NewID(), Name: b.Name, Server: b.Server, Tag: b.Tag, Metric: b.Metric, Condition: b.Condition, Value: b.Value,
		Clear: b.Clear, For: b.For, Severity: b.Severity, Enabled: b.Enabled == nil || *b.Enabled, Channels: b.Channels,
	}
	if err := alert.Check(v); err != nil {
		return nil, err
	}
	v, err := c.Tenant.CreateThreshold(ctx, v)
	if err == nil {
		m.reload(ctx, c.Tenant, "thresholds", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

func (m mux) getThreshold(ctx context.Context, c Caller, in *ID) (*versioned[store.Threshold], error) {
	_, v, err := whose(m, c, func(t store.Tenant) (store.Threshold, error) { return t.Threshold(ctx, in.ID) })
	return tagged(v, v.Rev, err)
}

type updateThresholdIn struct {
	ID
	IfMatch
	Body struct {
		Name      Opt[string]    `json:"name,omitzero" minLength:"1" maxLength:"100"`
		Server    Opt[*string]   `json:"server_id,omitzero" maxLength:"64"`
		Tag       Opt[string]    `json:"tag,omitzero" maxLength:"64"`
		Metric    Opt[string]    `json:"metric,omitzero" maxLength:"200"`
		Condition Opt[string]    `json:"condition,omitzero" enum:"gt,gte,lt,lte,eq,ne"`
		Value     Opt[float64]   `json:"value,omitzero"`
		Clear     Opt[*float64]  `json:"clear_value,omitzero"`
		For       Opt[int64]     `json:"for_seconds,omitzero" minimum:"0" maximum:"604800"`
		Severity  Opt[string]    `json:"severity,omitzero" enum:"info,warning,critical"`
		Enabled   Opt[bool]      `json:"enabled,omitzero"`
		Channels  Opt[*[]string] `json:"channel_ids,omitzero" maxItems:"50"`
	}
}

// into lays what the body says over v.
func (in *updateThresholdIn) into(v *store.Threshold) {
	b := in.Body
	b.Name.into(&v.Name)
	b.Server.into(&v.Server)
	b.Tag.into(&v.Tag)
	b.Metric.into(&v.Metric)
	b.Condition.into(&v.Condition)
	b.Value.into(&v.Value)
	b.Clear.into(&v.Clear)
	b.For.into(&v.For)
	b.Severity.into(&v.Severity)
	b.Enabled.into(&v.Enabled)
	channels := &v.Channels
	if v.Channels == nil {
		channels = nil
	}
	b.Channels.into(&channels)
	if v.Channels = nil; channels != nil {
		v.Channels = *channels
	}
}

func (m mux) updateThreshold(ctx context.Context, c Caller, in *updateThresholdIn) (*versioned[store.Threshold], error) {
	t, old, err := whose(m, c, func(t store.Tenant) (store.Threshold, error) { return t.Threshold(ctx, in.ID.ID) })
	if err != nil {
		return nil, err
	}
	v := old
	in.into(&v)
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	if v.Rev = rev; rev == store.AnyRev {
		v.Rev = old.Rev // what was read here is what is changed
	}
	if err := alert.CheckUpdate(old, v); err != nil {
		return nil, err
	}
	v, err = t.UpdateThreshold(ctx, v)
	if err == nil {
		m.reload(ctx, t, "thresholds", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

type deleteIn struct {
	ID
	IfMatch
}

func (m mux) deleteThreshold(ctx context.Context, c Caller, in *deleteIn) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	t, _, err := whose(m, c, func(t store.Tenant) (store.Threshold, error) { return t.Threshold(ctx, in.ID.ID) })
	if err != nil {
		return nil, err
	}
	if err := t.DeleteThreshold(ctx, in.ID.ID, rev); err != nil {
		return nil, err
	}
	m.reload(ctx, t, "thresholds", in.ID.ID, 0)
	return nil, nil
}

type minutesIn struct {
	ID
	Body struct {
		Minutes int64 `json:"minutes" minimum:"1" maximum:"525600"`
	}
}

// until returns when so many minutes are over.
func until(minutes int64) time.Time { return time.Now().Add(time.Duration(minutes) * time.Minute) }

func (m mux) muteThreshold(ctx context.Context, c Caller, in *minutesIn) (*versioned[store.Threshold], error) {
	t, v, err := whose(m, c, func(t store.Tenant) (store.Threshold, error) {
		return t.MuteThreshold(ctx, in.ID.ID, until(in.Body.Minutes))
	})
	if err == nil {
		m.reload(ctx, t, "thresholds", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

func (m mux) unmuteThreshold(ctx context.Context, c Caller, in *ID) (*versioned[store.Threshold], error) {
	t, v, err := whose(m, c, func(t store.Tenant) (store.Threshold, error) { return t.UnmuteThreshold(ctx, in.ID) })
	if err == nil {
		m.reload(ctx, t, "thresholds", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}
