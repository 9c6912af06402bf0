package auth

import (
	"context"
	"errors"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	// errInactive says that an administrator switched the user off.
	errInactive = fault.New(fault.Forbidden, "auth.inactive", "This user is switched off. Ask an administrator.")
	// ErrPasswordOff says that no password signs in here.
	ErrPasswordOff = fault.New(fault.Forbidden, "auth.password_off", "Passwords are switched off here. Sign in with a passkey or through your identity provider.")
)

// errNoOtherWay keeps an administrator from locking themselves out.
var errNoOtherWay = fault.New(fault.Conflict, "settings.no_other_way", "You would lock yourself out: add a passkey to your account, or link it to an identity provider, first.")

// OtherWay fails unless who asks could sign in without a password.
func (s *Service) OtherWay(ctx context.Context, who Identity) error {
	there, err := s.store.System().SignsInOtherwise(ctx, who.User)
	if err == nil && !there {
		return errNoOtherWay
	}
	return err
}

// errLastWay keeps people from locking themselves out.
var errLastWay = fault.New(fault.Conflict, "auth.last_way_in", "You would lock yourself out: nothing else signs you in. Add a passkey, or link your account to an identity provider, first.")

// getsIn fails unless a user can still sign in after what y's transaction did.
func (s *Service) getsIn(ctx context.Context, y store.System, user string) error {
	u, err := y.User(ctx, user)
	if err != nil || u.Hash != "" && !s.PasswordOff() {
		return err
	}
	there, err := y.SignsInOtherwise(ctx, user)
	if err == nil && !there {
		return errLastWay
	}
	return err
}

// PasswordOff reports whether no password signs in.
func (s *Service) PasswordOff() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.noPasswords
}

// check returns the user whom a name and a password belong to, if passwords sign in.
func (s *Service) check(ctx context.Context, name, password string, from Client) (store.User, error) {
	if s.PasswordOff() {
		return store.User{}, ErrPasswordOff
	}
	return s.verify(ctx, name, password, from)
}

// verify returns the user whom a name and a password belong to. It takes as long
// for an unknown user, and counts what fails; what succeeds is only forgotten once
// the second factor was right, too.
func (s *Service) verify(ctx context.Context, name, password string, from Client) (store.User, error) {
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
		return u, s.refuse(ctx, u.ID, name, from, ErrCredentials)
	}
	if !u.Active {
		return u, errInactive
	}
	return u, nil
}

// refuse counts a failed proof, writes it down and returns why with what went wrong in that.
func (s *Service) refuse(ctx context.Context, user, name string, from Client, why error) error {
	s.attempts.failed(NameKey(name), from.Address)
	return s.refused(ctx, user, name, from, why)
}

// refused writes down a failed proof that nobody can guess.
func (s *Service) refused(ctx context.Context, user, name string, from Client, why error) error {
	refused := s.store.System().By(user, from.Address).Own()
	return errors.Join(why, refused.Record(ctx, store.Audit{Action: "auth.login", Thing: clip(name, 64), Result: "refused"}))
}

// A SignIn is how far somebody got: in, with the token of a browser's cookie, or
// to where a second factor is asked for.
type SignIn struct {
	Token     string
	User      store.User
	Challenge string   // names the sign-in that waits for a second factor
	Methods   []string // what it may be: totp, passkey, recovery
}

// Login begins a browser's session, or asks for the second factor.
func (s *Service) Login(ctx context.Context, name, password string, from Client) (SignIn, error) {
	u, err := s.check(ctx, name, password, from)
	if err != nil {
		return SignIn{}, err
	}
	return s.proceed(ctx, u, proof{}, from)
}

// proceed signs in a user whose first proof was right, or asks for the second.
func (s *Service) proceed(ctx context.Context, u store.User, how proof, from Client) (SignIn, error) {
	if how.secondFactor || !u.SecondFactor() {
		s.attempts.succeeded(NameKey(u.Username), from.Address)
		token, _, err := s.begin(ctx, u.ID, "browser", how, from)
		return SignIn{Token: token, User: u}, err
	}
	left, err := s.store.System().RecoveryCodesLeft(ctx, u.ID)
	if err != nil {
		return SignIn{}, err
	}
	var methods []string
	if u.TOTP {
		methods = append(methods, "totp")
	}
	if u.Passkeys > 0 {
		methods = append(methods, "passkey")
	}
	if left > 0 {
		methods = append(methods, "recovery")
	}
	return SignIn{Challenge: s.pending.add(challenge{user: u.ID, how: how}), Methods: methods}, nil
}

// Answer ends a sign-in that waits for a second factor with a code: of the
// authenticator app, or one of those for who lost it.
func (s *Service) Answer(ctx context.Context, challenge, code string, from Client) (SignIn, error) {
	c, err := s.pending.try(challenge)
	if err != nil {
		return SignIn{}, err
	}
	u, err := s.person(ctx, c.user)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.checkCode(ctx, u, code, from); err != nil {
		return SignIn{}, err
	}
	s.pending.end(challenge)
	c.how.secondFactor = true
	return s.proceed(ctx, u, c.how, from)
}

// person returns an active user.
func (s *Service) person(ctx context.Context, id string) (store.User, error) {
	u, err := s.store.System().User(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return u, ErrSignIn
	}
	if err == nil && !u.Active {
		return u, errInactive
	}
	return u, err
}

// Session begins a browser's session of a user who proved who they are in
// another way than by a password.
func (s *Service) Session(ctx context.Context, user string, from Client) (token string, err error) {
	token, _, err = s.begin(ctx, user, "browser", proof{}, from)
	return token, err
}

// Setup makes the first user: a system administrator who owns the default
// tenant, and signs them in.
func (s *Service) Setup(ctx context.Context, name, password string, from Client) (token string, u store.User, err error) {
	if u, err = s.newUser(ctx, store.User{Username: name, Admin: true}, password); err != nil {
		return "", u, err
	}
	y := s.store.System().By(u.ID, from.Address)
	err = y.Tx(ctx, func(y store.System) error {
		if there, err := y.HasUsers(ctx); err != nil || there {
			return errors.Join(err, ErrSetupDone)
		}
		if err := y.CreateUser(ctx, u, NameKey(name), looksLike(name)); err != nil {
			return err
		}
		return y.Tenant(store.DefaultTenant).SetMember(ctx, store.Membership{User: u.ID, Role: "owner"})
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
	if _, err := s.verify(ctx, u.Username, current, from); err != nil {
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
			s.pending.prune()
			s.ceremonies.prune()
		}
	}
}
