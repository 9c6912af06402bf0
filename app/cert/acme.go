package cert

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"golang.org/x/net/publicsuffix"
	"unity.internal/app/cert/dns"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	lookEvery  = 30 * time.Second // between two looks at files and ends
	obtainTime = 5 * time.Minute  // for one certificate, trial and records in the DNS among it
	longest    = 6 * time.Hour    // between two attempts that fail
)

// wanted returns the names that v's authority is asked for: those that a person
// gave, but for addresses, and for what no public authority may vouch for.
func (s *Service) wanted(v store.TLS) (all []string) {
	for _, name := range s.Public() {
		if _, err := netip.ParseAddr(name); err != nil && refused(v.ACME, name) == "" {
			all = append(all, clean(name))
		}
	}
	return all
}

// publicAuthorities are those that may not vouch for names of households.
var publicAuthorities = []string{"letsencrypt.org", "zerossl.com", "pki.goog", "buypass.com", "ssl.com"}

// refused says why an authority is not asked for a name; empty: it is.
func refused(v store.ACME, name string) string {
	switch _, err := netip.ParseAddr(name); {
	case err == nil:
		return "Only the appliance's own authority signs for addresses."
	case strings.HasPrefix(name, "*.") && v.Challenge != "dns":
		return "A name with * needs the challenge by DNS."
	}
	for _, host := range publicAuthorities {
		if strings.Contains(v.Directory, host) && !public(name) {
			return "No public authority signs for a name that only this network knows."
		}
	}
	return ""
}

// public reports whether everybody can look a name up: it lies under a domain of
// the Internet, and under none of households.
func public(name string) bool {
	within := func(home string) bool { return name == home || strings.HasSuffix(name, "."+home) }
	suffix, icann := publicsuffix.PublicSuffix(name)
	return name != suffix && (icann || strings.Contains(suffix, ".")) && !slices.ContainsFunc(homes, within)
}

// wildcard returns the name with * that vouches for name; empty if there can be none.
func wildcard(name string) string {
	if _, rest, ok := strings.Cut(name, "."); ok {
		return "*." + rest
	}
	return ""
}

// zoneOf returns how the records of v are written.
func zoneOf(v store.DNS) dns.Config {
	return dns.Config{Provider: v.Provider, Server: v.Server, KeyName: v.KeyName, Algorithm: v.Algorithm, API: v.API}
}

// secret returns a secret of the settings; nil if there is none.
func (s *Service) secret(ctx context.Context, key string) ([]byte, error) {
	v, err := s.Storage.Load(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return v, err
}

// settles is how long the name servers of a service take until all of them have a
// record; the first that has it ends the look for it. Estimates, not measured.
var settles = map[string]time.Duration{dns.Cloudflare: 5 * time.Second, dns.Hetzner: 10 * time.Second, dns.DeSEC: 30 * time.Second}

// solver returns how records are written; nil: the challenge is another.
func (s *Service) solver(v store.ACME, secret []byte) (*certmagic.DNS01Solver, error) {
	if v.Challenge != "dns" {
		return nil, nil //nolint:nilnil // none is needed
	}
	p, err := dns.New(zoneOf(v.DNS), secret, s.Out)
	if err != nil {
		return nil, err
	}
	d := &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{
		DNSProvider: p, PropagationDelay: settles[v.DNS.Provider], PropagationTimeout: obtainTime / 2, Logger: s.zap,
	}}
	switch {
	case v.Resolver != "":
		d.Resolvers = []string{v.Resolver}
	case v.DNS.Provider == dns.RFC2136:
		d.Resolvers = []string{v.DNS.Server} // it is the primary, and may be known to this network only
	}
	return d, nil
}

// issuing returns what asks the authority at a directory.
func (s *Service) issuing(ctx context.Context, v store.ACME, directory string) (*certmagic.Config, *certmagic.ACMEIssuer, error) {
	token, err := s.secret(ctx, dnsKey)
	if err != nil {
		return nil, nil, err
	}
	solver, err := s.solver(v, token)
	if err != nil {
		return nil, nil, err
	}
	plain, secure := s.Ports()
	t := certmagic.ACMEIssuer{
		CA: directory, TestCA: directory, Email: v.Email, Agreed: v.Agreed,
		DisableHTTPChallenge: v.Challenge != "http", DisableTLSALPNChallenge: v.Challenge != "alpn", DisableDistributedSolvers: true,
		AltHTTPPort: plain, AltTLSALPNPort: secure, CertObtainTimeout: obtainTime, Resolver: v.Resolver, Logger: s.zap,
	}
	if solver != nil {
		t.DNS01Solver = solver
	}
	if v.Roots != "" {
		if t.TrustedRoots, err = x509.SystemCertPool(); err != nil {
			t.TrustedRoots = x509.NewCertPool() // this system has none
		}
		t.TrustedRoots.AppendCertsFromPEM([]byte(v.Roots))
	}
	if v.EABKeyID != "" {
		key, err := s.secret(ctx, eabKey)
		if err != nil {
			return nil, nil, err
		}
		mac, err := eabMAC(string(key))
		if err != nil {
			return nil, nil, err
		}
		t.ExternalAccount = &acme.EAB{KeyID: v.EABKeyID, MACKey: mac}
	}
	magic := certmagic.New(s.cache, certmagic.Config{
		Storage: s.Storage, DisableStorageCheck: true, DisableARI: true,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, RenewalWindowRatio: s.magic.RenewalWindowRatio, Logger: s.zap,
	})
	issuer := certmagic.NewACMEIssuer(magic, t)
	magic.Issuers = []certmagic.Issuer{issuer}
	return magic, issuer, nil
}

// staging returns the directory for trials; empty if there is none.
func staging(v store.ACME) string {
	if v.Staging == "" && v.Directory == letsEncrypt {
		return letsEncryptStaging
	}
	return v.Staging
}

// obtain asks for the certificate of a name, or for a newer one. Before the
// first, a trial shows that the challenge can be met: authorities count failures.
func (s *Service) obtain(ctx context.Context, v store.ACME, name string) error {
	ctx, cancel := context.WithTimeout(ctx, obtainTime)
	defer cancel()
	magic, issuer, err := s.issuing(ctx, v, v.Directory)
	if err != nil {
		return err
	}
	if s.Storage.Exists(ctx, certmagic.StorageKeys.SiteCert(issuer.IssuerKey(), name)) {
		err = magic.RenewCertSync(ctx, name, true) // whether it is time was decided
	} else {
		if trial := staging(v); trial != "" {
			if err := s.try(ctx, v, trial, name); err != nil {
				return fmt.Errorf("the trial at %s: %w", trial, err)
			}
		}
		err = magic.ObtainCertSync(ctx, name)
	}
	if err != nil {
		return s.account(ctx, issuer, err)
	}
	c, err := s.stored(ctx, issuer.IssuerKey(), name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.signed[name] = signed{c, issuer.IssuerKey()}
	s.mu.Unlock()
	s.Log.InfoContext(ctx, "certificate obtained", "name", name, "directory", v.Directory, "not_after", c.Leaf.NotAfter)
	return nil
}

// account forgets an account that the authority has closed, so that the next
// attempt opens another, and returns err.
func (s *Service) account(ctx context.Context, issuer *certmagic.ACMEIssuer, err error) error {
	if p, ok := errors.AsType[acme.Problem](err); ok && p.Type == acme.ProblemTypeUnauthorized && closed.MatchString(p.Detail) {
		users := "acme/" + certmagic.StorageKeys.Safe(issuer.IssuerKey()) + "/users"
		s.Log.WarnContext(ctx, "the authority has closed our account; the next attempt opens another", "error", err)
		return errors.Join(err, s.Storage.Delete(ctx, users))
	}
	return err
}

// closed is how authorities say that an account is no more.
var closed = regexp.MustCompile(`(?i)account.*(deactivated|revoked|not valid)`)

// try asks a directory for trials, and throws away what it signs.
func (s *Service) try(ctx context.Context, v store.ACME, directory, name string) error {
	if directory == letsEncryptStaging {
		v.EABKeyID = ""
	}
	_, issuer, err := s.issuing(ctx, v, directory)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if err := issuer.PreCheck(ctx, csr.DNSNames, false); err != nil {
		return err
	}
	_, err = issuer.Issue(ctx, csr)
	return err
}

// stored returns the certificate of a name from the storage.
func (s *Service) stored(ctx context.Context, issuer, name string) (*tls.Certificate, error) {
	certificate, err := s.Storage.Load(ctx, certmagic.StorageKeys.SiteCert(issuer, name))
	if err != nil {
		return nil, err
	}
	key, err := s.Storage.Load(ctx, certmagic.StorageKeys.SitePrivateKey(issuer, name))
	if err != nil {
		return nil, err
	}
	return parsePair(certificate, key)
}

// Challenge returns what a public authority wants to find at a path of one of
// our names over plain HTTP.
func (s *Service) Challenge(host, path string) (body string, ok bool) {
	s.mu.RLock()
	body, ok = s.probes[path]
	s.mu.RUnlock()
	if ok {
		return body, true
	}
	c, ok := certmagic.GetACMEChallenge(host)
	if !ok || c.Type != acme.ChallengeTypeHTTP01 || c.HTTP01ResourcePath() != path {
		return "", false
	}
	return c.KeyAuthorization, true
}

// said returns everything that an error says, for who keeps the appliance.
func said(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		text := f.Msg
		if cause := errors.Unwrap(f); cause != nil {
			text += " (" + cause.Error() + ")"
		}
		return text
	}
	return err.Error()
}
