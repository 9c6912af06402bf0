package cert

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"unity.internal/app/cert/certtest"
	"unity.internal/store"
)

// found returns what a check says about one thing.
func found(t *testing.T, b *box, v store.ACME, name, what string, token *string) CheckResult {
	t.Helper()
	r, err := b.Check(t.Context(), v, name, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.What == what {
			return f
		}
	}
	t.Fatalf("nothing about %s in %+v", what, r)
	return CheckResult{}
}

func TestCheck(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{Account: "kid-1"})
	b.choose(t, "dns", func(v *store.TLS, s *Secrets) { v.ACME.EABKeyID, s.EAB = "kid-1", &b.ca.AccountKey })
	v, err := b.System.TLS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	acme, name, wrong := v.ACME, "new.example.test", "d3Jvbmcgb25lIHRoYXQgaXMgbG9uZyBlbm91Z2g="
	for _, challenge := range []string{"http", "alpn", "dns"} {
		acme.Challenge = challenge
		r, err := b.Check(t.Context(), acme, name, nil)
		if err != nil || !r.Binding || r.Terms == "" {
			t.Errorf("%s: %+v, %v", challenge, r, err)
		}
		for _, f := range r.Findings {
			if !f.OK {
				t.Errorf("%s: %+v", challenge, f)
			}
		}
	}
	if f := found(t, b, acme, name, "dns", &wrong); f.OK || !f.Hard || strings.Contains(f.Text, wrong) {
		t.Errorf("with a wrong key: %+v", f)
	}
	if left := b.ca.Names.TXT("_acme-challenge." + name); len(left) != 0 {
		t.Errorf("left in the zone: %v", left)
	}
	if f := found(t, b, acme, "192.168.1.1", "name", nil); f.OK || !f.Hard {
		t.Errorf("an address: %+v", f)
	}
	acme.Challenge, acme.EABKeyID = "http", ""
	if f := found(t, b, acme, name, "binding", nil); f.OK || !f.Hard {
		t.Errorf("without a binding: %+v", f)
	}
	if f := found(t, b, acme, "*.example.test", "name", nil); f.OK || !strings.Contains(f.Text, "DNS") {
		t.Errorf("a wildcard over HTTP: %+v", f)
	}
	public := acme
	public.Directory = letsEncrypt
	if f := found(t, b, public, "nas.lan", "name", nil); f.OK || !f.Hard {
		t.Errorf("a name of this network: %+v", f)
	}
	if f := b.Service.address(t.Context(), public, name); f.OK || !strings.Contains(f.Text, "private") {
		t.Errorf("a private address: %+v", f)
	}
	if orders := b.ca.Orders(); orders != 0 {
		t.Errorf("a check made %d orders", orders)
	}
}

// TestCheckMeetsOthers holds that what answers in our place is told from us, and
// that an authority that is none is.
func TestCheckMeetsOthers(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{})
	b.choose(t, "http", nil)
	v, err := b.System.TLS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stranger := listen(t)
	web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a router") })}
	done := make(chan struct{})
	go func() { defer close(done); _ = web.Serve(stranger) }()
	defer func() { _ = web.Close(); <-done }()
	b.outside = func(_, port string) string {
		if port == "80" {
			return stranger.Addr().String()
		}
		return b.ca.Directory[len("https://") : len(b.ca.Directory)-len("/dir")]
	}
	name := "new.example.test"
	if f := found(t, b, v.ACME, name, "http", nil); f.OK || !f.Hard || !strings.Contains(f.Text, "Something else") {
		t.Errorf("%+v", f)
	}
	v.ACME.Challenge = "alpn"
	if f := found(t, b, v.ACME, name, "alpn", nil); f.OK || f.Text == "" {
		t.Errorf("%+v", f)
	}
	closed := listen(t)
	closed.Close()
	b.outside = func(string, string) string { return closed.Addr().String() }
	for _, challenge := range []string{"http", "alpn"} {
		v.ACME.Challenge = challenge
		if f := found(t, b, v.ACME, name, challenge, nil); f.OK || f.Hard || !strings.Contains(f.Text, "refused") {
			t.Errorf("%+v", f)
		}
	}
	v.ACME.Roots = ""
	if f := found(t, b, v.ACME, name, "directory", nil); f.OK || !strings.Contains(f.Text, "certificate") {
		t.Errorf("an authority that nobody vouches for: %+v", f)
	}
	b.ca.Stop()
	if f := found(t, b, v.ACME, name, "directory", nil); f.OK || !strings.Contains(f.Text, "refused") {
		t.Errorf("an authority that is away: %+v", f)
	}
}
