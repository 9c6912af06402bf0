package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

const (
	certificateSoon  = 14 * 24 * time.Hour
	certificateWorst = 3 * 24 * time.Hour
	// A certificate that lives shorter than shortLived is renewed so often that
	// only its last third says that something is wrong.
	shortLived = 45 * 24 * time.Hour

	secretsPage     = 100
	maxCertificates = 2000
)

// A Certificate is one that a cluster depends on, and when it ends.
type Certificate struct {
	Name string    `json:"name" doc:"For people: what it is of"`
	Ref  Ref       `json:"ref" doc:"The secret or Certificate; without a name: the cluster's own"`
	Ends time.Time `json:"ends_at"`

	begins time.Time
	api    bool // the API's own: it is not ours to renew
}

// near reports whether somebody must look after a certificate.
func (c Certificate) near(now time.Time) bool {
	left, life := c.Ends.Sub(now), c.Ends.Sub(c.begins)
	if !c.begins.IsZero() && life < shortLived {
		return left < life/3
	}
	return left < certificateSoon
}

// next says what to do about a certificate that ends.
func (c Certificate) next() string {
	switch {
	case c.api:
		return "Most distributions renew it when the control plane restarts; kubeadm does by «kubeadm certs renew»."
	case c.Ref.Name == "":
		return "Then the cluster refuses the appliance. Paste a kubeconfig with a new one."
	}
	return "Renew it, or look why what renews it does not."
}

// upper begins a text with a capital letter.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// certificates are those that are known of a cluster.
type certificates struct {
	all     []Certificate
	failing []failing
	why     string // those in secrets are not known
}

// A failing is a Certificate of cert-manager that is not issued.
type failing struct {
	Ref Ref
	why string
}

// first returns the certificate that ends first of those that must be looked
// after by hand some day; none if no certificate is known.
func (c certificates) first(now time.Time) (one Certificate, ok bool) {
	for _, v := range c.all {
		short := !v.begins.IsZero() && v.Ends.Sub(v.begins) < shortLived
		if short && !v.near(now) {
			continue
		}
		if !ok || v.Ends.Before(one.Ends) {
			one, ok = v, true
		}
	}
	return one, ok
}

// certificates asks a cluster for the ends of its certificates. Nothing but ends
// and names is kept; keys are not looked at.
func (s *Service) certificates(ctx context.Context, l *link) certificates {
	var out certificates
	if c, ok := s.serving(ctx, l); ok {
		out.all = append(out.all, c)
	}
	if c, ok := ends(l.config.CertData); ok {
		c.Name = "the appliance's own client certificate"
		out.all = append(out.all, c)
	}
	secrets, err := l.tlsSecrets(ctx)
	out.all = append(out.all, secrets...)
	switch {
	case apierrors.IsForbidden(err):
		out.why = "The credential may not list secrets, so that TLS certificates near their end are not noticed. Give its user the right to list secrets, of which only ends and names are kept."
	case err != nil:
		out.why = "TLS secrets could not be read: " + message(err)
	}
	of := map[Ref]bool{}
	for _, c := range secrets {
		of[c.Ref] = true
	}
	managed, failing := l.managed(ctx)
	for _, c := range managed {
		if !of[c.secret] {
			out.all = append(out.all, c.Certificate)
		}
	}
	out.failing = failing
	return out
}

// ends reads the first certificate of a text in PEM.
func ends(text []byte) (Certificate, bool) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return Certificate{}, false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Certificate{}, false
	}
	return Certificate{Ends: c.NotAfter, begins: c.NotBefore}, true
}

// serving looks at the certificate of the API itself, by a new connection: one
// that is open may be older than the certificate.
func (s *Service) serving(ctx context.Context, l *link) (Certificate, bool) {
	u, err := url.Parse(l.config.Host)
	if err != nil || u.Scheme != "https" {
		return Certificate{}, false
	}
	c, err := rest.TLSConfigFor(l.config)
	if err != nil || c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.ServerName == "" {
		c.ServerName = u.Hostname()
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	conn, err := s.Dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return Certificate{}, false
	}
	defer func() { _ = conn.Close() }()
	t := tls.Client(conn, c)
	err = t.HandshakeContext(ctx)
	found := Certificate{Name: "the certificate of the API server", api: true}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		found.Ends, found.begins = bad.Cert.NotAfter, bad.Cert.NotBefore
		return found, true
	}
	if shown := t.ConnectionState().PeerCertificates; err == nil && len(shown) > 0 {
		found.Ends, found.begins = shown[0].NotAfter, shown[0].NotBefore
		return found, true
	}
	return found, false
}

// A secretPage is what is read of a page of TLS secrets.
type secretPage struct {
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []struct {
		Metadata struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
		} `json:"metadata"`
		Data struct {
			Certificate []byte `json:"tls.crt"`
		} `json:"data"`
	} `json:"items"`
}

// tlsSecrets lists the certificates that are in secrets.
func (l *link) tlsSecrets(ctx context.Context) (all []Certificate, err error) {
	more := ""
	for len(all) < maxCertificates {
		r := l.plain.Get().AbsPath("api", "v1", "secrets").SetHeader("Accept", "application/json").
			Param("fieldSelector", "type=kubernetes.io/tls").Param("limit", strconv.Itoa(secretsPage))
		if more != "" {
			r = r.Param("continue", more)
		}
		text, err := r.Do(ctx).Raw()
		if err != nil {
			return all, err
		}
		var page secretPage
		err = json.Unmarshal(text, &page)
		clear(text) // keys are in it
		if err != nil {
			return all, err
		}
		for i := range page.Items {
			v := &page.Items[i]
			if c, ok := ends(v.Data.Certificate); ok {
				c.Ref = Ref{"secrets", strings.Clone(v.Metadata.Namespace), strings.Clone(v.Metadata.Name)}
				c.Name = "the certificate in secret " + spoken(c.Ref)
				all = append(all, c)
			}
		}
		if more = page.Metadata.Continue; more == "" {
			break
		}
	}
	return all, nil
}

// A managedCertificate is one that cert-manager keeps in a secret.
type managedCertificate struct {
	Certificate
	secret Ref
}

// managed lists the certificates that cert-manager looks after, if it is there.
func (l *link) managed(ctx context.Context) (all []managedCertificate, bad []failing) {
	k, err := l.kind(ctx, "certificates.cert-manager.io")
	if err != nil {
		return nil, nil
	}
	text, err := l.get(k, "", "").SetHeader("Accept", "application/json").Param("limit", strconv.Itoa(maxCertificates)).Do(ctx).Raw()
	if err != nil {
		return nil, nil
	}
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Spec     struct{ SecretName string }
			Status   struct {
				NotAfter, NotBefore time.Time
				Conditions          []struct{ Type, Status, Message string }
			}
		}
	}
	if json.Unmarshal(text, &list) != nil {
		return nil, nil
	}
	for _, v := range list.Items {
		r := Ref{k.Name, v.Metadata.Namespace, v.Metadata.Name}
		if !v.Status.NotAfter.IsZero() {
			all = append(all, managedCertificate{
				Certificate{Name: "certificate " + spoken(r), Ref: r, Ends: v.Status.NotAfter, begins: v.Status.NotBefore},
				Ref{"secrets", v.Metadata.Namespace, v.Spec.SecretName},
			})
		}
		for _, c := range v.Status.Conditions {
			if c.Type == "Ready" && c.Status == "False" {
				bad = append(bad, failing{r, c.Message})
			}
		}
	}
	return all, bad
}
