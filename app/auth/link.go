package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// ErrLink says that a link was used, has run out, or never was.
var ErrLink = fault.New(fault.Forbidden, "auth.link_invalid", "This link was used before or has run out. Ask for a new one.")

// Link makes a link that works once: one that sets the password of a user, or one
// that signs them in whatever else is switched off.
func (s *Service) Link(ctx context.Context, y store.System, user, kind string) (token string, expires time.Time, err error) {
	if _, err := s.person(ctx, user); err != nil {
		return "", expires, err
	}
	token, hash := newToken()
	life := linkTime
	if kind == store.LinkSignIn {
		life = pendingTime * 2
	}
	expires = s.now().Add(life)
	return token, expires, y.CreateLink(ctx, store.Link{Hash: hash[:], User: user, Kind: kind, Expires: expires})
}

// Reset sets a password by a link, and ends the link and every session.
func (s *Service) Reset(ctx context.Context, token, password string, from Client) error {
	hash := sha256.Sum256([]byte(token))
	id, err := s.store.System().Link(ctx, hash[:], store.LinkReset)
	if err != nil {
		return linkGone(err)
	}
	u, err := s.person(ctx, id)
	if err != nil {
		return err
	}
	if err := checkPassword(u.Username, password); err != nil {
		return err
	}
	digest, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.store.System().By(u.ID, from.Address).Tx(ctx, func(y store.System) error {
		if _, err := y.UseLink(ctx, hash[:], store.LinkReset); err != nil {
			return linkGone(err)
		}
		return y.SetPassword(ctx, u.ID, digest, "")
	})
	if err != nil {
		return err
	}
	s.attempts.forget(NameKey(u.Username))
	return s.Reload(ctx)
}

// SignInByLink begins a browser's session by a link that somebody with the
// appliance's command line made. No second factor is asked for.
func (s *Service) SignInByLink(ctx context.Context, token string, from Client) (SignIn, error) {
	hash := sha256.Sum256([]byte(token))
	id, err := s.store.System().UseLink(ctx, hash[:], store.LinkSignIn)
	if err != nil {
		return SignIn{}, linkGone(err)
	}
	u, err := s.person(ctx, id)
	if err != nil {
		return SignIn{}, err
	}
	return s.proceed(ctx, u, proof{secondFactor: true}, from)
}

func linkGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrLink
	}
	return err
}
