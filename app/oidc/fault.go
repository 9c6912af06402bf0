package oidc

import (
	"errors"
	"strings"

	"unity.internal/app/fault"
)

// Why a sign-in did not come about. The first ones concern the way through the
// browser, then the provider's answer, then its token.
var (
	ErrDisabled    = fault.New(fault.Forbidden, "oidc.disabled", "That provider is turned off. Sign in another way.")
	ErrNoBase      = fault.New(fault.Unavailable, "oidc.no_base", "The appliance does not know its own address, so no provider can send you back. Ask the administrator to set the public URL.")
	ErrState       = fault.New(fault.Unauthenticated, "oidc.state", "This sign-in was not begun in this browser. Begin again, and allow cookies.")
	ErrLate        = fault.New(fault.Unauthenticated, "oidc.late", "The sign-in took longer than ten minutes. Begin again.")
	ErrUsed        = fault.New(fault.Unauthenticated, "oidc.used", "This sign-in was finished already. Begin again.")
	ErrUnreachable = fault.New(fault.Unavailable, "oidc.unreachable", "The provider cannot be reached, or does not answer as one. Try again, or ask the administrator to check its issuer.")
	ErrDiscovery   = fault.New(fault.Unavailable, "oidc.discovery", "The provider describes itself wrongly: an address is missing or not secure. Ask the administrator to check its settings.")
	ErrRefused     = fault.New(fault.Unauthenticated, "oidc.refused", "The provider did not sign you in. Begin again, or sign in another way.")
	ErrClient      = fault.New(fault.Unavailable, "oidc.client", "The provider does not accept the client id or its secret. Ask the administrator to enter them again.")
	ErrNoToken     = fault.New(fault.Unavailable, "oidc.no_token", "The provider sent no ID token. Ask the administrator to check the scopes: openid must be allowed.")

	ErrSignature = fault.New(fault.Unauthenticated, "oidc.signature", "The provider's token is not signed with a key of the provider. Begin again; if it stays so, ask the administrator.")
	ErrIssuer    = fault.New(fault.Unauthenticated, "oidc.issuer", "The answer came from another provider, or the provider writes its issuer in another way. Ask the administrator to compare the issuer, to the last slash.")
	ErrAudience  = fault.New(fault.Unauthenticated, "oidc.audience", "The provider's token was made for another application. Ask the administrator to check the client id.")
	ErrExpired   = fault.New(fault.Unauthenticated, "oidc.expired", "The provider's token has expired. Begin again; if it stays so, its clock or the appliance's is wrong.")
	ErrClock     = fault.New(fault.Unauthenticated, "oidc.clock", "The provider's token is from the future: its clock or the appliance's is wrong. Ask the administrator to set both by NTP.")
	ErrNonce     = fault.New(fault.Unauthenticated, "oidc.nonce", "The provider's token belongs to another sign-in. Begin again.")
	ErrHash      = fault.New(fault.Unauthenticated, "oidc.at_hash", "The provider's tokens do not belong together. Begin again.")
	ErrSubject   = fault.New(fault.Unauthenticated, "oidc.subject", "The provider does not say clearly who you are. Begin again; if it stays so, ask the administrator.")
	ErrAuthTime  = fault.New(fault.Unauthenticated, "oidc.auth_time", "The provider did not ask you to sign in anew, so this proves nothing. Use your password or second factor instead.")
)

// Why a proven person gets nothing.
var (
	ErrNoAccess        = fault.New(fault.Forbidden, "oidc.no_access", "You are known, but nothing here is open to you. Ask an administrator for an invitation or a group.")
	ErrNotCreated      = fault.New(fault.Forbidden, "oidc.not_created", "This provider makes no new users. Ask an administrator for an invitation.")
	ErrEmailUnverified = fault.New(fault.Forbidden, "oidc.email_unverified", "The provider has not verified your e-mail address, so it cannot tell which user you are. Verify it there and begin again.")
	ErrNoName          = fault.New(fault.Forbidden, "oidc.no_name", "The provider does not say how you are called. Ask the administrator to choose another claim for the user name.")
	ErrInviter         = fault.New(fault.Forbidden, "oidc.inviter", "Whoever invited you has left the tenant. Ask for another invitation.")
)

// unreachable returns ErrUnreachable, with the reason in words if there is one.
func unreachable(err error) error {
	f := ErrUnreachable.Because(err)
	if cause, ok := errors.AsType[*fault.Error](err); ok {
		f.Msg = "The provider cannot be reached. " + cause.Msg
	}
	return f
}

// refused returns ErrRefused with the provider's code, as far as it is one: its
// words could be anybody's.
func refused(code string) error {
	f := ErrRefused.Because(errors.New("answer " + code))
	if len(code) <= 40 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") == "" {
		f.Msg = "The provider did not sign you in and says «" + code + "». Begin again, or sign in another way."
	}
	return f
}
