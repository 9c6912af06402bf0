package dns

import (
	"context"
	"strings"
	"unicode"

	"unity.internal/app/fault"
)

// The faults of a change. What a provider said of it may stand at their end.
var (
	ErrName     = fault.New(fault.Invalid, "dns.name", "This is not a name that the DNS can hold. Check how it is written.")
	ErrZone     = fault.New(fault.Invalid, "dns.zone_unknown", "The provider has no zone for this name, or the token may not see it. Check that the domain is kept there, and which zones the token is for.")
	ErrToken    = fault.New(fault.Invalid, "dns.token_refused", "The provider does not accept the token. Make a new one there and enter it here.")
	ErrRights   = fault.New(fault.Invalid, "dns.not_permitted", "The provider accepts us but does not let us change this zone. Give the token or the key the right to edit its records.")
	ErrKey      = fault.New(fault.Invalid, "dns.key_refused", "The name server does not accept the key. Compare its name, algorithm and secret with the name server's configuration.")
	ErrClock    = fault.New(fault.Invalid, "dns.clock", "The clocks of this appliance and of the name server differ by more than five minutes. Set both by NTP.")
	ErrUnsigned = fault.New(fault.Unavailable, "dns.unsigned", "The answer does not carry the key's signature, so somebody else may have sent it. Check that the address is that of the name server itself.")
	ErrSilent   = fault.New(fault.Unavailable, "dns.silent", "The provider did not answer in time. Check that it is reached, at a name server by TCP.")
	ErrLimited  = fault.New(fault.Unavailable, "dns.limited", "The provider takes no more requests for now. It is tried again later.")
	ErrAnswer   = fault.New(fault.Unavailable, "dns.answer", "The provider did not do it. Look at its status page, and try again.")
)

// said returns f with what a provider said, without what is secret.
func said(f *fault.Error, who, words string, secret func() string) *fault.Error {
	if s := secret(); s != "" {
		words = strings.ReplaceAll(words, s, "…")
	}
	words = strings.Join(strings.FieldsFunc(words, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if long := []rune(words); len(long) > 300 {
		words = string(long[:300]) + "…"
	}
	if words == "" {
		return f
	}
	c := *f
	c.Msg += " " + who + " says: " + words
	return &c
}

// silent is the fault of a connection that ended or never said anything.
func silent(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return ErrSilent.Because(err)
}
