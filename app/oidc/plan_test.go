package oidc_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"unity.internal/app/oidc"
	"unity.internal/store"
)

// claims reads what a provider would send.
func claims(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func mapping(value string, tenant store.TenantID, role string) store.Mapping {
	return store.Mapping{Claim: "groups", Value: value, Tenant: tenant, Role: role}
}

// company gives ops the role admin in acme, dev member in both, and all viewer in globex.
func company(change ...func(*store.Provider)) store.Provider {
	p := store.Provider{
		ID: "p1", UsernameClaim: "preferred_username", CreateUsers: true, Mappings: []store.Mapping{
			mapping("dev", "acme", "member"), mapping("ops", "acme", "admin"), mapping("dev", "globex", "member"),
			mapping("all", "globex", "viewer"), mapping("ops", "gone", "owner"),
		},
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func grant(tenant store.TenantID, role, source string) oidc.Grant {
	return oidc.Grant{Tenant: tenant, Role: role, Source: source}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	type (
		grants = []oidc.Grant
		ends   = []store.TenantID
	)
	off := func(p *store.Provider) { p.CreateUsers = false }
	link := func(p *store.Provider) { p.LinkEmail = true }
	trust := func(p *store.Provider) { p.TrustEmail = true }
	invitation := &oidc.Invitation{Tenant: "acme", Role: "admin", By: "inviter"}
	const (
		ada        = `{"preferred_username":"ada"`
		verified   = `,"email":"ada@x.org","email_verified":true`
		unverified = `,"email":"ada@x.org","email_verified":false`
	)
	for name, tt := range map[string]struct {
		provider   store.Provider
		claims     string
		known      bool
		held       []oidc.Held
		invitation *oidc.Invitation
		inviter    string // the role of now of who invited
		grants     grants
		ends       ends
		email      string
		err        error
	}{
		"one group, two tenants":            {provider: company(), claims: ada + `,"groups":["dev"]}`, grants: grants{grant("acme", "member", "provider"), grant("globex", "member", "provider")}},
		"the highest role wins":             {provider: company(), claims: ada + `,"groups":["all","ops","dev"]}`, grants: grants{grant("acme", "admin", "provider"), grant("globex", "member", "provider")}},
		"nothing maps":                      {provider: company(), claims: ada + `,"groups":["sales"]}`, err: oidc.ErrNoAccess},
		"no claim at all":                   {provider: company(), claims: ada + `}`, err: oidc.ErrNoAccess},
		"nothing maps, but there is a user": {provider: company(), claims: ada + `}`, known: true},
		"no new users":                      {provider: company(off), claims: ada + `,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}, err: oidc.ErrNotCreated},
		"no new users, but this is one":     {provider: company(off), claims: ada + `,"groups":["ops"]}`, known: true, grants: grants{grant("acme", "admin", "provider")}},
		"no name":                           {provider: company(), claims: `{"preferred_username":7,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}, err: oidc.ErrNoName},

		"a verified address":             {provider: company(), claims: ada + verified + `,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}, email: "ada@x.org"},
		"an unverified one is not kept":  {provider: company(), claims: ada + unverified + `,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}},
		"a trusted one is":               {provider: company(trust), claims: ada + unverified + `,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}, email: "ada@x.org"},
		"one that would find a user":     {provider: company(link), claims: ada + unverified + `,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}, err: oidc.ErrEmailUnverified},
		"one that need not find anybody": {provider: company(link), claims: ada + unverified + `,"groups":["ops"]}`, known: true, grants: grants{grant("acme", "admin", "provider")}},
		"a trusted one that may":         {provider: company(link, trust), claims: ada + unverified + `,"groups":["ops"]}`, grants: grants{grant("acme", "admin", "provider")}, email: "ada@x.org"},

		"a person's membership stays": {
			provider: company(), claims: ada + `,"groups":["ops"]}`, known: true,
			held: []oidc.Held{{Tenant: "acme", Role: "viewer", Source: "person", By: "boss"}, {Tenant: "globex", Role: "owner", Source: "person"}},
		},
		"a claim that changed": {
			provider: company(), claims: ada + `,"groups":["dev"]}`, known: true,
			held:   []oidc.Held{{Tenant: "acme", Role: "admin", Source: "provider", By: "p1"}, {Tenant: "globex", Role: "viewer", Source: "provider", By: "p1"}},
			grants: grants{grant("acme", "member", "provider"), grant("globex", "member", "provider")},
		},
		"a claim that is gone": {
			provider: company(), claims: ada + `,"groups":["all"]}`, known: true,
			held: []oidc.Held{{Tenant: "acme", Role: "admin", Source: "provider", By: "p1"}, {Tenant: "globex", Role: "viewer", Source: "provider", By: "p1"}},
			ends: ends{"acme"},
		},
		"another provider's membership stays": {
			provider: company(), claims: ada + `,"groups":["ops"]}`, known: true,
			held: []oidc.Held{{Tenant: "acme", Role: "viewer", Source: "provider", By: "p2"}},
		},

		"an invitation":                          {provider: company(off), claims: ada + `}`, invitation: invitation, inviter: "owner", grants: grants{grant("acme", "admin", "invitation")}},
		"an invitation of one with less by now":  {provider: company(), claims: ada + `}`, invitation: invitation, inviter: "member", grants: grants{grant("acme", "member", "invitation")}},
		"a claim adds to it":                     {provider: company(), claims: ada + `,"groups":["ops","all"]}`, invitation: &oidc.Invitation{Tenant: "acme", Role: "viewer", By: "inviter"}, inviter: "owner", grants: grants{grant("acme", "admin", "invitation"), grant("globex", "viewer", "provider")}},
		"a claim adds no more than the inviter":  {provider: company(), claims: ada + `,"groups":["ops"]}`, invitation: &oidc.Invitation{Tenant: "acme", Role: "viewer", By: "inviter"}, inviter: "member", grants: grants{grant("acme", "member", "invitation")}},
		"an invitation of one who left":          {provider: company(), claims: ada + `}`, invitation: invitation, err: oidc.ErrInviter},
		"an invitation, and an address unproven": {provider: company(link), claims: ada + unverified + `}`, invitation: invitation, inviter: "owner", grants: grants{grant("acme", "admin", "invitation")}},
		"an invitation where one is": {
			provider: company(), claims: ada + `}`, known: true, invitation: invitation, inviter: "owner",
			held: []oidc.Held{{Tenant: "acme", Role: "viewer", Source: "person"}},
		},
		"a claim raises whom somebody invited": {
			provider: company(), claims: ada + `,"groups":["ops"]}`, known: true, inviter: "admin",
			held:   []oidc.Held{{Tenant: "acme", Role: "viewer", Source: "invitation", By: "inviter"}},
			grants: grants{grant("acme", "admin", "invitation")},
		},
		"but not above the inviter": {
			provider: company(), claims: ada + `,"groups":["ops"]}`, known: true, inviter: "member",
			held:   []oidc.Held{{Tenant: "acme", Role: "viewer", Source: "invitation", By: "inviter"}},
			grants: grants{grant("acme", "member", "invitation")},
		},
		"nor at all, once the inviter left": {
			provider: company(), claims: ada + `,"groups":["ops"]}`, known: true,
			held: []oidc.Held{{Tenant: "acme", Role: "viewer", Source: "invitation", By: "inviter"}},
		},
		"and no claim lowers it": {
			provider: company(), claims: ada + `,"groups":["dev"]}`, known: true, inviter: "owner",
			held:   []oidc.Held{{Tenant: "acme", Role: "admin", Source: "invitation", By: "inviter"}},
			grants: grants{grant("globex", "member", "provider")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := oidc.Case{
				Provider: tt.provider, Claims: claims(t, tt.claims), Known: tt.known, Held: tt.held, Invitation: tt.invitation,
				Role: func(tenant store.TenantID, user string) string {
					if tenant == "acme" && user == "inviter" {
						return tt.inviter
					}
					return ""
				},
				Exists: func(tenant store.TenantID) bool { return tenant != "gone" },
			}
			got, err := c.Plan()
			if !errors.Is(err, tt.err) {
				t.Errorf("err = %v, want %v", err, tt.err)
			}
			want := oidc.Plan{Username: "ada", Email: tt.email, Grants: append(grants{}, tt.grants...), Ends: append(ends{}, tt.ends...)}
			if errors.Is(err, oidc.ErrNoName) {
				want.Username = ""
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestClaimsAreFoundInEveryShape(t *testing.T) {
	t.Parallel()
	const text = `{"group":"ops","level":3,"big":12345678901234567,"ratio":0.5,"staff":true,"none":null,"empty":[],"no":false,
		"groups":["dev","ops",7],"realm_access":{"roles":["admin"],"deep":{"er":"yes"}},
		"https://x.example/groups":["ops"],"x.y":{"z.w":"dotted"},"object":{"a":1}}`
	for _, tt := range []struct {
		claim, value string
		want         bool
	}{
		{"group", "ops", true},
		{"group", "op", false},
		{"group", "OPS", false},
		{"group", "*", true},
		{"level", "3", true},
		{"level", "3.0", false},
		{"ratio", "0.5", true},
		{"staff", "true", true},
		{"no", "true", false},
		{"no", "false", true},
		{"none", "*", false},
		{"none", "null", false},
		{"empty", "*", false},
		{"missing", "*", false},
		{"groups", "ops", true},
		{"groups", "7", true},
		{"groups", "sales", false},
		{"groups", "*", true},
		{"realm_access.roles", "admin", true},
		{"realm_access.deep.er", "yes", true},
		{"realm_access.deep", "yes", false},
		{"realm_access.none", "*", false},
		{"group.ops", "*", false},
		{"https://x.example/groups", "ops", true},
		{"x.y.z.w", "dotted", true},
		{"object", "*", true},
		{"object", "a", false},
		{"", "*", false},
		{".", "*", false},
	} {
		p := company()
		p.Mappings = []store.Mapping{{Claim: tt.claim, Value: tt.value, Tenant: "acme", Role: "viewer"}}
		c := oidc.Case{
			Provider: p, Claims: claims(t, text), Known: true,
			Role: func(store.TenantID, string) string { return "" }, Exists: func(store.TenantID) bool { return true },
		}
		if plan, err := c.Plan(); err != nil || tt.want != (len(plan.Grants) == 1) {
			t.Errorf("%s = %s: %+v %v", tt.claim, tt.value, plan, err)
		}
	}
}
