package support

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"strings"
	"time"
)

// A Certificate is one that the appliance has, without whose it is.
type Certificate struct {
	Kind string    `json:"kind"` // authority, appliance: signed by it, acme, other
	For  string    `json:"for,omitempty"`
	Key  string    `json:"key"`
	From time.Time `json:"from"`
	Ends time.Time `json:"ends"`
}

// A Shelf is where certificates are kept.
type Shelf interface {
	List(ctx context.Context, path string, recursive bool) ([]string, error)
	Load(ctx context.Context, key string) ([]byte, error)
}

// Certificates returns those on a shelf. Keys lie there, too, and are not looked at.
func Certificates(ctx context.Context, s Shelf) (all []Certificate, err error) {
	all = []Certificate{}
	keys, err := s.List(ctx, "", true)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, ".crt") && !strings.HasPrefix(key, "authority/") {
			continue
		}
		text, bad := s.Load(ctx, key)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		if c := certificate(text); c != nil {
			all = append(all, Certificate{kindOf(key), madeFor(c), c.PublicKeyAlgorithm.String(), c.NotBefore.UTC(), c.NotAfter.UTC()})
		}
	}
	return all, err
}

// certificate returns the first one in a text.
func certificate(text []byte) *x509.Certificate {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			return c
		}
	}
	return nil
}

// kindOf returns what a key says of who signed: certificates/<issuer>/<name>/….
func kindOf(key string) string {
	part := strings.Split(key, "/")
	switch {
	case part[0] == "authority":
		return "authority"
	case len(part) > 2 && part[1] == "appliance":
		return "appliance"
	case len(part) > 2 && (strings.Contains(part[1], "acme") || strings.HasSuffix(part[1], "directory")):
		return "acme"
	}
	return "other"
}

func madeFor(c *x509.Certificate) string {
	switch {
	case c.IsCA:
		return ""
	case len(c.IPAddresses) > 0:
		return "an address"
	case len(c.DNSNames) > 0 && strings.HasPrefix(c.DNSNames[0], "*."):
		return "a wildcard"
	}
	return "a name"
}
