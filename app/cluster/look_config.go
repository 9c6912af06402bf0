package cluster

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// A DataLine is one key of a ConfigMap or a Secret.
type DataLine struct {
	Key   string `json:"key"`
	Bytes int    `json:"bytes"`
	Kind  string `json:"kind" enum:"text,binary,secret"`
}

// A CertificateBlock is what a TLS Secret has, without its key.
type CertificateBlock struct {
	Names  []string  `json:"names" nullable:"false"`
	Issuer string    `json:"issuer"`
	Begins time.Time `json:"begins_at"`
	Ends   time.Time `json:"ends_at"`
	Ended  bool      `json:"ended"`
	NoKey  bool      `json:"key_missing" doc:"There is no key beside the certificate"`
}

func lookConfigMap(_ context.Context, v *viewer) error {
	c, err := decode[corev1.ConfigMap](v.raw)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Data)) {
		v.out.Data = append(v.out.Data, DataLine{name, len(c.Data[name]), "text"})
	}
	for _, name := range slices.Sorted(maps.Keys(c.BinaryData)) {
		v.out.Data = append(v.out.Data, DataLine{name, len(c.BinaryData[name]), "binary"})
	}
	v.size()
	if or(c.Immutable, false) {
		v.fact("Immutable", "It can only be deleted and made anew")
	}
	return nil
}

// size says how much the keys hold.
func (v *viewer) size() {
	sum := 0
	for _, d := range v.out.Data {
		sum += d.Bytes
	}
	v.fact("Keys", fmt.Sprintf("%d, %d bytes", len(v.out.Data), sum))
}

func lookSecret(_ context.Context, v *viewer) error {
	s, err := decode[corev1.Secret](v.raw)
	if err != nil {
		return err
	}
	v.fact("Type", string(s.Type))
	for _, name := range slices.Sorted(maps.Keys(s.Data)) {
		v.out.Data = append(v.out.Data, DataLine{name, len(s.Data[name]), "secret"})
	}
	v.size()
	if or(s.Immutable, false) {
		v.fact("Immutable", "It can only be deleted and made anew")
	}
	if s.Type == corev1.SecretTypeServiceAccountToken {
		v.other("Service account", "serviceaccounts", s.Namespace, s.Annotations[corev1.ServiceAccountNameKey])
	}
	c := certificate(s, v.now)
	if c == nil {
		return nil
	}
	v.out.Certificate = c
	v.fact("Names", strings.Join(c.Names, ", "))
	v.fact("Issuer", c.Issuer)
	if c.Ended {
		v.bad("Certificate", "It ended on "+c.Ends.Format(time.RFC3339))
		return nil
	}
	v.moment("Certificate ends", c.Ends)
	return nil
}

// certificate returns what a Secret has of a certificate; nil: nothing.
func certificate(s corev1.Secret, now time.Time) *CertificateBlock {
	block, _ := pem.Decode(s.Data[corev1.TLSCertKey])
	if block == nil {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && c.Subject.CommonName != "" {
		names = append(names, c.Subject.CommonName)
	}
	return &CertificateBlock{names, c.Issuer.String(), c.NotBefore.UTC(), c.NotAfter.UTC(), now.After(c.NotAfter), len(s.Data[corev1.TLSPrivateKeyKey]) == 0}
}

// certificateIn reads which certificate a Secret beside the object has.
func (v *viewer) certificateIn(ctx context.Context, name string) (*CertificateBlock, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // the ingress controller has one of its own
	}
	_, _, raw, err := v.link.read(ctx, Ref{Kind: "secrets", Namespace: v.ref.Namespace, Name: name})
	if err != nil {
		return nil, err
	}
	s, err := decode[corev1.Secret](raw)
	if err != nil {
		return nil, err
	}
	return certificate(s, v.now), nil
}

func lookServiceAccount(ctx context.Context, v *viewer) error {
	s, err := decode[corev1.ServiceAccount](v.raw)
	if err != nil {
		return err
	}
	for _, r := range s.ImagePullSecrets {
		v.other("Pull secret", "secrets", s.Namespace, r.Name)
	}
	for _, r := range s.Secrets {
		v.other("Secret", "secrets", s.Namespace, r.Name)
	}
	if !or(s.AutomountServiceAccountToken, true) {
		v.fact("Token", "Pods get none unless they ask")
	}
	all, err := bindings(ctx, v.link, v.kinds, s.Namespace)
	v.beside("Bindings", err)
	for _, b := range all {
		if b.gives(s.Namespace, s.Name) {
			v.out.Bindings = append(v.out.Bindings, BindingLine{b.ref(), b.role()})
		}
	}
	return nil
}
