package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"unity.internal/app/oidc"
	"unity.internal/store"
)

// An issuer answers as a test wants, for what a real provider never does.
type issuer struct {
	*httptest.Server
	tb  testing.TB
	now func() time.Time

	mu        sync.Mutex
	key       *rsa.PrivateKey
	kid       string
	discovery map[string]any
	info      map[string]any
	change    func(claims map[string]any)                  // what is wrong with the token
	sign      func(tb testing.TB, payload []byte) string   // nil: with the key
	token     func(w http.ResponseWriter, r *http.Request) // nil: a good answer
	asked     url.Values                                   // of the newest sign-in

	discovered, keyed atomic.Int32
}

func newKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func newIssuer(tb testing.TB) *issuer {
	tb.Helper()
	i := &issuer{tb: tb, now: time.Now, key: newKey(tb), kid: "k1", change: func(map[string]any) {}}
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	tb.Cleanup(i.Close)
	i.discovery = map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"userinfo_endpoint": i.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.discovered.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		_ = json.NewEncoder(w).Encode(i.discovery)
	})
	keys := func(w http.ResponseWriter, r *http.Request) {
		i.keyed.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.discovery["jwks_uri"] == i.URL+"/moved" && r.URL.Path != "/moved" {
			_, _ = io.WriteString(w, `{"keys":[]}`)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid, Algorithm: "RS256", Use: "sig"}}})
	}
	mux.HandleFunc("GET /keys", keys)
	mux.HandleFunc("GET /moved", keys)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		if i.info == nil {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(i.info)
	})
	mux.HandleFunc("POST /token", i.tokens)
	return i
}

func (i *issuer) tokens(w http.ResponseWriter, r *http.Request) {
	if i.token != nil {
		i.token(w, r)
		return
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != i.asked.Get("code_challenge") {
		i.tb.Error("the code came without its verifier")
	}
	now := i.now()
	claims := map[string]any{
		"iss": i.URL, "sub": "s1", "aud": "unity", "nonce": i.asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"auth_time": now.Unix(), "preferred_username": "ada", "email": "ada@example.com", "email_verified": true, "groups": []string{"ops"},
	}
	i.change(claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": i.jwt(claims)})
}

// jwt signs claims in the way that the test wants.
func (i *issuer) jwt(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		i.tb.Fatal(err)
	}
	if i.sign != nil {
		return i.sign(i.tb, payload)
	}
	return signed(i.tb, i.key, i.kid, payload)
}

func signed(tb testing.TB, key *rsa.PrivateKey, kid string, payload []byte) string {
	tb.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	v, err := s.Sign(payload)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := v.CompactSerialize()
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// by returns a signer that any key or none at all makes.
func by(header string, mac func(text string) []byte) func(testing.TB, []byte) string {
	return func(_ testing.TB, payload []byte) string {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
		return text + "." + base64.RawURLEncoding.EncodeToString(mac(text))
	}
}

// finish signs in once, with an answer that change may spoil.
func (i *issuer) finish(d *door, v store.Provider, in oidc.Intent, change func(*oidc.Answer)) (oidc.Proof, error) {
	i.tb.Helper()
	address, cookie := d.start(v, in)
	u, err := url.Parse(address)
	if err != nil {
		i.tb.Fatal(err)
	}
	i.asked = u.Query()
	a := oidc.Answer{Code: "code", State: i.asked.Get("state")}
	if change != nil {
		change(&a)
	}
	return d.Finish(i.tb.Context(), cookie, a)
}
