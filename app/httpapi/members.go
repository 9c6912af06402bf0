package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) members() {
	handle(m, auth.MembersRead, route("listMembers", http.MethodGet, "/members"), listMembers)
	handle(m, auth.MembersWrite, route("setMember", http.MethodPut, "/members/{user}"), m.setMember)
	handle(m, auth.MembersWrite, route("deleteMember", http.MethodDelete, "/members/{user}"), m.deleteMember)
}

type memberList struct {
	Items     []store.Person    `json:"items" nullable:"false"`
	Grantable []auth.Permission `json:"grantable" nullable:"false" doc:"What can be given beyond a role"`
}

func listMembers(ctx context.Context, c Caller, _ *struct{}) (*body[memberList], error) {
	all, err := c.Tenant.People(ctx)
	return &body[memberList]{memberList{all, auth.Grantable()}}, err
}

type memberIn struct {
	User string `path:"user" maxLength:"64"`
	Body struct {
		Role   string   `json:"role" enum:"viewer,member,admin,owner"`
		Grants []string `json:"grants,omitempty" maxItems:"50" nullable:"false"`
	}
}

func (m mux) setMember(ctx context.Context, c Caller, in *memberIn) (*body[store.Membership], error) {
	v, err := m.Auth.SetMember(ctx, c.Identity, c.Tenant, store.Membership{User: in.User, Role: in.Body.Role, Grants: in.Body.Grants})
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "members", in.User, 0)
	}
	return &body[store.Membership]{v}, err
}

type memberOf struct {
	User string `path:"user" maxLength:"64"`
}

func (m mux) deleteMember(ctx context.Context, c Caller, in *memberOf) (*struct{}, error) {
	if err := m.Auth.DeleteMember(ctx, c.Identity, c.Tenant, in.User); err != nil {
		return nil, err
	}
	m.Bus.Publish(c.Tenant.ID, "members", in.User, 0)
	return nil, nil
}
