package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"unity.internal/store"
)

const (
	fresh = time.Hour   // how long a provider's description of itself is believed
	brief = time.Minute // and when a key is missing in it
)

// algorithms are those by which a token may be signed: with a key that only the
// provider has. Neither none nor a secret that we share is among them.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

// A document is how a provider describes itself, and the keys it signs with.
type document struct {
	provider *oidc.Provider
	keys     oidc.KeySet
	read     time.Time

	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	UserInfo      string   `json:"userinfo_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
}

// document returns how an issuer describes itself, not older than age. Who asks
// at the same time waits for one answer.
func (s *Service) document(ctx context.Context, issuer string, age time.Duration) (*document, error) {
	s.mu.Lock()
	d := s.documents[issuer]
	s.mu.Unlock()
	if d != nil && s.Now().Sub(d.read) < age {
		return d, nil
	}
	answer := s.flight.DoChan(issuer, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout) // others wait for it, too
		defer cancel()
		return s.discover(ctx, issuer)
	})
	select {
	case <-ctx.Done():
		return nil, unreachable(ctx.Err())
	case r := <-answer:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*document), nil
	}
}

// discover fetches how an issuer describes itself and keeps it.
func (s *Service) discover(ctx context.Context, issuer string) (*document, error) {
	ctx = oidc.ClientContext(ctx, s.client)
	p, err := oidc.NewProvider(ctx, issuer)
	if _, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
		return nil, ErrIssuer.Because(err)
	}
	if err != nil {
		return nil, unreachable(err)
	}
	d := &document{provider: p, read: s.Now()}
	if err := p.Claims(d); err != nil {
		return nil, ErrDiscovery.Because(err)
	}
	if err := d.check(issuer); err != nil {
		return nil, ErrDiscovery.Because(err)
	}
	d.keys = oidc.NewRemoteKeySet(ctx, d.Keys) // it keeps the client of ctx, not its end
	d.Algorithms = slices.DeleteFunc(d.Algorithms, func(a string) bool { return !slices.Contains(algorithms, a) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[issuer] = d
	return d, nil
}

// forget makes the next use of an issuer read its description anew.
func (s *Service) forget(issuer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.documents, issuer)
}

// check refuses a description whose addresses are not as safe as the issuer's:
// browsers are sent there, and secrets.
func (d *document) check(issuer string) error {
	from, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	for name, address := range map[string]string{
		"authorization_endpoint": d.Authorization, "token_endpoint": d.Token, "jwks_uri": d.Keys,
		"userinfo_endpoint": d.UserInfo, "end_session_endpoint": d.EndSession,
	} {
		optional := name == "userinfo_endpoint" || name == "end_session_endpoint"
		if address == "" && optional {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != from.Scheme {
			return fmt.Errorf("%s is %q", name, address)
		}
	}
	return nil
}

// config returns how to speak with the provider as its client p.
func (d *document) config(p store.Provider, secret, redirect string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if secret == "" || len(d.Methods) > 0 && !slices.Contains(d.Methods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: secret, RedirectURL: redirect, Scopes: p.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: d.Authorization, TokenURL: d.Token, AuthStyle: style},
	}
}

// SignOutURL returns where a browser ends its session at a provider, too, and
// comes back to returnTo; nothing if the provider has no such place, or does not answer.
func (s *Service) SignOutURL(ctx context.Context, provider, returnTo string) string {
	p, err := s.System.Provider(ctx, provider)
	if err != nil {
		return ""
	}
	d, err := s.document(ctx, p.Issuer, fresh)
	if err != nil || d.EndSession == "" {
		return ""
	}
	u, err := url.Parse(d.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.ClientID)
	q.Set("post_logout_redirect_uri", returnTo)
	u.RawQuery = q.Encode()
	return u.String()
}
