package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/app/notify"
	"unity.internal/store"
)

func (m mux) users() {
	handle(m, auth.UsersRead, route("listUsers", http.MethodGet, "/users"), m.listUsers)
	handle(m, auth.UsersWrite, stepUp(route("createUser", http.MethodPost, "/users")), m.createUser)
	handle(m, auth.UsersRead, route("getUser", http.MethodGet, "/users/{id}"), m.getUser)
	handle(m, auth.UsersWrite, stepUp(route("updateUser", http.MethodPatch, "/users/{id}")), m.updateUser)
	handle(m, auth.UsersWrite, stepUp(route("deleteUser", http.MethodDelete, "/users/{id}")), m.deleteUser)
	handle(m, auth.UsersWrite, stepUp(action("resetUserPassword", "/users/{id}/reset-password")), m.resetUserPassword)
	handle(m, auth.UsersWrite, action("signOutUser", "/users/{id}/sign-out"), m.signOutUser)
	handle(m, auth.UsersWrite, stepUp(route("deleteUserSecondFactor", http.MethodDelete, "/users/{id}/second-factor")), m.deleteUserSecondFactor)
}

// userRow is a user as administrators see them.
type userRow struct {
	store.User
	Memberships []store.Membership `json:"memberships" nullable:"false"`
}

func (m mux) userRow(u store.User) userRow { return userRow{u, m.Auth.Of(u.ID)} }

type usersIn struct {
	Paging
	Sort string `query:"sort" enum:"name,newest" default:"name"`
}

func (m mux) listUsers(ctx context.Context, _ Caller, in *usersIn) (*body[store.Page[userRow]], error) {
	p, err := m.System.UserPage(ctx, in.list(in.Sort), auth.NameKey)
	out := store.Page[userRow]{Items: []userRow{}, Next: p.Next}
	for _, u := range p.Items {
		out.Items = append(out.Items, m.userRow(u))
	}
	return &body[store.Page[userRow]]{out}, err
}

func (m mux) getUser(ctx context.Context, _ Caller, in *ID) (*versioned[userRow], error) {
	u, err := m.System.User(ctx, in.ID)
	return tagged(m.userRow(u), u.Rev, err)
}

type userIn struct {
	Body struct {
		Username   string `json:"username" minLength:"1" maxLength:"64"`
		Email      string `json:"email,omitempty" maxLength:"254"`
		Admin      bool   `json:"is_admin,omitempty"`
		Password   string `json:"password,omitempty" maxLength:"1024" writeOnly:"true" doc:"Without one, a link sets it"`
		MustChange bool   `json:"must_change_password,omitempty" doc:"The password is good for one sign-in"`
		Role       string `json:"role,omitempty" enum:"viewer,member,admin,owner" doc:"In the tenant of the request; without one, no member"`
	}
}

func (m mux) createUser(ctx context.Context, c Caller, in *userIn) (*versioned[userRow], error) {
	b := in.Body
	u, err := m.Auth.CreateUser(ctx, m.System.By(c.User, c.From.Address),
		store.User{Username: b.Username, Email: b.Email, Admin: b.Admin, MustChange: b.MustChange}, b.Password)
	if err == nil && b.Role != "" {
		_, err = m.Auth.SetMember(ctx, c.Identity, c.Tenant, store.Membership{User: u.ID, Role: b.Role})
	}
	if err == nil {
		m.userChanged(c, u)
	}
	return tagged(m.userRow(u), u.Rev, err)
}

// userChanged tells open pages that a user changed.
func (m mux) userChanged(c Caller, u store.User) {
	m.Bus.Publish(c.Tenant.ID, "users", u.ID, u.Rev)
	m.Bus.Publish(c.Tenant.ID, "members", u.ID, u.Rev)
}

type userPatch struct {
	ID
	IfMatch
	Body struct {
		Email      Opt[string] `json:"email,omitzero" maxLength:"254"`
		Admin      Opt[bool]   `json:"is_admin,omitzero"`
		Active     Opt[bool]   `json:"is_active,omitzero"`
		MustChange Opt[bool]   `json:"must_change_password,omitzero"`
	}
}

func (m mux) updateUser(ctx context.Context, c Caller, in *userPatch) (*versioned[userRow], error) {
	u, err := m.System.User(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	if u.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	in.Body.Email.into(&u.Email)
	in.Body.Admin.into(&u.Admin)
	in.Body.Active.into(&u.Active)
	in.Body.MustChange.into(&u.MustChange)
	u, err = m.Auth.UpdateUser(ctx, m.System.By(c.User, c.From.Address), c.Identity, u)
	if err == nil {
		m.userChanged(c, u)
	}
	return tagged(m.userRow(u), u.Rev, err)
}

type userDelete struct {
	ID
	IfMatch
}

func (m mux) deleteUser(ctx context.Context, c Caller, in *userDelete) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	if err := m.Auth.DeleteUser(ctx, m.System.By(c.User, c.From.Address), c.Identity, in.ID.ID, rev); err != nil {
		return nil, err
	}
	m.userChanged(c, store.User{ID: in.ID.ID})
	return nil, nil
}

// A OneTimeLink is shown once, to the one who asked; mailed if that was possible.
type OneTimeLink struct {
	URL     string    `json:"url" doc:"Works once; shown once"`
	Expires time.Time `json:"expires_at"`
	Mailed  bool      `json:"mailed"`
	Unsent  string    `json:"mail_problem,omitempty" doc:"Why it was not mailed, where that was tried"`
}

func (m mux) resetUserPassword(ctx context.Context, c Caller, in *ID) (*body[OneTimeLink], error) {
	u, err := m.System.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	y := m.System.By(c.User, c.From.Address)
	token, expires, err := m.Auth.Link(ctx, y, u.ID, store.LinkReset)
	if err != nil {
		return nil, err
	}
	out := OneTimeLink{URL: m.link("/reset", token), Expires: expires}
	m.mail(ctx, &out, []store.Tenant{m.System.Own(), m.Tenant(store.DefaultTenant)}, notify.Letter{
		To: u.Email, Title: "Set your password for Unity",
		Text: "Somebody who administers Unity made a link for you, " + u.Username + ". It sets a new password and works once, until " +
			expires.Format("2006-01-02 15:04 MST") + ":\n\n" + out.URL + "\n\nIf you did not ask for it, tell them.",
	})
	return &body[OneTimeLink]{out}, nil
}

// link returns the address of a page that takes a token after #, where no log sees it.
func (m mux) link(page, token string) string {
	return m.Base() + page + "#" + url.Values{"token": {token}}.Encode()
}

// mail sends a letter through the first of tenants that can, and notes in out what became of it.
func (m mux) mail(ctx context.Context, out *OneTimeLink, tenants []store.Tenant, v notify.Letter) {
	if v.To == "" {
		return
	}
	sent, err := m.Notify.Mail(ctx, tenants, v)
	if err != nil {
		out.Unsent = fault.From(err).Msg
	}
	out.Mailed = sent
}

func (m mux) signOutUser(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	return nil, m.Auth.EndSessions(ctx, m.System.By(c.User, c.From.Address), in.ID)
}

func (m mux) deleteUserSecondFactor(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	if err := m.Auth.DeleteSecondFactor(ctx, m.System.By(c.User, c.From.Address), in.ID); err != nil {
		return nil, err
	}
	m.userChanged(c, store.User{ID: in.ID})
	return nil, nil
}
