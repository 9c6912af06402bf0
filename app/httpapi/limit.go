package httpapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// Limits says how many requests a second one address and one tenant may send,
// how many sign-ins a minute one address, and how long a request may take to
// arrive; 0 is no limit. Reader is how long the browser at a socket may take for
// one message; 0 is ten seconds.
type Limits struct {
	Address, Tenant, SignIn int
	Arrival, Reader         time.Duration
}

// DefaultLimits suit a household behind one address.
func DefaultLimits() Limits {
	return Limits{Address: 100, Tenant: 500, SignIn: 20, Arrival: 30 * time.Second}
}

const (
	burst       = 4     // seconds' worth that may come at once
	maxLimiters = 10000 // kept; then all begin anew
)

// A limiter counts requests by address, by tenant and sign-ins by address.
type limiter struct {
	Limits
	mu    sync.Mutex
	all   map[string]*rate.Limiter
	calls *calls
}

func newLimiter(l Limits) *limiter {
	return &limiter{Limits: l, all: map[string]*rate.Limiter{}, calls: newCalls()}
}

func (l *limiter) address(a string) error {
	return l.allow("address "+a, rate.Limit(l.Address), l.Address*burst)
}

func (l *limiter) tenant(id string) error {
	return l.allow("tenant "+id, rate.Limit(l.Tenant), l.Tenant*burst)
}

// forget lets go of a tenant.
func (l *limiter) forget(tenant store.TenantID) {
	l.calls.forget(tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, "tenant "+string(tenant))
}

// signIn bounds what costs an argon2id or guesses a secret.
func (l *limiter) signIn(address string) error {
	return l.allow("sign-in "+address, rate.Limit(float64(l.SignIn)/60), l.SignIn)
}

func (l *limiter) allow(key string, limit rate.Limit, most int) error {
	if most == 0 {
		return nil
	}
	l.mu.Lock()
	r := l.all[key]
	if r == nil {
		if len(l.all) >= maxLimiters {
			clear(l.all)
		}
		r = rate.NewLimiter(limit, most)
		l.all[key] = r
	}
	l.mu.Unlock()
	now := time.Now()
	v := r.ReserveN(now, 1)
	wait := v.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	v.CancelAt(now)
	e := fault.New(fault.Limited, "request.too_many", "Too many requests. Wait a moment and try again.")
	e.RetryAfter = wait
	return e
}
