package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"unity.internal/app/auth"
	"unity.internal/store"
)

// fresh returns an appliance that nobody has set up.
func fresh(t *testing.T) (*bench, string) {
	t.Helper()
	b := newBenchWith(t, nil)
	token, err := b.parts.Setup.Make()
	if err != nil {
		t.Fatal(err)
	}
	return b, token
}

func TestSetup(t *testing.T) {
	t.Parallel()
	b, token := fresh(t)
	post := func(token, name, password string) answer {
		return b.do("", "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"username":%q,"password":%q}`, token, name, password))
	}
	if got := b.do("", "GET", "/api/v1/setup", ""); !strings.Contains(got.body, `"needed":true`) {
		t.Fatal(got)
	}
	for _, tt := range []struct {
		token, name, password string
		status                int
		want                  string
	}{
		{"wrong", "lea", password, 403, "setup.invalid_token"},
		{token, "lea", "short", 422, "password.short"},
		{token, "lea", "password123", 422, "password.common"},
		{token, "lea", "aaaaaaaaaaaa", 422, "password.common"},
		{token, "lea-the-first", "lea-the-first", 422, "password.is_name"},
		{token, "two words", password, 422, "user.invalid_name"},
		{token, "lea", password, 201, `"access_token"`},
		{token, "eve", password, 409, "setup.done"},
	} {
		if got := post(tt.token, tt.name, tt.password); got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s %s: %v, want %d %s", tt.name, tt.password, got, tt.status, tt.want)
		}
	}
	if got := b.do("", "GET", "/api/v1/setup", ""); !strings.Contains(got.body, `"needed":false`) {
		t.Fatal(got)
	}
}

// signIn sets up an appliance and returns the session cookie of lea.
func signIn(t *testing.T, b *bench, token string) string {
	t.Helper()
	got := b.do("", "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"username":"Lea","password":%q}`, token, password))
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	if got.status != http.StatusCreated || !strings.HasPrefix(cookie, "unity=") {
		t.Fatal(got)
	}
	if set := got.header.Get("Set-Cookie"); !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") {
		t.Fatal(set)
	}
	return cookie
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	b, token := fresh(t)
	first := signIn(t, b, token)
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"wrong password", `{"username":"lea","password":"wrong"}`, 401, "auth.invalid_credentials"},
		{"unknown user", `{"username":"eve","password":"wrong"}`, 401, "auth.invalid_credentials"},
		{"empty", `{"username":"","password":""}`, 422, "body.username"},
		{"another case", `{"username":"LEA","password":"` + password + `"}`, 200, `"username":"Lea"`},
	} {
		if got := b.do("", "POST", "/api/v1/auth/login", tt.body); got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if got := b.do("", "GET", "/api/v1/auth/me", "", "Cookie: "+first); got.status != 200 || !strings.Contains(got.body, `"multi_tenancy":true`) || strings.Contains(got.body, "argon2") {
		t.Fatal(got)
	}
	if got := b.do("", "POST", "/api/v1/auth/logout", "", "Cookie: "+first); got.status != 200 {
		t.Fatal(got)
	}
	if got := b.do("", "GET", "/api/v1/auth/me", "", "Cookie: "+first); got.status != 401 {
		t.Fatal(got)
	}
}

func TestBruteForceDoesNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	b, token := fresh(t)
	signIn(t, b, token)
	limited := 0
	for range 8 {
		if got := b.do("", "POST", "/api/v1/auth/login", `{"username":"lea","password":"guess"}`); got.status == http.StatusTooManyRequests {
			limited++
			if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "auth.too_many_attempts") {
				t.Fatal(got)
			}
		}
	}
	if limited == 0 {
		t.Fatal("guessing goes on")
	}
	// From elsewhere the administrator gets in, if a little slower.
	if _, err := b.auth.Login(t.Context(), "lea", password, auth.Client{Address: "198.51.100.7"}); err != nil {
		t.Fatal(err)
	}
	b.auth.Unlock("lea")
	if got := b.do("", "POST", "/api/v1/auth/login", `{"username":"lea","password":"`+password+`"}`); got.status != 200 {
		t.Fatal(got)
	}
}

func TestChangePasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	b, token := fresh(t)
	first := signIn(t, b, token)
	second, err := b.auth.Login(t.Context(), "lea", password, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	other := second.Token
	const path = "/api/v1/auth/change-password"
	for _, tt := range []struct {
		body      string
		want      int
		code      string
		otherThen int // what another session is told afterwards
	}{
		{`{"current_password":"wrong","new_password":"another long one"}`, 422, "auth.wrong_password", 200},
		{`{"current_password":"` + password + `","new_password":"short"}`, 422, "password.short", 200},
		{`{"current_password":"` + password + `","new_password":"another long one 9"}`, 200, "", 401},
	} {
		if got := b.do("", "POST", path, tt.body, "Cookie: "+first); got.status != tt.want || !strings.Contains(got.body, tt.code) {
			t.Errorf("%s: %v", tt.body, got)
		}
		if got := b.do("", "GET", "/api/v1/auth/me", "", "Cookie: unity="+other); got.status != tt.otherThen {
			t.Errorf("another session after %s: %v", tt.body, got)
		}
		if got := b.do("", "GET", "/api/v1/auth/me", "", "Cookie: "+first); got.status != 200 {
			t.Errorf("this session: %v", got)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b, setup := fresh(t)
	signIn(t, b, setup)
	get := func(path, body, kind string) (tokens auth.Tokens, got answer) {
		got = b.do("", "POST", path, body, "Content-Type: "+kind)
		_ = json.Unmarshal([]byte(got.body), &tokens)
		return tokens, got
	}
	first, got := get("/api/v1/auth/token", `{"username":"lea","password":"`+password+`"}`, "application/json")
	if got.status != 200 || first.Type != "bearer" || first.ExpiresIn != 900 {
		t.Fatal(got)
	}
	form := "grant_type=password&username=lea&password=" + strings.ReplaceAll(password, " ", "+")
	if _, got := get("/api/v1/auth/token", form, formType); got.status != 200 {
		t.Fatal(got)
	}
	if _, got := get("/api/v1/auth/login", form, formType); got.status != 415 {
		t.Fatal(got)
	}
	me := func(token string) int {
		return b.do("", "GET", "/api/v1/auth/me", "", "Authorization: Bearer "+token).status
	}
	if me(first.Access) != 200 {
		t.Fatal("a good token is refused")
	}
	second, got := get("/api/v1/auth/refresh", `{"refresh_token":"`+first.Refresh+`"}`, "application/json")
	if got.status != 200 || me(second.Access) != 200 {
		t.Fatal(got)
	}
	// The one before is good for a minute, for an answer that was lost.
	if _, got := get("/api/v1/auth/refresh", `{"refresh_token":"`+first.Refresh+`"}`, "application/json"); got.status != 200 {
		t.Fatal(got)
	}
	if _, got := get("/api/v1/auth/refresh", `{"refresh_token":"nonsense"}`, "application/json"); got.status != 401 {
		t.Fatal(got)
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	b, setup := fresh(t)
	signIn(t, b, setup)
	tokens, _, err := b.auth.Token(t.Context(), "lea", password, "", auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := b.parts.Vault.Key(t.Context(), store.SystemTenant, "jwt")
	if err != nil {
		t.Fatal(err)
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(tokens.Access, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{}
		maps.Copy(c, parsed.Claims.(jwt.MapClaims))
		change(c)
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	same := func(jwt.MapClaims) {}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for name, token := range map[string]string{
		"alg none":            head + "." + strings.Split(tokens.Access, ".")[1] + ".",
		"alg none, library":   sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"another key":         sign(jwt.SigningMethodHS256, []byte("another key"), same),
		"another method":      sign(jwt.SigningMethodHS512, key, same),
		"expired":             sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }),
		"without an end":      sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { delete(c, "exp") }),
		"another issuer":      sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { c["iss"] = "evil" }),
		"another audience":    sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { c["aud"] = "evil" }),
		"another user":        sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { c["sub"] = "eve" }),
		"another tenant":      sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { c["tenant_id"] = "acme" }),
		"an unknown session":  sign(jwt.SigningMethodHS256, key, func(c jwt.MapClaims) { c["sid"] = "nope" }),
		"the session's token": tokens.Refresh,
		"nonsense":            "a.b.c",
	} {
		if got := b.do("", "GET", "/api/v1/auth/me", "", "Authorization: Bearer "+token); got.status != 401 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := b.do("", "GET", "/api/v1/auth/me", "", "Authorization: Bearer "+sign(jwt.SigningMethodHS256, key, same)); got.status != 200 {
		t.Errorf("the control: %v", got)
	}
}

func TestEdgeRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const me = "/api/v1/auth/me"
	for _, tt := range []struct {
		name, who, method, path, body, header string
		status                                int
		want                                  string
	}{
		{"nobody", "", "GET", me, "", "", 401, `"code":"auth.required"`},
		{"dead session", "", "GET", me, "", "Cookie: unity=nonsense", 401, `"code":"auth.required"`},
		{"forged host", "ann", "GET", me, "", "Host: evil.test", 421, `"code":"request.unknown_host"`},
		{"forged host, a page", "", "GET", "/", "", "Host: evil.test", 421, `"code":"request.unknown_host"`},
		{"another site", "ann", "POST", "/api/v1/auth/logout", "", "Origin: http://evil.test", 403, `"code":"auth.origin"`},
		{"another scheme", "ann", "POST", "/api/v1/auth/logout", "", "Origin: https://unity.test", 403, `"code":"auth.origin"`},
		{"no origin", "ann", "POST", "/api/v1/auth/logout", "", "Origin: ", 403, `"code":"auth.origin"`},
		{"tenant of others", "ann", "GET", me, "", "X-Tenant-ID: globex", 403, `"code":"auth.forbidden"`},
		{"tenant that is none", "ann", "GET", me, "", "X-Tenant-ID: nope", 403, `"code":"auth.forbidden"`},
		{"two tenants", "ann", "GET", me + "?tenant=acme", "", "X-Tenant-ID: globex", 422, `"code":"tenant.ambiguous"`},
		{"viewer writes", "vic", "PATCH", "/api/v1/settings", `{"poll_seconds":5}`, "", 403, `"code":"auth.forbidden"`},
		{"owner, not administrator", "ann", "GET", "/api/v1/system/settings", "", "", 403, `"code":"auth.forbidden"`},
		{"unknown field", "ann", "PATCH", "/api/v1/settings", `{"color":1}`, "", 422, `"code":"request.unprocessable_entity"`},
		{"null", "ann", "PATCH", "/api/v1/settings", `{"poll_seconds":null}`, "", 422, `"field":"body.poll_seconds"`},
		{"out of range", "ann", "PATCH", "/api/v1/settings", `{"poll_seconds":0}`, "", 422, `"field":"body.poll_seconds"`},
		{"no such zone", "ann", "PATCH", "/api/v1/settings", `{"time_zone":"Mars/Olympus"}`, "", 422, `"code":"settings.time_zone"`},
		{"not json", "ann", "PATCH", "/api/v1/settings", `{`, "", 400, `"code":"request.bad_request"`},
		{"large", "ann", "PATCH", "/api/v1/settings", strings.Repeat(" ", 2<<20), "", 413, `"code":"request.request_entity_too_large"`},
		{"stale", "ann", "PATCH", "/api/v1/settings", `{"poll_seconds":5}`, `If-Match: "7"`, 412, `"code":"stale"`},
		{"good", "ann", "PATCH", "/api/v1/settings", `{"poll_seconds":5}`, `If-Match: "1"`, 200, `"rev":2`},
		{"second editor", "ann", "PATCH", "/api/v1/settings", `{"poll_seconds":6}`, `If-Match: "1"`, 412, `"code":"stale"`},
		{"sign-in over plain HTTP", "", "POST", "/api/v1/auth/login", `{"username":"a","password":"b"}`, "X-Forwarded-For: 192.0.2.9", 403, `"code":"request.plain_http"`},
		{"no such route", "ann", "GET", "/api/v1/nope", "", "", 404, `"code":"request.not_found"`},
		{"bad cursor", "ann", "GET", "/api/v1/audit?cursor=x", "", "", 422, `"code":"cursor.invalid"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := b.do(tt.who, tt.method, tt.path, tt.body, tt.header)
			if got.status != tt.status || !strings.Contains(got.body, tt.want) {
				t.Fatal(got)
			}
			problem := strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json")
			if problem != (tt.status >= 400) || problem && strings.Contains(got.body, `"request_id":""`) {
				t.Fatal(got)
			}
		})
	}
}

func TestAChangeOfRoleHoldsFromTheNextRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	get := func() int { return b.do("ann", "GET", "/api/v1/settings", "").status }
	if got := get(); got != 200 {
		t.Fatal(got)
	}
	if err := b.store.System().SetTenantStatus(t.Context(), "acme", "suspended"); err != nil {
		t.Fatal(err)
	}
	if err := b.auth.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.do("ann", "GET", "/api/v1/settings", ""); got.status != 403 || !strings.Contains(got.body, "tenant.suspended") {
		t.Fatal(got)
	}
}

func TestAPassphraseDoesNotOpenAVaultWithAKeyFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.do("", "POST", "/api/v1/unlock", `{"passphrase":"x"}`); got.status != 403 || !strings.Contains(got.body, "vault.wrong_key") {
		t.Fatal(got)
	}
}

func TestPagesHaveAPolicyAndAFreshNonce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, two := b.do("", "GET", "/servers", ""), b.do("", "GET", "/", "")
	policy := one.header.Get("Content-Security-Policy")
	if one.status != 200 || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") || one.body == two.body {
		t.Fatal(one, two)
	}
	packed := b.do("", "GET", "/assets/a.js", "", "Accept-Encoding: gzip, br")
	if packed.body != "packed" || packed.header.Get("Content-Encoding") != "gzip" || !strings.Contains(packed.header.Get("Cache-Control"), "immutable") {
		t.Fatal(packed)
	}
	for _, path := range []string{"/assets/none.js", "/assets/../../etc/passwd", "/api/none"} {
		if got := b.do("", "GET", path, ""); got.status != 404 && !strings.Contains(got.body, "csp-nonce") {
			t.Errorf("%s: %v", path, got)
		}
	}
	if docs := b.do("", "GET", "/api/docs", ""); docs.status != 200 || !strings.Contains(docs.body, "listAudit") || strings.Contains(docs.body, nonceMark) {
		t.Fatal(docs)
	}
}
