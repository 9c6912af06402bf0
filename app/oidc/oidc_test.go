package oidc_test

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"unity.internal/app/fault"
	"unity.internal/app/oidc"
	"unity.internal/app/oidc/oidctest"
	"unity.internal/app/outgoing"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A door is a service over a real store, with a clock that the test turns.
type door struct {
	*oidc.Service
	tb   testing.TB
	y    store.System
	held []oidc.Held

	mu    sync.Mutex
	ahead time.Duration
	still time.Time // where the clock stands, if it does
}

func (d *door) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.still.IsZero() {
		return d.still
	}
	return time.Now().Add(d.ahead)
}

func (d *door) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead += by
}

func open(tb testing.TB) *door {
	tb.Helper()
	d := &door{tb: tb}
	s := storetest.Open(tb)
	storetest.Tenants(tb, s, "acme", "globex")
	d.y = s.System()
	d.Service = oidc.New(oidc.Options{
		System: d.y, Sealer: vaulttest.Open(tb, s, "acme", "globex"), Now: d.now, Base: func() string { return "https://unity.example/" },
		HTTP: outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }}),
		Held: func(context.Context, string) ([]oidc.Held, error) { return d.held, nil },
		Role: func(store.TenantID, string) string { return "owner" },
	})
	return d
}

// draft is a provider as a form sends it.
func draft(issuer string) store.Provider {
	return store.Provider{
		Name: "Company", Issuer: issuer, ClientID: "unity", Scopes: []string{"openid", "profile", "email", "groups"},
		UsernameClaim: "preferred_username", Enabled: true, CreateUsers: true,
		Mappings: []store.Mapping{{Claim: "groups", Value: "ops", Tenant: "acme", Role: "admin"}},
	}
}

func (d *door) create(v store.Provider, secret string) store.Provider {
	d.tb.Helper()
	v, err := d.Create(d.tb.Context(), d.y, v, secret)
	if err != nil {
		d.tb.Fatal(err)
	}
	return v
}

func (d *door) start(p store.Provider, in oidc.Intent) (address, cookie string) {
	d.tb.Helper()
	address, cookie, err := d.Start(d.tb.Context(), p.ID, in)
	if err != nil {
		d.tb.Fatal(err)
	}
	return address, cookie
}

// answer is what a browser brings back.
func answer(q url.Values) oidc.Answer {
	return oidc.Answer{Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"), Error: q.Get("error")}
}

func users() []string {
	return []string{"-user", "ada:ada@example.com:true:ops,dev", "-user", "bob:bob@example.com:false:"}
}

func TestAPersonProvesWhoTheyAre(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"in the token": nil, "at the userinfo endpoint": {"-lean"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live := oidctest.Start(t, append(users(), flags...)...)
			d := open(t)
			v := draft(live.Issuer)
			v.SecondFactor = true
			v = d.create(v, live.Secret)
			in := oidc.Intent{Purpose: oidc.SignIn, Next: "/servers?q=nas", Invitation: "token"}
			address, cookie := d.start(v, in)
			proof, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "ada")))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(in, proof.Intent); d != "" {
				t.Error(d)
			}
			if proof.Subject != "subject-ada" || proof.Name != "ada" || proof.Email != "ada@example.com" || !proof.EmailVerified || !proof.SecondFactor {
				t.Errorf("%+v", proof)
			}
			if age := time.Since(proof.AuthTime); age < -time.Second || age > time.Minute {
				t.Errorf("signed in %s ago", age)
			}
			plan, err := d.Plan(t.Context(), proof.Provider, proof.Claims, "", nil)
			want := oidc.Plan{Username: "ada", Email: "ada@example.com", Grants: []oidc.Grant{{Tenant: "acme", Role: "admin", Source: "provider"}}, Ends: []store.TenantID{}}
			if d := cmp.Diff(want, plan); d != "" || err != nil {
				t.Error(d, err)
			}
		})
	}
}

func TestAnUnverifiedAddressIsNotReliedOn(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := draft(live.Issuer)
	v.LinkEmail = true
	v = d.create(v, live.Secret)
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	proof, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "bob")))
	if err != nil || proof.EmailVerified {
		t.Fatalf("%+v %v", proof, err)
	}
	plan, err := d.Plan(t.Context(), proof.Provider, proof.Claims, "", nil)
	if !errors.Is(err, oidc.ErrEmailUnverified) || plan.Email != "" {
		t.Errorf("%+v %v", plan, err)
	}
}

func TestASignInCountsOnce(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	a := answer(live.SignIn(t, address, "ada"))
	if _, err := d.Finish(t.Context(), cookie, a); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Finish(t.Context(), cookie, a); !errors.Is(err, oidc.ErrUsed) {
		t.Error(err)
	}
	_, other := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	if _, err := d.Finish(t.Context(), other, a); !errors.Is(err, oidc.ErrState) {
		t.Errorf("cookie of another: %v", err)
	}
	// Even one who has cookie and state of their own cannot redeem a code again.
	address, cookie = d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	u, _ := url.Parse(address)
	if _, err := d.Finish(t.Context(), cookie, oidc.Answer{Code: a.Code, State: u.Query().Get("state")}); !errors.Is(err, oidc.ErrRefused) {
		t.Errorf("replayed code: %v", err)
	}
}

func TestACodeIsGoodOnlyWithItsVerifier(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	address, _ := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	stolen := answer(live.SignIn(t, address, "ada")).Code
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	u, _ := url.Parse(address)
	if _, err := d.Finish(t.Context(), cookie, oidc.Answer{Code: stolen, State: u.Query().Get("state")}); !errors.Is(err, oidc.ErrRefused) {
		t.Error(err)
	}
}

func TestAWrongSecretIsSaid(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), "wrong")
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	if _, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "ada"))); !errors.Is(err, oidc.ErrClient) {
		t.Error(err)
	}
}

func TestAStateEndsAndStaysInItsBrowser(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	u, _ := url.Parse(address)
	state := u.Query().Get("state")
	for name, tt := range map[string]struct{ cookie, state string }{
		"no cookie":     {"", state},
		"a broken one":  {"%%%", state},
		"a forged one":  {"bm9uc2Vuc2U", state},
		"a changed one": {cookie[:len(cookie)-4] + "AAAA", state},
		"another state": {cookie, "x"},
		"no state":      {cookie, ""},
	} {
		if _, err := d.Finish(t.Context(), tt.cookie, oidc.Answer{Code: "c", State: tt.state}); !errors.Is(err, oidc.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := d.Finish(t.Context(), cookie, oidc.Answer{State: state, Error: "access_denied"})
	if !errors.Is(err, oidc.ErrRefused) || !strings.Contains(fault.From(err).Msg, "access_denied") {
		t.Error(err)
	}
	address, cookie = d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	a := answer(live.SignIn(t, address, "ada"))
	d.pass(oidc.Window + time.Second)
	if _, err := d.Finish(t.Context(), cookie, a); !errors.Is(err, oidc.ErrLate) {
		t.Error(err)
	}
}

func TestAnErrorOfAProviderIsNotRepeatedUnlessItIsACode(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	u, _ := url.Parse(address)
	_, err := d.Finish(t.Context(), cookie, oidc.Answer{State: u.Query().Get("state"), Error: "Call 555-1234 now"})
	if !errors.Is(err, oidc.ErrRefused) || strings.Contains(fault.From(err).Msg, "555") {
		t.Error(fault.From(err).Msg)
	}
}

func TestASignInLeadsToOurOwnPages(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	for next, want := range map[string]string{
		"/servers": "/servers", "https://evil.example": "", "//evil.example": "", `/\evil.example`: "", "/\tx": "", "": "", "/" + strings.Repeat("x", 600): "",
	} {
		address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn, Next: next})
		proof, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "ada")))
		if err != nil || proof.Intent.Next != want {
			t.Errorf("%q leads to %q, %v", next, proof.Intent.Next, err)
		}
	}
}

func TestAStepUpAsksToSignInAnew(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	in := oidc.Intent{Purpose: oidc.StepUp, User: "u1", Session: "s1"}
	address, cookie := d.start(v, in)
	u, _ := url.Parse(address)
	if q := u.Query(); q.Get("prompt") != "login" || q.Get("max_age") != "0" || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != "https://unity.example/sign-in/callback" {
		t.Error(address)
	}
	proof, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "ada")))
	if err != nil || proof.Intent != in {
		t.Errorf("%+v %v", proof, err)
	}
}

func TestSigningOutLeadsThroughTheProvider(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	address := d.SignOutURL(t.Context(), v.ID, "https://unity.example/sign-in")
	if !strings.HasPrefix(address, live.Issuer) {
		t.Fatal(address)
	}
	back := live.Follow(t, address)
	if back.String() != "https://unity.example/sign-in" {
		t.Error(back)
	}
	gone := draft("https://127.0.0.1:1")
	gone.Name = "Gone"
	for _, id := range []string{d.create(gone, "").ID, "none"} {
		if address := d.SignOutURL(t.Context(), id, "https://unity.example/sign-in"); address != "" {
			t.Error(address)
		}
	}
}

func TestAProviderThatIsOffLetsNobodyIn(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, users()...)
	d := open(t)
	v := d.create(draft(live.Issuer), live.Secret)
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	a := answer(live.SignIn(t, address, "ada"))
	v.Enabled = false
	if _, err := d.Update(t.Context(), d.y, v, store.SecretMask); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Finish(t.Context(), cookie, a); !errors.Is(err, oidc.ErrDisabled) {
		t.Error(err)
	}
	for _, id := range []string{v.ID, "none"} {
		if _, _, err := d.Start(t.Context(), id, oidc.Intent{}); !errors.Is(err, oidc.ErrDisabled) {
			t.Error(err)
		}
	}
	d.Base = func() string { return "" }
	v, _ = d.y.Provider(t.Context(), v.ID)
	v.Enabled = true
	if _, err := d.Update(t.Context(), d.y, v, store.SecretMask); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Start(t.Context(), v.ID, oidc.Intent{}); !errors.Is(err, oidc.ErrNoBase) {
		t.Error(err)
	}
}

func TestAPublicClientNeedsNoSecret(t *testing.T) {
	t.Parallel()
	live := oidctest.Start(t, append(users(), "-secret", "")...)
	d := open(t)
	v := d.create(draft(live.Issuer), "")
	address, cookie := d.start(v, oidc.Intent{Purpose: oidc.SignIn})
	if _, err := d.Finish(t.Context(), cookie, answer(live.SignIn(t, address, "ada"))); err != nil {
		t.Error(err)
	}
}
