package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"unity.internal/store"
)

// maxSubject is the longest subject that the standard knows.
const maxSubject = 255

// verify returns a token if p made it for us and it is good now. If no key fits,
// the provider is asked where its keys are by now.
func (s *Service) verify(ctx context.Context, p store.Provider, raw string) (*oidc.IDToken, map[string]any, error) {
	d, err := s.document(ctx, p.Issuer, fresh)
	if err != nil {
		return nil, nil, err
	}
	t, err := d.signed(ctx, raw)
	if errors.Is(err, ErrSignature) {
		if d, err = s.document(ctx, p.Issuer, brief); err != nil {
			return nil, nil, err
		}
		t, err = d.signed(ctx, raw)
	}
	if err != nil {
		return nil, nil, err
	}
	claims, err := decode(t.Claims)
	if err != nil {
		return nil, nil, ErrSignature.Because(err)
	}
	return t, claims, accept(p, t, claims, s.Now())
}

// watched notes how a key set failed, since the verifier only passes words on.
type watched struct {
	oidc.KeySet
	err error
}

// VerifySignature implements oidc.KeySet.
func (w *watched) VerifySignature(ctx context.Context, jwt string) (payload []byte, err error) {
	payload, w.err = w.KeySet.VerifySignature(ctx, jwt)
	return payload, w.err
}

// signed returns a token that is signed with a key of the provider. What it says
// is checked by accept, where each reason has a name.
func (d *document) signed(ctx context.Context, raw string) (*oidc.IDToken, error) {
	keys := &watched{KeySet: d.keys}
	t, err := oidc.NewVerifier("", keys, &oidc.Config{
		SupportedSigningAlgs: d.Algorithms, SkipIssuerCheck: true, SkipClientIDCheck: true, SkipExpiryCheck: true,
	}).Verify(ctx, raw)
	switch {
	case err == nil:
		return t, nil
	case ctx.Err() != nil, errors.Unwrap(keys.err) != nil: // a key that does not fit wraps nothing
		return nil, unreachable(fmt.Errorf("keys: %w", keys.err))
	}
	return nil, ErrSignature.Because(err)
}

// accept refuses what a signed token must not say.
func accept(p store.Provider, t *oidc.IDToken, claims map[string]any, now time.Time) error {
	azp, named := claims["azp"]
	switch {
	case t.Issuer != p.Issuer:
		return ErrIssuer.Because(fmt.Errorf("iss %q", t.Issuer))
	case !slices.Contains(t.Audience, p.ClientID):
		return ErrAudience.Because(fmt.Errorf("aud %q", t.Audience))
	case named && azp != p.ClientID, !named && len(t.Audience) > 1:
		return ErrAudience.Because(fmt.Errorf("azp %v of aud %q", azp, t.Audience))
	case t.Subject == "" || len(t.Subject) > maxSubject:
		return ErrSubject
	case now.After(t.Expiry.Add(leeway)):
		return ErrExpired.Because(fmt.Errorf("exp %v", t.Expiry))
	case t.IssuedAt.After(now.Add(leeway)), moment(claims["nbf"]).After(now.Add(leeway)):
		return ErrClock.Because(fmt.Errorf("iat %v, nbf %v", t.IssuedAt, claims["nbf"]))
	}
	return nil
}

// decode reads claims, their numbers as they are written.
func decode(read func(any) error) (map[string]any, error) {
	var raw json.RawMessage
	if err := read(&raw); err != nil {
		return nil, err
	}
	return parse(raw)
}

func parse(raw []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var claims map[string]any
	if err := d.Decode(&claims); err != nil {
		return nil, err
	}
	if claims == nil {
		return nil, errors.New("no object")
	}
	return claims, nil
}

// moment returns the time that a claim holds; zero if it holds none.
func moment(claim any) time.Time {
	n, ok := claim.(json.Number)
	if !ok {
		return time.Time{}
	}
	seconds, err := n.Float64()
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// authTime returns when a person signed in at the provider.
func authTime(claims map[string]any) time.Time { return moment(claims["auth_time"]) }
