package auth

import (
	"context"
	"errors"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Voucher is what an identity provider says of somebody, already judged: which
// user they are, and what its claims give them.
type Voucher struct {
	Provider     string // its id
	Subject      string
	Name         string // what the provider calls them
	User         string // whose it is; empty: a new user
	Username     string // of a new user
	Email        string // empty: not verified
	SecondFactor bool   // the provider's sign-in counts as two proofs
	Grants       []store.Membership
	Ends         []store.TenantID // where the provider gave a membership and no longer does
	Invitation   string           // the token of one that came along; empty: none
}

// errNameInUse says that a provider's user would take a name that is taken.
var errNameInUse = fault.New(fault.Conflict, "oidc.name_taken", "A user of that name exists here already. Sign in as that user and link the provider on the account page, or ask an administrator.")

// ByProvider signs in whom an identity provider vouches for; a new user is made
// first. Memberships that come from the provider's claims follow them.
func (s *Service) ByProvider(ctx context.Context, v Voucher, from Client) (SignIn, error) {
	u, err := s.vouched(ctx, v)
	if err != nil {
		return SignIn{}, err
	}
	var offer *Offer
	if v.Invitation != "" {
		o, err := s.Offer(ctx, v.Invitation)
		if err != nil {
			return SignIn{}, err
		}
		offer = &o
	}
	err = s.store.System().By(u.ID, from.Address).Tx(ctx, func(y store.System) error {
		if v.User == "" {
			if err := y.CreateUser(ctx, u, NameKey(u.Username), looksLike(u.Username)); err != nil {
				return err
			}
		}
		if err := s.identify(ctx, y, v, u.ID); err != nil {
			return err
		}
		return s.follow(ctx, y, v, u.ID, offer)
	})
	if errors.Is(err, store.ErrUserTaken) {
		return SignIn{}, errNameInUse.Because(err)
	}
	if err != nil {
		return SignIn{}, err
	}
	if err := s.Reload(ctx); err != nil {
		return SignIn{}, err
	}
	if u, err = s.person(ctx, u.ID); err != nil {
		return SignIn{}, err
	}
	return s.proceed(ctx, u, proof{secondFactor: v.SecondFactor, provider: v.Provider}, from)
}

// vouched returns the user of a voucher: one that is there, or one to be made.
func (s *Service) vouched(ctx context.Context, v Voucher) (store.User, error) {
	if v.User != "" {
		return s.person(ctx, v.User)
	}
	return s.newUser(ctx, store.User{Username: v.Username, Email: v.Email}, "")
}

// identify keeps whom the provider knows, or that they were here again.
func (s *Service) identify(ctx context.Context, y store.System, v Voucher, user string) error {
	known, err := y.IdentityBySubject(ctx, v.Provider, v.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return y.AddIdentity(ctx, store.Identity{ID: store.NewID(), Provider: v.Provider, Subject: v.Subject, User: user, Name: v.Name})
	}
	if err != nil {
		return err
	}
	return y.SeeIdentity(ctx, known.ID, v.Name)
}

// follow makes, changes and ends memberships as the claims say, and takes the
// invitation. The last owner of a tenant stays, whatever a claim says.
func (s *Service) follow(ctx context.Context, y store.System, v Voucher, user string, offer *Offer) error {
	for _, m := range v.Grants {
		m.User = user
		if m.Source == store.FromProvider {
			m.By = v.Provider
		}
		t := y.Tenant(m.Tenant)
		if offer != nil && m.Tenant == offer.Tenant && m.Source == store.FromInvitation {
			if err := t.UseInvitation(ctx, offer.ID, user); err != nil {
				return invitationGone(err)
			}
			m.By, m.Grants = offer.By, offer.Grants
		}
		if err := t.SetMember(ctx, m); err != nil && !errors.Is(err, store.ErrLastOwner) {
			return err
		}
	}
	for _, id := range v.Ends {
		if err := y.Tenant(id).DeleteMember(ctx, user); err != nil && !errors.Is(err, store.ErrLastOwner) {
			return err
		}
	}
	return nil
}

// LinkIdentity lets who is signed in sign in through a provider from now on.
func (s *Service) LinkIdentity(ctx context.Context, who Identity, provider, subject, name string, from Client) error {
	known, err := s.store.System().IdentityBySubject(ctx, provider, subject)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.store.System().By(who.User, from.Address).AddIdentity(ctx, store.Identity{
			ID: store.NewID(), Provider: provider, Subject: subject, User: who.User, Name: name,
		})
	case err == nil && known.User != who.User:
		return store.ErrIdentityTaken
	}
	return err
}

// UnlinkIdentity ends one way in of who asks, unless it is the last.
func (s *Service) UnlinkIdentity(ctx context.Context, who Identity, id string, from Client) error {
	return s.store.System().By(who.User, from.Address).Tx(ctx, func(y store.System) error {
		if err := y.DeleteIdentity(ctx, who.User, id); err != nil {
			return err
		}
		return s.getsIn(ctx, y, who.User)
	})
}

// ProveByProvider takes a fresh sign-in at a provider as a proof of who asks, if
// it is theirs.
func (s *Service) ProveByProvider(ctx context.Context, who Identity, provider, subject string) error {
	known, err := s.store.System().IdentityBySubject(ctx, provider, subject)
	if errors.Is(err, store.ErrNotFound) || err == nil && known.User != who.User {
		return errNotYours
	}
	if err != nil {
		return err
	}
	return s.proved(ctx, who, who.SecondFactor)
}

// errNotYours says that a proof is another user's.
var errNotYours = fault.New(fault.Forbidden, "auth.other_user", "That account belongs to another user. Confirm with your own.")

// Known returns the user whom a provider knows as subject; by a verified address
// one that exists, if the provider may tell so and it is nobody who administers
// the appliance. Empty: there is none.
func (s *Service) Known(ctx context.Context, p store.Provider, subject, email string, verified bool) (user string, err error) {
	known, err := s.store.System().IdentityBySubject(ctx, p.ID, subject)
	if err == nil {
		return known.User, nil
	}
	if !errors.Is(err, store.ErrNotFound) || !p.LinkEmail || !verified || email == "" {
		return "", notFoundIsNone(err)
	}
	users, err := s.store.System().UsersByEmail(ctx, email)
	if err != nil || len(users) != 1 || users[0].Admin {
		return "", err
	}
	return users[0].ID, nil
}

func notFoundIsNone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
