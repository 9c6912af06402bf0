package httpapi

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// formType is what a browser's form sends: refused, but where OAuth 2 asks for it.
const formType = "application/x-www-form-urlencoded"

// Reach says by which names the appliance is asked and whom it believes. Its
// functions answer from memory and may change their mind while it runs.
type Reach struct {
	Known   func(host string) bool      // whether a host name or address is ours
	Public  func() string               // the public URL; empty if there is none
	Trusted func(proxy netip.Addr) bool // whether a proxy's X-Forwarded headers are believed
	// Secure and Plain return the https and the plain address for who calls this
	// appliance by a host name; empty if it listens on none that they reach.
	Secure, Plain func(host string) string
	// Mode is who signs certificates: internal, acme, manual or off. Signer is who
	// signed the one that is served for a host now.
	Mode   func() string
	Signer func(host string) string
}

type (
	requestKey struct{}
	clientKey  struct{}
)

// A client is where a request comes from.
type client struct {
	auth.Client
	loopback bool // this box, without a proxy between
	secure   bool // TLS all the way to us or to a trusted proxy
	trusted  bool // a trusted proxy brings it
	scheme   string
	host     string // as it was asked for, with its port
	begun    string // the sign-in at a provider that its browser has under way
}

// origin is what the address of a page of ours begins with, as the client sees it.
func (c client) origin() string { return c.scheme + "://" + c.host }

var (
	errHost = &Problem{
		Status: http.StatusMisdirectedRequest, Code: "request.unknown_host", Title: "Misdirected Request",
		Detail: "This appliance does not answer to that host name. Add the name in its settings, or use its address.",
	}
	errOrigin   = fault.New(fault.Forbidden, "auth.origin", "This request comes from another site.")
	errInsecure = fault.New(fault.Forbidden, "auth.insecure", "Signing in over plain HTTP is only possible on this box itself. Use the https address.")
)

// arrive gives each request its id, its client and the headers of every answer.
func (m mux) arrive(ctx context.Context) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id := uuid.NewString()
		c.Set("X-Request-ID", id)
		c.Set("X-Content-Type-Options", "nosniff")
		c.Set("X-Frame-Options", "DENY")
		c.Set("Referrer-Policy", "same-origin")
		from := m.client(c)
		if from.secure || from.loopback { // elsewhere browsers only complain of it
			c.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		if from.secure && m.Reach.Mode() == store.TLSACME {
			c.Set("Strict-Transport-Security", "max-age=63072000") // two years
		}
		ctx := context.WithValue(ctx, requestKey{}, id)
		c.SetUserContext(context.WithValue(ctx, clientKey{}, from))
		err := c.Next()
		if err == nil && c.Response().StatusCode() < http.StatusBadRequest {
			return nil
		}
		if c.Request().IsBodyStream() {
			c.Context().SetConnectionClose() // what was not read of the body must not become the next request
		}
		return err
	}
}

// client finds out where a request comes from. X-Forwarded headers count only
// from a trusted proxy; from anybody else they only cost the loopback right.
func (m mux) client(c *fiber.Ctx) (v client) {
	socket, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	socket = socket.Unmap()
	v = client{scheme: "http", secure: c.Context().IsTLS(), host: c.Get("Host")}
	if v.secure {
		v.scheme = "https"
	}
	defer func() { v.begun = c.Cookies(cookieName(v.secure) + begunCookie) }()
	forwarded, proto := c.Get("X-Forwarded-For"), c.Get("X-Forwarded-Proto")
	proxied := forwarded != "" || proto != "" || c.Get("Forwarded") != ""
	v.loopback = socket.IsLoopback() && !proxied
	address := socket
	v.trusted = m.Reach.Trusted(socket)
	if proxied && v.trusted {
		hops := strings.Split(forwarded, ",")
		for _, text := range slices.Backward(hops) {
			hop, err := netip.ParseAddr(strings.TrimSpace(text))
			if err != nil {
				break
			}
			if address = hop.Unmap(); !m.Reach.Trusted(address) {
				break
			}
		}
		v.secure = v.secure || proto == "https"
		if proto == "https" {
			v.scheme = "https"
		}
	}
	// guard lets in no request that changes something from a page of others.
	origin := cmp.Or(c.Get("Origin"), v.scheme+"://"+c.Get("Host"))
	v.Client = auth.Client{Address: address.String(), Agent: c.Get("User-Agent"), Origin: strings.ToLower(origin)}
	return v
}

// guard refuses what is not for us, too much, or sent by another site.
func (m mux) guard(c *fiber.Ctx) error {
	from := clientOf(c.UserContext())
	// A name is tried before it is added, and an answer there says nothing of us.
	if !m.Reach.Known(hostname(c.Get("Host"))) && !strings.HasPrefix(c.Path(), challengePath) {
		p := *errHost
		p.RequestID = requestID(c.UserContext())
		return &p
	}
	if err := m.limits.address(from.Address); err != nil {
		return err
	}
	if !safe(c.Method()) && c.Get("Origin") != "" && !m.ours(c, from) {
		return errOrigin
	}
	kind, _, _ := strings.Cut(c.Get("Content-Type"), ";")
	if strings.HasPrefix(c.Path(), base) && !takes(c.Path(), kind) {
		return fiber.ErrUnsupportedMediaType
	}
	return c.Next()
}

// takes reports whether a path of the API takes bodies of a kind. A page of others
// can send forms without asking, so only three paths take them.
func takes(path, kind string) bool {
	switch kind {
	case "", "application/json":
		return true
	case formType:
		return path == tokenPath
	case formMedia:
		return path == base+importPath || path == base+uploadPath
	}
	return false
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// ours reports whether the request's Origin is a page of this appliance.
func (m mux) ours(c *fiber.Ctx, from client) bool {
	origin, err := url.Parse(c.Get("Origin"))
	if err != nil || origin.Host == "" {
		return false
	}
	if public := m.Reach.Public(); public != "" && strings.TrimSuffix(public, "/") == c.Get("Origin") {
		return true
	}
	return origin.Scheme == from.scheme && strings.EqualFold(origin.Host, c.Get("Host"))
}

// hostname returns a Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return strings.ToLower(name)
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

func clientOf(ctx context.Context) client {
	v, _ := ctx.Value(clientKey{}).(client)
	return v
}
