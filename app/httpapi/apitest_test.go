package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/event"
	"unity.internal/app/job"
	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

const (
	host   = "unity.test"
	origin = "http://" + host
)

// A bench is the edge over a real store and vault with the tenants acme and
// globex: ann owns acme, vic views it, gus owns globex, root administers.
type bench struct {
	tb     testing.TB
	app    *fiber.App
	client *http.Client
	doc    *huma.OpenAPI
	store  *store.Store
	auth   *auth.Service
	bus    *event.Bus
	log    *strings.Builder
	parts  Parts
	tokens map[string]string // user -> cookie
	leave  func()            // begins to stop
}

const password = "correct horse battery"

func newBench(tb testing.TB, change ...func(*Parts)) *bench {
	tb.Helper()
	return newBenchWith(tb, people, change...)
}

// people are who may sign in, without a password.
var people = []struct {
	name, role string
	tenant     store.TenantID
}{{"ann", "owner", "acme"}, {"vic", "viewer", "acme"}, {"gus", "owner", "globex"}, {"root", "owner", "default"}}

func newBenchWith(tb testing.TB, users []struct {
	name, role string
	tenant     store.TenantID
}, change ...func(*Parts),
) *bench {
	tb.Helper()
	b := &bench{tb: tb, log: &strings.Builder{}, tokens: map[string]string{}}
	v := &vault.Vault{}
	b.store = storetest.Open(tb, store.WithSigner(v.Sign))
	ctx, sys := tb.Context(), b.store.System()
	dir := tb.TempDir()
	if err := v.Attach(ctx, b.store, vault.Source{Dir: dir}); err != nil {
		tb.Fatal(err)
	}
	storetest.Tenants(tb, b.store, "acme", "globex")
	b.auth = auth.New(b.store, v)
	b.auth.Always = true
	err := errors.Join(v.AddTenant(ctx, "acme"), v.AddTenant(ctx, "globex"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, u := range users {
		storetest.User(tb, b.store, store.User{ID: u.name, Admin: u.name == "root"})
		storetest.Member(tb, b.store, u.tenant, u.name, u.role)
	}
	if err := b.auth.Reload(ctx); err != nil {
		tb.Fatal(err)
	}
	b.bus = event.New("boot", time.Now)
	logger := slog.New(slog.NewTextHandler(b.log, nil))
	b.parts = Parts{
		Log: logger, Auth: b.auth, Setup: auth.NewSetupToken(dir), Tenant: b.store.Tenant, System: sys, Vault: v, Bus: b.bus,
		Jobs: job.New(logger, b.bus.Publish), Base: func() string { return origin },
		Web: fstest.MapFS{
			"index.html":        {Data: []byte(`<meta name="csp-nonce" content="{{nonce}}">`)},
			"assets/a.js":       {Data: []byte("plain")},
			"assets/a.js.gz":    {Data: []byte("packed")},
			"unity.webmanifest": {Data: []byte("{}")},
		},
		Reach: Reach{
			Known:   func(h string) bool { return h == host || h == "localhost" || h == "127.0.0.1" },
			Public:  func() string { return "" },
			Trusted: func(netip.Addr) bool { return false },
			Secure:  func(h string) string { return "https://" + h + ":8443" },
			Plain:   func(h string) string { return "http://" + h },
			Mode:    func() string { return "internal" },
			Signer:  func(string) string { return "internal" },
		},
		Health: func() Health { return Health{Ready: true, Degraded: []string{"disk: nearly full"}} },
		About: About{
			Version: "test", URLs: func() []string { return nil }, Fingerprint: func(context.Context) (string, error) { return "", nil },
			Sizes: func(context.Context) (int64, int64) { return 1, 2 },
		},
		CA:      func(context.Context) ([]byte, error) { return []byte("-----BEGIN CERTIFICATE-----\n"), nil },
		Changed: func(context.Context, store.TenantID) {},
	}
	b.domains(v)
	for _, c := range change {
		c(&b.parts)
	}
	stop, leave := context.WithCancel(ctx)
	tb.Cleanup(leave)
	b.leave = leave
	s := New(ctx, stop, b.parts)
	b.app, b.doc = s.app, s.doc
	b.listen(s)
	return b
}

// reload has the service read anew what a test changed behind its back.
func reload(tb testing.TB, a *auth.Service) {
	tb.Helper()
	if err := a.Reload(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// listen serves on loopback; the client reaches it under any host name.
func (b *bench) listen(s *Server) {
	b.tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.tb.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	b.client = &http.Client{Transport: &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", ln.Addr().String())
		},
	}}
	b.tb.Cleanup(func() {
		b.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-served); err != nil {
			b.tb.Error(err)
		}
	})
}

// cookie returns a session cookie of user, made without a password.
func (b *bench) cookie(user string) string {
	b.tb.Helper()
	if c := b.tokens[user]; c != "" {
		return c
	}
	c, err := b.auth.Session(b.tb.Context(), user, auth.Client{Address: "192.0.2.1", Agent: "test"})
	if err != nil {
		b.tb.Fatal(err)
	}
	b.tokens[user] = c
	return c
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do sends one request as who ("" is nobody); header holds "Name: value" lines.
func (b *bench) do(who, method, path, body string, header ...string) answer {
	b.tb.Helper()
	return b.by(b.client.Do, who, method, path, body, header)
}

// by sends a request as do does, in the given way.
func (b *bench) by(send func(*http.Request) (*http.Response, error), who, method, path, body string, header []string) answer {
	b.tb.Helper()
	req, err := http.NewRequestWithContext(b.tb.Context(), method, origin+path, strings.NewReader(body))
	if err != nil {
		b.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", origin)
	for _, h := range header {
		if k, v, _ := strings.Cut(h, ": "); k == "Host" {
			req.Host = v
		} else if k != "" {
			req.Header.Set(k, v)
		}
	}
	if who != "" {
		req.AddCookie(&http.Cookie{Name: plainCookie, Value: b.cookie(who)})
	}
	res, err := send(req)
	if err != nil {
		b.tb.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		b.tb.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}
