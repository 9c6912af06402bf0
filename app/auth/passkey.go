package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	// ErrPasskey says that what a passkey answered proves nothing here.
	ErrPasskey = fault.New(fault.Unauthenticated, "passkey.refused", "That passkey was not accepted. Try again, or use another way to sign in.")
	// ErrPasskeyCloned says that somebody else seems to have a copy of a passkey.
	ErrPasskeyCloned = fault.New(fault.Forbidden, "passkey.cloned", "That passkey seems to have been copied, so it is not accepted. Sign in another way and delete it.")
)

// A holder is a user with their passkeys for one name of the appliance.
type holder struct {
	user      store.User
	keys      []store.Passkey
	known     []webauthn.Credential // keys, as they are checked
	elsewhere []string              // the names for which there are others
}

// WebAuthnID implements webauthn.User: devices keep it as the user's handle.
func (h holder) WebAuthnID() []byte { return []byte(h.user.ID) }

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.user.Username }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.user.Username }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.known }

// of returns the passkey with a credential's id.
func (h holder) of(id []byte) store.Passkey {
	i := slices.IndexFunc(h.keys, func(v store.Passkey) bool { return bytes.Equal(v.CredentialID, id) })
	return h.keys[i]
}

// holder returns a user with their passkeys for the name of party.
func (s *Service) holder(ctx context.Context, u store.User, party *webauthn.WebAuthn) (holder, error) {
	h := holder{user: u}
	all, err := s.store.System().Passkeys(ctx, u.ID)
	if err != nil {
		return h, err
	}
	for _, v := range all {
		if v.RPID != party.Config.RPID {
			h.elsewhere = append(h.elsewhere, v.RPID)
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal(v.Credential, &c); err != nil {
			return h, err
		}
		h.keys, h.known = append(h.keys, v), append(h.known, c)
	}
	slices.Sort(h.elsewhere)
	h.elsewhere = slices.Compact(h.elsewhere)
	return h, nil
}

// BeginPasskey asks for a new passkey of who asks.
func (s *Service) BeginPasskey(ctx context.Context, who Identity, from Client) (Ceremony, error) {
	party, err := s.party(from.Origin)
	if err != nil {
		return Ceremony{}, err
	}
	u, err := s.person(ctx, who.User)
	if err != nil {
		return Ceremony{}, err
	}
	h, err := s.holder(ctx, u, party)
	if err != nil {
		return Ceremony{}, err
	}
	creation, asked, err := party.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.known).CredentialDescriptors()),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), // else it signs nobody in by itself
			UserVerification: protocol.VerificationPreferred,
		}))
	if err != nil {
		return Ceremony{}, err
	}
	return Ceremony{s.ceremonies.add(ceremony{purpose: toRegister, user: u.ID, party: party, asked: *asked}), creation.Response}, nil
}

// FinishPasskey keeps a new passkey. If it is the first second factor of who asks,
// codes are for when they lose it, and sessions without it end, but for the one
// that asks.
func (s *Service) FinishPasskey(ctx context.Context, who Identity, id, name string, response []byte, from Client) (v store.Passkey, codes []string, err error) {
	c, err := s.ceremonies.take(id, from.Origin, toRegister)
	if err == nil && c.user != who.User {
		err = ErrCeremony
	}
	if err != nil {
		return v, nil, err
	}
	u, err := s.person(ctx, who.User)
	if err != nil {
		return v, nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	var made *webauthn.Credential
	if err == nil {
		made, err = c.party.CreateCredential(holder{user: u}, c.asked, parsed)
	}
	if err != nil {
		return v, nil, invalid("body.response", ErrPasskey.Code, "That passkey was not accepted. Try again, or choose another one.")
	}
	credential, err := json.Marshal(made)
	if err != nil {
		return v, nil, err
	}
	codes, hashes := newRecoveryCodes()
	v, first, err := s.store.System().By(u.ID, from.Address).CreatePasskey(ctx, store.Passkey{
		ID: store.NewID(), User: u.ID, Name: strings.TrimSpace(name), RPID: c.party.Config.RPID, CredentialID: made.ID, Credential: credential,
	}, hashes, who.Session)
	if err != nil {
		return v, nil, err
	}
	if !first {
		codes = nil
	}
	if err := s.Reload(ctx); err != nil {
		return v, nil, err
	}
	return v, codes, s.proved(ctx, who, true)
}

// RenamePasskey gives a passkey of who asks another name.
func (s *Service) RenamePasskey(ctx context.Context, who Identity, id, name string, from Client) (store.Passkey, error) {
	return s.store.System().By(who.User, from.Address).RenamePasskey(ctx, who.User, id, strings.TrimSpace(name))
}

// DeletePasskey ends a passkey of who asks, unless nothing else signs them in.
func (s *Service) DeletePasskey(ctx context.Context, who Identity, id string, from Client) error {
	err := s.store.System().By(who.User, from.Address).Tx(ctx, func(y store.System) error {
		if err := y.DeletePasskey(ctx, who.User, id); err != nil {
			return err
		}
		return s.getsIn(ctx, y, who.User)
	})
	if err != nil {
		return err
	}
	return s.Reload(ctx)
}
