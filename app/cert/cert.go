// Package cert gives the appliance its certificates. An own authority signs one
// for each of its names when a client first asks for it, so that a device which
// trusts the authority's root sees no warning, by whatever name or address it
// comes. certmagic does the keys, the cache and the renewal.
package cert

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/caddyserver/certmagic"
)

// A Config is what a Service needs.
type Config struct {
	Storage  certmagic.Storage
	Allowed  func(name string) bool // whether a name or address is the appliance's: nothing else gets a certificate
	Hostname string                 // this machine's
	Domains  []string               // its network's; a root that is made vouches for them too
	Log      *slog.Logger
}

// A Service serves and renews certificates.
type Service struct {
	authority *authority
	cache     *certmagic.Cache
	magic     *certmagic.Config
	log       *slog.Logger
}

// New returns the service, which works at once; Run ends it.
func New(c Config) *Service {
	return newService(c, time.Now, leafLife, certmagic.DefaultRenewalWindowRatio)
}

// newService lets tests have short lives.
func newService(c Config, now func() time.Time, leaf time.Duration, window float64) *Service {
	s := &Service{
		authority: &authority{Config: c, now: now, leaf: leaf},
		log:       c.Log,
	}
	zap := bridge(c.Log)
	s.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return s.magic, nil },
		Capacity:         1000,
		Logger:           zap,
	})
	s.magic = certmagic.New(s.cache, certmagic.Config{
		Storage:             c.Storage,
		DisableStorageCheck: true, // it is the appliance's database
		DisableARI:          true, // our authority has none
		OCSP:                certmagic.OCSPConfig{DisableStapling: true},
		RenewalWindowRatio:  window,
		Issuers:             []certmagic.Issuer{s.authority},
		OnDemand: &certmagic.OnDemandConfig{DecisionFunc: func(_ context.Context, name string) error {
			if c.Allowed(name) {
				return nil
			}
			return fmt.Errorf("cert: %q is no name of this appliance", name)
		}},
		Logger: zap,
	})
	return s
}

// TLSConfig returns how to listen. The server speaks no HTTP/2, so none is
// offered; acme-tls/1 is how a public authority asks whether a name is ours.
func (s *Service) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1", "acme-tls/1"},
		GetCertificate: s.magic.GetCertificate,
	}
}

// Run makes the authority if there is none, renews it before its end, and ends
// the service when ctx ends. Certificates are renewed by the handshakes that use them.
func (s *Service) Run(ctx context.Context) error {
	defer s.cache.Stop()
	day := time.NewTicker(24 * time.Hour)
	defer day.Stop()
	for {
		if err := s.Ready(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "no certificate authority", "error", err)
		}
		select {
		case <-day.C:
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
