package auth

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/mtibben/confusables"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const linkTime = 24 * time.Hour // how long a link that sets a password is good

// looksLike returns what tells names that an eye takes for name.
func looksLike(name string) func(string) bool {
	look := skeleton(name)
	return func(other string) bool { return skeleton(other) == look }
}

// skeleton folds a name so that letters which look alike become one (UTS 39).
func skeleton(name string) string { return strings.ToLower(confusables.Skeleton(NameKey(name))) }

// Names tells user names apart, for what makes users elsewhere.
type Names struct{}

// Key folds a name, as NameKey does.
func (Names) Key(name string) string { return NameKey(name) }

// Check refuses what is no name, or no address.
func (Names) Check(username, email string) error {
	return errors.Join(checkName(username), CheckEmail(email))
}

// Alike returns what tells names that an eye takes for name.
func (Names) Alike(name string) func(string) bool { return looksLike(name) }

// newUser checks a name, an address and a password and returns the user that they
// make. Without a password only a link, a passkey or a provider signs them in.
func (s *Service) newUser(ctx context.Context, u store.User, password string) (store.User, error) {
	u.ID, u.Active = store.NewID(), true
	if err := errors.Join(checkName(u.Username), CheckEmail(u.Email)); err != nil {
		return u, err
	}
	if password == "" {
		return u, nil
	}
	if err := checkPassword(u.Username, password); err != nil {
		return u, err
	}
	var err error
	u.Hash, err = s.hasher.hash(ctx, password)
	return u, err
}

// CheckEmail refuses what is no plain address. An empty one is fine.
func CheckEmail(text string) error {
	if text == "" {
		return nil
	}
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || len(text) > 254 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid("body.email", "user.invalid_email", "That is no mail address: it is like lea@example.org.")
	}
	return nil
}

// CreateUser adds a user; y says who does. Without a password only a link, a
// passkey or a provider signs them in.
func (s *Service) CreateUser(ctx context.Context, y store.System, u store.User, password string) (store.User, error) {
	u, err := s.newUser(ctx, u, password)
	if err != nil {
		return u, err
	}
	if err := y.CreateUser(ctx, u, NameKey(u.Username), looksLike(u.Username)); err != nil {
		return u, err
	}
	if err := s.Reload(ctx); err != nil {
		return u, err
	}
	return s.store.System().User(ctx, u.ID)
}

// ErrSelf says that nobody can do that to themselves.
var ErrSelf = fault.New(fault.Conflict, "user.self", "You cannot do that to yourself. Ask another administrator.")

// UpdateUser stores what an administrator changed of a user: never their own
// rights, so that nobody locks themselves out.
func (s *Service) UpdateUser(ctx context.Context, y store.System, who Identity, u store.User) (store.User, error) {
	if u.ID == who.User && (!u.Active || !u.Admin) {
		return u, ErrSelf
	}
	return s.SaveUser(ctx, y, u)
}

// SaveUser stores u, who may be whoever asks.
func (s *Service) SaveUser(ctx context.Context, y store.System, u store.User) (store.User, error) {
	if err := CheckEmail(u.Email); err != nil {
		return u, err
	}
	u, err := y.UpdateUser(ctx, u)
	if err != nil {
		return u, err
	}
	return u, s.Reload(ctx)
}

// DeleteUser deletes another user.
func (s *Service) DeleteUser(ctx context.Context, y store.System, who Identity, id string, rev int64) error {
	if id == who.User {
		return ErrSelf
	}
	if err := y.DeleteUser(ctx, id, rev); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// EndSessions signs a user out everywhere.
func (s *Service) EndSessions(ctx context.Context, y store.System, user string) error {
	if _, err := y.User(ctx, user); err != nil {
		return err
	}
	err := y.Tx(ctx, func(y store.System) error {
		if err := y.Own().Record(ctx, store.Audit{Action: "users.sign_out", Thing: user, Result: "done"}); err != nil {
			return err
		}
		return y.EndSessions(ctx, user, "")
	})
	if err != nil {
		return err
	}
	return s.Reload(ctx)
}

// DeleteSecondFactor takes every second proof from a user who lost theirs.
func (s *Service) DeleteSecondFactor(ctx context.Context, y store.System, user string) error {
	if _, err := y.User(ctx, user); err != nil {
		return err
	}
	if err := y.DeleteSecondFactor(ctx, user); err != nil {
		return err
	}
	return s.Reload(ctx)
}
