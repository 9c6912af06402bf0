package store_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"unity.internal/app/seal"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func provider(name string) store.Provider {
	return store.Provider{
		ID: store.NewID(), Name: name, Issuer: "https://login.example.com", ClientID: "unity",
		Scopes: []string{"openid", "email"}, UsernameClaim: "preferred_username", Enabled: true, CreateUsers: true,
		LinkEmail: true, SecondFactor: true, ClientSecret: seal.Of([]byte("sealed")),
		Mappings: []store.Mapping{{Claim: "groups", Value: "ops", Tenant: store.DefaultTenant, Role: "admin"}},
	}
}

func TestProvidersKeepWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	y := storetest.Open(t).System()
	want := provider("Company")
	v, err := y.CreateProvider(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := y.Provider(t.Context(), v.ID)
	if err != nil || string(got.ClientSecret.Ciphertext()) != "sealed" {
		t.Fatalf("%+v %v", got, err)
	}
	want.Rev, want.Secret = 1, store.SecretMask
	ignore := cmpopts.IgnoreFields(store.Provider{}, "ClientSecret", "Created")
	if d := cmp.Diff(want, got, ignore); d != "" {
		t.Error(d)
	}
	if text, err := json.Marshal(got); err != nil || strings.Contains(string(text), "sealed") {
		t.Errorf("%s %v", text, err)
	}
	if _, err := y.CreateProvider(t.Context(), provider("Company")); !errors.Is(err, store.ErrProviderName) {
		t.Error(err)
	}
	other := provider("Another")
	other.ClientSecret, other.Mappings = seal.Value{}, nil
	if other, err = y.CreateProvider(t.Context(), other); err != nil || other.Secret != "" || other.Mappings == nil {
		t.Errorf("%+v %v", other, err)
	}
	all, err := y.Providers(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "Another" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestAProviderIsChangedByWhoKnowsItsRevision(t *testing.T) {
	t.Parallel()
	y := storetest.Open(t).System()
	v, err := y.CreateProvider(t.Context(), provider("Company"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := y.CreateProvider(t.Context(), provider("Another")); err != nil {
		t.Fatal(err)
	}
	v.Name, v.Issuer, v.Enabled = "Renamed", "https://login.example.org", false
	v, err = y.UpdateProvider(t.Context(), v)
	if err != nil || v.Rev != 2 || v.Name != "Renamed" || v.Enabled {
		t.Fatalf("%+v %v", v, err)
	}
	old := v
	old.Rev = 1
	if _, err := y.UpdateProvider(t.Context(), old); !errors.Is(err, store.ErrStale) {
		t.Error(err)
	}
	v.Name = "Another"
	if _, err := y.UpdateProvider(t.Context(), v); !errors.Is(err, store.ErrProviderName) {
		t.Error(err)
	}
	if err := y.DeleteProvider(t.Context(), v.ID, 1); !errors.Is(err, store.ErrStale) {
		t.Error(err)
	}
	if err := y.DeleteProvider(t.Context(), v.ID, 2); err != nil {
		t.Error(err)
	}
	for _, err := range []error{
		y.DeleteProvider(t.Context(), v.ID, store.AnyRev),
		func() error { _, err := y.UpdateProvider(t.Context(), v); return err }(),
		func() error { _, err := y.Provider(t.Context(), v.ID); return err }(),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	}
	rows, err := y.Own().AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 10, Q: "providers."}})
	if err != nil || len(rows.Items) != 4 {
		t.Fatalf("%+v %v", rows, err)
	}
	if detail, err := json.Marshal(rows.Items[1].Detail); err != nil || !strings.Contains(string(detail), `"enabled":[true,false]`) {
		t.Errorf("%s %v", detail, err)
	}
}

func TestASubjectOfAProviderIsOneUser(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	y := storetest.Open(t, store.WithClock(func() time.Time { return now })).System()
	p, err := y.CreateProvider(t.Context(), provider("Company"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ada", "bob"} {
		if err := y.CreateUser(t.Context(), store.User{ID: id, Username: id}, id, func(string) bool { return false }); err != nil {
			t.Fatal(err)
		}
	}
	ada := store.Identity{ID: "i1", Provider: p.ID, Subject: "s1", User: "ada", Name: "Ada"}
	if err := y.AddIdentity(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	if err := y.AddIdentity(t.Context(), store.Identity{ID: "i2", Provider: p.ID, Subject: "s1", User: "bob"}); !errors.Is(err, store.ErrIdentityTaken) {
		t.Error(err)
	}
	if err := y.AddIdentity(t.Context(), store.Identity{ID: "i2", Provider: "none", Subject: "s1", User: "bob"}); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	ada.Created, ada.Seen = now, now.Add(time.Hour)
	now = ada.Seen
	ada.Name = "Ada L."
	if err := y.SeeIdentity(t.Context(), "i1", ada.Name); err != nil {
		t.Error(err)
	}
	got, err := y.IdentityBySubject(t.Context(), p.ID, "s1")
	if d := cmp.Diff(ada, got); d != "" || err != nil {
		t.Error(d, err)
	}
	p.Issuer = "https://elsewhere.example.com"
	if _, err := y.UpdateProvider(t.Context(), p); !errors.Is(err, store.ErrProviderIssuer) {
		t.Error(err)
	}
	if all, err := y.Identities(t.Context(), "ada"); err != nil || len(all) != 1 {
		t.Error(all, err)
	}
	if err := y.DeleteIdentity(t.Context(), "bob", "i1"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := y.DeleteIdentity(t.Context(), "ada", "i1"); err != nil {
		t.Error(err)
	}
	if err := y.AddIdentity(t.Context(), ada); err != nil {
		t.Error(err)
	}
	if err := y.DeleteProvider(t.Context(), p.ID, store.AnyRev); err != nil {
		t.Error(err)
	}
	if _, err := y.IdentityBySubject(t.Context(), p.ID, "s1"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}
