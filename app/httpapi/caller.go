package httpapi

import (
	"cmp"
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	secureCookie = "__Host-unity" // over TLS
	plainCookie  = "unity"        // on this box without TLS
)

// A Caller is who asks, and the only rows they can reach.
type Caller struct {
	auth.Identity
	Tenant store.Tenant
	From   auth.Client
}

type callerKey struct{}

var (
	errAmbiguous = fault.New(fault.Invalid, "tenant.ambiguous", "X-Tenant-ID and tenant name different tenants. Send one of them.")
	errSuspended = fault.New(fault.Forbidden, "tenant.suspended", "This tenant is suspended. Ask the administrator of the appliance.")
)

// identify says who asks. Nobody passes too: each route says what it needs.
func (m mux) identify(c *fiber.Ctx) error {
	ctx := c.UserContext()
	from := clientOf(ctx)
	who, err := m.who(ctx, c, from)
	if err != nil || who.User == "" {
		if err != nil && !strings.HasPrefix(c.Path(), base) {
			return c.Next() // a page loads without a session, too
		}
		if err != nil && !safeWithout(c) {
			return err
		}
		return c.Next()
	}
	header, query := c.Get("X-Tenant-ID"), c.Query("tenant")
	if header != "" && query != "" && header != query {
		return errAmbiguous
	}
	id := store.TenantID(cmp.Or(header, query, string(who.Home)))
	if err := m.limited(ctx, id, who.User, c.Get("Authorization") != ""); err != nil {
		return err
	}
	c.Set("X-Tenant-ID", string(id))
	caller := Caller{who, m.Tenant(id).By(who.User, from.Address), from.Client}
	c.SetUserContext(context.WithValue(ctx, callerKey{}, caller))
	return c.Next()
}

// safeWithout reports whether a request with a dead session may go on as
// nobody: signing in must work with an old cookie.
func safeWithout(c *fiber.Ctx) bool {
	path := strings.TrimPrefix(c.Path(), base)
	return path == "/setup" || path == "/unlock" || strings.HasPrefix(path, "/auth/login") ||
		strings.HasPrefix(path, "/auth/token") || strings.HasPrefix(path, "/auth/refresh") || strings.HasPrefix(path, "/tls/")
}

// who returns the identity that a request proves; none if it proves nothing.
func (m mux) who(ctx context.Context, c *fiber.Ctx, from client) (auth.Identity, error) {
	if token, ok := strings.CutPrefix(c.Get("Authorization"), "Bearer "); ok {
		return m.Auth.Bearer(ctx, token)
	}
	cookie := c.Cookies(plainCookie)
	if from.secure {
		cookie = c.Cookies(secureCookie)
	}
	if cookie == "" {
		return auth.Identity{}, nil
	}
	if !safe(c.Method()) && !m.ours(c, from) {
		return auth.Identity{}, errOrigin
	}
	return m.Auth.Browser(cookie)
}

// callerWith returns the caller if they hold need in their tenant now.
func (m mux) callerWith(ctx context.Context, need auth.Permission) (Caller, error) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	switch {
	case need == auth.Public:
		return c, nil
	case !ok:
		return c, auth.ErrSignIn
	case m.Auth.Suspended(c.Tenant.ID) && !m.Auth.May(store.SystemTenant, c.User, auth.SystemWrite):
		return c, errSuspended
	case !m.Auth.May(c.Tenant.ID, c.User, need):
		return c, auth.ErrForbidden
	}
	return c, nil
}

// still reports whether the session behind ctx lives and its caller holds need.
func (m mux) still(ctx context.Context, need auth.Permission) bool {
	c, err := m.callerWith(ctx, need)
	return err == nil && m.Auth.Alive(c.Session)
}
