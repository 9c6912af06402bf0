package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) auth() {
	handle(m, auth.Public, action("login", "/auth/login"), m.login)
	handle(m, auth.Public, action("createToken", "/auth/token"), m.createToken)
	handle(m, auth.Public, action("refreshToken", "/auth/refresh"), m.refreshToken)
	handle(m, auth.Self, action("logout", "/auth/logout"), m.logout)
	handle(m, auth.Self, route("getMe", http.MethodGet, "/auth/me"), m.getMe)
	handle(m, auth.Self, action("changePassword", "/auth/change-password"), m.changePassword)
	handle(m, auth.Self, route("listSessions", http.MethodGet, "/auth/sessions"), m.listSessions)
	handle(m, auth.Self, route("deleteSession", http.MethodDelete, "/auth/sessions/{id}"), m.deleteSession)
}

type loginIn struct {
	Body struct {
		Username string `json:"username" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	}
}

type loginOut struct {
	SetCookie string `header:"Set-Cookie"`
	Body      struct {
		User store.User `json:"user"`
	}
}

func (m mux) login(ctx context.Context, _ Caller, in *loginIn) (*loginOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	token, user, err := m.Auth.Login(ctx, in.Body.Username, in.Body.Password, from.Client)
	if err != nil {
		return nil, err
	}
	out := &loginOut{SetCookie: newCookie(token, from.secure)}
	out.Body.User = user
	return out, nil
}

type tokenIn struct {
	Body struct {
		Username  string `json:"username" minLength:"1" maxLength:"64"`
		Password  string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
		GrantType string `json:"grant_type,omitempty" enum:"password" doc:"Of OAuth 2, where a form is sent"`
	}
}

func (m mux) createToken(ctx context.Context, _ Caller, in *tokenIn) (*body[auth.Tokens], error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	tokens, _, err := m.Auth.Token(ctx, in.Body.Username, in.Body.Password, from.Client)
	return &body[auth.Tokens]{tokens}, err
}

// tokenPath is the only address that takes a form: OAuth 2 asks for one.
const tokenPath = base + "/auth/token"

// form reads the form of OAuth 2's password grant as JSON is read.
var form = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		values, err := url.ParseQuery(string(data))
		if err != nil {
			return errors.New("not a form")
		}
		fields := map[string]string{}
		for name := range values {
			fields[name] = values.Get(name)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, v)
	},
}

type refreshIn struct {
	Body struct {
		Refresh string `json:"refresh_token" minLength:"1" maxLength:"200" writeOnly:"true"`
	}
}

func (m mux) refreshToken(ctx context.Context, _ Caller, in *refreshIn) (*body[auth.Tokens], error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	tokens, err := m.Auth.Refresh(ctx, in.Body.Refresh, from.Client)
	return &body[auth.Tokens]{tokens}, err
}

type logoutOut struct {
	SetCookie string `header:"Set-Cookie"`
}

func (m mux) logout(ctx context.Context, c Caller, _ *struct{}) (*logoutOut, error) {
	err := m.Auth.End(ctx, m.System.By(c.User, c.From.Address), c.User, c.Session)
	return &logoutOut{newCookie("", clientOf(ctx).secure)}, err
}

type me struct {
	User         store.User         `json:"user"`
	Tenant       store.TenantInfo   `json:"tenant"`
	Memberships  []store.Membership `json:"memberships" nullable:"false"`
	Permissions  []auth.Permission  `json:"permissions" nullable:"false"`
	MultiTenancy bool               `json:"multi_tenancy"`
}

func (m mux) getMe(ctx context.Context, c Caller, _ *struct{}) (*body[me], error) {
	user, err := m.System.User(ctx, c.User)
	if err != nil {
		return nil, err
	}
	tenant, err := m.System.TenantInfo(ctx, c.Tenant.ID)
	return &body[me]{me{user, tenant, m.Auth.Of(c.User), m.Auth.Permissions(c.Tenant.ID, c.User), m.MultiTenancy}}, err
}

type passwordIn struct {
	Body struct {
		Current string `json:"current_password" minLength:"1" maxLength:"1024" writeOnly:"true"`
		New     string `json:"new_password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	}
}

func (m mux) changePassword(ctx context.Context, c Caller, in *passwordIn) (*struct{}, error) {
	if err := m.mayGuess(clientOf(ctx)); err != nil {
		return nil, err
	}
	return nil, m.Auth.ChangePassword(ctx, c.Identity, in.Body.Current, in.Body.New, c.From)
}

type session struct {
	store.Session
	Current bool `json:"current" doc:"The one that asks"`
}

func (m mux) listSessions(_ context.Context, c Caller, _ *struct{}) (*body[items[session]], error) {
	var all []session
	for _, v := range m.Auth.Sessions(c.User) {
		all = append(all, session{v, v.ID == c.Session})
	}
	slices.SortFunc(all, func(a, b session) int { return b.Seen.Compare(a.Seen) })
	return listed(all, nil)
}

func (m mux) deleteSession(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	return nil, m.Auth.End(ctx, m.System.By(c.User, c.From.Address), c.User, in.ID)
}
