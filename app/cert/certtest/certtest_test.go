package certtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"unity.internal/app/cert/certtest"
	"unity.internal/app/cert/dns"
	"unity.internal/app/outgoing"
)

// TestMain leaves out what certmagic never ends: its limit a directory, and the
// locks of its files, which notice a while later that they were given back.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).loop"),
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}

// client returns what obtains certificates from s, plain certmagic.
func client(t *testing.T, s *certtest.Server, change func(*certmagic.ACMEIssuer)) *certmagic.Config {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Roots)
	var c *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{Logger: zap.NewNop(), GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return c, nil }})
	t.Cleanup(cache.Stop)
	c = certmagic.New(cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: t.TempDir()}, Logger: zap.NewNop(), OCSP: certmagic.OCSPConfig{DisableStapling: true}})
	issuer := certmagic.ACMEIssuer{
		CA: s.Directory, TestCA: s.Directory, Email: "ada@example.com", Agreed: true, TrustedRoots: roots, ListenHost: "127.0.0.1",
		AltHTTPPort: s.HTTPPort, AltTLSALPNPort: s.TLSPort, Logger: zap.NewNop(),
	}
	change(&issuer)
	made := certmagic.NewACMEIssuer(c, issuer)
	c.Issuers = []certmagic.Issuer{made}
	return c
}

func byHTTP(i *certmagic.ACMEIssuer) { i.DisableTLSALPNChallenge = true }
func byTLS(i *certmagic.ACMEIssuer)  { i.DisableHTTPChallenge = true }

// byDNS uses the provider that the appliance uses.
func byDNS(t *testing.T, s *certtest.Server) func(*certmagic.ACMEIssuer) {
	t.Helper()
	p, err := dns.New(dns.Config{Provider: dns.RFC2136, Server: s.Names.Addr, KeyName: certtest.KeyName}, []byte(s.Names.Secret),
		outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }}))
	if err != nil {
		t.Fatal(err)
	}
	return func(i *certmagic.ACMEIssuer) {
		i.DNS01Solver = &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{DNSProvider: p, Resolvers: []string{s.Names.Addr}}}
	}
}

// trusted checks the certificate that c has for a name, as a browser would.
func trusted(t *testing.T, s *certtest.Server, c *certmagic.Config, name string) {
	t.Helper()
	got, err := c.CacheManagedCertificate(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(s.Root)
	for _, der := range got.Certificate.Certificate[1:] {
		between.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	if _, err := got.Leaf.Verify(x509.VerifyOptions{DNSName: strings.Replace(name, "*", "any", 1), Roots: roots, Intermediates: between}); err != nil {
		t.Fatal(err)
	}
}

func TestEveryChallenge(t *testing.T) {
	t.Parallel()
	s := certtest.Start(t, certtest.Options{Strict: true, BadNonces: 20})
	for name, change := range map[string]func(*certmagic.ACMEIssuer){"http.example.test": byHTTP, "tls.elsewhere.test": byTLS} {
		c := client(t, s, change)
		if err := c.ObtainCertSync(t.Context(), name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		trusted(t, s, c, name)
	}
	c := client(t, s, byDNS(t, s))
	var both sync.WaitGroup // their values are under one name, at once
	for _, name := range []string{"deep.down.example.test", "*.deep.down.example.test"} {
		both.Go(func() {
			if err := c.ObtainCertSync(t.Context(), name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	both.Wait()
	for _, name := range []string{"deep.down.example.test", "*.deep.down.example.test"} {
		trusted(t, s, c, name)
	}
	if left := s.Names.TXT("_acme-challenge.deep.down.example.test"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func request(t *testing.T, name string) *x509.CertificateRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func TestAuthorityThatIsOtherThanOneExpects(t *testing.T) {
	t.Parallel()
	s := certtest.Start(t, certtest.Options{Account: "house", Life: time.Hour})
	obtain := func(account *acme.EAB) (*certmagic.ACMEIssuer, *certmagic.IssuedCertificate, error) {
		t.Helper()
		c := client(t, s, func(i *certmagic.ACMEIssuer) { i.DisableTLSALPNChallenge, i.ExternalAccount = true, account })
		issuer := c.Issuers[0].(*certmagic.ACMEIssuer)
		got, err := issuer.Issue(t.Context(), request(t, "eab.example.test"))
		return issuer, got, err
	}
	problem := func(err error) string {
		p, _ := errors.AsType[acme.Problem](err)
		return p.Type
	}
	for _, account := range []*acme.EAB{nil, {KeyID: "house", MACKey: "YW5vdGhlciBrZXkgdGhhdCBpcyBsb25nIGVub3VnaCB0byBzaWdu"}, {KeyID: "stranger", MACKey: s.AccountKey}} {
		if _, _, err := obtain(account); err == nil {
			t.Errorf("%+v: registered", account)
		}
	}
	account := &acme.EAB{KeyID: "house", MACKey: s.AccountKey}
	issuer, got, err := obtain(account)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(got.Certificate)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.NotAfter.Sub(leaf.NotBefore) > time.Hour {
		t.Errorf("lives from %v to %v, %v", leaf.NotBefore, leaf.NotAfter, err)
	}
	again := func() error {
		_, err := issuer.Issue(t.Context(), request(t, "eab.example.test"))
		return err
	}
	s.Limit(time.Hour)
	before := s.Orders()
	if err := again(); problem(err) != acme.ProblemTypeRateLimited || s.Orders() == before {
		t.Errorf("limited: %v, after %d orders", err, s.Orders()-before)
	}
	s.Limit(0)
	s.Stop()
	if conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.Directory, "https://"), "/dir")); err == nil {
		_ = conn.Close()
		t.Error("it listens while it is away")
	}
	s.Start()
	if err := again(); err != nil {
		t.Errorf("after it was away: %v", err)
	}
	s.Deactivate()
	if err := again(); problem(err) != acme.ProblemTypeUnauthorized {
		t.Errorf("with an account that ended: %v", err)
	}
}
