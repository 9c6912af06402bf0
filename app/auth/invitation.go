package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	defaultInvitation = 7 * 24 * time.Hour
	maxInvitation     = 90 * 24 * time.Hour
)

// ErrInvitation says that an invitation was taken, taken back, has run out, or
// that who made it may not invite any more.
var ErrInvitation = fault.New(fault.Forbidden, "invitation.invalid", "This invitation was used, was taken back or has run out. Ask for a new one.")

// Invite makes an invitation to t and returns it with the token of its link,
// which is shown once.
func (s *Service) Invite(ctx context.Context, who Identity, t store.Tenant, v store.Invitation) (store.Invitation, string, error) {
	if err := errors.Join(CheckEmail(v.Email), s.mayGive(t.ID, who.User, v.Role, v.Grants)); err != nil {
		return v, "", err
	}
	now := s.now()
	if v.Expires.IsZero() {
		v.Expires = now.Add(defaultInvitation)
	}
	if !v.Expires.After(now) || v.Expires.After(now.Add(maxInvitation)) {
		return v, "", invalid("body.expires_at", "invitation.expires", "An invitation is good for at most 90 days from now.")
	}
	token, hash := newToken()
	v.ID, v.Hash = store.NewID(), hash[:]
	v, err := t.CreateInvitation(ctx, v)
	return v, token, err
}

// An Offer is what an invitation offers, for who holds its link.
type Offer struct {
	store.Invitation
	Tenant store.TenantID
	Name   string // of the tenant
	From   string // the name of who invites
}

// Offer returns what the invitation behind a token offers, if it still does.
func (s *Service) Offer(ctx context.Context, token string) (Offer, error) {
	hash := sha256.Sum256([]byte(token))
	tenant, v, err := s.store.System().InvitationByHash(ctx, hash[:])
	if errors.Is(err, store.ErrNotFound) {
		return Offer{}, ErrInvitation
	}
	if err != nil {
		return Offer{}, err
	}
	void := v.Used != nil || !s.now().Before(v.Expires) || s.Suspended(tenant) ||
		s.mayGive(tenant, v.By, v.Role, v.Grants) != nil || !s.May(tenant, v.By, MembersWrite)
	if void {
		return Offer{}, ErrInvitation
	}
	return Offer{v, tenant, s.TenantName(tenant), s.UserName(v.By)}, nil
}

// take makes user a member by an invitation, inside y's transaction. Of two who
// take it at once, one does.
func (o Offer) take(ctx context.Context, y store.System, user string) error {
	t := y.Tenant(o.Tenant)
	if err := t.UseInvitation(ctx, o.ID, user); err != nil {
		return invitationGone(err)
	}
	return t.SetMember(ctx, store.Membership{User: user, Role: o.Role, Grants: o.Grants, Source: store.FromInvitation, By: o.By})
}

func invitationGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrInvitation
	}
	return err
}

// Register makes a user by an invitation and signs them in.
func (s *Service) Register(ctx context.Context, token, name, password string, from Client) (SignIn, error) {
	if s.PasswordOff() {
		return SignIn{}, ErrPasswordOff
	}
	offer, err := s.Offer(ctx, token)
	if err != nil {
		return SignIn{}, err
	}
	if password == "" {
		return SignIn{}, invalid("body.password", "password.short", "A password has 10 characters or more.")
	}
	u, err := s.newUser(ctx, store.User{Username: name, Email: offer.Email}, password)
	if err != nil {
		return SignIn{}, err
	}
	err = s.store.System().By(u.ID, from.Address).Tx(ctx, func(y store.System) error {
		if err := y.CreateUser(ctx, u, NameKey(name), looksLike(name)); err != nil {
			return err
		}
		return offer.take(ctx, y, u.ID)
	})
	if err != nil {
		return SignIn{}, err
	}
	if err := s.Reload(ctx); err != nil {
		return SignIn{}, err
	}
	return s.proceed(ctx, u, proof{}, from)
}

// Accept makes who is signed in a member by an invitation.
func (s *Service) Accept(ctx context.Context, who Identity, token string, from Client) (Offer, error) {
	offer, err := s.Offer(ctx, token)
	if err != nil {
		return offer, err
	}
	err = s.store.System().By(who.User, from.Address).Tx(ctx, func(y store.System) error {
		if _, err := y.Tenant(offer.Tenant).Member(ctx, who.User); err == nil {
			return ErrMember
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return offer.take(ctx, y, who.User)
	})
	if err != nil {
		return offer, err
	}
	return offer, s.Reload(ctx)
}
