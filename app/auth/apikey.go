package auth

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// keyPrefix begins every key: uk_<tenant>_<random>. The tenant in it is for
// people; what counts is the row.
const keyPrefix = "uk_"

var (
	// ErrKeyPermission says that a key cannot hold a permission.
	ErrKeyPermission = fault.New(fault.Forbidden, "api_key.permission", "A key holds only permissions that you have here yourself, and none of the appliance's administrators.")
	// ErrKeyMember says that who is no member can have no key.
	ErrKeyMember = fault.New(fault.Conflict, "api_key.no_member", "A key belongs to a member, and you are none here. Make yourself one first.")
)

// IsKey reports whether a bearer token is an API key.
func IsKey(token string) bool {
	return len(token) > len(keyPrefix) && token[:len(keyPrefix)] == keyPrefix
}

// CreateKey makes a key for who asks, in t, and returns its text, which is shown once.
func (s *Service) CreateKey(ctx context.Context, who Identity, t store.Tenant, v store.APIKey) (store.APIKey, string, error) {
	for _, p := range v.Permissions {
		p := Permission(p)
		if p == Public || p == Self || p == SignedIn || OfSystem(p) || !s.May(t.ID, who.User, p) {
			return v, "", ErrKeyPermission
		}
	}
	if v.Expires != nil && !v.Expires.After(s.now()) {
		return v, "", invalid("body.expires_at", "api_key.expires", "The key would have run out already. Choose a later time.")
	}
	if s.Role(t.ID, who.User) == "" {
		return v, "", ErrKeyMember
	}
	random, _ := newToken()
	text := keyPrefix + string(t.ID) + "_" + random
	hash := sha256.Sum256([]byte(text))
	v.ID, v.User, v.Hint, v.Hash = store.NewID(), who.User, text[len(text)-4:], hash[:]
	v, err := t.CreateAPIKey(ctx, v)
	if err != nil {
		return v, "", err
	}
	return v, text, s.Reload(ctx)
}

// Keys returns the keys of who asks in a tenant; those of everybody there, if they
// may see to members. The newest come first.
func (s *Service) Keys(t store.TenantID, who Identity) []store.APIKey {
	all := []store.APIKey{}
	everybody := s.May(t, who.User, MembersWrite)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, v := range s.keys {
		if v.Tenant == t && (everybody || v.User == who.User) {
			all = append(all, *v)
		}
	}
	slices.SortFunc(all, func(a, b store.APIKey) int { return b.Created.Compare(a.Created) })
	return all
}

// DeleteKey ends a key that Keys shows.
func (s *Service) DeleteKey(ctx context.Context, who Identity, t store.Tenant, id string) error {
	for _, v := range s.Keys(t.ID, who) {
		if v.ID != id {
			continue
		}
		if err := t.DeleteAPIKey(ctx, v); err != nil {
			return err
		}
		return s.Reload(ctx)
	}
	return store.ErrNotFound
}

// ByKey returns who a key acts for, or ErrSignIn.
func (s *Service) ByKey(text string) (Identity, error) {
	hash := sha256.Sum256([]byte(text))
	now := s.now()
	s.mu.RLock()
	v := s.keys[hash]
	s.mu.RUnlock()
	if v == nil || v.Expires != nil && !now.Before(*v.Expires) {
		return Identity{}, ErrSignIn
	}
	s.usedKey(v, now)
	return Identity{User: v.User, Home: v.Tenant, Program: true, Key: v}, nil
}

// usedKey stamps a key, once a minute at most.
func (s *Service) usedKey(v *store.APIKey, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Used != nil && now.Sub(*v.Used) < seenEvery {
		return
	}
	v.Used = &now
	tenant, id := v.Tenant, v.ID
	s.store.Later(func(ctx context.Context, y store.System) error { return y.Tenant(tenant).SeeAPIKey(ctx, id, now) })
}
