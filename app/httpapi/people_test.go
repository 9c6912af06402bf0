package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/app/auth"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// staff adds to acme: adam, its admin, and mia, a member.
func staff(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	for user, role := range map[string]string{"adam": "admin", "mia": "member"} {
		storetest.User(t, b.store, store.User{ID: user})
		storetest.Member(t, b.store, "acme", user, role)
	}
	reload(t, b.auth)
	return b
}

// want sends requests and holds their answers against what must come.
type want struct {
	name, who, method, path, body string
	status                        int
	text                          string
}

func (b *bench) each(t *testing.T, all []want) {
	t.Helper()
	for _, w := range all {
		if got := b.do(w.who, w.method, "/api/v1"+w.path, w.body); got.status != w.status || !strings.Contains(got.body, w.text) {
			t.Errorf("%s: %d %s, want %d %s", w.name, got.status, got.body, w.status, w.text)
		}
	}
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	b := staff(t)
	b.each(t, []want{
		{"a viewer lists", "vic", "GET", "/members", "", 200, `"username":"mia"`},
		{"a member raises himself", "mia", "PUT", "/members/mia", `{"role":"owner"}`, 403, "auth.forbidden"},
		{"a member grants himself", "mia", "PUT", "/members/mia", `{"role":"member","grants":["settings.write"]}`, 403, "auth.forbidden"},
		{"an admin raises herself", "adam", "PUT", "/members/adam", `{"role":"owner"}`, 403, "member.self"},
		{"an admin raises another above herself", "adam", "PUT", "/members/mia", `{"role":"owner"}`, 403, "member.above_you"},
		{"an admin lowers an owner", "adam", "PUT", "/members/ann", `{"role":"viewer"}`, 403, "member.above_you"},
		{"an admin removes an owner", "adam", "DELETE", "/members/ann", "", 403, "member.above_you"},
		{"an admin invites an owner", "adam", "POST", "/invitations", `{"role":"owner"}`, 403, "member.above_you"},
		{"a grant that is none", "ann", "PUT", "/members/mia", `{"role":"member","grants":["system.write"]}`, 422, "member.grant"},
		{"a role that is none", "ann", "PUT", "/members/mia", `{"role":"king"}`, 422, "body.role"},
		{"somebody who is no member", "ann", "PUT", "/members/gus", `{"role":"member"}`, 404, "not_found"},
		{"somebody who is nobody", "ann", "PUT", "/members/nobody", `{"role":"member"}`, 404, "not_found"},
		{"the last owner", "root", "PUT", "/members/root?tenant=default", `{"role":"viewer"}`, 409, "member.last_owner"},
		{"before: no channel", "mia", "POST", "/channels", `{"name":"x","type":"webhook","enabled":true,"config":{"url":"https://example.org/"}}`, 403, "auth.forbidden"},
		{"one permission", "ann", "PUT", "/members/mia", `{"role":"member","grants":["channels.write"]}`, 200, "channels.write"},
		{"after: a channel", "mia", "POST", "/channels", `{"name":"x","type":"webhook","enabled":true,"config":{"url":"https://example.org/"}}`, 201, ""},
		{"another owner", "ann", "PUT", "/members/adam", `{"role":"owner"}`, 200, `"owner"`},
		{"who removes the first", "adam", "DELETE", "/members/ann", "", 204, ""},
		{"who is out at once", "ann", "GET", "/members", "", 403, "auth.forbidden"},
		{"an administrator adds", "root", "PUT", "/members/ann?tenant=acme", `{"role":"viewer"}`, 200, `"viewer"`},
	})
}

// invited returns the token of an invitation to acme.
func (b *bench) invited(t *testing.T, who, body string) string {
	t.Helper()
	v := into[struct{ URL string }](t, b.do(who, "POST", "/api/v1/invitations", body), http.StatusCreated)
	_, token, ok := strings.Cut(v.URL, "#token=")
	if !ok || !strings.HasPrefix(v.URL, origin+"/invitation#") {
		t.Fatal(v.URL)
	}
	return token
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	b := staff(t)
	token := b.invited(t, "ann", `{"role":"member","email":"new@acme.test"}`)
	register := func(token, name string) string {
		return fmt.Sprintf(`{"token":%q,"username":%q,"password":%q}`, token, name, password)
	}
	gone := b.invited(t, "adam", `{"role":"viewer"}`)
	other := b.invited(t, "ann", `{"role":"viewer"}`)
	again := b.invited(t, "ann", `{"role":"viewer"}`)
	raised := b.invited(t, "ann", `{"role":"admin"}`)
	b.each(t, []want{
		{"what it offers", "", "POST", "/auth/invitation", `{"token":"` + token + `"}`, 200, `"tenant_name":"acme"`},
		{"from whom", "", "POST", "/auth/invitation", `{"token":"` + token + `"}`, 200, `"inviter":"ann"`},
		{"nonsense", "", "POST", "/auth/invitation", `{"token":"nonsense"}`, 403, "invitation.invalid"},
		{"a weak password", "", "POST", "/auth/register", `{"token":"` + token + `","username":"newt","password":"short"}`, 422, "password.short"},
		{"a name that exists", "", "POST", "/auth/register", register(token, "ANN"), 409, "user.name_taken"},
		{"one that looks like it", "", "POST", "/auth/register", register(token, "аnn"), 409, "user.name_taken"}, // a Cyrillic а
		{"good", "", "POST", "/auth/register", register(token, "newt"), 200, `"username":"newt"`},
		{"twice", "", "POST", "/auth/register", register(token, "newt2"), 403, "invitation.invalid"},
		{"accepted by a member", "mia", "POST", "/auth/invitation/accept", `{"token":"` + other + `"}`, 409, "member.already"},
		{"accepted by a user", "gus", "POST", "/auth/invitation/accept", `{"token":"` + other + `"}`, 200, `"tenant_id":"acme"`},
		{"and again", "gus", "POST", "/auth/invitation/accept", `{"token":"` + other + `"}`, 403, "invitation.invalid"},
		{"by nobody", "", "POST", "/auth/invitation/accept", `{"token":"` + again + `"}`, 401, "auth.required"},
		{"a list without tokens", "ann", "GET", "/invitations", "", 200, `"used_by_name":"newt"`},
		{"far away", "ann", "POST", "/invitations", `{"role":"viewer","expires_at":"2099-01-01T00:00:00Z"}`, 422, "invitation.expires"},
		{"no address", "ann", "POST", "/invitations", `{"role":"viewer","email":"a@b.test\r\nBcc: x@y.test"}`, 422, "user.invalid_email"},
		{"the inviter's role sinks", "root", "PUT", "/members/adam?tenant=acme", `{"role":"member"}`, 200, ""},
		{"then his invitation is void", "", "POST", "/auth/register", register(gone, "late"), 403, "invitation.invalid"},
	})
	// Of a hundred who take one invitation at once, one gets in.
	var wg sync.WaitGroup
	var mu sync.Mutex
	in := 0
	offer, err := b.auth.Offer(t.Context(), raised)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		id := fmt.Sprintf("racer%d", i)
		storetest.User(t, b.store, store.User{ID: id})
		wg.Go(func() {
			if _, err := b.auth.Accept(context.WithoutCancel(t.Context()), auth.Identity{User: id}, raised, auth.Client{}); err == nil {
				mu.Lock()
				in++
				mu.Unlock()
			} else if !errors.Is(err, auth.ErrInvitation) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if in != 1 || offer.Role != "admin" {
		t.Errorf("%d took it", in)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	b := staff(t)
	for _, who := range []string{"mia", "vic"} {
		b.cookie(who) // signed in before they are switched off and deleted
	}
	b.each(t, []want{
		{"an owner", "ann", "GET", "/users", "", 403, "auth.forbidden"},
		{"all", "root", "GET", "/users?limit=2", "", 200, `"next_cursor"`},
		{"filtered", "root", "GET", "/users?q=MIA&sort=newest", "", 200, `"username":"mia"`},
		{"oneself is switched off", "root", "PATCH", "/users/root", `{"is_active":false}`, 409, "user.self"},
		{"oneself is demoted", "root", "PATCH", "/users/root", `{"is_admin":false}`, 409, "user.self"},
		{"oneself is deleted", "root", "DELETE", "/users/root", "", 409, "user.self"},
		{"an address that is none", "root", "PATCH", "/users/mia", `{"email":"no"}`, 422, "body.email"},
		{"a second administrator", "root", "PATCH", "/users/adam", `{"is_admin":true}`, 200, `"is_admin":true`},
		{"who is never the last", "adam", "PATCH", "/users/root", `{"is_admin":false}`, 200, `"is_admin":false`},
		{"created", "adam", "POST", "/users", `{"username":"olga","email":"olga@acme.test","role":"member"}`, 201, `"username":"olga"`},
		{"a name in another case", "adam", "POST", "/users", `{"username":"OLGA"}`, 409, "user.name_taken"},
		{"one that looks like it", "adam", "POST", "/users", `{"username":"0lga"}`, 409, "user.name_taken"},
		{"a weak password", "adam", "POST", "/users", `{"username":"otto","password":"1234567890"}`, 422, "password.common"},
		{"switched off", "adam", "PATCH", "/users/mia", `{"is_active":false}`, 200, `"is_active":false`},
		{"has no session", "mia", "GET", "/auth/me", "", 401, "auth.required"},
		{"deleted", "adam", "DELETE", "/users/vic", "", 204, ""},
		{"is nobody", "vic", "GET", "/auth/me", "", 401, "auth.required"},
		{"is not found", "adam", "GET", "/users/vic", "", 404, "not_found"},
	})
	if got := b.auth.UserName("mia"); got != "mia" {
		t.Errorf("who is switched off is called %q in the audit", got)
	}
	// The last administrator stays one, whoever asks.
	last, err := b.store.System().User(t.Context(), "adam")
	last.Admin, last.Rev = false, store.AnyRev
	if _, err2 := b.store.System().UpdateUser(t.Context(), last); err != nil || !errors.Is(err2, store.ErrLastAdmin) {
		t.Error(err, err2)
	}
	if err := b.store.System().DeleteUser(t.Context(), "adam", store.AnyRev); !errors.Is(err, store.ErrLastAdmin) {
		t.Error(err)
	}
}

func TestAResetLinkAndAForcedChange(t *testing.T) {
	t.Parallel()
	b := staff(t)
	v := into[OneTimeLink](t, b.do("root", "POST", "/api/v1/users/mia/reset-password", ""), http.StatusOK)
	_, token, _ := strings.Cut(v.URL, "#token=")
	old := b.cookie("mia")
	b.each(t, []want{
		{"set", "", "POST", "/auth/reset", `{"token":"` + token + `","password":"` + password + `"}`, 200, ""},
		{"twice", "", "POST", "/auth/reset", `{"token":"` + token + `","password":"` + password + `"}`, 403, "auth.link_invalid"},
		{"signs in", "", "POST", "/auth/login", `{"username":"mia","password":"` + password + `"}`, 200, `"username":"mia"`},
		{"must change it", "root", "PATCH", "/users/mia", `{"must_change_password":true}`, 200, `"must_change_password":true`},
	})
	if got := b.do("", "GET", "/api/v1/auth/me", "", "Cookie: unity="+old); got.status != 401 {
		t.Errorf("a session outlives the reset: %v", got)
	}
	b.tokens["mia"] = ""
	b.each(t, []want{
		{"sees what is to be done", "mia", "GET", "/auth/me", "", 200, `"must":["password"]`},
		{"and nothing else", "mia", "GET", "/servers", "", 403, "auth.password_change_required"},
		{"changes it", "mia", "POST", "/auth/change-password", `{"current_password":"` + password + `","new_password":"another long one"}`, 200, ""},
		{"and goes on", "mia", "GET", "/servers", "", 200, ""},
	})
}

// key makes an API key and returns its text.
func (b *bench) key(t *testing.T, who, body string) (id, text string) {
	t.Helper()
	v := into[struct {
		Key    string
		APIKey struct{ ID string } `json:"api_key"`
	}](t, b.do(who, "POST", "/api/v1/auth/api-keys", body), http.StatusCreated)
	return v.APIKey.ID, v.Key
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	b := staff(t)
	_, mias := b.key(t, "mia", `{"name":"script","permissions":["servers.read","alerts.write"]}`)
	short, anns := b.key(t, "ann", `{"name":"all","permissions":["servers.read","servers.write","settings.write"]}`)
	if !strings.HasPrefix(mias, "uk_acme_") {
		t.Fatal(mias)
	}
	b.each(t, []want{
		{"more than one has", "mia", "POST", "/auth/api-keys", `{"name":"x","permissions":["settings.write"]}`, 403, "api_key.permission"},
		{"of the appliance", "root", "POST", "/auth/api-keys", `{"name":"x","permissions":["system.write"]}`, 403, "api_key.permission"},
		{"what is one's own", "mia", "POST", "/auth/api-keys", `{"name":"x","permissions":["self"]}`, 403, "api_key.permission"},
		{"run out", "mia", "POST", "/auth/api-keys", `{"name":"x","permissions":["servers.read"],"expires_at":"2020-01-01T00:00:00Z"}`, 422, "api_key.expires"},
		{"of no member", "root", "POST", "/auth/api-keys?tenant=acme", `{"name":"x","permissions":["servers.read"]}`, 409, "api_key.no_member"},
		{"one sees one's own", "mia", "GET", "/auth/api-keys", "", 200, `"name":"script"`},
		{"who sees to members sees all", "adam", "GET", "/auth/api-keys", "", 200, `"user_name":"mia"`},
	})
	if got := b.do("mia", "GET", "/api/v1/auth/api-keys", ""); strings.Contains(got.body, `"all"`) || strings.Contains(got.body, mias) {
		t.Error(got)
	}
	with := func(key, method, path string, header ...string) answer {
		return b.do("", method, "/api/v1"+path, `{}`, append(header, "Authorization: Bearer "+key)...)
	}
	for _, tt := range []struct {
		name         string
		got          answer
		status       int
		text         string
		wantNoTenant bool
	}{
		{"reads", with(mias, "GET", "/servers"), 200, "", false},
		{"by the other header", b.do("", "GET", "/api/v1/servers", "", "X-API-Key: "+mias), 200, "", false},
		{"knows who it is", with(mias, "GET", "/auth/me"), 200, `"permissions":["signed_in","servers.read","alerts.write"]`, false},
		{"does no more than it was made for", with(mias, "GET", "/members"), 403, "auth.forbidden", false},
		{"nothing of a person", with(mias, "GET", "/auth/sessions"), 403, "auth.forbidden", false},
		{"makes no keys", with(anns, "DELETE", "/auth/api-keys/"+short), 403, "auth.forbidden", false},
		{"in no other tenant", with(mias, "GET", "/servers", "X-Tenant-ID: globex"), 403, "auth.forbidden", false},
		{"altered", with(mias[:len(mias)-1]+"x", "GET", "/servers"), 401, "auth.required", false},
		{"of another tenant by its text", with(strings.Replace(mias, "acme", "globex", 1), "GET", "/servers"), 401, "auth.required", false},
	} {
		if tt.got.status != tt.status || !strings.Contains(tt.got.body, tt.text) {
			t.Errorf("%s: %d %s", tt.name, tt.got.status, tt.got.body)
		}
	}
	// It shrinks with its maker, and goes with the membership.
	b.each(t, []want{
		{"the maker becomes a viewer", "root", "PUT", "/members/mia?tenant=acme", `{"role":"viewer"}`, 200, ""},
	})
	if got := with(mias, "DELETE", "/silences/none"); got.status != 403 {
		t.Errorf("after the role sank: %v", got)
	}
	b.each(t, []want{{"the maker leaves", "ann", "DELETE", "/members/mia", "", 204, ""}})
	if got := with(mias, "GET", "/servers"); got.status != 401 {
		t.Errorf("after the maker left: %v", got)
	}
	b.each(t, []want{{"deleted by another who sees to members", "adam", "DELETE", "/auth/api-keys/" + short, "", 204, ""}})
	if got := with(anns, "GET", "/servers"); got.status != 401 {
		t.Errorf("deleted: %v", got)
	}
}

func TestDangerWantsAFreshProof(t *testing.T) {
	t.Parallel()
	b, token := fresh(t)
	cookie := signIn(t, b, token)
	for _, v := range b.auth.Sessions(leaOf(t, b)) {
		if err := b.store.System().ProveSession(t.Context(), store.Session{ID: v.ID, Home: store.DefaultTenant, Proved: time.Now().Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	reload(t, b.auth)
	steps := 0
	for name, op := range operations(b.doc) {
		if op.Extensions[stepUpMark] == nil {
			continue
		}
		steps++
		method, path, body := request(t, b.doc, name, op, "some-id")
		if got := b.do("", method, path, body, "Cookie: "+cookie); got.status != 403 || !strings.Contains(got.body, "auth.step_up_required") {
			t.Errorf("%s: %v", name, got)
		}
	}
	if steps < 10 {
		t.Errorf("only %d operations want a proof", steps)
	}
	for _, tt := range []struct {
		body   string
		status int
	}{{`{"password":"wrong"}`, 422}, {`{"code":"123456"}`, 422}, {`{"password":"` + password + `"}`, 200}} {
		if got := b.do("", "POST", "/api/v1/auth/step-up", tt.body, "Cookie: "+cookie); got.status != tt.status {
			t.Errorf("%s: %v", tt.body, got)
		}
	}
	if got := b.do("", "POST", "/api/v1/users", `{"username":"olga"}`, "Cookie: "+cookie); got.status != 201 {
		t.Error(got)
	}
}

func leaOf(t *testing.T, b *bench) string {
	t.Helper()
	u, err := b.store.System().UserByName(t.Context(), "lea")
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func TestTenancyIsSwitchedWhileItRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.auth.Always = false
	b.parts.Changed = nil
	reload(t, b.auth)
	storetest.Member(t, b.store, "default", "vic", "viewer")
	reload(t, b.auth)
	set := func(on bool) {
		t.Helper()
		v, err := b.store.System().Settings(t.Context())
		v.MultiTenancy = on
		_, err2 := b.store.System().UpdateSettings(t.Context(), v)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		reload(t, b.auth)
	}
	b.each(t, []want{
		{"off: home", "root", "GET", "/auth/me", "", 200, `"tenants":[]`},
		{"off: a member of two is at home", "vic", "GET", "/auth/me", "", 200, `"id":"default"`},
		{"off: no other tenant", "vic", "GET", "/servers?tenant=acme", "", 403, "auth.forbidden"},
		{"off: nor for administrators", "root", "GET", "/servers?tenant=acme", "", 403, "auth.forbidden"},
		{"off: but what is the appliance's", "root", "GET", "/audit?tenant=system", "", 200, ""},
		{"off: who is in none", "ann", "GET", "/servers", "", 403, "auth.forbidden"},
	})
	active, err := b.store.System().Tenants(t.Context())
	if err != nil || len(active) != 2 {
		t.Errorf("%d tenants have work, %v", len(active), err)
	}
	set(true)
	b.each(t, []want{
		{"on: nothing is lost", "ann", "GET", "/auth/me", "", 200, `"id":"acme"`},
		{"on: where one may go", "vic", "GET", "/auth/me", "", 200, `"tenants":[{"id":"default","name":"Home","role":"viewer"},{"id":"acme","name":"acme","role":"viewer"}]`},
		{"on: an administrator anywhere", "root", "GET", "/servers?tenant=globex", "", 200, ""},
	})
	if active, err = b.store.System().Tenants(t.Context()); err != nil || len(active) != 4 {
		t.Errorf("%d tenants have work, %v", len(active), err)
	}
	set(false)
	b.each(t, []want{{"off again", "ann", "GET", "/servers", "", 403, "auth.forbidden"}})
}

func TestTenants(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.parts.Changed = func(ctx context.Context, _ store.TenantID) { _ = b.auth.Reload(ctx) }
	b.each(t, []want{
		{"an owner", "ann", "GET", "/tenants", "", 403, "auth.forbidden"},
		{"all", "root", "GET", "/tenants", "", 200, `"id":"globex"`},
		{"bad id", "root", "POST", "/tenants", `{"id":"No Slug","name":"x"}`, 422, "body.id"},
		{"taken", "root", "POST", "/tenants", `{"id":"acme","name":"x"}`, 409, "tenant.taken"},
		{"made", "root", "POST", "/tenants", `{"id":"club","name":"Sailing club","plan":"friends"}`, 201, `"plan":"friends"`},
		{"renamed", "root", "PATCH", "/tenants/club", `{"name":"The club"}`, 200, `"name":"The club"`},
		{"the household", "root", "POST", "/tenants/default/suspend", "", 403, "tenant.reserved"},
		{"closed", "root", "POST", "/tenants/acme/suspend", "", 200, `"suspended"`},
		{"no such", "root", "POST", "/tenants/none/activate", "", 404, "not_found"},
	})
	var v struct{ Items []json.RawMessage }
	if got := b.do("root", "GET", "/api/v1/tenants", ""); json.NewDecoder(bytes.NewBufferString(got.body)).Decode(&v) != nil || len(v.Items) != 4 {
		t.Error(got)
	}
}

// TestAStreamEndsWithItsKey deletes the key behind an open stream.
func TestAStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, text := b.key(t, "ann", `{"name":"listener","permissions":["events.read"]}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", text)
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 4096)
	if _, err := res.Body.Read(buf); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}
	b.each(t, []want{{"deleted", "ann", "DELETE", "/auth/api-keys/" + id, "", 204, ""}})
	start := time.Now()
	for err == nil {
		_, err = res.Body.Read(buf)
	}
	if took := time.Since(start); took > 2*time.Second { // one, and what a busy machine takes
		t.Fatalf("it ended after %v", took)
	}
}
