package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// PasskeyOptions asks for a passkey as the second factor of a sign-in; without a
// challenge for any that signs in by itself, which takes two proofs: the device,
// and what the device asks of its holder.
func (s *Service) PasskeyOptions(ctx context.Context, challenge string, from Client) (Ceremony, error) {
	if challenge != "" {
		waits, err := s.pending.look(challenge)
		if err != nil {
			return Ceremony{}, err
		}
		return s.ask(ctx, ceremony{purpose: toFollow, user: waits.user, challenge: challenge}, from)
	}
	party, err := s.party(from.Origin)
	if err != nil {
		return Ceremony{}, err
	}
	assertion, asked, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, err
	}
	return Ceremony{s.ceremonies.add(ceremony{purpose: toSignIn, party: party, asked: *asked}), assertion.Response}, nil
}

// SignInByPasskey begins a browser's session: with the second factor of a sign-in,
// or with a passkey alone.
func (s *Service) SignInByPasskey(ctx context.Context, id string, response []byte, from Client) (SignIn, error) {
	c, err := s.ceremonies.take(id, from.Origin, toSignIn, toFollow)
	if err != nil {
		return SignIn{}, err
	}
	how := proof{}
	if c.purpose == toFollow {
		waits, err := s.pending.try(c.challenge)
		if err != nil {
			return SignIn{}, err
		}
		how = waits.how
	}
	u, err := s.shown(ctx, c, response, from)
	if err != nil {
		return SignIn{}, err
	}
	s.pending.end(c.challenge)
	how.secondFactor = true
	return s.proceed(ctx, u, how, from)
}

// StepUpPasskeyOptions asks who asks for one of their passkeys.
func (s *Service) StepUpPasskeyOptions(ctx context.Context, who Identity, from Client) (Ceremony, error) {
	return s.ask(ctx, ceremony{purpose: toStepUp, user: who.User}, from)
}

// StepUpByPasskey takes a passkey as the fresh proof of who asks.
func (s *Service) StepUpByPasskey(ctx context.Context, who Identity, id string, response []byte, from Client) error {
	c, err := s.ceremonies.take(id, from.Origin, toStepUp)
	if err == nil && c.user != who.User {
		err = ErrCeremony
	}
	if err != nil {
		return err
	}
	if _, err := s.shown(ctx, c, response, from); err != nil {
		return wrongField(err, "body.response")
	}
	return s.proved(ctx, who, who.SecondFactor)
}

// ask begins c, which is for a passkey of c.user.
func (s *Service) ask(ctx context.Context, c ceremony, from Client) (_ Ceremony, err error) {
	if c.party, err = s.party(from.Origin); err != nil {
		return Ceremony{}, err
	}
	u, err := s.person(ctx, c.user)
	if err != nil {
		return Ceremony{}, err
	}
	h, err := s.holder(ctx, u, c.party)
	if err != nil {
		return Ceremony{}, err
	}
	if len(h.keys) == 0 {
		return Ceremony{}, noPasskey(h.elsewhere)
	}
	assertion, asked, err := c.party.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return Ceremony{}, err
	}
	c.asked = *asked
	return Ceremony{s.ceremonies.add(c), assertion.Response}, nil
}

// noPasskey says that there is no passkey for this name, and for which there are.
func noPasskey(elsewhere []string) error {
	if len(elsewhere) == 0 {
		return fault.New(fault.Conflict, "passkey.none", "You have no passkey. Use another second factor.")
	}
	return fault.New(fault.Conflict, "passkey.other_name", "Your passkeys belong to another name of this appliance: open it as %s, or use another second factor.", strings.Join(elsewhere, " or "))
}

// shown returns the user who showed one of their passkeys, as c asked for.
func (s *Service) shown(ctx context.Context, c ceremony, response []byte, from Client) (store.User, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return store.User{}, ErrPasskey.Because(err)
	}
	u, err := s.store.System().User(ctx, cmp.Or(c.user, string(parsed.Response.UserHandle)))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	h, err := s.holder(ctx, u, c.party)
	if err != nil {
		return u, err
	}
	var key *webauthn.Credential
	if c.user != "" {
		key, err = c.party.ValidateLogin(h, c.asked, parsed)
	} else {
		key, err = c.party.ValidateDiscoverableLogin(func([]byte, []byte) (webauthn.User, error) { return h, nil }, c.asked, parsed)
	}
	if err != nil {
		return u, s.refused(ctx, u.ID, u.Username, from, ErrPasskey.Because(err))
	}
	if !u.Active {
		return u, errInactive
	}
	return u, s.used(ctx, h, key, from)
}

// used keeps what a use changed of a passkey. A counter that does not grow says
// that there are two of it.
func (s *Service) used(ctx context.Context, h holder, key *webauthn.Credential, from Client) error {
	was := h.of(key.ID)
	y := s.store.System().By(h.user.ID, from.Address)
	if key.Authenticator.CloneWarning {
		return errors.Join(ErrPasskeyCloned, y.Own().Record(ctx, store.Audit{
			Action: "auth.passkey_use", Thing: was.ID, Result: "refused", Detail: map[string]string{"why": ErrPasskeyCloned.Code},
		}))
	}
	credential, err := json.Marshal(key)
	if err != nil {
		return err
	}
	err = y.UsePasskey(ctx, was, credential)
	if errors.Is(err, store.ErrNotFound) {
		return s.refused(ctx, h.user.ID, h.user.Username, from, ErrPasskey)
	}
	return err
}
