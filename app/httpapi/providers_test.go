package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"unity.internal/app/auth"
	"unity.internal/app/oidc/oidctest"
	"unity.internal/store"
)

// A visitor is a browser that signs in through a provider: it keeps cookies.
type visitor struct {
	b       *bench
	t       *testing.T
	at      oidctest.Provider
	cookies map[string]string
}

func (v *visitor) do(method, path, body string) answer {
	v.t.Helper()
	var all []string
	for name, value := range v.cookies {
		all = append(all, name+"="+value)
	}
	header := ""
	if len(all) > 0 {
		header = "Cookie: " + strings.Join(all, "; ")
	}
	got := v.b.do("", method, "/api/v1"+path, body, header)
	for _, set := range got.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(set)
		if err != nil {
			v.t.Fatal(err)
		}
		if v.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
		if c.Name == "unity-oidc" && c.SameSite != http.SameSiteLaxMode || c.Name == "unity" && c.SameSite != http.SameSiteStrictMode || !c.HttpOnly {
			v.t.Errorf("cookie %s", set)
		}
	}
	return got
}

// through goes to the provider as name and comes back.
func (v *visitor) through(provider, name, start string) answer {
	v.t.Helper()
	to := into[struct{ URL string }](v.t, v.do("POST", "/auth/providers/"+provider+"/start", start), http.StatusOK)
	back := v.at.SignIn(v.t, to.URL, name)
	text, err := json.Marshal(map[string]string{"code": back.Get("code"), "state": back.Get("state"), "iss": back.Get("iss")})
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do("POST", "/auth/oidc", string(text))
}

// federated returns a bench with a provider that knows people and maps groups.
func federated(t *testing.T, settings string) (b *bench, at oidctest.Provider, id string) {
	t.Helper()
	b = newBench(t)
	at = oidctest.Start(t, "-user", "ada:ada@example.com:true:sailors", "-user", "bob:bob@example.com:true:sailors,bosses",
		"-user", "eve:eve@example.com:false:sailors", "-user", "ann:ann@acme.test:true:none")
	body := `{"name":"Harbour ID","issuer":"` + at.Issuer + `","client_id":"` + at.ClientID + `","client_secret":"` + at.Secret + `","scopes":["openid","profile","email","groups"],"enabled":true,
		"mappings":[{"claim":"groups","value":"sailors","tenant":"acme","role":"member"},{"claim":"groups","value":"bosses","tenant":"acme","role":"admin"}],` + settings + `}`
	v := into[store.Provider](t, b.do("root", "POST", "/api/v1/providers", body), http.StatusCreated)
	if v.Secret != store.SecretMask {
		t.Fatal(v)
	}
	return b, at, v.ID
}

func TestSignInThroughAProvider(t *testing.T) {
	t.Parallel()
	b, at, id := federated(t, `"create_users":true`)
	ada := visitor{b, t, at, map[string]string{}}
	if got := ada.do("GET", "/auth/providers", ""); !strings.Contains(got.body, `"name":"Harbour ID"`) || !strings.Contains(got.body, `"password":true`) {
		t.Fatal(got)
	}
	got := ada.through(id, "ada", `{"purpose":"sign_in","next":"/servers"}`)
	if got.status != 200 || !strings.Contains(got.body, `"username":"ada"`) || !strings.Contains(got.body, `"next":"/servers"`) || ada.cookies["unity"] == "" {
		t.Fatal(got)
	}
	if got := ada.do("GET", "/auth/me", ""); !strings.Contains(got.body, `"role":"member"`) || !strings.Contains(got.body, `"source":"provider"`) {
		t.Fatal(got)
	}
	if got := ada.do("GET", "/auth/identities", ""); !strings.Contains(got.body, `"provider_name":"Harbour ID"`) {
		t.Fatal(got)
	}
	// The way back in is not cut off, and a session through the provider ends there, too.
	if got := ada.do("DELETE", "/auth/identities/"+into[items[identity]](t, ada.do("GET", "/auth/identities", ""), 200).Items[0].ID, ""); got.status != 409 || !strings.Contains(got.body, "auth.last_way_in") {
		t.Error(got)
	}
	if got := ada.do("POST", "/auth/logout", ""); got.status != 200 || !strings.Contains(got.body, `"sign_out_url":"`+at.Issuer) {
		t.Error(got)
	}
	bob := visitor{b, t, at, map[string]string{}}
	if got := bob.through(id, "bob", `{"purpose":"sign_in"}`); got.status != 200 {
		t.Fatal(got)
	}
	if got := bob.do("GET", "/auth/me", ""); !strings.Contains(got.body, `"role":"admin"`) {
		t.Error("the higher of two roles:", got)
	}
	// Claims that are gone take their membership with them.
	b.each(t, []want{{"the mapping goes", "root", "PATCH", "/providers/" + id, `{"mappings":[{"claim":"groups","value":"sailors","tenant":"globex","role":"viewer"}]}`, 200, ""}})
	if got := bob.through(id, "bob", `{"purpose":"sign_in"}`); got.status != 200 {
		t.Fatal(got)
	}
	if of := b.auth.Of(b.userID(t, "bob")); len(of) != 1 || of[0].Tenant != "globex" || of[0].Role != "viewer" {
		t.Errorf("%+v", of)
	}
	// With the provider its sessions end.
	b.each(t, []want{{"deleted", "root", "DELETE", "/providers/" + id, "", 204, ""}})
	if got := bob.do("GET", "/auth/me", ""); got.status != 401 {
		t.Error(got)
	}
}

func (b *bench) userID(t *testing.T, name string) string {
	t.Helper()
	u, err := b.store.System().UserByName(t.Context(), auth.NameKey(name))
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func TestAProviderRefuses(t *testing.T) {
	t.Parallel()
	b, at, id := federated(t, `"create_users":false,"link_email":true`)
	root := b.cookie("root")
	ada := visitor{b, t, at, map[string]string{}}
	if got := ada.through(id, "ada", `{"purpose":"sign_in"}`); got.status != 403 || !strings.Contains(got.body, "oidc.not_created") {
		t.Error("nobody makes users:", got)
	}
	if got := ada.through(id, "eve", `{"purpose":"sign_in"}`); got.status != 403 || !strings.Contains(got.body, "oidc.email_unverified") {
		t.Error("an address nobody verified:", got)
	}
	// An invitation lets in whom no mapping does, and the claim does not lift them above the inviter.
	token := b.invited(t, "ann", `{"role":"viewer"}`)
	b.each(t, []want{{"the inviter sinks", "root", "PUT", "/members/ann?tenant=acme", `{"role":"owner"}`, 200, ""}})
	if got := ada.through(id, "bob", `{"purpose":"sign_in","invitation":"`+token+`"}`); got.status != 200 {
		t.Fatal(got)
	}
	if of := b.auth.Of(b.userID(t, "bob")); len(of) != 1 || of[0].Role != "admin" || of[0].Source != store.FromInvitation || of[0].By != "ann" {
		t.Errorf("%+v", of)
	}
	if got := ada.through(id, "ada", `{"purpose":"sign_in","invitation":"`+token+`"}`); got.status != 403 || !strings.Contains(got.body, "invitation.invalid") {
		t.Error("an invitation twice:", got)
	}
	// Links and step-ups belong to the browser and the user that began them.
	lea := visitor{b, t, at, map[string]string{"unity": root}}
	to := into[struct{ URL string }](t, lea.do("POST", "/auth/providers/"+id+"/start", `{"purpose":"link"}`), 200)
	back := at.SignIn(t, to.URL, "ada")
	thief := visitor{b, t, at, map[string]string{"unity": b.cookie("gus"), "unity-oidc": lea.cookies["unity-oidc"]}}
	body := `{"code":"` + back.Get("code") + `","state":"` + back.Get("state") + `","iss":"` + back.Get("iss") + `"}`
	if got := thief.do("POST", "/auth/oidc", body); got.status != 401 {
		t.Error("another's link:", got)
	}
	if got := lea.through(id, "ada", `{"purpose":"link"}`); got.status != 200 {
		t.Error(got)
	}
	if got := lea.through(id, "ada", `{"purpose":"step_up"}`); got.status != 200 {
		t.Error(got)
	}
	if got := lea.through(id, "bob", `{"purpose":"step_up"}`); got.status != 403 || !strings.Contains(got.body, "auth.other_user") {
		t.Error("another's proof:", got)
	}
	gus := visitor{b, t, at, map[string]string{"unity": b.cookie("gus")}}
	if got := gus.through(id, "ada", `{"purpose":"link"}`); got.status != 409 || !strings.Contains(got.body, "identity.taken") {
		t.Error("somebody else's account:", got)
	}
	for _, w := range []struct {
		name, body string
		status     int
		text       string
	}{
		{"no cookie", body, 403, "oidc.state"},
		{"a refusal", `{"state":"x","error":"access_denied"}`, 403, "oidc.state"},
	} {
		if got := (&visitor{b, t, at, map[string]string{}}).do("POST", "/auth/oidc", w.body); !strings.Contains(got.body, w.text) || got.status < 400 {
			t.Errorf("%s: %v", w.name, got)
		}
	}
	b.each(t, []want{
		{"nobody links", "", "POST", "/auth/providers/" + id + "/start", `{"purpose":"link"}`, 401, "auth.required"},
		{"no such", "", "POST", "/auth/providers/none/start", `{"purpose":"sign_in"}`, 404, ""},
		{"an owner", "ann", "GET", "/providers", "", 403, "auth.forbidden"},
		{"what a token would get", "root", "POST", "/providers/" + id + "/dry-run", `{"token":"{\"sub\":\"x\",\"preferred_username\":\"zoe\",\"groups\":[\"bosses\"]}"}`, 200, `"role":"admin"`},
		{"passwords off", "root", "PATCH", "/system/settings", `{"password_sign_in":false}`, 200, ""},
	})
}

// TestOtherNamesOfTheApplianceAreNotTheProviders sends who came by another
// address to the one that providers know.
func TestOtherNamesOfTheApplianceAreNotTheProviders(t *testing.T) {
	t.Parallel()
	b, _, id := federated(t, `"create_users":true`)
	got := b.do("", "POST", "/api/v1/auth/providers/"+id+"/start", `{"purpose":"sign_in"}`, "Host: localhost", "Origin: http://localhost")
	if got.status != 409 || !strings.Contains(got.body, origin) {
		t.Fatal(got)
	}
}
