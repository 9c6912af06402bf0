package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/store"
)

func (m mux) setup() {
	handle(m, auth.Public, route("getSetup", http.MethodGet, "/setup"), m.getSetup)
	handle(m, auth.Public, route("createSetup", http.MethodPost, "/setup"), m.createSetup)
	handle(m, auth.Public, action("unlock", "/unlock"), m.unlock)
}

type setupState struct {
	Needed bool   `json:"needed" doc:"Nobody can sign in yet"`
	Locked bool   `json:"locked" doc:"The vault waits for its passphrase"`
	Reason string `json:"reason,omitempty" doc:"Why it is locked"`
}

func (m mux) getSetup(ctx context.Context, _ Caller, _ *struct{}) (*body[setupState], error) {
	there, err := m.System.HasUsers(ctx)
	reason, locked := m.Vault.Locked()
	return &body[setupState]{setupState{!there, locked, reason}}, err
}

type setupIn struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200" doc:"From the printed URL, or the file setup-token"`
		Username string `json:"username" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024" writeOnly:"true"`
	}
}

// signedIn is the answer to a sign-in: the cookie, and tokens for programs.
type signedIn struct {
	SetCookie string `header:"Set-Cookie"`
	Body      struct {
		auth.Tokens
		User   store.User     `json:"user"`
		Tenant store.TenantID `json:"tenant"`
	}
}

func (m mux) createSetup(ctx context.Context, _ Caller, in *setupIn) (*signedIn, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	if there, err := m.System.HasUsers(ctx); err != nil || there {
		if err == nil {
			err = auth.ErrSetupDone
		}
		return nil, err
	}
	if err := m.Setup.Check(in.Body.Token); err != nil {
		return nil, err
	}
	cookie, user, err := m.Auth.Setup(ctx, in.Body.Username, in.Body.Password, from.Client)
	if err != nil {
		return nil, err
	}
	if err := m.Setup.Remove(); err != nil {
		m.Log.WarnContext(ctx, "remove the set-up token", "err", err) // it is useless now: there is a user
	}
	out := &signedIn{SetCookie: newCookie(cookie, from.secure)}
	out.Body.User, out.Body.Tenant = user, store.DefaultTenant
	out.Body.Tokens, err = m.Auth.Program(ctx, user.ID, from.Client)
	m.Changed(ctx, store.DefaultTenant)
	return out, err
}

// mayGuess refuses secrets over plain HTTP, and too many of them.
func (m mux) mayGuess(from client) error {
	if !from.secure && !from.loopback {
		return errInsecure
	}
	return m.limits.signIn(from.Address)
}

type unlockIn struct {
	Body struct {
		Passphrase string `json:"passphrase" minLength:"1" maxLength:"1024" writeOnly:"true"`
	}
}

func (m mux) unlock(ctx context.Context, _ Caller, in *unlockIn) (*body[setupState], error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	if err := m.Vault.Unlock(ctx, []byte(in.Body.Passphrase)); err != nil {
		return nil, err
	}
	m.Changed(ctx, store.SystemTenant)
	return m.getSetup(ctx, Caller{}, nil)
}

// cookieTime is how long a browser keeps the cookie; the session may end before.
const cookieTime = 90 * 24 * time.Hour

// newCookie returns the Set-Cookie header of a session; of an empty token, one
// that removes it.
func newCookie(token string, secure bool) string {
	c := http.Cookie{ //nolint:gosec // Secure wherever there is TLS; without it only this box signs in
		Name: cookieName(secure), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: int(cookieTime.Seconds()), Secure: secure,
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c.String()
}
