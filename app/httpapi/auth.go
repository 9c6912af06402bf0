package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) auth() {
	handle(m, auth.Public, action("login", "/auth/login"), m.login)
	handle(m, auth.Public, action("answerLogin", "/auth/login/code"), m.answerLogin)
	handle(m, auth.Public, action("resetPassword", "/auth/reset"), m.resetPassword)
	handle(m, auth.Public, action("signInByLink", "/auth/sign-in-link"), m.signInByLink)
	handle(m, auth.Self, action("stepUp", "/auth/step-up"), m.stepUpCaller)
	handle(m, auth.Public, action("createToken", "/auth/token"), m.createToken)
	handle(m, auth.Public, action("refreshToken", "/auth/refresh"), m.refreshToken)
	handle(m, auth.Self, action("logout", "/auth/logout"), m.logout)
	handle(m, auth.SignedIn, route("getMe", http.MethodGet, "/auth/me"), m.getMe)
	handle(m, auth.Self, route("updateMe", http.MethodPatch, "/auth/me"), m.updateMe)
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

// A loginOut is how far somebody got: signed in, or asked for a second factor.
type loginOut struct {
	SetCookie []string `header:"Set-Cookie"`
	Body      struct {
		User      *store.User `json:"user,omitempty" doc:"Who is signed in now"`
		Challenge string      `json:"challenge,omitempty" doc:"A second factor is wanted: send it with this"`
		Methods   []string    `json:"methods,omitempty" enum:"totp,passkey,recovery"`
	}
}

func (m mux) login(ctx context.Context, _ Caller, in *loginIn) (*loginOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	return signedInAs(ctx)(m.Auth.Login(ctx, in.Body.Username, in.Body.Password, from.Client))
}

// signedInAs returns what answers a step of a sign-in.
func signedInAs(ctx context.Context) func(auth.SignIn, error) (*loginOut, error) {
	return func(v auth.SignIn, err error) (*loginOut, error) {
		if err != nil {
			return nil, err
		}
		out := &loginOut{}
		out.Body.Challenge, out.Body.Methods = v.Challenge, v.Methods
		if v.Token != "" {
			out.SetCookie, out.Body.User = []string{newCookie(v.Token, clientOf(ctx).secure)}, &v.User
		}
		return out, nil
	}
}

type codeIn struct {
	Body struct {
		Challenge string `json:"challenge" minLength:"1" maxLength:"100"`
		Code      string `json:"code" minLength:"1" maxLength:"40" writeOnly:"true" doc:"Of the authenticator app, or a recovery code"`
	}
}

func (m mux) answerLogin(ctx context.Context, _ Caller, in *codeIn) (*loginOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	return signedInAs(ctx)(m.Auth.Answer(ctx, in.Body.Challenge, in.Body.Code, from.Client))
}

type stepUpIn struct {
	Body struct {
		Password string `json:"password,omitempty" maxLength:"1024" writeOnly:"true"`
		Code     string `json:"code,omitempty" maxLength:"40" writeOnly:"true" doc:"Of the second factor, in place of the password"`
	}
}

func (m mux) stepUpCaller(ctx context.Context, c Caller, in *stepUpIn) (*struct{}, error) {
	if err := m.mayGuess(clientOf(ctx)); err != nil {
		return nil, err
	}
	return nil, m.Auth.StepUp(ctx, c.Identity, in.Body.Password, in.Body.Code, c.From)
}

type resetIn struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"100" writeOnly:"true"`
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	}
}

func (m mux) resetPassword(ctx context.Context, _ Caller, in *resetIn) (*struct{}, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	return nil, m.Auth.Reset(ctx, in.Body.Token, in.Body.Password, from.Client)
}

type tokenOnly struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"100" writeOnly:"true"`
	}
}

func (m mux) signInByLink(ctx context.Context, _ Caller, in *tokenOnly) (*loginOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	return signedInAs(ctx)(m.Auth.SignInByLink(ctx, in.Body.Token, from.Client))
}

type tokenIn struct {
	Body struct {
		Username  string `json:"username" minLength:"1" maxLength:"64"`
		Password  string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
		Code      string `json:"code,omitempty" maxLength:"40" writeOnly:"true" doc:"A second factor, for who has one"`
		GrantType string `json:"grant_type,omitempty" enum:"password" doc:"Of OAuth 2, where a form is sent"`
	}
}

func (m mux) createToken(ctx context.Context, _ Caller, in *tokenIn) (*body[auth.Tokens], error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	tokens, _, err := m.Auth.Token(ctx, in.Body.Username, in.Body.Password, in.Body.Code, from.Client)
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
	Body      struct {
		URL string `json:"sign_out_url,omitempty" doc:"Where the identity provider ends its session, too"`
	}
}

func (m mux) logout(ctx context.Context, c Caller, _ *struct{}) (*logoutOut, error) {
	out := &logoutOut{SetCookie: newCookie("", clientOf(ctx).secure)}
	if provider := m.Auth.Provider(c.Identity); provider != "" {
		out.Body.URL = m.OIDC.SignOutURL(ctx, provider, m.Base()+"/sign-in")
	}
	return out, m.Auth.End(ctx, m.System.By(c.User, c.From.Address), c.User, c.Session)
}

type me struct {
	User         store.User         `json:"user"`
	Tenant       store.TenantInfo   `json:"tenant"`
	Tenants      []auth.Place       `json:"tenants" nullable:"false" doc:"Where one may go; while one household has the appliance, nowhere"`
	Memberships  []store.Membership `json:"memberships" nullable:"false"`
	Role         string             `json:"role" doc:"In this tenant; empty: an administrator of the appliance"`
	Permissions  []auth.Permission  `json:"permissions" nullable:"false"`
	MultiTenancy bool               `json:"multi_tenancy"`
	Must         []string           `json:"must" enum:"password,second_factor" nullable:"false" doc:"What has to be done before anything else"`
	Session      meSession          `json:"session"`
}

type meSession struct {
	ProvedUntil  time.Time `json:"proved_until" doc:"Until when dangerous things need no new proof"`
	SecondFactor bool      `json:"second_factor"`
}

func (m mux) getMe(ctx context.Context, c Caller, _ *struct{}) (*body[me], error) {
	user, err := m.System.User(ctx, c.User)
	if err != nil {
		return nil, err
	}
	tenant, err := m.System.TenantInfo(ctx, c.Tenant.ID)
	out := me{
		User: user, Tenant: tenant, Tenants: []auth.Place{}, Memberships: m.Auth.Of(c.User), Role: m.Auth.Role(c.Tenant.ID, c.User),
		Permissions: []auth.Permission{}, MultiTenancy: m.Auth.MultiTenancy(), Must: []string{},
		Session: meSession{m.Auth.FreshUntil(c.Identity), c.SecondFactor},
	}
	for _, p := range m.Auth.Permissions(c.Tenant.ID, c.User) {
		if c.Holds(p) {
			out.Permissions = append(out.Permissions, p)
		}
	}
	if out.MultiTenancy {
		out.Tenants = m.Auth.Places(c.User)
	}
	switch must := m.Auth.Blocked(c.Tenant.ID, c.Identity); {
	case errors.Is(must, auth.ErrPasswordChange):
		out.Must = append(out.Must, "password")
	case errors.Is(must, auth.ErrSecondFactor):
		out.Must = append(out.Must, "second_factor")
	}
	return &body[me]{out}, err
}

type meIn struct {
	Body struct {
		Email    Opt[string] `json:"email,omitzero" maxLength:"254"`
		Language Opt[string] `json:"language,omitzero" enum:",en,pl"`
		Theme    Opt[string] `json:"theme,omitzero" enum:",light,dark"`
		TimeZone Opt[string] `json:"time_zone,omitzero" maxLength:"64"`
	}
}

func (m mux) updateMe(ctx context.Context, c Caller, in *meIn) (*body[store.User], error) {
	u, err := m.System.User(ctx, c.User)
	if err != nil {
		return nil, err
	}
	u.Rev = store.AnyRev
	in.Body.Email.into(&u.Email)
	in.Body.Language.into(&u.Language)
	in.Body.Theme.into(&u.Theme)
	in.Body.TimeZone.into(&u.TimeZone)
	if _, err := time.LoadLocation(u.TimeZone); err != nil {
		return nil, field("body.time_zone", "settings.time_zone", "There is no such time zone. Use a name like Europe/Berlin.")
	}
	u, err = m.Auth.SaveUser(ctx, m.System.By(c.User, c.From.Address), u)
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "auth", c.User, u.Rev)
	}
	return &body[store.User]{u}, err
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
