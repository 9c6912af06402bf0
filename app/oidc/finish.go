package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"unity.internal/store"
)

// An Answer is what the provider wrote into the address of the callback.
type Answer struct {
	Code   string // code
	State  string // state
	Issuer string // iss; some providers do without
	Error  string // error, instead of a code
}

// A Proof says who sits at the browser, as a provider knows them.
type Proof struct {
	Provider      store.Provider
	Subject       string // the provider's id of the person; never anybody else's
	Name          string // how to call a new user; never a way to find an old one
	Email         string
	EmailVerified bool // by the provider, or because the provider is trusted with it
	Claims        map[string]any
	Intent        Intent
	SecondFactor  bool      // the provider's sign-in counts as two factors
	AuthTime      time.Time // when the person signed in there; zero if it does not say
}

// Finish redeems what came back from the provider with the cookie that Start gave.
func (s *Service) Finish(ctx context.Context, cookie string, a Answer) (Proof, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	u, err := s.returned(ctx, cookie, a.State)
	if err != nil {
		return Proof{}, err
	}
	p, err := s.enabled(ctx, u.Provider)
	if err != nil {
		return Proof{}, err
	}
	d, err := s.document(ctx, p.Issuer, fresh)
	if err != nil {
		return Proof{}, err
	}
	if a.Issuer != p.Issuer && (a.Issuer != "" || d.NamesIssuer) {
		return Proof{}, ErrIssuer
	}
	if a.Error != "" || a.Code == "" {
		return Proof{}, refused(a.Error)
	}
	tokens, err := s.exchange(ctx, d, p, a.Code, u.Verifier)
	if err != nil {
		return Proof{}, err
	}
	t, claims, err := s.proven(ctx, p, tokens, u)
	if err != nil {
		return Proof{}, err
	}
	if err := s.complete(ctx, d, p, tokens, t.Subject, claims); err != nil {
		return Proof{}, err
	}
	email, verified := address(p, claims)
	return Proof{
		Provider: p, Subject: t.Subject, Name: name(p, claims), Email: email, EmailVerified: verified,
		Claims: claims, Intent: u.Intent, SecondFactor: p.SecondFactor, AuthTime: authTime(claims),
	}, nil
}

// returned opens a cookie and checks that it belongs to state, in time and once.
func (s *Service) returned(ctx context.Context, cookie, state string) (under, error) {
	u, err := s.open(ctx, cookie)
	if err != nil {
		return u, err
	}
	if subtle.ConstantTimeCompare([]byte(u.State), []byte(state)) != 1 {
		return u, ErrState
	}
	if s.Now().Sub(u.Began) > Window {
		return u, ErrLate
	}
	return u, s.use(u)
}

// exchange redeems a code for tokens.
func (s *Service) exchange(ctx context.Context, d *document, p store.Provider, code, verifier string) (*oauth2.Token, error) {
	secret, err := s.secret(ctx, p)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, s.client)
	t, err := d.config(p, secret, s.redirect()).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	e, answered := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case err == nil:
		return t, nil
	case !answered || e.Response != nil && e.Response.StatusCode >= http.StatusInternalServerError:
		return nil, unreachable(err)
	case e.ErrorCode == "invalid_client" || e.ErrorCode == "unauthorized_client":
		return nil, ErrClient.Because(errors.New(e.ErrorCode))
	}
	return nil, refused(e.ErrorCode)
}

// proven returns the ID token among tokens if all of it is right.
func (s *Service) proven(ctx context.Context, p store.Provider, tokens *oauth2.Token, u under) (*oidc.IDToken, map[string]any, error) {
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, nil, ErrNoToken
	}
	t, claims, err := s.verify(ctx, p, raw)
	if err != nil {
		return nil, nil, err
	}
	if subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(u.Nonce)) != 1 {
		return nil, nil, ErrNonce
	}
	if t.AccessTokenHash != "" {
		if err := t.VerifyAccessToken(tokens.AccessToken); err != nil {
			return nil, nil, ErrHash.Because(err)
		}
	}
	if u.Intent.Purpose == StepUp && authTime(claims).Before(u.Began.Add(-leeway)) {
		return nil, nil, ErrAuthTime
	}
	return t, claims, nil
}

// complete adds what the ID token does not say and the userinfo endpoint does.
// What the token says stays. A provider that should tell more and does not is an
// error: for want of a claim, memberships end.
func (s *Service) complete(ctx context.Context, d *document, p store.Provider, tokens *oauth2.Token, subject string, claims map[string]any) error {
	missing := func(claim string) bool { _, ok := find(claims, claim); return !ok }
	if d.UserInfo == "" || !slices.ContainsFunc(wanted(p), missing) {
		return nil
	}
	ctx = oidc.ClientContext(ctx, s.client)
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return unreachable(err)
	}
	if info.Subject != subject {
		return ErrSubject
	}
	more, err := decode(info.Claims)
	if err != nil {
		return unreachable(err)
	}
	if e, ok := claims["email"]; ok && e != more["email"] {
		delete(more, "email_verified") // it is of another address
	}
	for name, v := range more {
		if _, ok := claims[name]; !ok {
			claims[name] = v
		}
	}
	return nil
}

// wanted returns the claims that matter for p.
func wanted(p store.Provider) []string {
	all := []string{p.UsernameClaim}
	if slices.Contains(p.Scopes, "email") {
		all = append(all, "email", "email_verified")
	}
	for _, m := range p.Mappings {
		all = append(all, m.Claim)
	}
	return all
}

// name returns how to call a new user.
func name(p store.Provider, claims map[string]any) string {
	v, _ := find(claims, p.UsernameClaim)
	text, _ := v.(string)
	return strings.TrimSpace(text)
}

// address returns the e-mail address, and whether it may be relied on.
func address(p store.Provider, claims map[string]any) (email string, verified bool) {
	email, _ = claims["email"].(string)
	v := claims["email_verified"]
	return email, email != "" && (p.TrustEmail || v == true || v == "true") // some write it as text
}
