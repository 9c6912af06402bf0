package auth

import (
	"context"
	"errors"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// errInactive says that an administrator switched the user off.
var errInactive = fault.New(fault.Forbidden, "auth.inactive", "This user is switched off. Ask an administrator.")

// check returns the user whom a name and a password belong to. It takes as long
// for an unknown user, and counts what fails.
func (s *Service) check(ctx context.Context, name, password string, from Client) (store.User, error) {
	key := NameKey(name)
	if err := s.attempts.allow(ctx, key, from.Address); err != nil {
		return store.User{}, err
	}
	u, err := s.store.System().UserByName(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	good, err := s.hasher.verify(ctx, u.Hash, password) // of nobody: a hash that nothing matches
	if err != nil {
		return u, err
	}
	if !good {
		s.attempts.failed(key, from.Address)
		refused := s.store.System().By(u.ID, from.Address).Own()
		return u, errors.Join(ErrCredentials, refused.Record(ctx, store.Audit{
			Action: "auth.login", Thing: clip(name, 64), Result: "refused",
		}))
	}
	s.attempts.succeeded(key, from.Address)
	if !u.Active {
		return u, errInactive
	}
	return u, nil
}

// Login begins a browser's session; token is what its cookie holds.
func (s *Service) Login(ctx context.Context, name, password string, from Client) (token string, u store.User, err error) {
	if u, err = s.check(ctx, name, password, from); err != nil {
		return "", u, err
	}
	token, err = s.Session(ctx, u.ID, from)
	return token, u, err
}

// Session begins a browser's session of a user who proved who they are in
// another way than by a password.
func (s *Service) Session(ctx context.Context, user string, from Client) (token string, err error) {
	token, _, err = s.begin(ctx, user, "browser", from)
	return token, err
}

// Setup makes the first user: a system administrator who owns the default
// tenant, and signs them in.
func (s *Service) Setup(ctx context.Context, name, password string, from Client) (token string, u store.User, err error) {
	if err := checkName(name); err != nil {
		return "", u, err
	}
	if err := checkPassword(name, password); err != nil {
		return "", u, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", u, err
	}
	u = store.User{ID: store.NewID(), Username: name, Hash: hash, Admin: true, Active: true}
	y := s.store.System().By(u.ID, from.Address)
	err = y.Tx(ctx, func(y store.System) error {
		if there, err := y.HasUsers(ctx); err != nil || there {
			return errors.Join(err, ErrSetupDone)
		}
		if err := y.CreateUser(ctx, u, NameKey(name)); err != nil {
			return err
		}
		return y.Tenant(store.DefaultTenant).SetMember(ctx, u.ID, "owner")
	})
	if err == nil {
		err = s.Reload(ctx)
	}
	if err == nil {
		token, err = s.Session(ctx, u.ID, from)
	}
	if err != nil {
		return "", u, err
	}
	u, err = s.store.System().User(ctx, u.ID)
	return token, u, err
}

// ErrSetupDone says that the appliance has its first user already.
var ErrSetupDone = fault.New(fault.Conflict, "setup.done", "This appliance is set up already. Sign in instead.")

// ChangePassword replaces a user's password and ends their other sessions.
func (s *Service) ChangePassword(ctx context.Context, who Identity, current, password string, from Client) error {
	u, err := s.store.System().User(ctx, who.User)
	if err != nil {
		return err
	}
	if _, err := s.check(ctx, u.Username, current, from); err != nil {
		if errors.Is(err, ErrCredentials) {
			return invalid("body.current_password", "auth.wrong_password", "The current password is wrong.")
		}
		return err
	}
	return s.SetPassword(ctx, s.store.System().By(who.User, from.Address), u, password, who.Session)
}

// SetPassword gives u a new password and ends their sessions but keep.
func (s *Service) SetPassword(ctx context.Context, y store.System, u store.User, password, keep string) error {
	if err := checkPassword(u.Username, password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := y.SetPassword(ctx, u.ID, hash, keep); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// Unlock forgets the failed sign-ins of a user.
func (s *Service) Unlock(name string) { s.attempts.forget(NameKey(name)) }

// pruneEvery is how often ended sessions are forgotten.
const pruneEvery = time.Hour

// Run forgets sessions that ran out until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.store.Later(func(ctx context.Context, y store.System) error { return y.PruneSessions(ctx) })
			s.attempts.prune()
		}
	}
}
