package oidc_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"unity.internal/app/fault"
	"unity.internal/app/oidc"
	"unity.internal/store"
)

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	stranger := newKey(t)
	at := func(name string, seconds int64) func(map[string]any) { // from now on
		return func(c map[string]any) { c[name] = c["iat"].(int64) + seconds }
	}
	set := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	for name, tt := range map[string]struct {
		change func(map[string]any)
		sign   func(i *issuer) func(testing.TB, []byte) string
		want   error
	}{
		"as it should be":             {nil, nil, nil},
		"of another issuer":           {set("iss", "https://evil.example"), nil, oidc.ErrIssuer},
		"of no issuer":                {set("iss", nil), nil, oidc.ErrIssuer},
		"for another application":     {set("aud", "other"), nil, oidc.ErrAudience},
		"for many, none authorised":   {set("aud", []string{"unity", "other"}), nil, oidc.ErrAudience},
		"given to another":            {set("azp", "other"), nil, oidc.ErrAudience},
		"given to something odd":      {set("azp", 7), nil, oidc.ErrAudience},
		"given to us":                 {set("azp", "unity"), nil, nil},
		"of another sign-in":          {set("nonce", "other"), nil, oidc.ErrNonce},
		"of no sign-in":               {set("nonce", nil), nil, oidc.ErrNonce},
		"expired":                     {at("exp", -31), nil, oidc.ErrExpired},
		"expired, but for the clock":  {at("exp", -30), nil, nil},
		"that never expires":          {set("exp", nil), nil, oidc.ErrExpired},
		"of the future":               {at("iat", 31), nil, oidc.ErrClock},
		"not good yet":                {at("nbf", 31), nil, oidc.ErrClock},
		"of nobody":                   {set("sub", ""), nil, oidc.ErrSubject},
		"of too long a subject":       {set("sub", strings.Repeat("x", 256)), nil, oidc.ErrSubject},
		"of another access token":     {set("at_hash", "c29tZXRoaW5nIGVsc2U"), nil, oidc.ErrHash},
		"signed by a stranger":        {nil, func(*issuer) func(testing.TB, []byte) string { return with(stranger, "k1") }, oidc.ErrSignature},
		"signed with an unknown key":  {nil, func(*issuer) func(testing.TB, []byte) string { return with(stranger, "k9") }, oidc.ErrSignature},
		"not signed":                  {nil, func(*issuer) func(testing.TB, []byte) string { return by(`{"alg":"none"}`, nothing) }, oidc.ErrSignature},
		"not signed, in capitals":     {nil, func(*issuer) func(testing.TB, []byte) string { return by(`{"alg":"NONE"}`, nothing) }, oidc.ErrSignature},
		"signed with the public key":  {nil, withPublic, oidc.ErrSignature},
		"with its own key":            {nil, func(*issuer) func(testing.TB, []byte) string { return withOwn(t, stranger) }, oidc.ErrSignature},
		"without its signature":       {nil, func(i *issuer) func(testing.TB, []byte) string { return bare(i) }, oidc.ErrSignature},
		"that is none":                {nil, func(*issuer) func(testing.TB, []byte) string { return func(testing.TB, []byte) string { return "a.b" } }, oidc.ErrSignature},
		"with claims that are a list": {nil, func(i *issuer) func(testing.TB, []byte) string { return list(i) }, oidc.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, d := newIssuer(t), open(t)
			d.still = time.Now().Truncate(time.Second)
			i.now = d.now
			if tt.change != nil {
				i.change = tt.change
			}
			if tt.sign != nil {
				i.sign = tt.sign(i)
			}
			_, err := i.finish(d, d.create(draft(i.URL), "secret"), oidc.Intent{Purpose: oidc.SignIn}, nil)
			if !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
}

func nothing(string) []byte { return nil }

func with(key *rsa.PrivateKey, kid string) func(testing.TB, []byte) string {
	return func(tb testing.TB, payload []byte) string { return signed(tb, key, kid, payload) }
}

// withPublic signs with what everybody knows, as if it were a shared secret.
func withPublic(i *issuer) func(testing.TB, []byte) string {
	return by(`{"alg":"HS256","kid":"k1"}`, func(text string) []byte {
		der, err := x509.MarshalPKIXPublicKey(i.key.Public())
		if err != nil {
			i.tb.Fatal(err)
		}
		mac := hmac.New(sha256.New, der)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	})
}

// withOwn brings the key along by which it is to be checked.
func withOwn(tb testing.TB, key *rsa.PrivateKey) func(testing.TB, []byte) string {
	tb.Helper()
	jwk, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "k1"})
	if err != nil {
		tb.Fatal(err)
	}
	return by(`{"alg":"RS256","kid":"k1","jwk":`+string(jwk)+`}`, func(text string) []byte {
		sum := sha256.Sum256([]byte(text))
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			tb.Fatal(err)
		}
		return sig
	})
}

func bare(i *issuer) func(testing.TB, []byte) string {
	return func(tb testing.TB, payload []byte) string {
		text := signed(tb, i.key, i.kid, payload)
		return text[:strings.LastIndex(text, ".")+1]
	}
}

func list(i *issuer) func(testing.TB, []byte) string {
	return func(tb testing.TB, _ []byte) string { return signed(tb, i.key, i.kid, []byte(`["sub"]`)) }
}

func TestAnAnswerOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		announced bool
		iss       string
		ok        bool
	}{
		"not named":                     {false, "", true},
		"another":                       {false, "https://evil.example", false},
		"not named, though it would be": {true, "", false},
		"the right one":                 {true, "own", true},
	} {
		i, d := newIssuer(t), open(t)
		i.discovery["authorization_response_iss_parameter_supported"] = tt.announced
		_, err := i.finish(d, d.create(draft(i.URL), "secret"), oidc.Intent{Purpose: oidc.SignIn}, func(a *oidc.Answer) {
			if a.Issuer = tt.iss; tt.iss == "own" {
				a.Issuer = i.URL
			}
		})
		if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, oidc.ErrIssuer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnOldSignInIsNoStepUp(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{"an hour ago": time.Now().Add(-time.Hour).Unix(), "not said": nil, "as text": "now"} {
		i, d := newIssuer(t), open(t)
		i.change = func(c map[string]any) { c["auth_time"] = v }
		p := d.create(draft(i.URL), "secret")
		if _, err := i.finish(d, p, oidc.Intent{Purpose: oidc.StepUp, User: "u"}, nil); !errors.Is(err, oidc.ErrAuthTime) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := i.finish(d, p, oidc.Intent{Purpose: oidc.SignIn}, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUserinfoOnlyAdds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		token, info map[string]any
		want        error
		name        string
		verified    bool
	}{
		"the token has all":       {nil, nil, nil, "ada", true},
		"a name is missing":       {map[string]any{"preferred_username": nil}, map[string]any{"sub": "s1", "preferred_username": "eve", "email": "eve@example.com"}, nil, "eve", true},
		"of somebody else":        {map[string]any{"preferred_username": nil}, map[string]any{"sub": "s2", "preferred_username": "eve"}, oidc.ErrSubject, "", false},
		"it fails":                {map[string]any{"groups": nil}, nil, oidc.ErrUnreachable, "", false},
		"verified as well":        {map[string]any{"email_verified": nil}, map[string]any{"sub": "s1", "email": "ada@example.com", "email_verified": "true"}, nil, "ada", true},
		"another one is verified": {map[string]any{"email_verified": nil}, map[string]any{"sub": "s1", "email": "eve@example.com", "email_verified": true}, nil, "ada", false},
	} {
		i, d := newIssuer(t), open(t)
		i.info = tt.info
		i.change = func(c map[string]any) { maps.Copy(c, tt.token) }
		proof, err := i.finish(d, d.create(draft(i.URL), "secret"), oidc.Intent{Purpose: oidc.SignIn}, nil)
		if !errors.Is(err, tt.want) || proof.Name != tt.name || proof.EmailVerified != tt.verified {
			t.Errorf("%s: %+v %v", name, proof, err)
		}
		if err == nil && proof.Email != "ada@example.com" {
			t.Errorf("%s: %s", name, proof.Email)
		}
	}
}

func TestWhatAProviderDoesWrongIsSaid(t *testing.T) {
	t.Parallel()
	write := func(code int, text string) func(w http.ResponseWriter, _ *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}
	}
	huge := `{"access_token":"a","id_token":"` + strings.Repeat("x", 2<<20) + `"}`
	for name, tt := range map[string]struct {
		token func(http.ResponseWriter, *http.Request)
		want  error
	}{
		"a used code":    {write(400, `{"error":"invalid_grant"}`), oidc.ErrRefused},
		"a wrong client": {write(401, `{"error":"invalid_client"}`), oidc.ErrClient},
		"broken":         {write(500, "oops"), oidc.ErrUnreachable},
		"no JSON":        {write(200, "<html>"), oidc.ErrUnreachable},
		"no ID token":    {write(200, `{"access_token":"a","token_type":"Bearer"}`), oidc.ErrNoToken},
		"an endless one": {write(200, huge), oidc.ErrUnreachable},
		"it moves on": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.2:1/", http.StatusTemporaryRedirect)
		}, oidc.ErrUnreachable},
		"an odd ID token": {write(200, `{"access_token":"a","token_type":"Bearer","id_token":7}`), oidc.ErrNoToken},
	} {
		i, d := newIssuer(t), open(t)
		i.token = tt.token
		if _, err := i.finish(d, d.create(draft(i.URL), "secret"), oidc.Intent{Purpose: oidc.SignIn}, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADescriptionMustBeWholeAndSafe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(i *issuer)
		want   error
	}{
		"another issuer":   {func(i *issuer) { i.discovery["issuer"] = i.URL + "/" }, oidc.ErrIssuer},
		"no token address": {func(i *issuer) { delete(i.discovery, "token_endpoint") }, oidc.ErrDiscovery},
		"a script":         {func(i *issuer) { i.discovery["authorization_endpoint"] = "javascript:alert(1)" }, oidc.ErrDiscovery},
		"a script at last": {func(i *issuer) { i.discovery["end_session_endpoint"] = "javascript:alert(1)" }, oidc.ErrDiscovery},
		"an odd type":      {func(i *issuer) { i.discovery["token_endpoint_auth_methods_supported"] = 7 }, oidc.ErrDiscovery},
		"too large":        {func(i *issuer) { i.discovery["more"] = strings.Repeat("x", 2<<20) }, oidc.ErrUnreachable},
		"nothing there":    {func(i *issuer) { i.Close() }, oidc.ErrUnreachable},
	} {
		i, d := newIssuer(t), open(t)
		v := d.create(draft(i.URL), "secret")
		tt.change(i)
		_, _, err := d.Start(t.Context(), v.ID, oidc.Intent{Purpose: oidc.SignIn})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if f := fault.From(err); strings.Contains(f.Msg, i.URL) || f.Msg == "" {
			t.Errorf("%s: %s", name, f.Msg)
		}
	}
}

func TestADescriptionIsReadOnceAndAgainWhenItIsOld(t *testing.T) {
	t.Parallel()
	i, d := newIssuer(t), open(t)
	v := d.create(draft(i.URL), "secret")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, _, err := d.Start(t.Context(), v.ID, oidc.Intent{Purpose: oidc.SignIn}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := i.discovered.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	d.pass(time.Hour)
	d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	if n := i.discovered.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
	if _, err := d.Update(t.Context(), d.y, v, store.SecretMask); err != nil {
		t.Fatal(err)
	}
	d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	if n := i.discovered.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

func TestNewKeysAreFoundWhereverTheyAre(t *testing.T) {
	t.Parallel()
	i, d := newIssuer(t), open(t)
	v := d.create(draft(i.URL), "secret")
	in := oidc.Intent{Purpose: oidc.SignIn}
	for range 2 {
		if _, err := i.finish(d, v, in, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := i.keyed.Load(); n != 1 {
		t.Errorf("keys were read %d times", n)
	}
	i.key, i.kid = newKey(t), "k2"
	if _, err := i.finish(d, v, in, nil); err != nil {
		t.Errorf("a new key: %v", err)
	}
	i.key, i.kid, i.discovery["jwks_uri"] = newKey(t), "k3", i.URL+"/moved"
	if _, err := i.finish(d, v, in, nil); !errors.Is(err, oidc.ErrSignature) {
		t.Errorf("the description was read again within a minute: %v", err)
	}
	d.pass(65 * time.Second)
	if _, err := i.finish(d, v, in, nil); err != nil {
		t.Errorf("keys at another address: %v", err)
	}
}

func TestKeysThatCannotBeReadAreNoForgery(t *testing.T) {
	t.Parallel()
	i, d := newIssuer(t), open(t)
	i.discovery["jwks_uri"] = i.URL + "/nowhere"
	if _, err := i.finish(d, d.create(draft(i.URL), "secret"), oidc.Intent{Purpose: oidc.SignIn}, nil); !errors.Is(err, oidc.ErrUnreachable) {
		t.Error(err)
	}
}

func TestTheSecretGoesHowTheProviderWantsIt(t *testing.T) {
	t.Parallel()
	for _, methods := range [][]string{nil, {"client_secret_basic", "client_secret_post"}, {"client_secret_post"}} {
		i, d := newIssuer(t), open(t)
		basic := len(methods) != 1
		if methods != nil {
			i.discovery["token_endpoint_auth_methods_supported"] = methods
		}
		i.token = func(w http.ResponseWriter, r *http.Request) {
			_, secret, ok := r.BasicAuth()
			if ok != basic || basic == (r.PostFormValue("client_secret") != "") || !basic && r.PostFormValue("client_secret") != "secret" {
				t.Errorf("%v: basic %v %q", methods, ok, secret)
			}
			http.Error(w, "", http.StatusTeapot)
		}
		_, _ = i.finish(d, d.create(draft(i.URL), "secret"), oidc.Intent{Purpose: oidc.SignIn}, nil)
	}
}
