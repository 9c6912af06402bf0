package app_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"unity.internal/app/cert/certtest"
)

// A tlsState is what GET /tls says, as far as these tests go.
type tlsState struct {
	Names []struct {
		Name     string
		StandsIn bool `json:"stands_in"`
		Attempt  *struct {
			Failures int
			Error    string
		}
	}
}

// free returns an address on which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// portOf returns the port of an address.
func portOf(t *testing.T, address string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	must(t, err)
	return a.Port
}

// secured starts an appliance that listens at these addresses and signs in.
func secured(t *testing.T, dir, plain, secure string) *process {
	t.Helper()
	p := follow(t, command(t, "serve", "--data-dir", dir, "--http", plain, "--https", secure, "--rate-limit", "0"))
	p.setUp(p.printed())
	p.signIn()
	return p
}

// byName is a client that reaches an address under a name, and trusts an authority.
func byName(t *testing.T, secure, name string, root []byte) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: name, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, secure)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// TestACertificateFromAnAuthority has a running appliance ask a real authority, by
// its API, and renew while a stream is open.
func TestACertificateFromAnAuthority(t *testing.T) {
	t.Parallel()
	plain, secure := free(t), free(t)
	ca := certtest.Start(t, certtest.Options{HTTPPort: portOf(t, plain), TLSPort: portOf(t, secure)})
	dir := t.TempDir()
	p := secured(t, dir, plain, secure)
	name := "unity.example.test"
	p.must("POST", "/tls/names", `{"name":"`+name+`"}`, nil)
	roots, err := json.Marshal(string(ca.Roots))
	must(t, err)
	p.must("PATCH", "/tls", fmt.Sprintf(`{"mode":"acme","acme":{"directory":%q,"staging":"","email":"anna@example.test","agreed":true,"challenge":"http",
		"eab_key_id":"","roots":%s,"resolver":%q,"dns":{"provider":"","server":"","key_name":"","algorithm":"","api":""}}}`, ca.Directory, roots, ca.Names.Addr), nil)
	p.until("the authority signs", func() bool {
		var v tlsState
		p.must("GET", "/tls", "", &v)
		n := v.Names[0]
		if n.Attempt != nil && n.Attempt.Failures > 0 {
			t.Fatalf("%s: %s", n.Name, n.Attempt.Error)
		}
		return n.Name == name && !n.StandsIn
	})
	client := byName(t, secure, name, ca.Root)
	open := p.events(client, "https://"+name)
	first := p.serial(client, "https://"+name)
	var job struct{ ID string }
	p.must("POST", "/tls/renew", `{"name":"`+name+`"}`, &job)
	if got := p.job(job.ID); !strings.HasPrefix(got, "done") {
		t.Fatal(got)
	}
	if next := p.serial(byName(t, secure, name, ca.Root), "https://"+name); next == first {
		t.Error("nothing was renewed")
	}
	if status, err := p.threshold("after"); err != nil || status != http.StatusCreated {
		t.Fatal(status, err)
	}
	told := false
	for !told && open.Scan() {
		told = strings.Contains(open.Text(), "thresholds")
	}
	if !told {
		t.Errorf("the stream that was open ended: %v", open.Err())
	}
	must(t, p.end(syscall.SIGTERM))
	// It is there again at once, though the authority is not.
	ca.Stop()
	p = follow(t, command(t, "serve", "--data-dir", dir, "--http", plain, "--https", secure))
	p.until("it serves the name again", func() bool {
		res, err := byName(t, secure, name, ca.Root).Get("https://" + name + "/healthz")
		if err != nil {
			return false
		}
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	must(t, p.end(syscall.SIGTERM))
}

// events opens the stream of a browser that signed in, and returns its lines.
func (p *process) events(client *http.Client, base string) *bufio.Scanner {
	p.t.Helper()
	streaming := &http.Client{Transport: client.Transport}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, base+"/api/v1/events", nil)
	must(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	res, err := streaming.Do(req)
	must(p.t, err)
	p.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		p.t.Fatal(res.Status)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Scan() // it has begun
	return lines
}

// serial returns the serial number of the certificate behind base, where browsers
// are told to come by https only.
func (p *process) serial(client *http.Client, base string) string {
	p.t.Helper()
	res, err := client.Get(base + "/healthz")
	must(p.t, err)
	defer res.Body.Close()
	if res.Header.Get("Strict-Transport-Security") == "" {
		p.t.Error("no Strict-Transport-Security")
	}
	return res.TLS.PeerCertificates[0].SerialNumber.String()
}

// TestTLSIsLeftToAProxy switches TLS off and on again while the appliance runs.
func TestTLSIsLeftToAProxy(t *testing.T) {
	t.Parallel()
	plain, secure := free(t), free(t)
	p := secured(t, t.TempDir(), plain, secure)
	if got := p.problem("PATCH", "/tls", `{"mode":"off"}`); got != "tls.no_proxy" {
		t.Errorf("without a proxy: %s", got)
	}
	p.must("PATCH", "/system/settings", `{"trusted_proxies":["127.0.0.1"]}`, nil)
	p.must("PATCH", "/tls", `{"mode":"off"}`, nil)
	dial := func() error {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", secure)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	p.until("nobody listens for TLS", func() bool { return errors.Is(dial(), syscall.ECONNREFUSED) })
	p.until("it serves without", func() bool { status, _ := p.call("GET", "/tls", "", nil); return status == http.StatusOK })
	// The proxy on this box speaks for somebody else, and is believed.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/api/v1/auth/me", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("X-Forwarded-For", "192.168.1.77")
	req.Header.Set("X-Forwarded-Proto", "https")
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("by the proxy: %s", res.Status)
	}
	p.must("PATCH", "/tls", `{"mode":"internal"}`, nil)
	p.until("TLS is back", func() bool { return dial() == nil })
	must(t, p.end(syscall.SIGTERM))
}
