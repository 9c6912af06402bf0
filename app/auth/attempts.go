package auth

import (
	"context"
	"math"
	"sync"
	"time"

	"unity.internal/app/fault"
)

const (
	freeTries = 5                // wrong passwords a user and address before a wait
	firstWait = 30 * time.Second // then this, doubled each time
	longWait  = 15 * time.Minute
	slowest   = 2 * time.Second // how long a user's sign-in is slowed by failures from anywhere
	forgetIn  = time.Hour
	maxTries  = 20000 // kept; beyond that the oldest are forgotten
)

// Attempts counts failed sign-ins. One address that fails for one user must
// wait; failures from many addresses only slow that user down, so that nobody
// can lock the administrator out.
type attempts struct {
	*sync.Mutex
	now  func() time.Time
	pair map[attempt]*tries
	user map[string]*tries
}

type attempt struct{ user, address string }

type tries struct {
	n     int
	last  time.Time
	until time.Time
}

func newAttempts(now func() time.Time) attempts {
	return attempts{&sync.Mutex{}, now, map[attempt]*tries{}, map[string]*tries{}}
}

// allow waits as long as the user is slowed down, and refuses a pair that must wait.
func (a attempts) allow(ctx context.Context, user, address string) error {
	a.Lock()
	now := a.now()
	if t := a.pair[attempt{user, address}]; t != nil && now.Before(t.until) {
		wait := t.until.Sub(now)
		a.Unlock()
		e := fault.New(fault.Limited, "auth.too_many_attempts", "Too many wrong passwords from this address. Wait %d seconds and try again.", int(math.Ceil(wait.Seconds())))
		e.RetryAfter = wait
		return e
	}
	var slow time.Duration
	if t := a.user[user]; t != nil && t.n > freeTries && now.Sub(t.last) < forgetIn {
		slow = min(slowest, time.Duration(t.n-freeTries)*100*time.Millisecond)
	}
	a.Unlock()
	if slow == 0 {
		return nil
	}
	timer := time.NewTimer(slow)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (a attempts) failed(user, address string) {
	a.Lock()
	defer a.Unlock()
	now := a.now()
	if len(a.pair) > maxTries {
		clear(a.pair)
	}
	if len(a.user) > maxTries {
		clear(a.user)
	}
	pair := count(a.pair, attempt{user, address}, now)
	count(a.user, user, now)
	if over := pair.n - freeTries; over >= 0 {
		pair.until = now.Add(min(longWait, firstWait<<min(over, 10)))
	}
}

// count adds one to the tries of key.
func count[K comparable](all map[K]*tries, key K, now time.Time) *tries {
	t := all[key]
	if t == nil || now.Sub(t.last) > forgetIn {
		t = &tries{}
		all[key] = t
	}
	t.n++
	t.last = now
	return t
}

func (a attempts) succeeded(user, address string) {
	a.Lock()
	defer a.Unlock()
	delete(a.pair, attempt{user, address})
	delete(a.user, user)
}

// forget clears every failure of a user, from wherever.
func (a attempts) forget(user string) {
	a.Lock()
	defer a.Unlock()
	delete(a.user, user)
	for k := range a.pair {
		if k.user == user {
			delete(a.pair, k)
		}
	}
}

func (a attempts) prune() {
	a.Lock()
	defer a.Unlock()
	now := a.now()
	for k, t := range a.pair {
		if now.Sub(t.last) > forgetIn {
			delete(a.pair, k)
		}
	}
	for k, t := range a.user {
		if now.Sub(t.last) > forgetIn {
			delete(a.user, k)
		}
	}
}
