// Package httpapi is the HTTP edge: it authenticates, decodes, calls a domain
// package or the tenant's store and encodes what comes back. It holds no rules.
package httpapi

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/app/backup"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/cert"
	"unity.internal/app/cluster"
	"unity.internal/app/event"
	"unity.internal/app/job"
	"unity.internal/app/metric"
	"unity.internal/app/notify"
	"unity.internal/app/oidc"
	"unity.internal/app/server"
	"unity.internal/app/vault"
	"unity.internal/store"
)

const (
	base        = "/api/v1"
	timeout     = 30 * time.Second // for writing an answer
	idleTimeout = 2 * time.Minute
	maxBody     = 1 << 20   // bytes of a request, where an operation says nothing else
	maxHeader   = 16 * 1024 // bytes
)

// Parts is what the edge stands on.
type Parts struct {
	Log    *slog.Logger
	Auth   *auth.Service
	Setup  *auth.SetupToken
	Tenant func(store.TenantID) store.Tenant
	System store.System
	Vault  *vault.Vault
	Bus    *event.Bus
	Jobs   *job.Service
	// Servers watches machines.
	Servers *server.Service
	// Clusters watches Kubernetes.
	Clusters *cluster.Service
	// Listen opens a listener for the port of a pod, with TLS or for this box only.
	Listen func(context.Context) (ln net.Listener, secure bool, err error)
	// Metrics keeps the samples of servers.
	Metrics *metric.Service
	// Alerts evaluates thresholds; Notify keeps channels and tells people.
	Alerts *alert.Service
	Notify *notify.Service
	// OIDC lets people prove who they are at an identity provider.
	OIDC *oidc.Service
	// Backup keeps the replica. Restart begins anew in place, with what was staged;
	// Rescue restores on a box that nobody set up.
	Backup  *backup.Service
	Restart func()
	Rescue  Rescuer
	// Upgrade replaces the program that serves.
	Upgrade Upgrader
	Web     fs.FS // the built front end

	Reach  Reach         // by which names the appliance is asked
	Limits Limits        // how much one address and one tenant may ask
	Health func() Health // how the appliance is
	About  About
	CA     func(context.Context) ([]byte, error) // the certificate of the appliance's own CA, PEM
	Cert   *cert.Service                         // gives the appliance its certificates
	// Challenge answers what a public CA asks over plain HTTP to see that a host is
	// ours (ACME HTTP-01); nil: nothing is asked.
	Challenge func(host, path string) (body string, ok bool)
	// MetricsToken opens /metrics to others than this box; empty: nobody.
	MetricsToken string
	// Base is what links in mails and invitations begin with.
	Base func() string
	// Changed is told when settings of the appliance or of a tenant were stored.
	Changed func(context.Context, store.TenantID)
	// Kit makes a recovery kit.
	Kit func(ctx context.Context, y store.System, passphrase []byte) (KitFile, error)
	// Support writes a support bundle.
	Support func(context.Context, io.Writer) error
	// RotateKeys and DeleteTenant start jobs of the appliance.
	RotateKeys   func(context.Context, store.System, vault.Ask) (store.Job, error)
	DeleteTenant func(context.Context, store.System, store.TenantID) (store.Job, error)
	// ExportTenant returns the export of a tenant; ImportTenant stores one that
	// arrives and starts the job of its import, which tells when the tenant changed.
	ExportTenant func(context.Context, store.System, store.TenantID, transfer.To) (io.ReadCloser, error)
	ImportTenant func(ctx context.Context, y store.System, in io.Reader, from transfer.From, told func()) (store.Job, error)
}

// A mux registers routes.
type mux struct {
	Parts
	app    *fiber.App
	api    huma.API
	limits *limiter
	talks  *opened
	ports  *openPorts
	stop   context.Context //nolint:containedctx // of the appliance, not of a call
}

// New returns the edge over p. Streams end with stop, when the
// appliance begins to stop; every other request may go on until ctx ends.
func New(ctx, stop context.Context, p Parts) *Server {
	useProblem()
	m := mux{Parts: p, limits: newLimiter(p.Limits), talks: &opened{by: map[string]int{}}, ports: &openPorts{all: map[string]*forwarding{}}, stop: stop}
	// Immutable: without it Fiber reuses the memory of every string it hands out.
	m.app = fiber.New(fiber.Config{
		Immutable: true, StreamRequestBody: true, ErrorHandler: m.fail, DisableStartupMessage: true,
		ReadTimeout: p.Limits.Arrival, WriteTimeout: timeout, // a stream moves its own deadline
		IdleTimeout: idleTimeout, BodyLimit: maxBody, ReadBufferSize: maxHeader, DisablePreParseMultipartForm: true,
		DisableDefaultDate: false, ServerHeader: "", Concurrency: 4096,
	})
	// Before the routes: huma keeps the chain it finds.
	m.app.Use(m.arrive(ctx), recover.New(), m.guard, m.confine, m.identify)

	c := huma.DefaultConfig("Unity", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat, formType: form}
	c.Info.Description = "Every answer that fails is a problem (RFC 9457) with a permanent code."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: secureCookie},
	}
	m.api = humafiber.NewV2(m.app, c)
	m.routes() //nolint:contextcheck // the context of a request is made when it arrives
	m.document()
	m.spa()
	return &Server{app: m.app, doc: m.api.OpenAPI(), limits: m.limits, talks: m.talks}
}

// A Server answers on any number of listeners.
type Server struct {
	app    *fiber.App
	doc    *huma.OpenAPI
	limits *limiter
	talks  *opened

	mu     sync.Mutex
	open   []net.Listener
	closed bool
}

// Serve answers what arrives at ln until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ln.Close()
	}
	s.open = append(s.open, ln)
	s.mu.Unlock()
	return s.app.Listener(ln)
}

// Shutdown stops listening and waits for requests to end, until ctx ends. It
// closes the listeners itself: Fiber knows only those that it serves already.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for _, ln := range s.open {
		_ = ln.Close() // Fiber closes it, too
	}
	s.mu.Unlock()
	err := s.app.ShutdownWithContext(ctx)
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, s.talks.wait(ctx)) // what was upgraded is no request any more
}

// Forget lets go of what is counted for a tenant that is deleted.
func (s *Server) Forget(tenant store.TenantID) { s.limits.forget(tenant) }

// routes is the whole API, one resource a line.
func (m mux) routes() {
	m.health()
	m.trust()
	m.setup()
	m.auth()
	m.factors()
	m.passkeys()
	m.apiKeys()
	m.users()
	m.tenants()
	m.transfers()
	m.members()
	m.invitations()
	m.providers()
	m.settings()
	m.audit()
	m.jobs()
	m.servers()
	m.pods() // before clusters, of whose paths some of these would be ids
	m.clusters()
	m.clusterHealth()
	m.clusterObjects()
	m.clusterChanges()
	m.samples()
	m.thresholds()
	m.alerts()
	m.silences()
	m.channels()
	m.deliveries()
	m.usage()
	m.vault()
	m.backup()
	m.rescue()
	m.system()
	m.tls()
	m.upgrades()
	m.dashboard()
	m.events()
}

// fail writes what Fiber or a raw handler failed with.
func (m mux) fail(c *fiber.Ctx, err error) error {
	ctx := c.UserContext()
	p, ok := errors.AsType[*Problem](err)
	if f, is := errors.AsType[*fiber.Error](err); is {
		p = newProblem(requestID(ctx), f.Code, fiberDetail(f))
	} else if !ok {
		p = m.problem(ctx, err)
	}
	for k, v := range p.GetHeaders() {
		c.Set(k, v[0])
	}
	return c.Status(p.Status).JSON(p, p.ContentType(""))
}

// fiberDetail says in a sentence what Fiber found wrong.
func fiberDetail(f *fiber.Error) string {
	switch f.Code {
	case http.StatusNotFound:
		return "There is nothing at this address. The API is described at /api/docs."
	case http.StatusMethodNotAllowed:
		return "This address does not take that method. The API is described at /api/docs."
	case http.StatusRequestEntityTooLarge:
		return "The request is too large."
	}
	return http.StatusText(f.Code) + "."
}
