package cert

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/mail"
	"net/url"
	"strings"

	zone "unity.internal/app/cert/dns"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// Keys in the storage of what is secret in the settings.
const (
	dnsKey  = "settings/dns"      // opens the service that keeps the zone
	eabKey  = "settings/eab"      // binds an account, base64url
	pairKey = "settings/pair.pem" // the certificate that was uploaded, with its key
)

// letsEncrypt is the directory whose trial directory is known.
const (
	letsEncrypt        = "https://acme-v02.api.letsencrypt.org/directory"
	letsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

var (
	// ErrModeFixed says that the command line names another mode.
	ErrModeFixed = fault.New(fault.Conflict, "tls.mode_fixed", "The mode is named by --tls (UNITY_TLS) where the appliance is started. Take it away there, and choose here.")
	// ErrNoPair says that there is nothing to serve.
	ErrNoPair = fault.New(fault.Invalid, "tls.no_certificate", "There is no certificate yet. Upload one, or name its files.")
)

// Secrets are what is stored beside the settings; nil keeps what there is, and
// an empty one takes it away.
type Secrets struct{ DNS, EAB *string }

// Settings returns what is chosen, with the mode in force, and which secrets there are.
func (s *Service) Settings(ctx context.Context) (v store.TLS, dns, eab bool, err error) {
	v, err = s.System.TLS(ctx)
	if s.Fixed != "" {
		v.Mode = s.Fixed
	}
	return v, s.Storage.Exists(ctx, dnsKey), s.Storage.Exists(ctx, eabKey), err
}

// Update stores v, made by whom y stands for, if its revision is still v.Rev.
func (s *Service) Update(ctx context.Context, y store.System, v store.TLS, secrets Secrets) (store.TLS, error) {
	if s.Fixed != "" && v.Mode != s.Fixed {
		return v, ErrModeFixed
	}
	sealed, err := s.sealed(ctx, secrets)
	if err != nil {
		return v, err
	}
	has := func(key string, given *string) bool {
		return given != nil && *given != "" || given == nil && s.Storage.Exists(ctx, key)
	}
	switch v.Mode {
	case store.TLSACME:
		err = checkACME(v.ACME, has(dnsKey, secrets.DNS), has(eabKey, secrets.EAB))
	case store.TLSManual:
		err = s.checkManual(ctx, v)
	}
	if err != nil {
		return v, err
	}
	v, err = y.UpdateTLS(ctx, v, sealed)
	if err != nil {
		return v, err
	}
	s.Publish()
	return v, s.again(ctx)
}

// again tries what is chosen now at once: it forgets attempts that failed, and
// ends one that is under way.
func (s *Service) again(ctx context.Context) error {
	all, err := s.System.TLSAttempts(ctx)
	for name, last := range all {
		if last.Failures > 0 {
			err = errors.Join(err, s.System.DeleteTLSAttempt(ctx, name))
		}
	}
	err = errors.Join(err, s.Load(ctx))
	s.mu.RLock()
	drop := s.drop
	s.mu.RUnlock()
	if drop != nil {
		drop(errChanged)
	}
	s.look()
	return err
}

// sealed returns the secrets as they are stored.
func (s *Service) sealed(ctx context.Context, secrets Secrets) (map[string]seal.Value, error) {
	all := map[string]seal.Value{}
	for key, given := range map[string]*string{dnsKey: secrets.DNS, eabKey: secrets.EAB} {
		if given == nil {
			continue
		}
		all[key] = seal.Value{}
		if *given == "" {
			continue
		}
		v, err := s.Sealer.Seal(ctx, store.SystemTenant, where(key), []byte(strings.TrimSpace(*given)))
		if err != nil {
			return nil, err
		}
		all[key] = v
	}
	return all, nil
}

// checkACME refuses what cannot work.
func checkACME(v store.ACME, dns, eab bool) error {
	_, badMail := mail.ParseAddress(v.Email)
	_, _, badResolver := net.SplitHostPort(v.Resolver)
	for _, rule := range []struct {
		broken           bool
		field, code, msg string
	}{
		{!secureURL(v.Directory), "acme.directory", "tls.directory", "The directory of the authority is an address that begins with https://."},
		{v.Staging != "" && !secureURL(v.Staging), "acme.staging", "tls.staging", "The directory for trials is an address that begins with https://."},
		{badMail != nil, "acme.email", "tls.email", "The authority needs an e-mail address: it writes there when something is wrong."},
		{!v.Agreed, "acme.agreed", "tls.terms", "Read the terms of the authority, and agree to them first."},
		{(v.EABKeyID != "") != eab, "acme.eab_key_id", "tls.eab", "A binding has two parts, the id of the key and the key. Give both, or none."},
		{v.Roots != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(v.Roots)), "acme.roots", "tls.roots", "These are no certificates. Paste them as PEM text."},
		{v.Resolver != "" && badResolver != nil, "acme.resolver", "tls.resolver", "The DNS server is named as host:port, like 9.9.9.9:53."},
		{v.Challenge == "dns" && v.DNS.Provider == "", "acme.dns.provider", "tls.provider", "Choose the service that keeps the zone."},
		{v.Challenge == "dns" && !dns && (v.DNS.Provider != zone.RFC2136 || v.DNS.KeyName != ""), "dns_secret", "tls.dns_secret", "The service that keeps the zone needs a token or a key."},
	} {
		if rule.broken {
			return field(rule.field, rule.code, rule.msg)
		}
	}
	if v.Challenge != "dns" {
		return nil
	}
	return zoneOf(v.DNS).Validate()
}

// eabMAC returns the key of a binding.
func eabMAC(text string) (string, error) {
	for _, e := range []*base64.Encoding{base64.RawURLEncoding, base64.URLEncoding, base64.StdEncoding} {
		if raw, err := e.DecodeString(text); err == nil {
			return base64.RawURLEncoding.EncodeToString(raw), nil
		}
	}
	return "", field("eab_secret", "tls.eab_key", "The key of the binding is no base64 text. Copy it once more from the authority's page.")
}

func secureURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// field is a fault of one field of the settings.
func field(name, code, msg string) error {
	e := fault.New(fault.Invalid, code, "%s", msg)
	e.Fields = []fault.Field{{Field: "body." + name, Message: msg}}
	return e
}
