package httpapi

import (
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"unity.internal/store"
)

// far sends a request from a socket of the LAN, as far as the edge can tell.
func (b *bench) far(who, method, path, body string, header ...string) answer {
	b.tb.Helper()
	send := func(req *http.Request) (*http.Response, error) { return b.app.Test(req, -1) }
	return b.by(send, who, method, path, body, header)
}

// confined reports whether an answer is what the LAN gets of all that is behind TLS.
func confined(method, path string, got answer) bool {
	page := (method == http.MethodGet || method == http.MethodHead) && !strings.HasPrefix(path, base)
	if page {
		return got.status == http.StatusPermanentRedirect && got.header.Get("Location") == "https://"+host+":8443"+path && got.body == ""
	}
	return got.status == http.StatusForbidden &&
		(method == http.MethodHead || strings.Contains(got.body, `"code":"request.plain_http"`) && strings.Contains(got.body, "https://"+host+":8443."))
}

// TestPlainHTTPServesTheLANNothing calls every operation of the document and every
// route beside it as an administrator, from afar and without TLS. It covers routes
// that are not yet written.
func TestPlainHTTPServesTheLANNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	furnish(t, b)
	b.cookie("root")
	before := dump(t, b)
	n := 0
	for name, op := range operations(b.doc) {
		method, path, body := request(t, b.doc, name, op, acmes)
		for kind, got := range map[string]answer{
			"socket": b.far("root", method, path, body), "header": b.do("root", method, path, body, "X-Forwarded-For: 192.0.2.9"),
		} {
			if !confined(method, path, got) {
				t.Errorf("%s by %s: %v", name, kind, got)
			}
		}
		n++
	}
	if n < 100 {
		t.Fatalf("only %d operations", n)
	}
	parameter := regexp.MustCompile(`[:*][a-z]*`)
	free := map[string]bool{}
	for _, r := range b.app.GetRoutes(true) {
		path := parameter.ReplaceAllString(r.Path, "x")
		switch got := b.far("root", r.Method, path, ""); {
		case open(path) && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			free[r.Path] = true
		case !confined(r.Method, path, got):
			t.Errorf("%s %s: %v", r.Method, path, got)
		}
	}
	want := map[string]bool{
		"/healthz": true, "/trust": true, "/trust/ca.pem": true, "/trust/ca.crt": true, "/trust/ca.mobileconfig": true,
		"/trust/check": true, "/trust/check.js": true, "/trust/*": true, challengePath + "*": true,
	}
	if diff := cmp.Diff(want, free); diff != "" {
		t.Errorf("what is served without TLS (-want +got):\n%s", diff)
	}
	if after := dump(t, b); after != before {
		t.Error("something was written")
	}
}

func TestPlainHTTPFromAfar(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tt := range []struct {
		name, method, path, header string
		status                     int
		want                       string // of the body, or of Location
	}{
		{"a page", "GET", "/", "", 308, "https://unity.test:8443/"},
		{"a page with a query", "GET", "/servers?q=a%20b&x=//evil.test", "", 308, "https://unity.test:8443/servers?q=a%20b&x=//evil.test"},
		{"only its head", "HEAD", "/servers", "", 308, "https://unity.test:8443/servers"},
		{"a host that is not ours", "GET", "/", "Host: evil.test", 421, "request.unknown_host"},
		{"the trust page for a host that is not ours", "GET", "/trust", "Host: evil.test", 421, "request.unknown_host"},
		{"a file of the pages", "GET", "/assets/a.js", "", 308, "https://unity.test:8443/assets/a.js"},
		{"metrics", "GET", "/metrics", "", 308, "https://unity.test:8443/metrics"},
		{"a report", "POST", "/csp-report", "", 403, "request.plain_http"},
		{"something posted to the trust page", "POST", "/trust", "", 403, "request.plain_http"},
		{"beside the trust page", "GET", "/trust/index.html", "", 404, "request.not_found"},
		{"up from the trust page", "GET", "/trust/../api/v1/setup", "", 404, "request.not_found"},
		{"up, encoded", "GET", "/trust/%2e%2e/metrics", "", 404, "request.not_found"},
		{"in capitals", "GET", "/API/v1/setup", "", 308, "https://unity.test:8443/API/v1/setup"},
		{"a challenge that nobody waits for", "GET", challengePath + "x", "", 404, "request.not_found"},
		{"whether it lives", "GET", "/healthz", "", 200, "ok"},
		{"a cookie opens nothing", "GET", "/healthz", "Cookie: unity=nonsense", 200, "ok"},
		{"a proxy that nobody named says https", "GET", base + "/setup", "X-Forwarded-Proto: https", 403, "request.plain_http"},
	} {
		got := b.far("", tt.method, tt.path, "", tt.header)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) && got.header.Get("Location") != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if got := b.do("", "GET", base+"/setup", ""); got.status != 200 {
		t.Errorf("this box: %v", got)
	}
}

// TestARequestLineLeadsNowhereElse sends what no browser sends: the address that
// it is led to is ours all the same.
func TestARequestLineLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, target := range []string{"@evil.test/", "//evil.test/", "http://evil.test/", "/\\evil.test", "/%0d%0aX: y"} {
		conn := b.dial()
		if _, err := io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\nX-Forwarded-For: 192.0.2.9\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		location := regexp.MustCompile(`(?m)^Location: (.*?)\r$`).FindStringSubmatch(string(got))
		refused := strings.HasPrefix(string(got), "HTTP/1.1 4")
		if !refused && (location == nil || !strings.HasPrefix(location[1], "https://"+host+":8443/")) {
			t.Errorf("%s: %s", target, got)
		}
	}
}

// TestWithoutTLSOnlyAProxyIsServed has TLS off: the proxy in front is served as this
// box would be, but for what is never said without TLS.
func TestWithoutTLSOnlyAProxyIsServed(t *testing.T) {
	t.Parallel()
	trusted := false
	b := newBench(t, func(p *Parts) {
		p.Reach.Mode = func() string { return "off" }
		p.Reach.Signer = func(string) string { return "off" }
		p.Reach.Secure = func(string) string { return "" }
		p.Reach.Trusted = func(netip.Addr) bool { return trusted }
	})
	if got := b.far("", "GET", "/servers", "", "Accept: text/html,*/*"); got.status != http.StatusSeeOther || got.header.Get("Location") != trustPath {
		t.Errorf("a page: %v", got)
	}
	if got := b.far("", "GET", "/readyz", "", "Accept: */*"); got.status != 403 {
		t.Errorf("a probe: %v", got)
	}
	if got := b.far("root", "GET", base+"/settings", "", "Accept: text/html"); got.status != 403 || !strings.Contains(got.body, "there is no https address") {
		t.Errorf("the API: %v", got)
	}
	if got := b.far("", "GET", trustPath, ""); got.status != 200 || !strings.Contains(got.body, "Nothing to install") {
		t.Errorf("the trust page: %v", got)
	}
	trusted = true
	for _, tt := range []struct {
		name, who, method, path, body, header string
		status                                int
		want                                  string
	}{
		{"a page", "", "GET", "/servers", "", "X-Forwarded-For: 192.0.2.9", 200, "csp-nonce"},
		{"the API", "ann", "GET", base + "/settings", "", "X-Forwarded-For: 192.0.2.9", 200, "rev"},
		{"without a header", "ann", "GET", base + "/settings", "", "X-Nothing: x", 200, "rev"},
		{"signing in without TLS before it", "", "POST", base + "/auth/login", `{"username":"a","password":"b"}`, "X-Forwarded-For: 192.0.2.9", 403, `"code":"auth.insecure"`},
		{"signing in with TLS before it", "", "POST", base + "/auth/login", `{"username":"a","password":"b"}`, "X-Forwarded-Proto: https", 401, `"code":"auth.invalid_credentials"`},
		{"metrics", "", "GET", "/metrics", "", "X-Forwarded-For: 192.0.2.9", 401, `"code":"auth.required"`},
	} {
		header := []string{tt.header}
		if strings.Contains(tt.header, "https") {
			header = append(header, "Origin: https://"+host)
		}
		if got := b.far(tt.who, tt.method, tt.path, tt.body, header...); got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestAChallengeIsAnsweredWithoutTLS(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) {
		p.Challenge = func(h, path string) (string, bool) {
			return "token.thumbprint", h != "other.example" && path == challengePath+"token"
		}
	})
	if got := b.far("", "GET", challengePath+"token", "", "Host: to-be-added.example"); got.status != 200 || got.body != "token.thumbprint" {
		t.Errorf("a name that is tried: %v", got)
	}
	if got := b.far("", "GET", challengePath+"token", "", "Host: other.example"); got.status != 404 {
		t.Errorf("a name that is not: %v", got)
	}
	if got := b.far("", "GET", challengePath+"token", ""); got.status != 200 || got.body != "token.thumbprint" {
		t.Errorf("%v", got)
	}
	if got := b.far("", "GET", challengePath+"another", ""); got.status != 404 {
		t.Errorf("%v", got)
	}
}

// TestBrowsersAreBoundToHTTPSOnlyWhereTheyCanBe: with a certificate of a public
// authority, and over TLS.
func TestBrowsersAreBoundToHTTPSOnlyWhereTheyCanBe(t *testing.T) {
	t.Parallel()
	strict := false
	b := newBench(t, func(p *Parts) {
		p.Reach.Mode = func() string {
			if strict {
				return store.TLSACME
			}
			return store.TLSInternal
		}
		p.Reach.Trusted = func(netip.Addr) bool { return true }
	})
	const header = fiber.HeaderStrictTransportSecurity
	for _, tt := range []struct {
		strict bool
		proto  string
		want   string
	}{{false, "https", ""}, {true, "http", ""}, {true, "https", "max-age=63072000"}} {
		strict = tt.strict
		if got := b.far("", "GET", "/healthz", "", "X-Forwarded-Proto: "+tt.proto); got.status != 200 || got.header.Get(header) != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
