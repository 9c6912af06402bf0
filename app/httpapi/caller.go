package httpapi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	secureCookie = "__Host-unity" // over TLS
	plainCookie  = "unity"        // on this box without TLS
	begunCookie  = "-oidc"        // after one of them: a sign-in at a provider that is under way
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
	if !m.Auth.In(who.Home, who.User) { // it was theirs when they signed in
		who.Home = m.Auth.Home(who.User)
	}
	id := store.TenantID(cmp.Or(header, query, string(who.Home)))
	if err := m.limited(ctx, id, who.User, who.Program); err != nil {
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
	return strings.HasPrefix(path, "/tls/") || slices.Contains(withoutSession, path) || strings.HasPrefix(path, "/auth/providers")
}

// withoutSession are the ways in, which must be open to who has an old cookie.
var withoutSession = []string{
	"/setup", "/unlock", "/auth/login", "/auth/login/code", "/auth/login/passkey", "/auth/login/passkey/options", "/auth/token", "/auth/refresh",
	"/auth/reset", "/auth/sign-in-link", "/auth/invitation", "/auth/register", "/auth/oidc",
}

// who returns the identity that a request proves; none if it proves nothing.
func (m mux) who(ctx context.Context, c *fiber.Ctx, from client) (auth.Identity, error) {
	if open(c.Path()) {
		return auth.Identity{}, nil // it is for everybody, and may have come without TLS
	}
	token, ok := strings.CutPrefix(c.Get("Authorization"), "Bearer ")
	if key := c.Get("X-API-Key"); key != "" {
		token, ok = key, true
	}
	if auth.IsKey(token) {
		return m.Auth.ByKey(token)
	}
	if ok {
		return m.Auth.Bearer(ctx, token)
	}
	cookie := c.Cookies(cookieName(from.secure))
	if cookie == "" {
		return auth.Identity{}, nil
	}
	if !safe(c.Method()) && !m.ours(c, from) {
		return auth.Identity{}, errOrigin
	}
	return m.Auth.Browser(cookie)
}

// cookieName is the name of the session's cookie.
func cookieName(secure bool) string {
	if secure {
		return secureCookie
	}
	return plainCookie
}

// callerWith returns the caller if they hold need in their tenant now.
func (m mux) callerWith(ctx context.Context, need auth.Permission) (Caller, error) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	switch {
	case need == auth.Public:
		return c, nil
	case !ok:
		return c, auth.ErrSignIn
	case !c.Holds(need) || c.Key != nil && c.Key.Tenant != c.Tenant.ID:
		return c, auth.ErrForbidden
	case m.Auth.Suspended(c.Tenant.ID) && !m.Auth.Admin(c.User):
		return c, errSuspended
	case !m.Auth.May(c.Tenant.ID, c.User, need):
		return c, auth.ErrForbidden
	case need == auth.Self || need == auth.SignedIn:
		return c, nil
	}
	return c, m.Auth.Blocked(c.Tenant.ID, c.Identity)
}

// still reports whether the session behind ctx lives and its caller holds need.
func (m mux) still(ctx context.Context, need auth.Permission) bool {
	c, err := m.callerWith(ctx, need)
	return err == nil && m.Auth.Alive(c.Identity)
}
