package httpapi

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"unity.internal/app/fault"
)

// challengePath is where a public CA asks whether a host is ours (RFC 8555, 8.3).
const challengePath = "/.well-known/acme-challenge/"

// confine keeps plain HTTP to what a device needs before it can trust the
// appliance. Whoever is not on this box gets nothing else without TLS: pages send
// them to the https address, and everything else is refused before anybody looks
// at who asks. With TLS off, the proxies in front are the exception.
func (m mux) confine(c *fiber.Ctx) error {
	from := clientOf(c.UserContext())
	if from.secure || from.loopback || from.trusted && m.Reach.Mode() == "off" {
		return c.Next()
	}
	read := c.Method() == http.MethodGet || c.Method() == http.MethodHead
	if read && open(c.Path()) {
		return c.Next()
	}
	at := m.Reach.Secure(hostname(c.Get("Host")))
	if !read || strings.HasPrefix(c.Path(), base) {
		return m.problem(c.UserContext(), plain(at))
	}
	return m.away(c, at)
}

// away sends a page to the https address or, where there is none, to the page that
// says why. A program gets no page there: a probe would take it for a yes.
func (m mux) away(c *fiber.Ctx, at string) error {
	c.Set("Cache-Control", "no-store") // the port, or the mode, may be another one tomorrow
	switch {
	case at != "":
		return c.Redirect(at+string(c.Context().URI().RequestURI()), http.StatusPermanentRedirect)
	case strings.Contains(c.Get("Accept"), "text/html"):
		return c.Redirect(trustPath, http.StatusSeeOther)
	}
	return m.problem(c.UserContext(), plain(at))
}

// open reports whether a path is served over plain HTTP, too.
func open(path string) bool {
	return path == "/healthz" || path == trustPath || strings.HasPrefix(path, trustPath+"/") || strings.HasPrefix(path, challengePath)
}

// plain refuses a request that came without TLS.
func plain(at string) error {
	if at == "" {
		return fault.New(fault.Forbidden, "request.plain_http", "Without TLS only this box is served, and there is no https address here. Its administrator can turn TLS on, or name the proxy in front.")
	}
	return fault.New(fault.Forbidden, "request.plain_http", "Without TLS only this box is served. Use %s.", at)
}
