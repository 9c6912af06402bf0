package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) silences() {
	handle(m, auth.AlertsRead, route("listSilences", http.MethodGet, "/silences"), listSilences)
	handle(m, auth.AlertsWrite, route("createSilence", http.MethodPost, "/silences"), m.createSilence)
	handle(m, auth.AlertsRead, route("getSilence", http.MethodGet, "/silences/{id}"), getSilence)
	handle(m, auth.AlertsWrite, route("updateSilence", http.MethodPatch, "/silences/{id}"), m.updateSilence)
	handle(m, auth.AlertsWrite, route("deleteSilence", http.MethodDelete, "/silences/{id}"), m.deleteSilence)
}

type listSilencesIn struct {
	Paging
	Active bool `query:"active" doc:"Only those that have not ended"`
}

func listSilences(ctx context.Context, c Caller, in *listSilencesIn) (*body[store.Page[store.Silence]], error) {
	p, err := c.Tenant.Silences(ctx, in.list("latest"), in.Active)
	return &body[store.Page[store.Silence]]{p}, err
}

func getSilence(ctx context.Context, c Caller, in *ID) (*versioned[store.Silence], error) {
	v, err := c.Tenant.Silence(ctx, in.ID)
	return tagged(v, v.Rev, err)
}

type createSilenceIn struct {
	Body struct {
		Source    string    `json:"source,omitempty" enum:"manual,maintenance,quiet_hours" default:"manual"`
		Threshold string    `json:"threshold_id,omitempty" maxLength:"64"`
		Alert     string    `json:"alert_id,omitempty" maxLength:"64"`
		Server    string    `json:"server_id,omitempty" maxLength:"64"`
		Tag       string    `json:"tag,omitempty" maxLength:"64"`
		Severity  string    `json:"severity,omitempty" enum:",info,warning,critical"`
		Comment   string    `json:"comment,omitempty" maxLength:"500"`
		Starts    time.Time `json:"starts_at,omitzero" doc:"Now, if absent"`
		Ends      time.Time `json:"ends_at"`
	}
}

func (m mux) createSilence(ctx context.Context, c Caller, in *createSilenceIn) (*versioned[store.Silence], error) {
	b := in.Body
	if b.Starts.IsZero() {
		b.Starts = time.Now()
	}
	v, err := c.Tenant.CreateSilence(ctx, store.Silence{
		ID: store.NewID(), Source: b.Source, Threshold: b.Threshold, Alert: b.Alert, Server: b.Server, Tag: b.Tag,
		Severity: b.Severity, Comment: b.Comment, Actor: c.User, Starts: b.Starts, Ends: b.Ends,
	})
	if err == nil {
		m.reload(ctx, c.Tenant, "silences", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

type updateSilenceIn struct {
	ID
	IfMatch
	Body struct {
		Threshold Opt[string]    `json:"threshold_id,omitzero" maxLength:"64"`
		Alert     Opt[string]    `json:"alert_id,omitzero" maxLength:"64"`
		Server    Opt[string]    `json:"server_id,omitzero" maxLength:"64"`
		Tag       Opt[string]    `json:"tag,omitzero" maxLength:"64"`
		Severity  Opt[string]    `json:"severity,omitzero" enum:",info,warning,critical"`
		Comment   Opt[string]    `json:"comment,omitzero" maxLength:"500"`
		Starts    Opt[time.Time] `json:"starts_at,omitzero"`
		Ends      Opt[time.Time] `json:"ends_at,omitzero"`
	}
}

func (m mux) updateSilence(ctx context.Context, c Caller, in *updateSilenceIn) (out *versioned[store.Silence], err error) {
	err = c.Tenant.Tx(ctx, func(t store.Tenant) error {
		v, err := t.Silence(ctx, in.ID.ID)
		if err != nil {
			return err
		}
		if v.Rev, err = in.rev(); err != nil {
			return err
		}
		b := in.Body
		b.Threshold.into(&v.Threshold)
		b.Alert.into(&v.Alert)
		b.Server.into(&v.Server)
		b.Tag.into(&v.Tag)
		b.Severity.into(&v.Severity)
		b.Comment.into(&v.Comment)
		b.Starts.into(&v.Starts)
		b.Ends.into(&v.Ends)
		v, err = t.UpdateSilence(ctx, v)
		out, err = tagged(v, v.Rev, err)
		return err
	})
	if err == nil {
		m.reload(ctx, c.Tenant, "silences", out.Body.ID, out.Body.Rev)
	}
	return out, err
}

func (m mux) deleteSilence(ctx context.Context, c Caller, in *deleteIn) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	if err := c.Tenant.DeleteSilence(ctx, in.ID.ID, rev); err != nil {
		return nil, err
	}
	m.reload(ctx, c.Tenant, "silences", in.ID.ID, 0)
	return nil, nil
}
