// Package auth decides who somebody is and what they may do. It answers from
// memory at every request, so that a change of role, a suspension or the end of
// a session holds from the next request on. It knows nothing of HTTP.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	idleTime     = 7 * 24 * time.Hour  // a session ends when it is not used for so long
	absoluteTime = 90 * 24 * time.Hour // and at the latest then
	accessTime   = 15 * time.Minute    // how long a JWT is good
	graceTime    = time.Minute         // how long the refresh token before the last is good
	seenEvery    = time.Minute         // how exactly «last used» is kept
)

var (
	// ErrSignIn says that nobody is signed in, or no longer.
	ErrSignIn = fault.New(fault.Unauthenticated, "auth.required", "Sign in first.")
	// ErrCredentials says that a name and a password do not belong together. It
	// is the same for an unknown user.
	ErrCredentials = fault.New(fault.Unauthenticated, "auth.invalid_credentials", "The user name or the password is wrong.")
	// ErrForbidden says that the caller lacks the permission.
	ErrForbidden = fault.New(fault.Forbidden, "auth.forbidden", "You may not do that. Ask an administrator of this tenant.")
	// ErrReuse says that a refresh token was used twice: somebody else has it.
	ErrReuse = fault.New(fault.Unauthenticated, "auth.token_reused", "This refresh token was used before, so its session was ended. Sign in again.")
)

// An Identity is who asks, by which session.
type Identity struct {
	User    string
	Session string
	Home    store.TenantID
}

// A Client is where a request comes from.
type Client struct{ Address, Agent string }

// A Service signs people in and remembers their sessions.
type Service struct {
	Members
	store    *store.Store
	now      func() time.Time
	key      func(ctx context.Context) ([]byte, error) // signs JWTs
	hasher   hasher
	attempts attempts
	verified verified

	rotating sync.Mutex // held while a refresh token is replaced

	mu     sync.RWMutex
	byHash map[[32]byte]*store.Session
	byID   map[string]*store.Session
}

// New returns a service over s. key returns the key that signs JWTs.
func New(s *store.Store, key func(context.Context) ([]byte, error)) *Service {
	return &Service{
		store: s, now: s.Now, key: key, hasher: newHasher(), attempts: newAttempts(s.Now),
		byHash: map[[32]byte]*store.Session{}, byID: map[string]*store.Session{},
	}
}

// Reload reads users, memberships, tenants and sessions anew: at start and
// after each write of one of them.
func (s *Service) Reload(ctx context.Context) error {
	y := s.store.System()
	members, err1 := y.Memberships(ctx)
	users, err2 := y.Users(ctx)
	tenants, err3 := y.AllTenants(ctx)
	sessions, err4 := y.Sessions(ctx)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	s.Load(members, users, tenants)
	active := map[string]bool{}
	for _, u := range users {
		active[u.ID] = u.Active
	}
	byHash, byID := map[[32]byte]*store.Session{}, map[string]*store.Session{}
	for i := range sessions {
		if v := &sessions[i]; active[v.User] {
			byHash[[32]byte(v.Hash)], byID[v.ID] = v, v
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byHash, s.byID = byHash, byID
	return nil
}

// newToken returns 256 random bits as text, and their digest.
func newToken() (token string, hash [32]byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, by its contract
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, sha256.Sum256([]byte(token))
}

// begin stores a new session of user and returns its token.
func (s *Service) begin(ctx context.Context, user, kind string, from Client) (token string, v store.Session, err error) {
	home := store.DefaultTenant
	if of := s.Of(user); len(of) > 0 && !s.In(home, user) {
		home = of[0].Tenant
	}
	token, hash := newToken()
	now := s.now()
	v = store.Session{
		ID: store.NewID(), User: user, Home: home, Kind: kind, Hash: hash[:], Address: from.Address,
		Agent: clip(from.Agent, 200), Created: now, Seen: now, Expires: now.Add(idleTime),
	}
	if err := s.store.System().CreateSession(ctx, v); err != nil {
		return "", v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := v
	s.byHash[hash], s.byID[v.ID] = &kept, &kept
	return token, v, nil
}

func clip(text string, most int) string {
	if len(text) > most {
		return text[:most]
	}
	return text
}

// Browser returns who a session cookie belongs to, or ErrSignIn.
func (s *Service) Browser(token string) (Identity, error) {
	hash := sha256.Sum256([]byte(token))
	s.mu.RLock()
	v := s.byHash[hash]
	s.mu.RUnlock()
	if v == nil || v.Kind != "browser" {
		return Identity{}, ErrSignIn
	}
	return s.use(v)
}

// Alive reports whether a session has not ended.
func (s *Service) Alive(session string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := s.byID[session]
	return v != nil && s.now().Before(v.Expires)
}

// use checks that a session is good and stamps it as used.
func (s *Service) use(v *store.Session) (Identity, error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(v.Expires) {
		return Identity{}, ErrSignIn
	}
	if now.Sub(v.Seen) >= seenEvery {
		v.Seen, v.Expires = now, earliest(now.Add(idleTime), v.Created.Add(absoluteTime))
		id, seen, expires := v.ID, v.Seen, v.Expires
		s.store.Later(func(ctx context.Context, y store.System) error { return y.SeeSession(ctx, id, seen, expires) })
	}
	return Identity{User: v.User, Session: v.ID, Home: v.Home}, nil
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Sessions returns the sessions of user, newest first by their id.
func (s *Service) Sessions(user string) []store.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := []store.Session{}
	for _, v := range s.byID {
		if v.User == user && s.now().Before(v.Expires) {
			all = append(all, *v)
		}
	}
	return all
}

// End ends one session of user, or says that it is not found.
func (s *Service) End(ctx context.Context, by store.System, user, id string) error {
	s.mu.RLock()
	v := s.byID[id]
	s.mu.RUnlock()
	if v == nil || v.User != user {
		return store.ErrNotFound
	}
	return s.end(ctx, by, *v, "auth.logout")
}

func (s *Service) end(ctx context.Context, by store.System, v store.Session, action string) error {
	if err := by.DeleteSession(ctx, v, action); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, v.ID)
	for hash, kept := range s.byHash {
		if kept.ID == v.ID {
			delete(s.byHash, hash)
		}
	}
	return nil
}
