package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/golang-jwt/jwt/v5"
	"unity.internal/store"
)

const issuer, audience = "unity", "unity-api"

// claims are hints: the session must be alive, and what the user may do is
// asked anew at each request.
type claims struct {
	jwt.RegisteredClaims
	Session string         `json:"sid"`
	Tenant  store.TenantID `json:"tenant_id"`
	Role    string         `json:"role"`
	// Generation is the refresh token that came with it: once it is used, the
	// one before has no business any more.
	Generation int64 `json:"gen"`
}

// Tokens are what a program gets: a JWT for 15 minutes and what renews it.
type Tokens struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type" enum:"bearer"`
	ExpiresIn int64  `json:"expires_in" doc:"Seconds"`
	Refresh   string `json:"refresh_token" doc:"Good once; renews both tokens"`
}

// Token signs a program in. code is a second factor, for who has one.
func (s *Service) Token(ctx context.Context, name, password, code string, from Client) (Tokens, store.User, error) {
	u, err := s.check(ctx, name, password, from)
	if err != nil {
		return Tokens{}, u, err
	}
	how := proof{}
	if u.SecondFactor() {
		if code == "" {
			return Tokens{}, u, ErrCodeRequired
		}
		if err := s.checkCode(ctx, u, code, from); err != nil {
			return Tokens{}, u, err
		}
		how.secondFactor = true
	}
	s.attempts.succeeded(NameKey(u.Username), from.Address)
	tokens, err := s.program(ctx, u.ID, how, from)
	return tokens, u, err
}

// Program begins a program's session of a user who proved who they are.
func (s *Service) Program(ctx context.Context, user string, from Client) (Tokens, error) {
	return s.program(ctx, user, proof{}, from)
}

func (s *Service) program(ctx context.Context, user string, how proof, from Client) (Tokens, error) {
	refresh, v, err := s.begin(ctx, user, "program", how, from)
	if err != nil {
		return Tokens{}, err
	}
	return s.issue(ctx, v, refresh)
}

func (s *Service) issue(ctx context.Context, v store.Session, refresh string) (Tokens, error) {
	key, err := s.signer(ctx)
	if err != nil {
		return Tokens{}, err
	}
	now := s.now()
	access, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: v.User, Issuer: issuer, Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(accessTime)),
		},
		Session: v.ID, Tenant: v.Home, Role: s.Role(v.Home, v.User), Generation: v.Generation,
	}).SignedString(key)
	return Tokens{access, "bearer", int64(accessTime.Seconds()), refresh}, err
}

// signer returns the key that signs JWTs.
func (s *Service) signer(ctx context.Context) ([]byte, error) {
	return s.vault.Key(ctx, store.SystemTenant, "jwt")
}

// Bearer returns who a JWT belongs to, or ErrSignIn.
func (s *Service) Bearer(ctx context.Context, token string) (Identity, error) {
	c, known := s.verified.of(token, s.now())
	if !known {
		key, err := s.signer(ctx)
		if err != nil {
			return Identity{}, err
		}
		_, err = jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return key, nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now))
		if err != nil {
			return Identity{}, ErrSignIn.Because(err)
		}
		s.verified.add(token, c)
	}
	s.mu.RLock()
	v := s.byID[c.Session]
	s.mu.RUnlock()
	if v == nil || v.User != c.Subject || v.Kind != "program" || v.Home != c.Tenant {
		return Identity{}, ErrSignIn.Because(errors.New("the token's session has ended"))
	}
	s.arrived(v, c.Generation)
	return s.use(v)
}

// arrived notes that the newest tokens of a session have reached their program.
func (s *Service) arrived(v *store.Session, generation int64) {
	s.mu.RLock()
	news := !v.Successor && generation == v.Generation
	s.mu.RUnlock()
	if !news {
		return
	}
	s.mu.Lock()
	v.Successor = true
	kept := *v
	s.mu.Unlock()
	s.saw(kept)
}

// Refresh renews a program's tokens. The refresh token before the last is good
// for a minute more, and longer while the last has reached nobody: the answer was
// lost, because a laptop fell asleep. Used later, it ends the session.
func (s *Service) Refresh(ctx context.Context, refresh string, from Client) (Tokens, error) {
	s.rotating.Lock() // of two at once, the second finds what the first left
	defer s.rotating.Unlock()
	hash := sha256.Sum256([]byte(refresh))
	v, old := s.renewable(hash)
	now := s.now()
	switch {
	case v.ID == "" || !now.Before(v.Expires):
		return Tokens{}, ErrSignIn
	case old && v.Successor && now.After(v.PreviousUntil):
		y := s.store.System().By(v.User, from.Address)
		return Tokens{}, errors.Join(ErrReuse, s.end(ctx, y, v, "auth.token_reused"))
	}
	token, next := newToken()
	if !old {
		v.Previous, v.PreviousUntil = v.Hash, now.Add(graceTime)
	}
	v.Hash, v.Seen, v.Expires = next[:], now, earliest(now.Add(idleTime), v.Created.Add(absoluteTime))
	v.Generation, v.Successor = v.Generation+1, false
	if err := s.store.System().RotateSession(ctx, v); err != nil {
		return Tokens{}, err
	}
	s.mu.Lock()
	kept := v
	for h, other := range s.byHash {
		if other.ID == v.ID {
			delete(s.byHash, h)
		}
	}
	s.byHash[next], s.byID[v.ID] = &kept, &kept
	s.mu.Unlock()
	return s.issue(ctx, v, token)
}

// renewable returns the program's session that hash renews; old says that it is
// the refresh token before the last.
func (s *Service) renewable(hash [32]byte) (v store.Session, old bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v := s.byHash[hash]; v != nil && v.Kind == "program" {
		return *v, false
	}
	for _, v := range s.byID {
		if v.Kind == "program" && subtle.ConstantTimeCompare(v.Previous, hash[:]) == 1 {
			return *v, true
		}
	}
	return store.Session{}, false
}
