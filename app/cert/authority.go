package cert

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

// How long certificates live. Browsers take 398 days from a leaf; the others
// are replaced while they still outlive every leaf that they sign.
const (
	rootLife         = 20 * 365 * 24 * time.Hour
	intermediateLife = 3 * 365 * 24 * time.Hour
	leafLife         = 397*24*time.Hour - time.Hour
	early            = 24 * time.Hour // for clients whose clock is behind
)

// Keys in the storage. One value holds a certificate and its key, so that there
// is never one without the other.
const (
	rootKey         = "authority/root.pem"
	intermediateKey = "authority/intermediate/" // and what its root is known by
	issuerKey       = "appliance"
)

// An authority issues the certificates of this appliance. It is made on the
// first use, and from then on it is the one in the storage.
type authority struct {
	Config
	leaf time.Duration

	mu                 sync.Mutex
	root, intermediate *pair
}

// A pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// chain returns the root and the intermediate, loaded, made or made anew when
// too little of their life is left.
func (a *authority) chain(ctx context.Context) (root, intermediate *pair, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lasts(a.root) && a.lasts(a.intermediate) {
		return a.root, a.intermediate, nil
	}
	root, err = a.have(ctx, rootKey, func() (*pair, error) {
		return a.sign(a.root509(), nil)
	})
	if err != nil {
		return nil, nil, err
	}
	// It lies beside what it was signed by, so a new root has a new one.
	intermediate, err = a.have(ctx, intermediateKey+strings.ReplaceAll(fingerprint(root.cert), ":", "")+".pem", func() (*pair, error) {
		return a.sign(a.intermediate509(root.cert), root)
	})
	if err != nil {
		return nil, nil, err
	}
	a.root, a.intermediate = root, intermediate
	return root, intermediate, nil
}

// have returns what the storage has under key, if it lasts, or else what is made.
func (a *authority) have(ctx context.Context, key string, create func() (*pair, error)) (*pair, error) {
	stored, err := a.Storage.Load(ctx, key)
	switch {
	case err == nil:
		p, err := decode(stored)
		if err != nil {
			return nil, fmt.Errorf("cert: %s: %w", key, err)
		}
		if a.lasts(p) {
			return p, nil
		}
		a.Log.WarnContext(ctx, "certificate authority replaced", "key", key, "not_after", p.cert.NotAfter)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	p, err := create()
	if err != nil {
		return nil, err
	}
	text, err := p.encode()
	if err != nil {
		return nil, err
	}
	return p, a.Storage.Store(ctx, key, text)
}

// lasts reports whether p outlives a leaf that it signs now.
func (a *authority) lasts(p *pair) bool {
	return p != nil && a.Now().Add(leafLife+90*24*time.Hour).Before(p.cert.NotAfter)
}

// root509 describes a new root. The names that it may vouch for are written into
// it, so that a device which trusts it trusts it with nothing else.
func (a *authority) root509() *x509.Certificate {
	t := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "Unity on " + cmp.Or(clean(a.Hostname), "an appliance"), Organization: []string{"Unity"}},
		NotBefore:                   a.Now().Add(-early),
		NotAfter:                    a.Now().Add(rootLife),
		MaxPathLen:                  1,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         domains(a.Hostname, a.Domains),
	}
	for _, p := range privates {
		mask := net.CIDRMask(p.Bits(), p.Addr().BitLen())
		t.PermittedIPRanges = append(t.PermittedIPRanges, &net.IPNet{IP: p.Addr().AsSlice(), Mask: mask})
	}
	return t
}

// intermediate509 describes a new intermediate. It carries the root's constraints,
// because some clients do not look for them in a certificate that they trust.
func (a *authority) intermediate509(root *x509.Certificate) *x509.Certificate {
	end := a.Now().Add(intermediateLife)
	if end.After(root.NotAfter) {
		end = root.NotAfter
	}
	return &x509.Certificate{
		Subject:                     pkix.Name{CommonName: root.Subject.CommonName + ", issuing", Organization: root.Subject.Organization},
		NotBefore:                   a.Now().Add(-early),
		NotAfter:                    end,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         root.PermittedDNSDomains,
		PermittedIPRanges:           root.PermittedIPRanges,
	}
}

// sign makes the key and the certificate of an authority, signed by parent or
// by itself.
func (a *authority) sign(t *x509.Certificate, parent *pair) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if parent == nil {
		parent = &pair{t, key}
	}
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, t, parent.cert, key.Public(), parent.key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	return &pair{c, key}, err
}

// IssuerKey names the issuer in the storage.
func (*authority) IssuerKey() string { return issuerKey }

// Issue signs a leaf for one name: one that the root may not vouch for would
// spoil the others beside it.
func (a *authority) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	if err := csr.CheckSignature(); err != nil {
		return nil, certmagic.ErrNoRetry{Err: err}
	}
	if len(csr.DNSNames)+len(csr.IPAddresses) != 1 {
		return nil, certmagic.ErrNoRetry{Err: errors.New("cert: a certificate is for one name")}
	}
	_, by, err := a.chain(ctx)
	if err != nil {
		return nil, certmagic.ErrNoRetry{Err: err} // the next handshake tries again
	}
	t := &x509.Certificate{
		NotBefore:   a.Now().Add(-min(early, a.leaf/2)),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    csr.DNSNames,
		IPAddresses: csr.IPAddresses,
	}
	t.NotAfter = t.NotBefore.Add(a.leaf)
	der, err := x509.CreateCertificate(rand.Reader, t, by.cert, csr.PublicKey, by.key)
	if err != nil {
		return nil, certmagic.ErrNoRetry{Err: err}
	}
	a.Log.InfoContext(ctx, "certificate issued", "names", csr.DNSNames, "addresses", csr.IPAddresses, "not_after", t.NotAfter)
	return &certmagic.IssuedCertificate{Certificate: append(certPEM(der), certPEM(by.cert.Raw)...)}, nil
}

// fingerprint returns the SHA-256 of a certificate as people compare it.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func (p *pair) encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, err
	}
	return append(certPEM(p.cert.Raw), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), nil
}

func decode(text []byte) (*pair, error) {
	both, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, err
	}
	key, ok := both.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("a key that cannot sign")
	}
	return &pair{both.Leaf, key}, nil
}
