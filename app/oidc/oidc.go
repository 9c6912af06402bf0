// Package oidc lets people prove who they are at a provider that speaks OpenID
// Connect. It ends with a Proof: whose session begins, and what the claims give
// them, is for others to carry out. Nothing of a sign-in that is under way is
// kept here: it travels sealed in the browser's cookie, for ten minutes.
package oidc

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"unity.internal/app/seal"
	"unity.internal/store"
)

const (
	// Window is how long a sign-in may take, from Start to Finish.
	Window = 10 * time.Minute
	// timeout bounds everything that one call asks of a provider.
	timeout = 15 * time.Second
	// leeway is how far the provider's clock may be off.
	leeway = 30 * time.Second
)

// A Doer sends requests: the guarded client of the appliance, which also bounds
// the size of answers.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// A Sealer keeps secrets: where names the place of one, and opens no other.
type Sealer interface {
	Seal(ctx context.Context, t store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, t store.TenantID, where string, v seal.Value) ([]byte, error)
}

// Options are what a Service stands on.
type Options struct {
	System store.System
	Sealer Sealer
	HTTP   Doer
	// Base returns the address under which people reach the appliance, or nothing.
	Base func() string
	// Held returns what a user has now.
	Held func(ctx context.Context, user string) ([]Held, error)
	// Role returns the role of a user in a tenant now, or nothing.
	Role func(t store.TenantID, user string) string
	Now  func() time.Time
}

// A Service signs people in. Make one with New.
type Service struct {
	Options
	client *http.Client
	flight singleflight.Group

	mu        sync.Mutex
	documents map[string]*document // by issuer
	used      map[string]time.Time // states that came back, and when they end
}

// New returns a service.
func New(o Options) *Service {
	return &Service{
		Options: o, client: &http.Client{Transport: via{o.HTTP}, Timeout: timeout},
		documents: map[string]*document{}, used: map[string]time.Time{},
	}
}

// via makes the libraries use the guarded client.
type via struct{ Doer }

// RoundTrip implements http.RoundTripper.
func (v via) RoundTrip(req *http.Request) (*http.Response, error) { return v.Do(req) }
