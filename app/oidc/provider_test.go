package oidc_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"unity.internal/app/fault"
	"unity.internal/app/oidc"
	"unity.internal/app/oidc/oidctest"
	"unity.internal/store"
)

func TestAProviderThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, tt := range map[string]struct {
		change func(*store.Provider)
		secret string
		fields []string
	}{
		"as it should be": {func(*store.Provider) {}, "s", nil},
		"no secret":       {func(*store.Provider) {}, "", nil},
		"nothing": {
			func(v *store.Provider) { *v = store.Provider{} }, "",
			[]string{"body.name", "body.issuer", "body.client_id", "body.scopes", "body.username_claim"},
		},
		"a mask":              {func(*store.Provider) {}, store.SecretMask, []string{"body.client_secret"}},
		"a long secret":       {func(*store.Provider) {}, strings.Repeat("x", 513), []string{"body.client_secret"}},
		"no openid":           {func(v *store.Provider) { v.Scopes = []string{"email"} }, "", []string{"body.scopes"}},
		"two scopes in one":   {func(v *store.Provider) { v.Scopes = []string{"openid", "a b"} }, "", []string{"body.scopes"}},
		"plain http":          {func(v *store.Provider) { v.Issuer = "http://login.example.com" }, "", []string{"body.issuer"}},
		"plain http, public":  {func(v *store.Provider) { v.Issuer = "http://8.8.8.8" }, "", []string{"body.issuer"}},
		"plain http, LAN":     {func(v *store.Provider) { v.Issuer = "http://192.168.1.5:8080/realms/home" }, "", nil},
		"plain http, box":     {func(v *store.Provider) { v.Issuer = "http://[::1]:8080" }, "", nil},
		"plain http, by name": {func(v *store.Provider) { v.Issuer = "http://localhost:8080" }, "", nil},
		"another scheme":      {func(v *store.Provider) { v.Issuer = "ftp://login.example.com" }, "", []string{"body.issuer"}},
		"no host":             {func(v *store.Provider) { v.Issuer = "https://" }, "", []string{"body.issuer"}},
		"a query":             {func(v *store.Provider) { v.Issuer = "https://login.example.com/?a=b" }, "", []string{"body.issuer"}},
		"a user":              {func(v *store.Provider) { v.Issuer = "https://a:b@login.example.com" }, "", []string{"body.issuer"}},
		"mappings": {
			func(v *store.Provider) {
				v.Mappings = []store.Mapping{
					{Claim: "groups", Value: "*", Tenant: "globex", Role: "viewer"},
					{Claim: "", Value: "", Tenant: "none", Role: "god"},
					{Claim: "groups", Value: "ops", Tenant: store.SystemTenant, Role: "owner"},
				}
			}, "",
			[]string{"body.mappings[1].claim", "body.mappings[1].value", "body.mappings[1].tenant", "body.mappings[1].role", "body.mappings[2].tenant"},
		},
		"a crowd": {func(v *store.Provider) { v.Mappings = make([]store.Mapping, 201) }, "", []string{"body.mappings"}},
	} {
		v := draft("https://login.example.com")
		v.Name = name
		tt.change(&v)
		v, err := d.Create(t.Context(), d.y, v, tt.secret)
		var fields []string
		if err != nil {
			for _, f := range fault.From(err).Fields {
				fields = append(fields, f.Field)
			}
			if fault.From(err).Code != "provider.invalid" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if d := cmp.Diff(tt.fields, fields); d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
		if err == nil && (tt.secret == "") != (v.Secret == "") {
			t.Errorf("%s: shows %q", name, v.Secret)
		}
	}
}

func TestASecretStaysWhereItWas(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	works := func() error {
		address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
		_, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "ada")))
		return err
	}
	v.Name = "Renamed"
	v, err := d.Update(t.Context(), d.y, v, v.Secret)
	if err != nil || works() != nil {
		t.Fatal(err, works())
	}
	if text, err := json.Marshal(v); err != nil || strings.Contains(string(text), live.Secret) {
		t.Errorf("%s %v", text, err)
	}
	moved := v
	moved.Issuer = "https://evil.example"
	if _, err := d.Update(t.Context(), d.y, moved, store.SecretMask); err == nil || fault.From(err).Fields[0].Field != "body.client_secret" {
		t.Error(err)
	}
	if v, err = d.Update(t.Context(), d.y, v, "another"); err != nil || !errors.Is(works(), oidc.ErrClient) {
		t.Error(err, works())
	}
	if v, err = d.Update(t.Context(), d.y, v, ""); err != nil || v.Secret != "" {
		t.Errorf("%+v %v", v, err)
	}
	v.Rev--
	if _, err := d.Update(t.Context(), d.y, v, ""); !errors.Is(err, store.ErrStale) {
		t.Error(err)
	}
	if err := d.Delete(t.Context(), d.y, v.ID, v.Rev); !errors.Is(err, store.ErrStale) {
		t.Error(err)
	}
	if err := d.Delete(t.Context(), d.y, v.ID, store.AnyRev); err != nil {
		t.Error(err)
	}
	if _, err := d.Update(t.Context(), d.y, v, ""); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

func TestADryRunSaysWhatATokenWouldBring(t *testing.T) {
	t.Parallel()
	i, d := newIssuer(t), open(t)
	v := d.create(draft(i.URL), "secret")
	good := map[string]any{
		"iss": i.URL, "sub": "s1", "aud": "unity", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"preferred_username": "ada", "email": "ada@example.com", "email_verified": true, "groups": []string{"ops"},
	}
	but := func(name string, value any) map[string]any {
		c := maps.Clone(good)
		c[name] = value
		return c
	}
	object, _ := json.Marshal(good)
	admin := []oidc.Grant{{Tenant: "acme", Role: "admin", Source: "provider"}}
	for name, tt := range map[string]struct {
		token    string
		verified bool
		grants   []oidc.Grant
		refusal  string
	}{
		"good":              {i.jwt(good), true, admin, ""},
		"with a line break": {"\n" + i.jwt(good) + "\n", true, admin, ""},
		"of no group":       {i.jwt(but("groups", nil)), true, []oidc.Grant{}, "oidc.no_access"},
		"expired":           {i.jwt(but("exp", 1)), false, admin, ""},
		"for another":       {i.jwt(but("aud", "other")), false, admin, ""},
		"forged":            {signed(t, newKey(t), "k1", object), false, admin, ""},
		"claims":            {string(object), false, admin, ""},
	} {
		got, err := d.DryRun(t.Context(), v.ID, tt.token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Verified != tt.verified || got.Verified != (got.WhyNot == "") || got.Refusal != tt.refusal || (got.Message == "") != (tt.refusal == "") || got.Claims["sub"] != "s1" {
			t.Errorf("%s: %+v", name, got)
		}
		if !slices.Equal(got.Plan.Grants, tt.grants) {
			t.Errorf("%s: %+v", name, got.Plan)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, token := range []string{"", "nonsense", "a.b.c", "{", "[]", "null", "a.bnVsbA.c"} {
		if _, err := d.DryRun(t.Context(), v.ID, token); err == nil || fault.From(err).Kind != fault.Invalid {
			t.Errorf("%q: %v", token, err)
		}
	}
	if _, err := d.DryRun(t.Context(), "none", "{}"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	token := i.jwt(good)
	i.Close()
	d.pass(time.Hour)
	if got, err := d.DryRun(t.Context(), v.ID, token); err != nil || got.Verified || !strings.Contains(got.WhyNot, "reached") || len(got.Plan.Grants) != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestADryRunKnowsWhoItIs(t *testing.T) {
	t.Parallel()
	d := open(t)
	v := d.create(draft("https://login.example.com"), "")
	if err := d.y.CreateUser(t.Context(), store.User{ID: "u1", Username: "ada"}, "ada", func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if err := d.y.AddIdentity(t.Context(), store.Identity{ID: "i1", Provider: v.ID, Subject: "s1", User: "u1"}); err != nil {
		t.Fatal(err)
	}
	d.held = []oidc.Held{{Tenant: "acme", Role: "admin", Source: "provider", By: v.ID}}
	got, err := d.DryRun(t.Context(), v.ID, `{"sub":"s1"}`)
	if err != nil || got.Refusal != "" || !slices.Equal(got.Plan.Ends, []store.TenantID{"acme"}) {
		t.Errorf("%+v %v", got, err)
	}
}
