package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/app/notify"
	"unity.internal/store"
)

func (m mux) channels() {
	handle(m, auth.ChannelsRead, route("listChannels", http.MethodGet, "/channels"), listChannels)
	handle(m, auth.ChannelsWrite, route("createChannel", http.MethodPost, "/channels"), m.createChannel)
	handle(m, auth.ChannelsRead, route("listChannelTypes", http.MethodGet, "/channels/types"), m.listChannelTypes)
	handle(m, auth.ChannelsRead, route("getChannel", http.MethodGet, "/channels/{id}"), getChannel)
	handle(m, auth.ChannelsWrite, route("updateChannel", http.MethodPatch, "/channels/{id}"), m.updateChannel)
	handle(m, auth.ChannelsWrite, route("deleteChannel", http.MethodDelete, "/channels/{id}"), m.deleteChannel)
	handle(m, auth.ChannelsWrite, action("testChannel", "/channels/{id}/test"), m.testChannel)
}

func listChannels(ctx context.Context, c Caller, in *Paging) (*body[store.Page[store.Channel]], error) {
	p, err := c.Tenant.Channels(ctx, in.list("name"))
	return &body[store.Page[store.Channel]]{p}, err
}

func (m mux) listChannelTypes(context.Context, Caller, *struct{}) (*body[items[notify.Kind]], error) {
	return listed(m.Notify.Kinds, nil)
}

func getChannel(ctx context.Context, c Caller, in *ID) (*versioned[store.Channel], error) {
	v, err := c.Tenant.Channel(ctx, in.ID)
	return tagged(v, v.Rev, err)
}

type createChannelIn struct {
	Body struct {
		Name     string         `json:"name" minLength:"1" maxLength:"64" doc:"Unique within the tenant"`
		Type     string         `json:"type" enum:"webhook,ntfy,smtp"`
		Enabled  *bool          `json:"enabled,omitempty" default:"true"`
		Config   map[string]any `json:"config" doc:"As GET /channels/types describes it"`
		Template string         `json:"template,omitempty" maxLength:"4096"`
	}
}

func (m mux) createChannel(ctx context.Context, c Caller, in *createChannelIn) (*versioned[store.Channel], error) {
	b := in.Body
	v, err := m.Notify.Create(ctx, c.Tenant, store.Channel{
		Name: b.Name, Type: b.Type, Enabled: b.Enabled == nil || *b.Enabled, Config: b.Config, Template: b.Template,
	})
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "channels", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

type updateChannelIn struct {
	ID
	IfMatch
	Body struct {
		Name     Opt[string]         `json:"name,omitzero" minLength:"1" maxLength:"64"`
		Enabled  Opt[bool]           `json:"enabled,omitzero"`
		Config   Opt[map[string]any] `json:"config,omitzero" doc:"The whole config; ******** keeps a secret"`
		Template Opt[string]         `json:"template,omitzero" maxLength:"4096"`
	}
}

func (m mux) updateChannel(ctx context.Context, c Caller, in *updateChannelIn) (*versioned[store.Channel], error) {
	v, err := c.Tenant.Channel(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	if rev != store.AnyRev { // without one, what was read here is what is changed
		v.Rev = rev
	}
	b := in.Body
	b.Name.into(&v.Name)
	b.Enabled.into(&v.Enabled)
	b.Config.into(&v.Config)
	b.Template.into(&v.Template)
	v, err = m.Notify.Update(ctx, c.Tenant, v)
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "channels", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

func (m mux) deleteChannel(ctx context.Context, c Caller, in *deleteIn) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	if err := c.Tenant.DeleteChannel(ctx, in.ID.ID, rev); err != nil {
		return nil, err
	}
	m.Bus.Publish(c.Tenant.ID, "channels", in.ID.ID, 0)
	return nil, nil
}

func (m mux) testChannel(ctx context.Context, c Caller, in *ID) (*body[store.Delivery], error) {
	d, err := m.Notify.Test(ctx, c.Tenant, in.ID)
	return &body[store.Delivery]{d}, err
}
