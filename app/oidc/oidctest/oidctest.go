// Package oidctest starts a real OpenID Connect provider for tests. It is the
// program in providertest, which `make helpers` builds.
package oidctest

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"unity.internal/app/builttest"
)

// A Provider is a running provider and its only client.
type Provider struct {
	Issuer   string
	ClientID string
	Secret   string
}

// Start starts a provider and ends it with the test. It sends people back to
// /sign-in/callback of any host. flags go to the program: "-user",
// "ada:ada@example.com:true:ops,dev" makes a user.
func Start(tb testing.TB, flags ...string) Provider {
	tb.Helper()
	p := Provider{ClientID: "unity", Secret: "secret of unity"}
	args := append([]string{"-attached", "-client", p.ClientID, "-secret", p.Secret}, flags...)
	cmd := exec.CommandContext(tb.Context(), builttest.Path(tb, "app/oidc/providertest"), args...) //nolint:gosec // it is our own
	cmd.Stderr = tb.Output()
	stdin, err := cmd.StdinPipe() // it ends when this process does, however that ends
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // the test's context may have killed it already
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("the provider did not start: %v", err)
	}
	p.Issuer = strings.TrimSpace(line)
	return p
}

// SignIn does what a browser does at address, where a person enters name, and
// returns what the provider wrote into the address of the callback.
func (p Provider) SignIn(tb testing.TB, address, name string) url.Values {
	tb.Helper()
	at := p.visit(tb, http.MethodGet, address, nil)
	if id := at.Query().Get("id"); p.own(at) {
		at = p.visit(tb, http.MethodPost, p.Issuer+"/login", url.Values{"id": {id}, "username": {name}})
	}
	if p.own(at) {
		tb.Fatalf("%s does not know %s", at, name)
	}
	return at.Query()
}

// Follow returns where the provider sends a browser that comes to address.
func (p Provider) Follow(tb testing.TB, address string) *url.URL {
	tb.Helper()
	return p.visit(tb, http.MethodGet, address, nil)
}

func (p Provider) own(u *url.URL) bool { return strings.HasPrefix(u.String(), p.Issuer+"/") }

// visit returns where an address leads in the end, or to whom outside.
func (p Provider) visit(tb testing.TB, method, address string, form url.Values) *url.URL {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if !p.own(req.URL) {
			return http.ErrUseLastResponse // nobody listens there
		}
		return nil
	}}
	res, err := c.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if to, err := res.Location(); err == nil {
		return to
	}
	if text, _ := io.ReadAll(res.Body); res.StatusCode >= http.StatusBadRequest {
		tb.Fatalf("%s: %s: %s", res.Request.URL, res.Status, text)
	}
	return res.Request.URL
}
