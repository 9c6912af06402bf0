package cert

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"unity.internal/store"
)

// soon is how long before its end a certificate is spoken of that nobody renewed.
const soon = 21 * 24 * time.Hour

// A Name is a name or an address of the appliance, and its certificate.
type Name struct {
	Name      string            `json:"name"`
	Own       bool              `json:"own" doc:"The appliance has it by itself; others were given, and can be taken away"`
	By        string            `json:"by" enum:"internal,acme,manual" doc:"Who signs for it"`
	Issuer    string            `json:"issuer" doc:"Who signed the certificate that is served; empty: there is none yet"`
	NotBefore *time.Time        `json:"not_before,omitempty"`
	NotAfter  *time.Time        `json:"not_after,omitempty"`
	Renewal   *time.Time        `json:"renewal_at,omitempty" doc:"When it is renewed by itself"`
	Attempt   *store.TLSAttempt `json:"attempt,omitempty" doc:"How it went when the authority was asked last"`
	Next      *time.Time        `json:"next_attempt_at,omitempty" doc:"When it is asked again"`
	Asking    bool              `json:"asking" doc:"The authority is being asked now"`
	Why       string            `json:"why,omitempty" doc:"Why not the authority that was chosen signs for it"`
	StandsIn  bool              `json:"stands_in" doc:"Another authority, the appliance's own or the one that was chosen before, stands in until the chosen one has signed"`
}

// A Pair is the certificate that a person brought.
type Pair struct {
	Names    []string  `json:"names" nullable:"false"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
	Uploaded bool      `json:"uploaded" doc:"It was uploaded; else it stands in files"`
}

// An Authority is the appliance's own, as devices are told to trust it.
type Authority struct {
	Subject     string    `json:"subject"`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256"`
	NotAfter    time.Time `json:"not_after"`
	Domains     []string  `json:"domains" nullable:"false" doc:"What it may vouch for beside private addresses"`
}

// Names returns every name and address of the appliance with its certificate.
func (s *Service) Names(ctx context.Context) (all []Name, err error) {
	attempts, err := s.System.TLSAttempts(ctx)
	if err != nil {
		return nil, err
	}
	public := s.Public()
	for _, name := range slices.Concat(public, s.Own()) {
		name = clean(name)
		if slices.ContainsFunc(all, func(n Name) bool { return n.Name == name }) {
			continue
		}
		n := Name{Name: name, Own: !slices.ContainsFunc(public, func(p string) bool { return clean(p) == name })}
		if err := s.describe(ctx, &n, attempts); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// describe fills in who signs for a name, and what is served now.
func (s *Service) describe(ctx context.Context, n *Name, attempts map[string]store.TLSAttempt) error {
	s.mu.RLock()
	v, mode := s.chosen, s.mode()
	n.Asking = s.asked == n.Name
	s.mu.RUnlock()
	s.signer(n, v.ACME, mode)
	if last, ok := attempts[n.Name]; ok && n.By == store.TLSACME {
		n.Attempt = &last
		if last.Failures > 0 {
			at := next(last)
			n.Next = &at
		}
	}
	leaf, err := s.served(ctx, n)
	if leaf == nil || err != nil {
		return err
	}
	n.Issuer, n.NotBefore, n.NotAfter = issuerOf(leaf), &leaf.NotBefore, &leaf.NotAfter
	if n.By != store.TLSManual {
		at := renewal(leaf, s.magic.RenewalWindowRatio)
		n.Renewal = &at
	}
	return nil
}

// signer fills in who is to sign for a name, and whether another stands in.
func (s *Service) signer(n *Name, v store.ACME, mode string) {
	n.By = store.TLSInternal
	brought := s.brought(n.Name)
	switch {
	case mode == store.TLSManual && brought != nil:
		n.By = store.TLSManual
	case mode == store.TLSACME && !n.Own:
		if n.Why = refused(v, n.Name); n.Why == "" {
			n.By = store.TLSACME
			n.StandsIn = brought == nil || !s.signs(v, n.Name)
		}
	}
}

// signs reports whether the certificate that is served for a name is one of v's authority.
func (s *Service) signs(v store.ACME, name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.signed[name]
	return ok && c.issuer == issuerOfDirectory(v)
}

// served returns the certificate that is served for a name now; nil: there is none.
func (s *Service) served(ctx context.Context, n *Name) (*x509.Certificate, error) {
	if n.By != store.TLSInternal {
		if c := s.brought(n.Name); c != nil {
			return c.Leaf, nil
		}
	}
	if strings.HasPrefix(n.Name, "*.") {
		return nil, nil //nolint:nilnil // the own authority signs for no wildcard
	}
	leaf, err := s.leaf(ctx, issuerKey, n.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nobody asked for it yet
	}
	return leaf, err
}

// leaf returns a certificate from the storage, without its key.
func (s *Service) leaf(ctx context.Context, issuer, name string) (*x509.Certificate, error) {
	text, err := s.Storage.Load(ctx, certmagic.StorageKeys.SiteCert(issuer, name))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errPair
	}
	return x509.ParseCertificate(block.Bytes)
}

// issuerOf returns what people know the issuer of a certificate by.
func issuerOf(c *x509.Certificate) string {
	if len(c.Issuer.Organization) > 0 && !strings.Contains(c.Issuer.CommonName, c.Issuer.Organization[0]) {
		return c.Issuer.Organization[0] + ", " + c.Issuer.CommonName
	}
	return c.Issuer.CommonName
}

// Pair returns what a person brought; nil: nothing, or it is not served.
func (s *Service) Pair() *Pair {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.mode() != store.TLSManual || s.pair == nil {
		return nil
	}
	leaf := s.pair.cert.Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return &Pair{names, issuerOf(leaf), leaf.NotAfter, s.pair.uploaded}
}

// Authority describes the own authority.
func (s *Service) Authority(ctx context.Context) (Authority, error) {
	root, _, err := s.authority.chain(ctx)
	if err != nil {
		return Authority{}, err
	}
	return Authority{root.cert.Subject.CommonName, fingerprint(root.cert), root.cert.NotAfter, root.cert.PermittedDNSDomains}, nil
}

// Unwell says, in sentences, what is not well with certificates that others sign.
func (s *Service) Unwell(ctx context.Context) (all []string) {
	s.mu.RLock()
	v, mode, p := s.chosen, s.mode(), s.pair
	s.mu.RUnlock()
	switch mode {
	case store.TLSManual:
		return s.pairUnwell(p)
	case store.TLSACME:
	default:
		return nil
	}
	if !v.ACME.Agreed {
		return []string{"certificates: the mode is acme, but no authority is set up. See Settings, Certificates."}
	}
	attempts, err := s.System.TLSAttempts(ctx)
	if err != nil {
		return nil // the database says so itself
	}
	for _, name := range s.wanted(v) {
		if why := s.late(name, attempts[name]); why != "" {
			all = append(all, why)
		}
	}
	return all
}

// late says why the certificate of a name is spoken of; empty: it is well.
func (s *Service) late(name string, last store.TLSAttempt) string {
	s.mu.RLock()
	c, ok := s.signed[name]
	s.mu.RUnlock()
	switch {
	case !ok && last.Failures > 0:
		return fmt.Sprintf("certificates: %s has none yet, and asking for it failed. See Settings, Certificates.", name)
	case !ok:
		return ""
	}
	leaf := c.cert.Leaf
	due := renewal(leaf, s.magic.RenewalWindowRatio)
	left := leaf.NotAfter.Sub(s.Now())
	if left > soon || s.Now().Before(due) || last.Failures == 0 && s.Now().Sub(due) < longest {
		return ""
	}
	return ends(name, left)
}

func (s *Service) pairUnwell(p *pairFile) []string {
	if p == nil {
		return []string{"certificates: the one that was brought cannot be read. See Settings, Certificates."}
	}
	left := p.cert.Leaf.NotAfter.Sub(s.Now())
	if left > soon {
		return nil
	}
	name := "the one that was brought"
	if len(p.cert.Leaf.DNSNames) > 0 {
		name = p.cert.Leaf.DNSNames[0]
	}
	return []string{ends(name, left)}
}

// ends says that a certificate ends, in days so that the sentence stays the same for one.
func ends(name string, left time.Duration) string {
	if left <= 0 {
		return fmt.Sprintf("certificates: that of %s has ended. See Settings, Certificates.", name)
	}
	return fmt.Sprintf("certificates: that of %s ends in %d days and was not renewed. See Settings, Certificates.", name, int(left.Hours()/24))
}

var _ certmagic.Issuer = (*authority)(nil)
