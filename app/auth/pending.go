package auth

import (
	"sync"
	"time"

	"unity.internal/app/fault"
)

const (
	pendingTime = 5 * time.Minute // how long somebody may take to find their phone
	pendingTry  = 5               // wrong answers to one challenge
	maxPending  = 10000           // kept; then all are forgotten
)

// ErrChallenge says that a sign-in waits for a second factor no longer.
var ErrChallenge = fault.New(fault.Unauthenticated, "auth.challenge_expired", "That took too long, or went wrong too often. Begin to sign in again.")

// A challenge is a sign-in whose first proof was right.
type challenge struct {
	user  string
	how   proof
	tries int
	until time.Time
}

// pending are the sign-ins that wait for a second factor, in memory: who waits
// while the appliance restarts begins again.
type pending struct {
	*sync.Mutex
	now func() time.Time
	all map[string]*challenge
}

func newPending(now func() time.Time) pending {
	return pending{&sync.Mutex{}, now, map[string]*challenge{}}
}

// add keeps c and returns its name, which only the one who signs in knows.
func (p pending) add(c challenge) string {
	token, _ := newToken()
	c.until = p.now().Add(pendingTime)
	p.Lock()
	defer p.Unlock()
	if len(p.all) >= maxPending {
		clear(p.all)
	}
	p.all[token] = &c
	return token
}

// try returns a challenge that may be answered once more, and counts that.
func (p pending) try(token string) (challenge, error) { return p.of(token, 1) }

// look returns a challenge that may be answered once more.
func (p pending) look(token string) (challenge, error) { return p.of(token, 0) }

func (p pending) of(token string, tries int) (challenge, error) {
	p.Lock()
	defer p.Unlock()
	c := p.all[token]
	if c == nil || !p.now().Before(c.until) || c.tries >= pendingTry {
		delete(p.all, token)
		return challenge{}, ErrChallenge
	}
	c.tries += tries
	return *c, nil
}

// end forgets a challenge that was answered.
func (p pending) end(token string) {
	p.Lock()
	defer p.Unlock()
	delete(p.all, token)
}

func (p pending) prune() {
	p.Lock()
	defer p.Unlock()
	for token, c := range p.all {
		if !p.now().Before(c.until) {
			delete(p.all, token)
		}
	}
}
