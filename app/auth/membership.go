package auth

import (
	"context"
	"errors"
	"slices"

	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	// ErrAbove says that somebody gives, or takes from, what stands above them.
	ErrAbove = fault.New(fault.Forbidden, "member.above_you", "That role or permission is above your own. Ask an owner.")
	// ErrOwnRole says that nobody changes their own role.
	ErrOwnRole = fault.New(fault.Forbidden, "member.self", "You cannot change your own role. Ask another owner or administrator.")
	// ErrMember says that somebody is a member already.
	ErrMember = fault.New(fault.Conflict, "member.already", "You are a member there already.")
)

// SetMember changes what a user is in t. Nobody gives more than they have,
// changes who stands above them, or changes themselves. Only administrators of
// the appliance add somebody without an invitation: to others, who is no member
// is not there.
func (s *Service) SetMember(ctx context.Context, who Identity, t store.Tenant, m store.Membership) (store.Membership, error) {
	if m.User == who.User && !s.Admin(who.User) {
		return m, ErrOwnRole
	}
	old, err := t.Member(ctx, m.User)
	if errors.Is(err, store.ErrNotFound) && s.Admin(who.User) {
		_, err = s.store.System().User(ctx, m.User)
	}
	if err != nil {
		return m, err
	}
	if ranks[old.Role] > s.rank(t.ID, who.User) {
		return m, ErrAbove
	}
	if err := s.mayGive(t.ID, who.User, m.Role, m.Grants); err != nil {
		return m, err
	}
	m.Source = store.FromPerson
	if err := t.SetMember(ctx, m); err != nil {
		return m, err
	}
	if err := s.Reload(ctx); err != nil {
		return m, err
	}
	return t.Member(ctx, m.User)
}

// mayGive refuses a role above the giver's, and permissions that they lack or
// that are not given one by one.
func (s *Service) mayGive(t store.TenantID, giver, role string, grants []string) error {
	if ranks[role] == 0 {
		return invalid("body.role", "member.role", "There is no such role. Choose viewer, member, admin or owner.")
	}
	if ranks[role] > s.rank(t, giver) {
		return ErrAbove
	}
	for _, g := range grants {
		if !slices.Contains(Grantable(), Permission(g)) {
			return invalid("body.grants", "member.grant", "The permission "+clip(g, 40)+" cannot be given by itself. Choose a role that has it.")
		}
		if !s.May(t, giver, Permission(g)) {
			return ErrAbove
		}
	}
	return nil
}

// DeleteMember takes somebody out of t, or lets whoever asks leave.
func (s *Service) DeleteMember(ctx context.Context, who Identity, t store.Tenant, user string) error {
	m, err := t.Member(ctx, user)
	if err != nil {
		return err
	}
	if ranks[m.Role] > s.rank(t.ID, who.User) {
		return ErrAbove
	}
	if err := t.DeleteMember(ctx, user); err != nil {
		return err
	}
	return s.Reload(ctx)
}
