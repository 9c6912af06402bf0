package oidc

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// The longest that a provider's settings may be, in characters.
const (
	maxName, maxIssuer, maxText = 64, 512, 256
	maxScopes, maxMappings      = 20, 200
)

// invalid is a fault of these fields of a provider.
func invalid(fields ...fault.Field) error {
	f := fault.New(fault.Invalid, "provider.invalid", "The provider cannot be used like this. %s", fields[0].Message)
	f.Fields = fields
	return f
}

// Create checks v, seals its secret, which may be empty, and stores it.
func (s *Service) Create(ctx context.Context, y store.System, v store.Provider, secret string) (store.Provider, error) {
	v.ID, v.ClientSecret = store.NewID(), seal.Value{}
	v, err := s.ready(ctx, v, secret)
	if err != nil {
		return v, err
	}
	return y.CreateProvider(ctx, v)
}

// Update is Create for a provider that is there: store.SecretMask keeps its secret,
// as long as that goes to the same host.
func (s *Service) Update(ctx context.Context, y store.System, v store.Provider, secret string) (store.Provider, error) {
	old, err := y.Provider(ctx, v.ID)
	if err != nil {
		return v, err
	}
	v.ClientSecret = old.ClientSecret
	if origin(old.Issuer) != origin(v.Issuer) {
		v.ClientSecret = seal.Value{}
	}
	if v, err = s.ready(ctx, v, secret); err != nil {
		return v, err
	}
	s.forget(v.Issuer) // who saves wants to see what the provider says today
	return y.UpdateProvider(ctx, v)
}

// Delete deletes a provider if its revision is still rev.
func (s *Service) Delete(ctx context.Context, y store.System, id string, rev int64) error {
	return y.DeleteProvider(ctx, id, rev)
}

// ready returns v as it is stored: checked, its secret sealed.
func (s *Service) ready(ctx context.Context, v store.Provider, secret string) (store.Provider, error) {
	v.Name, v.Issuer, v.ClientID = strings.TrimSpace(v.Name), strings.TrimSpace(v.Issuer), strings.TrimSpace(v.ClientID)
	tenants, err := s.tenants(ctx)
	if err != nil {
		return v, err
	}
	fields := slices.Concat(wrong(v), wrongMappings(v.Mappings, tenants))
	keep := secret == store.SecretMask
	if keep && len(v.ClientSecret.Ciphertext()) == 0 {
		fields = append(fields, fault.Field{Field: "body.client_secret", Message: "Enter the secret again: none is stored, or the issuer changed and it must not go there unasked."})
	}
	if len(secret) > maxIssuer {
		fields = append(fields, fault.Field{Field: "body.client_secret", Message: "A secret has at most 512 characters."})
	}
	switch {
	case len(fields) > 0:
		return v, invalid(fields...)
	case keep:
		return v, nil
	case secret == "":
		v.ClientSecret = seal.Value{}
		return v, nil
	}
	v.ClientSecret, err = s.Sealer.Seal(ctx, store.SystemTenant, secretWhere(v.ID), []byte(secret))
	return v, err
}

func secretWhere(id string) string { return "providers|client_secret|" + id }

// secret opens the client's secret; nothing, if it has none.
func (s *Service) secret(ctx context.Context, p store.Provider) (string, error) {
	if len(p.ClientSecret.Ciphertext()) == 0 {
		return "", nil
	}
	data, err := s.Sealer.Open(ctx, store.SystemTenant, secretWhere(p.ID), p.ClientSecret)
	return string(data), err
}

// tenants returns those that a mapping may name: all but the appliance's own.
func (s *Service) tenants(ctx context.Context) (map[store.TenantID]bool, error) {
	all, err := s.System.AllTenants(ctx)
	there := make(map[store.TenantID]bool, len(all))
	for _, t := range all {
		there[t.ID] = true
	}
	return there, err
}

// wrong returns what is wrong with a provider but for its secret and mappings.
func wrong(v store.Provider) (fields []fault.Field) {
	bad := func(field, message string) {
		fields = append(fields, fault.Field{Field: "body." + field, Message: message})
	}
	if !within(v.Name, maxName) {
		bad("name", "A name has 1 to 64 characters.")
	}
	if why := wrongIssuer(v.Issuer); why != "" {
		bad("issuer", why)
	}
	if !within(v.ClientID, maxText) {
		bad("client_id", "Enter the client id that the provider gave, at most 256 characters.")
	}
	odd := func(scope string) bool {
		return !within(scope, maxText) || strings.ContainsAny(scope, " \t\r\n\"\\")
	}
	if !slices.Contains(v.Scopes, "openid") || len(v.Scopes) > maxScopes || slices.ContainsFunc(v.Scopes, odd) {
		bad("scopes", "Scopes are single words, at most 20, and openid is one of them.")
	}
	if !within(v.UsernameClaim, maxText) {
		bad("username_claim", "Name the claim that holds the user name, like preferred_username.")
	}
	return fields
}

func wrongMappings(all []store.Mapping, tenants map[store.TenantID]bool) (fields []fault.Field) {
	if len(all) > maxMappings {
		return []fault.Field{{Field: "body.mappings", Message: "At most 200 mappings."}}
	}
	for i, m := range all {
		bad := func(field, message string) {
			fields = append(fields, fault.Field{Field: fmt.Sprintf("body.mappings[%d].%s", i, field), Message: message})
		}
		if !within(m.Claim, maxText) {
			bad("claim", "Name a claim, at most 256 characters.")
		}
		if !within(m.Value, maxText) {
			bad("value", "Say what the claim must hold, at most 256 characters; * is anything.")
		}
		if !tenants[m.Tenant] {
			bad("tenant", "There is no such tenant.")
		}
		if ranks[m.Role] == 0 {
			bad("role", "Choose owner, admin, member or viewer.")
		}
	}
	return fields
}

// within reports whether s is there and no longer than most.
func within(s string, most int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most
}

// wrongIssuer returns what is wrong with an issuer, or nothing.
func wrongIssuer(issuer string) string {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Hostname() == "" || len(issuer) > maxIssuer:
		return "An issuer is an address like https://login.example.com."
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(issuer, "?#"):
		return "An issuer has no user, no ? and no #."
	case u.Scheme == "https" || u.Scheme == "http" && near(u.Hostname()):
		return ""
	}
	return "An issuer begins with https://; http:// is only good for localhost and private addresses."
}

// near reports whether a host is on this box or in a private network for sure.
func near(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsPrivate())
}

// origin returns scheme, host and port of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
