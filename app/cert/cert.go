// Package cert gives the appliance its certificates. An own authority signs one
// for each of its names when a client first asks for it, so that a device which
// trusts the authority's root sees no warning, by whatever name or address it
// comes. Names that everybody shall trust get theirs from an authority that
// speaks ACME, or from a person; until they have one, the own authority stands
// in. certmagic does the keys, the protocol and the storage.
package cert

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
	"unity.internal/app/cert/dns"
	"unity.internal/store"
)

// A Config is what a Service needs.
type Config struct {
	System   store.System
	Storage  certmagic.Storage
	Sealer   Sealer
	Allowed  func(name string) bool // whether a name or address is the appliance's: nothing else gets a certificate
	Own      func() []string        // names and addresses that the appliance has by itself
	Public   func() []string        // names that a person gave it; one may begin with *.
	Ports    func() (plain, secure int)
	Hostname string     // this machine's
	Domains  []string   // its network's; a root that is made vouches for them too
	Fixed    string     // the mode that the command line names; empty: what is chosen
	Out      dns.Client // asks services that keep zones
	Start    Start      // starts a job of the appliance
	Publish  func()     // names, certificates or settings changed
	Now      func() time.Time
	Log      *slog.Logger
}

// Start starts a job of the appliance.
type Start func(ctx context.Context, y store.System, kind, title string, work func(context.Context) error) (store.Job, error)

// A Service serves and renews certificates.
type Service struct {
	Config
	authority *authority
	cache     *certmagic.Cache
	magic     *certmagic.Config // of the own authority
	zap       *zap.Logger
	wake      chan struct{} // holds a token when names or settings changed

	asking sync.Mutex // one certificate is asked for at a time
	mu     sync.RWMutex
	asked  string                  // the name that is being asked for
	drop   context.CancelCauseFunc // ends that
	chosen store.TLS
	signed map[string]signed // by ACME, by their name
	pair   *pairFile         // of manual; nil: none, or it cannot be read
	probes map[string]string // what a check expects, by the path or the name that it asks for

	outside func(host, port string) string // in tests: where a port of the outside is
}

// A signed is a certificate that an ACME authority signed.
type signed struct {
	cert   *tls.Certificate
	issuer string
}

// New returns the service, which works at once; Run ends it.
func New(c Config) *Service { return newService(c, leafLife, certmagic.DefaultRenewalWindowRatio) }

// newService lets tests have short lives.
func newService(c Config, leaf time.Duration, window float64) *Service {
	s := &Service{
		Config: c, authority: &authority{Config: c, leaf: leaf}, wake: make(chan struct{}, 1), zap: bridge(c.Log),
		signed: map[string]signed{}, probes: map[string]string{},
	}
	s.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return s.magic, nil },
		Capacity:         1000,
		Logger:           s.zap,
	})
	s.magic = certmagic.New(s.cache, certmagic.Config{
		Storage:             c.Storage,
		DisableStorageCheck: true, // it is the appliance's database
		DisableARI:          true, // our authority has none
		OCSP:                certmagic.OCSPConfig{DisableStapling: true},
		RenewalWindowRatio:  window,
		Issuers:             []certmagic.Issuer{s.authority},
		OnDemand: &certmagic.OnDemandConfig{DecisionFunc: func(_ context.Context, name string) error {
			if c.Allowed(name) || s.probed(name) {
				return nil
			}
			return fmt.Errorf("cert: %q is no name of this appliance", name)
		}},
		Logger: s.zap,
	})
	return s
}

// TLSConfig returns how to listen. The server speaks no HTTP/2, so none is
// offered; acme-tls/1 is how a public authority asks whether a name is ours.
func (s *Service) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1", acmez.ACMETLS1Protocol},
		GetCertificate: s.certificate,
	}
}

// certificate returns what a handshake is answered with.
func (s *Service) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := clean(hello.ServerName)
	if slices.Equal(hello.SupportedProtos, []string{acmez.ACMETLS1Protocol}) {
		if !s.probed(name) {
			return s.magic.GetCertificate(hello) // it knows what it is being asked
		}
		usual := *hello
		usual.SupportedProtos = nil
		return s.magic.GetCertificate(&usual)
	}
	if name == "" && hello.Conn != nil {
		name, _, _ = net.SplitHostPort(hello.Conn.LocalAddr().String())
	}
	if c := s.brought(name); c != nil {
		return c, nil
	}
	return s.magic.GetCertificate(hello)
}

// brought returns the certificate that somebody else signed for a name, if there
// is one that is good now.
func (s *Service) brought(name string) *tls.Certificate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch s.mode() {
	case store.TLSACME:
		for _, n := range []string{name, wildcard(name)} {
			if c, ok := s.signed[n]; ok && s.Now().Before(c.cert.Leaf.NotAfter) {
				return c.cert
			}
		}
	case store.TLSManual:
		if p := s.pair; p != nil && s.Now().Before(p.cert.Leaf.NotAfter) && p.cert.Leaf.VerifyHostname(name) == nil {
			return p.cert
		}
	}
	return nil
}

// mode returns the mode in force. The caller holds mu.
func (s *Service) mode() string {
	if s.Fixed != "" {
		return s.Fixed
	}
	return s.chosen.Mode
}

// Mode returns the mode in force.
func (s *Service) Mode() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mode()
}

// Signer returns who signed the certificate that is served for a name now: one of
// the modes, off if none is served.
func (s *Service) Signer(name string) string {
	mode := s.Mode()
	if mode != store.TLSOff && s.brought(clean(name)) == nil {
		return store.TLSInternal
	}
	return mode
}

// Load reads what is chosen and what there is. It is called before the first
// listener opens, and whenever settings or names may have changed.
func (s *Service) Load(ctx context.Context) error {
	v, err := s.System.TLS(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	had := s.chosen
	s.chosen = v
	s.mu.Unlock()
	if had.Mode != v.Mode || had.CertificateFile != v.CertificateFile || had.KeyFile != v.KeyFile {
		s.readPair(ctx)
	}
	s.look()
	return nil
}

// look has Run look at every name at once.
func (s *Service) look() {
	select {
	case s.wake <- struct{}{}:
	default: // it has a token already
	}
}

// Run makes the authority if there is none, renews what needs it, and ends the
// service when ctx ends. Certificates of the own authority are renewed by the
// handshakes that use them.
func (s *Service) Run(ctx context.Context) error {
	defer s.cache.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.Ready(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "no certificate authority", "error", err)
		}
		s.reread(ctx)
		s.renew(ctx)
		select {
		case <-tick.C:
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// Ready reports whether certificates can be issued.
func (s *Service) Ready(ctx context.Context) error {
	_, _, err := s.authority.chain(ctx)
	return err
}

// RootPEM returns the certificate that devices are told to trust.
func (s *Service) RootPEM(ctx context.Context) ([]byte, error) {
	root, _, err := s.authority.chain(ctx)
	if err != nil {
		return nil, err
	}
	return certPEM(root.cert.Raw), nil
}

// Fingerprint returns the SHA-256 of the root, as people compare it.
func (s *Service) Fingerprint(ctx context.Context) (string, error) {
	root, _, err := s.authority.chain(ctx)
	if err != nil {
		return "", err
	}
	return fingerprint(root.cert), nil
}
