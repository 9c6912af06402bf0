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
	"slices"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

const (
	idleTime     = 7 * 24 * time.Hour  // a session ends when it is not used for so long
	absoluteTime = 90 * 24 * time.Hour // and at the latest then
	accessTime   = 15 * time.Minute    // how long a JWT is good
	graceTime    = time.Minute         // how long the refresh token before the last is good
	seenEvery    = time.Minute         // how exactly «last used» is kept
	proofTime    = 5 * time.Minute     // how long a proof is fresh
)

var (
	// ErrSignIn says that nobody is signed in, or no longer.
	ErrSignIn = fault.New(fault.Unauthenticated, "auth.required", "Sign in first.")
	// ErrCredentials says that a name and a password do not belong together. It
	// is the same for an unknown user.
	ErrCredentials = fault.New(fault.Unauthenticated, "auth.invalid_credentials", "The user name or the password is wrong.")
	// ErrForbidden says that the caller lacks the permission.
	ErrForbidden = fault.New(fault.Forbidden, "auth.forbidden", "You may not do that. Ask an administrator of this tenant.")
	// ErrStepUp says that a proof is needed that is not older than five minutes.
	ErrStepUp = fault.New(fault.Forbidden, "auth.step_up_required", "Confirm that it is you: with your password or your second factor.")
	// ErrReuse says that a refresh token was used twice: somebody else has it.
	ErrReuse = fault.New(fault.Unauthenticated, "auth.token_reused", "This refresh token was used before, so its session was ended. Sign in again.")
)

// An Identity is who asks, by which session or key.
type Identity struct {
	User         string
	Session      string // empty for a key
	Home         store.TenantID
	SecondFactor bool          // the session began with two proofs
	Proved       time.Time     // when the user last proved who they are
	Program      bool          // no browser asks
	Key          *store.APIKey // nil for a session
}

// Holds reports whether what proves the identity lets p through at all: a key
// only what it was made for, and nothing that is a person's own.
func (i Identity) Holds(p Permission) bool {
	return i.Key == nil || p == SignedIn || slices.Contains(i.Key.Permissions, string(p))
}

// A Client is where a request comes from. Origin is the page that sends it, as
// in https://unity.example.org.
type Client struct{ Address, Agent, Origin string }

// A Vault keeps what must not be read from the database.
type Vault interface {
	Key(ctx context.Context, t store.TenantID, purpose string) ([]byte, error)
	Seal(ctx context.Context, t store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, t store.TenantID, where string, v seal.Value) ([]byte, error)
}

// A Service signs people in and remembers their sessions.
type Service struct {
	Members
	// Always turns multi-tenancy on whatever the settings say.
	Always bool
	// Named returns an address of the appliance with a full name; empty if it has none.
	Named func() string

	store      *store.Store
	now        func() time.Time
	vault      Vault
	hasher     hasher
	attempts   attempts
	verified   verified
	pending    pending
	ceremonies ceremonies

	rotating sync.Mutex // held while a refresh token is replaced

	mu          sync.RWMutex
	byHash      map[[32]byte]*store.Session
	byID        map[string]*store.Session
	keys        map[[32]byte]*store.APIKey
	noPasswords bool // the settings say that no password signs in
}

// New returns a service over s. v signs JWTs and seals what second factors share.
func New(s *store.Store, v Vault) *Service {
	return &Service{
		Named: func() string { return "" },
		store: s, now: s.Now, vault: v, hasher: newHasher(), attempts: newAttempts(s.Now), pending: newPending(s.Now), ceremonies: newCeremonies(s.Now),
		byHash: map[[32]byte]*store.Session{}, byID: map[string]*store.Session{}, keys: map[[32]byte]*store.APIKey{},
	}
}

// Reload reads users, memberships, tenants, sessions and keys anew: at start and
// after each write of one of them.
func (s *Service) Reload(ctx context.Context) error {
	y := s.store.System()
	var k known
	var err [4]error
	k.members, err[0] = y.Memberships(ctx)
	k.users, err[1] = y.Users(ctx)
	k.tenants, err[2] = y.AllTenants(ctx)
	k.strict, err[3] = y.SecondFactorTenants(ctx)
	sessions, errSessions := y.Sessions(ctx)
	keys, errKeys := y.APIKeys(ctx)
	settings, errSettings := y.Settings(ctx)
	if err := errors.Join(errors.Join(err[:]...), errSessions, errKeys, errSettings); err != nil {
		return err
	}
	k.multi = s.Always || settings.MultiTenancy
	s.store.Household(!k.multi)
	s.load(k)
	s.remember(sessions, keys, settings)
	return nil
}

// remember replaces the sessions and keys that are known: those of people who may sign in.
func (s *Service) remember(sessions []store.Session, keys []store.APIKey, settings store.SystemSettings) {
	byHash, byID, byKey := map[[32]byte]*store.Session{}, map[string]*store.Session{}, map[[32]byte]*store.APIKey{}
	for i := range sessions {
		if v := &sessions[i]; s.signsIn(v.User) {
			byHash[[32]byte(v.Hash)], byID[v.ID] = v, v
		}
	}
	for i := range keys {
		if v := &keys[i]; s.signsIn(v.User) {
			byKey[[32]byte(v.Hash)] = v
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byHash, s.byID, s.keys, s.noPasswords = byHash, byID, byKey, !settings.PasswordSignIn
}

// newToken returns 256 random bits as text, and their digest.
func newToken() (token string, hash [32]byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, by its contract
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, sha256.Sum256([]byte(token))
}

// A proof is how somebody showed who they are, when a session begins.
type proof struct {
	secondFactor bool   // there were two
	provider     string // the identity provider that vouches for them; empty: we saw it ourselves
}

// begin stores a new session of user and returns its token.
func (s *Service) begin(ctx context.Context, user, kind string, how proof, from Client) (token string, v store.Session, err error) {
	token, hash := newToken()
	now := s.now()
	v = store.Session{
		ID: store.NewID(), User: user, Home: s.Home(user), Kind: kind, Hash: hash[:], Address: from.Address,
		Agent: clip(from.Agent, 200), Created: now, Seen: now, Expires: now.Add(idleTime), Proved: now, SecondFactor: how.secondFactor,
		Provider: how.provider, Successor: true,
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

// Alive reports whether the session or the key behind an identity is still good.
func (s *Service) Alive(who Identity) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if who.Key != nil {
		v := s.keys[[32]byte(who.Key.Hash)]
		return v != nil && (v.Expires == nil || s.now().Before(*v.Expires))
	}
	v := s.byID[who.Session]
	return v != nil && s.now().Before(v.Expires)
}

// Provider returns the identity provider that signed in who asks; empty: none.
func (s *Service) Provider(who Identity) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v := s.byID[who.Session]; v != nil {
		return v.Provider
	}
	return ""
}

// Fresh reports whether who proved a moment ago that it is them.
func (s *Service) Fresh(who Identity) bool {
	return who.Key == nil && s.now().Before(s.FreshUntil(who))
}

// FreshUntil returns until when the last proof of who counts.
func (s *Service) FreshUntil(who Identity) time.Time { return who.Proved.Add(proofTime) }

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
		s.saw(*v)
	}
	return Identity{User: v.User, Session: v.ID, Home: v.Home, SecondFactor: v.SecondFactor, Proved: v.Proved, Program: v.Kind == "program"}, nil
}

// saw stamps a session in the database, with its neighbours.
func (s *Service) saw(v store.Session) {
	s.store.Later(func(ctx context.Context, y store.System) error { return y.SeeSession(ctx, v) })
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
