package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) apiKeys() {
	handle(m, auth.Self, route("listAPIKeys", http.MethodGet, "/auth/api-keys"), m.listAPIKeys)
	handle(m, auth.Self, stepUp(route("createAPIKey", http.MethodPost, "/auth/api-keys")), m.createAPIKey)
	handle(m, auth.Self, route("deleteAPIKey", http.MethodDelete, "/auth/api-keys/{id}"), m.deleteAPIKey)
}

type apiKey struct {
	store.APIKey
	UserName string `json:"user_name"`
}

// listAPIKeys shows the caller's keys here; to who sees to members, everybody's.
func (m mux) listAPIKeys(_ context.Context, c Caller, _ *struct{}) (*body[items[apiKey]], error) {
	var all []apiKey
	for _, v := range m.Auth.Keys(c.Tenant.ID, c.Identity) {
		all = append(all, apiKey{v, m.Auth.UserName(v.User)})
	}
	return listed(all, nil)
}

type apiKeyIn struct {
	Body struct {
		Name        string     `json:"name" minLength:"1" maxLength:"100"`
		Permissions []string   `json:"permissions" minItems:"1" maxItems:"100" nullable:"false"`
		Expires     *time.Time `json:"expires_at,omitempty" doc:"Without it, never"`
	}
}

type newAPIKey struct {
	Key    string `json:"key" doc:"Shown once"`
	APIKey apiKey `json:"api_key"`
}

func (m mux) createAPIKey(ctx context.Context, c Caller, in *apiKeyIn) (*body[newAPIKey], error) {
	v, text, err := m.Auth.CreateKey(ctx, c.Identity, c.Tenant, store.APIKey{Name: in.Body.Name, Permissions: in.Body.Permissions, Expires: in.Body.Expires})
	return &body[newAPIKey]{newAPIKey{text, apiKey{v, m.Auth.UserName(v.User)}}}, err
}

func (m mux) deleteAPIKey(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	return nil, m.Auth.DeleteKey(ctx, c.Identity, c.Tenant, in.ID)
}
