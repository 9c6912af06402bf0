package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Trial is what a token would bring its owner.
type Trial struct {
	Verified bool           `json:"verified" doc:"Signed by the provider, for this appliance, and good now"`
	WhyNot   string         `json:"why_not,omitempty"`
	Claims   map[string]any `json:"claims"`
	Plan     Plan           `json:"plan"`
	Refusal  string         `json:"refusal,omitempty" doc:"Why its owner would not get in" example:"oidc.no_access"`
	Message  string         `json:"message,omitempty" doc:"The refusal, in words"`
}

// Plan returns what claims of p bring a user, who is empty if there is none yet.
// With an error nothing of it may happen.
func (s *Service) Plan(ctx context.Context, p store.Provider, claims map[string]any, user string, v *Invitation) (Plan, error) {
	c := Case{Provider: p, Claims: claims, Known: user != "", Invitation: v, Role: s.Role}
	tenants, err := s.tenants(ctx)
	if err != nil {
		return Plan{}, err
	}
	c.Exists = func(t store.TenantID) bool { return tenants[t] }
	if c.Known {
		if c.Held, err = s.Held(ctx, user); err != nil {
			return Plan{}, err
		}
	}
	return c.Plan()
}

// DryRun returns what a token would bring its owner, and changes nothing. It
// takes a JWT, which is checked as far as the provider answers, or an object of claims.
func (s *Service) DryRun(ctx context.Context, provider, token string) (t Trial, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p, err := s.System.Provider(ctx, provider)
	if err != nil {
		return t, err
	}
	if token = strings.TrimSpace(token); strings.HasPrefix(token, "{") {
		t.Claims, err = parse([]byte(token))
		t.WhyNot = "These are claims without a signature. Paste a whole ID token to have it checked."
	} else if t.Claims, err = payload(token); err == nil {
		_, _, why := s.verify(ctx, p, token)
		if t.Verified = why == nil; why != nil {
			t.WhyNot = fault.From(why).Msg
		}
	}
	if err != nil {
		return t, invalid(fault.Field{Field: "body.token", Message: "Paste an ID token (three parts with dots between them) or a JSON object of claims."})
	}
	user := ""
	if subject, ok := t.Claims["sub"].(string); ok {
		v, err := s.System.IdentityBySubject(ctx, p.ID, subject)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return t, err
		}
		user = v.User
	}
	t.Plan, err = s.Plan(ctx, p, t.Claims, user, nil)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Forbidden {
		t.Refusal, t.Message, err = f.Code, f.Msg, nil
	}
	return t, err
}

// payload returns what a JWT says, whoever signed it.
func payload(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("no JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	return parse(raw)
}
