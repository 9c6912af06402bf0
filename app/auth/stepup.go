package auth

import (
	"context"
	"errors"
	"net/url"

	"unity.internal/store"
)

// StepUp takes a fresh proof of who asks: their password, or a code of their
// second factor. For five minutes they may then do what is dangerous.
func (s *Service) StepUp(ctx context.Context, who Identity, password, code string, from Client) error {
	u, err := s.person(ctx, who.User)
	if err != nil {
		return err
	}
	if code != "" {
		if err := s.checkCode(ctx, u, code, from); err != nil {
			return wrongField(err, "body.code")
		}
		s.attempts.succeeded(NameKey(u.Username), from.Address)
		return s.proved(ctx, who, who.SecondFactor)
	}
	if _, err := s.verify(ctx, u.Username, password, from); err != nil {
		return wrongField(err, "body.password")
	}
	s.attempts.succeeded(NameKey(u.Username), from.Address)
	return s.proved(ctx, who, who.SecondFactor)
}

// wrongField turns «sign in again» into «this field is wrong»: who asks is
// signed in, and stays so.
func wrongField(err error, field string) error {
	switch {
	case errors.Is(err, ErrCredentials):
		return invalid(field, "auth.wrong_password", "The password is wrong.")
	case errors.Is(err, ErrCode):
		return invalid(field, ErrCode.Code, ErrCode.Msg)
	case errors.Is(err, ErrPasskey):
		return invalid(field, ErrPasskey.Code, ErrPasskey.Msg)
	}
	return err
}

// proved keeps that the user of a session proved who they are just now.
func (s *Service) proved(ctx context.Context, who Identity, second bool) error {
	s.mu.RLock()
	v := s.byID[who.Session]
	s.mu.RUnlock()
	if v == nil {
		return ErrSignIn
	}
	now := *v
	now.Proved, now.SecondFactor = s.now(), second
	if err := s.store.System().By(who.User, v.Address).ProveSession(ctx, now); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Proved, v.SecondFactor = now.Proved, now.SecondFactor
	return nil
}

// otpauth returns the address that authenticator apps read from a QR code.
func otpauth(appliance, user, secret string) string {
	label := url.PathEscape("Unity:" + user)
	if appliance != "" {
		label = url.PathEscape("Unity " + appliance + ":" + user)
	}
	return "otpauth://totp/" + label + "?" + url.Values{"secret": {secret}, "issuer": {"Unity"}}.Encode()
}

// Factors are what a user can prove themselves with.
type Factors struct {
	TOTP     *store.TOTP
	Codes    int64           // recovery codes left
	Passkeys []store.Passkey // for whatever name of the appliance
	Password bool
}

// Factors returns what who asks can prove themselves with.
func (s *Service) Factors(ctx context.Context, who Identity) (f Factors, err error) {
	u, err := s.person(ctx, who.User)
	if err != nil {
		return f, err
	}
	f.Password = u.Hash != ""
	if f.Passkeys, err = s.store.System().Passkeys(ctx, u.ID); err != nil {
		return f, err
	}
	if f.Codes, err = s.store.System().RecoveryCodesLeft(ctx, u.ID); err != nil || !u.TOTP {
		return f, err
	}
	v, err := s.store.System().TOTP(ctx, u.ID)
	f.TOTP = &v
	return f, err
}
