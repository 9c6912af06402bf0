package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/notify"
	"unity.internal/store"
)

func (m mux) invitations() {
	handle(m, auth.MembersWrite, route("listInvitations", http.MethodGet, "/invitations"), m.listInvitations)
	handle(m, auth.MembersWrite, route("createInvitation", http.MethodPost, "/invitations"), m.createInvitation)
	handle(m, auth.MembersWrite, route("deleteInvitation", http.MethodDelete, "/invitations/{id}"), m.deleteInvitation)
	handle(m, auth.Public, action("getInvitation", "/auth/invitation"), m.getInvitation)
	handle(m, auth.Public, action("register", "/auth/register"), m.register)
	handle(m, auth.Self, action("acceptInvitation", "/auth/invitation/accept"), m.acceptInvitation)
}

// invitation is one with the names of who made and who took it.
type invitation struct {
	store.Invitation
	ByName     string `json:"invited_by_name"`
	UsedByName string `json:"used_by_name"`
}

func (m mux) invitation(v store.Invitation) invitation {
	return invitation{v, m.Auth.UserName(v.By), m.Auth.UserName(v.UsedBy)}
}

func (m mux) listInvitations(ctx context.Context, c Caller, in *Paging) (*body[store.Page[invitation]], error) {
	p, err := c.Tenant.Invitations(ctx, in.list("newest"))
	out := store.Page[invitation]{Items: []invitation{}, Next: p.Next}
	for _, v := range p.Items {
		out.Items = append(out.Items, m.invitation(v))
	}
	return &body[store.Page[invitation]]{out}, err
}

type invitationIn struct {
	Body struct {
		Email   string     `json:"email,omitempty" maxLength:"254" doc:"Gets the link, when mail can be sent"`
		Role    string     `json:"role" enum:"viewer,member,admin,owner"`
		Grants  []string   `json:"grants,omitempty" maxItems:"50" nullable:"false"`
		Expires *time.Time `json:"expires_at,omitempty" doc:"Without it, in seven days"`
	}
}

type newInvitation struct {
	OneTimeLink
	Invitation invitation `json:"invitation"`
}

func (m mux) createInvitation(ctx context.Context, c Caller, in *invitationIn) (*body[newInvitation], error) {
	v := store.Invitation{Email: in.Body.Email, Role: in.Body.Role, Grants: in.Body.Grants}
	if in.Body.Expires != nil {
		v.Expires = *in.Body.Expires
	}
	v, token, err := m.Auth.Invite(ctx, c.Identity, c.Tenant, v)
	if err != nil {
		return nil, err
	}
	out := newInvitation{Invitation: m.invitation(v)}
	out.URL, out.Expires = m.link("/invitation", token), v.Expires
	where := m.Auth.TenantName(c.Tenant.ID)
	m.mail(ctx, &out.OneTimeLink, []store.Tenant{c.Tenant, m.System.Own()}, notify.Letter{
		To: v.Email, Title: "You are invited to " + where,
		Text: m.Auth.UserName(c.User) + " invites you to “" + where + "” on Unity. The link works once, until " +
			v.Expires.Format("2006-01-02 15:04 MST") + ":\n\n" + out.URL + "\n\nIf you do not know them, ignore this mail.",
	})
	m.Bus.Publish(c.Tenant.ID, "invitations", v.ID, 1)
	return &body[newInvitation]{out}, nil
}

func (m mux) deleteInvitation(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	if err := c.Tenant.DeleteInvitation(ctx, in.ID); err != nil {
		return nil, err
	}
	m.Bus.Publish(c.Tenant.ID, "invitations", in.ID, 2)
	return nil, nil
}

type invitationOffer struct {
	Tenant  string    `json:"tenant_name"`
	Role    string    `json:"role"`
	From    string    `json:"inviter"`
	Email   string    `json:"email"`
	Expires time.Time `json:"expires_at"`
}

func (m mux) getInvitation(ctx context.Context, _ Caller, in *tokenOnly) (*body[invitationOffer], error) {
	if err := m.mayGuess(clientOf(ctx)); err != nil {
		return nil, err
	}
	v, err := m.Auth.Offer(ctx, in.Body.Token)
	return &body[invitationOffer]{invitationOffer{v.Name, v.Role, v.From, v.Email, v.Expires}}, err
}

type registerIn struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"100" writeOnly:"true"`
		Username string `json:"username" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	}
}

func (m mux) register(ctx context.Context, _ Caller, in *registerIn) (*loginOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	return signedInAs(ctx)(m.Auth.Register(ctx, in.Body.Token, in.Body.Username, in.Body.Password, from.Client))
}

type joined struct {
	Tenant store.TenantID `json:"tenant_id"`
}

func (m mux) acceptInvitation(ctx context.Context, c Caller, in *tokenOnly) (*body[joined], error) {
	v, err := m.Auth.Accept(ctx, c.Identity, in.Body.Token, c.From)
	if err == nil {
		m.Bus.Publish(v.Tenant, "members", c.User, 0)
	}
	return &body[joined]{joined{v.Tenant}}, err
}
