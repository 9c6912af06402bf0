package oidc

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"unity.internal/store"
)

// Who keeps a membership, as store has it.
const (
	byInvitation = "invitation"
	byProvider   = "provider"
)

// ranks orders the roles; what is no role ranks below all.
var ranks = map[string]int{"viewer": 1, "member": 2, "admin": 3, "owner": 4}

// Held is a membership that a user has.
type Held struct {
	Tenant store.TenantID
	Role   string
	Source string // person, invitation or provider
	By     string // who gave it: a user's id, or a provider's
}

// An Invitation is one that a sign-in brings along.
type Invitation struct {
	Tenant store.TenantID
	Role   string
	By     string // the inviter's id
}

// A Case is one sign-in to be judged.
type Case struct {
	Provider   store.Provider
	Claims     map[string]any
	Known      bool // there is a user: by identity, by e-mail, or because they are signed in
	Held       []Held
	Invitation *Invitation
	// Role returns the role of a user in a tenant now, or nothing.
	Role func(t store.TenantID, user string) string
	// Exists reports whether a tenant is there: mappings may outlive one.
	Exists func(store.TenantID) bool
}

// A Grant is a membership to be made, or one that gets another role.
type Grant struct {
	Tenant store.TenantID `json:"tenant"`
	Role   string         `json:"role" enum:"owner,admin,member,viewer"`
	Source string         `json:"source" enum:"invitation,provider"`
}

// A Plan is what a sign-in changes. Memberships that it does not name stay.
type Plan struct {
	Username string           `json:"username" doc:"Of a new user"`
	Email    string           `json:"email" doc:"Empty, if the provider has not verified it"`
	Grants   []Grant          `json:"grants" nullable:"false"`
	Ends     []store.TenantID `json:"ends" nullable:"false" doc:"Where the claim that gave a membership is gone"`
}

// Plan returns what the sign-in changes. With an error it must change nothing,
// and shows what it would.
func (c Case) Plan() (Plan, error) {
	p := Plan{Username: name(c.Provider, c.Claims), Grants: []Grant{}, Ends: []store.TenantID{}}
	email, verified := address(c.Provider, c.Claims)
	if verified {
		p.Email = email
	}
	roles := c.mapped()
	for _, h := range c.Held {
		role := roles[h.Tenant]
		delete(roles, h.Tenant)
		switch {
		case h.Source == byInvitation:
			if role = lower(role, c.Role(h.Tenant, h.By)); ranks[role] > ranks[h.Role] {
				p.Grants = append(p.Grants, Grant{h.Tenant, role, byInvitation})
			}
		case h.Source != byProvider || h.By != c.Provider.ID: // a person's, or of another provider
		case role == "":
			p.Ends = append(p.Ends, h.Tenant)
		case role != h.Role:
			p.Grants = append(p.Grants, Grant{h.Tenant, role, byProvider})
		}
	}
	left := c.invited(&p, roles)
	for tenant, role := range roles {
		p.Grants = append(p.Grants, Grant{tenant, role, byProvider})
	}
	slices.SortFunc(p.Grants, func(a, b Grant) int { return cmp.Compare(a.Tenant, b.Tenant) })
	return p, cmp.Or(c.refusal(p, email != "" && !verified), left)
}

// invited adds what the invitation gives, unless the user is in its tenant. A
// claim may give more, but nothing gives more than the inviter has.
func (c Case) invited(p *Plan, roles map[store.TenantID]string) error {
	v := c.Invitation
	if v == nil || slices.ContainsFunc(c.Held, func(h Held) bool { return h.Tenant == v.Tenant }) {
		return nil
	}
	role := v.Role
	if ranks[roles[v.Tenant]] > ranks[role] {
		role = roles[v.Tenant]
	}
	if role = lower(role, c.Role(v.Tenant, v.By)); role == "" {
		return ErrInviter
	}
	delete(roles, v.Tenant)
	p.Grants = append(p.Grants, Grant{v.Tenant, role, byInvitation})
	return nil
}

// refusal returns why there is no user for the sign-in, nor will be.
func (c Case) refusal(p Plan, unverified bool) error {
	switch {
	case c.Known:
		return nil
	case c.Provider.LinkEmail && unverified && c.Invitation == nil:
		return ErrEmailUnverified
	case len(p.Grants) == 0 && c.Invitation == nil:
		return ErrNoAccess
	case !c.Provider.CreateUsers && c.Invitation == nil:
		return ErrNotCreated
	case p.Username == "":
		return ErrNoName
	}
	return nil
}

// mapped returns the highest role that the claims give in each tenant.
func (c Case) mapped() map[store.TenantID]string {
	roles := map[store.TenantID]string{}
	for _, m := range c.Provider.Mappings {
		if ranks[m.Role] > ranks[roles[m.Tenant]] && c.Exists(m.Tenant) && matches(c.Claims, m) {
			roles[m.Tenant] = m.Role
		}
	}
	return roles
}

// lower returns the lower of two roles; nothing, if one is none.
func lower(a, b string) string {
	if ranks[a] > ranks[b] {
		a = b
	}
	if ranks[a] == 0 {
		return ""
	}
	return a
}

// matches reports whether a claim is what m asks for, or holds it.
func matches(claims map[string]any, m store.Mapping) bool {
	v, ok := find(claims, m.Claim)
	if !ok {
		return false
	}
	all, list := v.([]any)
	if !list {
		all = []any{v}
	}
	return slices.ContainsFunc(all, func(v any) bool {
		text, ok := text(v)
		return m.Value == "*" && v != nil || ok && text == m.Value
	})
}

// find returns the claim of a name. A dot leads into an object, unless it is
// part of a name: some providers call claims by an address.
func find(claims map[string]any, claim string) (any, bool) {
	if v, ok := claims[claim]; ok {
		return v, true
	}
	for i, r := range claim {
		if r != '.' {
			continue
		}
		if inner, ok := claims[claim[:i]].(map[string]any); ok {
			if v, ok := find(inner, claim[i+1:]); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// text returns a plain value as people write it.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
