package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"
)

// A household is a fresh appliance, its lea and the passkey on her device.
type household struct {
	*testing.T
	*bench
	cookie string
	device virtualwebauthn.Authenticator
	key    virtualwebauthn.Credential
	rp     virtualwebauthn.RelyingParty
}

func newHousehold(t *testing.T) *household {
	t.Helper()
	b, token := fresh(t)
	return &household{
		T: t, bench: b, cookie: signIn(t, b, token), device: virtualwebauthn.NewAuthenticator(),
		key: newKey(), rp: virtualwebauthn.RelyingParty{ID: host, Origin: origin},
	}
}

// newKey makes a key pair. The library drops the zeros that a coordinate begins
// with, which no device does, so those are made anew.
func newKey() virtualwebauthn.Credential {
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(key.Key.AttestationData()) == 77 {
			return key
		}
	}
}

// post sends a request of lea's browser.
func (h *household) post(path, body string) answer {
	h.Helper()
	return h.do("", "POST", "/api/v1/auth/"+path, body, "Cookie: "+h.cookie)
}

// begin returns what a ceremony is called and asks for.
func (h *household) begin(path, body string) (id, options string) {
	h.Helper()
	got := h.post(path, body)
	var v struct {
		Ceremony string
		Options  json.RawMessage
	}
	if err := json.Unmarshal([]byte(got.body), &v); err != nil || got.status != 200 {
		h.Fatal(path, got, err)
	}
	return v.Ceremony, string(v.Options)
}

// register has the device make a passkey and returns what answers to it.
func (h *household) register() answer {
	h.Helper()
	id, options := h.begin("passkeys/options", "")
	asked, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		h.Fatal(err)
	}
	h.device.Options.UserHandle = []byte(asked.UserID)
	response := virtualwebauthn.CreateAttestationResponse(h.rp, h.device, h.key, *asked)
	return h.post("passkeys", fmt.Sprintf(`{"ceremony":%q,"name":"phone","response":%s}`, id, response))
}

// show has the device answer what path asks for and sends that to the path before.
func (h *household) show(path, body string) answer {
	h.Helper()
	id, options := h.begin(path+"/options", body)
	asked, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		h.Fatal(err)
	}
	h.key.Counter++
	return h.post(path, fmt.Sprintf(`{"ceremony":%q,"response":%s}`, id, virtualwebauthn.CreateAssertionResponse(h.rp, h.device, h.key, *asked)))
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	got := h.register()
	var made newPasskey
	if err := json.Unmarshal([]byte(got.body), &made); err != nil || got.status != 201 || made.Passkey.RPID != host || len(made.Codes) != 10 {
		t.Fatal(got, err)
	}
	if got := h.register(); got.status != 409 || !strings.Contains(got.body, "passkey.registered") {
		t.Fatal(got)
	}
	path := "/api/v1/auth/passkeys/" + made.Passkey.ID
	if got := h.do("", "PATCH", path, `{"name":"  "}`, "Cookie: "+h.cookie); got.status != 422 {
		t.Fatal(got)
	}
	if got := h.do("", "PATCH", path, `{"name":"old phone"}`, "Cookie: "+h.cookie); got.status != 200 || !strings.Contains(got.body, `"name":"old phone"`) {
		t.Fatal(got)
	}
	if got := h.do("", "GET", "/api/v1/auth/factors", "", "Cookie: "+h.cookie); !strings.Contains(got.body, `"name":"old phone","rp_id":"unity.test"`) || strings.Contains(got.body, "publicKey") {
		t.Fatal(got)
	}
	if got := h.show("step-up/passkey", ""); got.status != 204 && got.status != 200 {
		t.Fatal(got)
	}
	if got := h.post("logout", ""); got.status != 200 {
		t.Fatal(got)
	}
	in := func(got answer) {
		t.Helper()
		cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
		if got.status != 200 || !strings.HasPrefix(cookie, "unity=") || !strings.Contains(got.body, `"username":"Lea"`) {
			t.Fatal(got)
		}
		if got := h.do("", "GET", "/api/v1/auth/me", "", "Cookie: "+cookie); !strings.Contains(got.body, `"second_factor":true`) {
			t.Fatal(got)
		}
		h.cookie = cookie
	}
	in(h.show("login/passkey", "{}")) // with the cookie of a session that has ended
	got = h.post("login", `{"username":"lea","password":"`+password+`"}`)
	var waits struct{ Challenge string }
	if err := json.Unmarshal([]byte(got.body), &waits); err != nil || waits.Challenge == "" || !strings.Contains(got.body, `"methods":["passkey","recovery"]`) {
		t.Fatal(got, err)
	}
	in(h.show("login/passkey", fmt.Sprintf(`{"challenge":%q}`, waits.Challenge)))
	if got := h.do("", "DELETE", path, "", "Cookie: "+h.cookie); got.status >= 300 {
		t.Fatal(got)
	}
	if got := h.show("login/passkey", "{}"); got.status != 401 || !strings.Contains(got.body, "passkey.refused") {
		t.Fatal(got)
	}
}

func TestPasskeysTakeNoNonsense(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	if got := h.register(); got.status != 201 {
		t.Fatal(got)
	}
	for _, tt := range []struct {
		path, response string
		status         int
		code           string
	}{
		{"login/passkey", `1`, 401, "passkey.refused"},
		{"login/passkey", `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}`, 401, "passkey.refused"},
		{"login/passkey", `{`, 400, "request.bad_request"},
		{"login/passkey", `{"id":"` + strings.Repeat("A", 64<<10) + `"}`, 413, "request.request_entity_too_large"},
		{"step-up/passkey", `null`, 422, "passkey.refused"}, // who asks stays signed in
		{"passkeys", `"text"`, 422, "passkey.refused"},
		{"passkeys", `{"id":"` + strings.Repeat("A", 64<<10) + `"}`, 413, "request.request_entity_too_large"},
	} {
		id, _ := h.begin(tt.path+"/options", "{}")
		body := fmt.Sprintf(`{"ceremony":%q,"response":%s}`, id, tt.response)
		if tt.path == "passkeys" {
			body = strings.Replace(body, "{", `{"name":"x",`, 1)
		}
		if got := h.post(tt.path, body); got.status != tt.status || !strings.Contains(got.body, tt.code) {
			t.Errorf("%s %.60s: %d %.200s", tt.path, tt.response, got.status, got.body)
		}
	}
	if got := h.do("", "POST", "/api/v1/auth/passkeys/options", ""); got.status != 401 {
		t.Error(got)
	}
	for name, op := range operations(h.doc) {
		risky := name == "POST /api/v1/auth/passkeys/options" || name == "DELETE /api/v1/auth/passkeys/{id}"
		if strings.Contains(name, "/auth/passkeys") && (op.Extensions[stepUpMark] != nil) != risky {
			t.Errorf("%s: a fresh proof is needed: %v", name, !risky)
		}
	}
}

// TestPasskeysBelongToThePage asks under the names and addresses of an appliance
// behind a proxy that hides the name.
func TestPasskeysBelongToThePage(t *testing.T) {
	t.Parallel()
	b := newBenchWith(t, people, func(p *Parts) { p.Reach.Public = func() string { return "https://unity.example.org" } })
	for _, tt := range []struct{ host, origin, want string }{
		{host, origin, `"rpId":"unity.test"`},
		{host, "https://unity.example.org", `"rpId":"unity.example.org"`},
		{"127.0.0.1:8080", "https://unity.example.org", `"rpId":"unity.example.org"`},
		{"localhost:8080", "http://localhost:8080", `"rpId":"localhost"`},
		{"UNITY.test", "", `"rpId":"unity.test"`}, // no browser
		{"127.0.0.1:8080", "http://127.0.0.1:8080", "open this appliance as http://localhost:8080"},
		{host, "https://evil.test", "auth.origin"},
		{host, "null", "auth.origin"},
	} {
		if got := b.do("", "POST", "/api/v1/auth/login/passkey/options", "{}", "Host: "+tt.host, "Origin: "+tt.origin); !strings.Contains(got.body, tt.want) {
			t.Errorf("%s at %s: %v, want %s", tt.origin, tt.host, got, tt.want)
		}
	}
}
