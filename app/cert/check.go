package cert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// checkTime is how long one step of a check may take; a record in the DNS may
// take longer to be seen.
const (
	checkTime = 10 * time.Second
	zoneTime  = 90 * time.Second
)

// A CheckResult is what a check found out about one thing.
type CheckResult struct {
	What string `json:"what" enum:"name,directory,binding,address,http,alpn,dns"`
	OK   bool   `json:"ok"`
	Hard bool   `json:"hard" doc:"Without it no certificate comes; else it may come all the same"`
	Text string `json:"text" doc:"What was found, and what to do"`
}

// A Checked is what a check found out, before an authority is asked for anything.
type Checked struct {
	Terms    string        `json:"terms" doc:"The address of the authority's terms"`
	Binding  bool          `json:"binding" doc:"The authority takes only accounts that are bound to one it knows"`
	Findings []CheckResult `json:"findings" nullable:"false"`
}

// Check tries whether v's authority can be asked for a name, which needs not be
// among the appliance's yet: whether the authority answers, and whether what it
// would look for is found. token opens the zone; nil: the one that is stored.
func (s *Service) Check(ctx context.Context, v store.ACME, name string, token *string) (r Checked, err error) {
	name = clean(name)
	r.Findings = []CheckResult{}
	add := func(f CheckResult) { r.Findings = append(r.Findings, f) }
	if why := refused(v, name); why != "" || name == "" {
		add(CheckResult{"name", false, true, strings.TrimSpace(why + " Choose another name, or another challenge.")})
		return r, nil
	}
	add(s.directory(ctx, v, &r))
	if r.Binding {
		bound := v.EABKeyID != ""
		text := "The authority takes only accounts that are bound to one it knows: copy the id of a key and the key from your account there."
		if bound {
			text = "The account is bound to one that the authority knows."
		}
		add(CheckResult{"binding", bound, true, text})
	}
	switch v.Challenge {
	case "dns":
		add(s.zone(ctx, v, name, token))
	default:
		add(s.address(ctx, v, name))
		if v.Challenge == "http" {
			add(s.overHTTP(ctx, name))
		} else {
			add(s.overTLS(ctx, name))
		}
	}
	return r, nil
}

// directory asks an authority for its directory.
func (s *Service) directory(ctx context.Context, v store.ACME, r *Checked) CheckResult {
	if !secureURL(v.Directory) {
		return CheckResult{"directory", false, true, "The directory of the authority is an address that begins with https://."}
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // this system has none
	}
	roots.AppendCertsFromPEM([]byte(v.Roots))
	ask := &http.Client{Timeout: checkTime, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
	}}
	text, err := fetch(ctx, ask, v.Directory)
	var d acme.Directory
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err == nil && d.NewOrder == "" {
		err = fmt.Errorf("%s is no directory of an ACME authority", v.Directory)
	}
	if err != nil {
		return CheckResult{"directory", false, true, "The authority does not answer as one: " + err.Error() + ". Look at the address, and at this box's way to the Internet."}
	}
	if d.Meta != nil {
		r.Terms, r.Binding = d.Meta.TermsOfService, d.Meta.ExternalAccountRequired
	}
	return CheckResult{"directory", true, true, "The authority answers."}
}

// fetch returns what is at an address, 64 KiB of it at most.
func fetch(ctx context.Context, ask *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := ask.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, res.Status)
	}
	return text, err
}

// resolver asks the DNS server that sees what the authority sees.
func resolver(v store.ACME) *net.Resolver {
	if v.Resolver == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: checkTime}).DialContext(ctx, network, v.Resolver)
	}}
}

// address looks a name up.
func (s *Service) address(ctx context.Context, v store.ACME, name string) CheckResult {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	found, err := resolver(v).LookupNetIP(ctx, "ip", name)
	if err != nil || len(found) == 0 {
		return CheckResult{"address", false, false, name + " has no address in the DNS, as seen from this box: make an A or AAAA record for it, or use the challenge by DNS. If the world is told otherwise than this network, name a DNS server of the world."}
	}
	var texts []string
	outside := false
	for _, ip := range found {
		ip = ip.Unmap()
		texts = append(texts, ip.String())
		outside = outside || !slices.ContainsFunc(privates, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	text := fmt.Sprintf("%s leads to %s.", name, strings.Join(texts, ", "))
	known := slices.ContainsFunc(publicAuthorities, func(host string) bool { return strings.Contains(v.Directory, host) })
	if !outside && known {
		return CheckResult{"address", false, false, text + " No public authority reaches a private address: use the challenge by DNS. If the world is told otherwise than this network, name a DNS server of the world."}
	}
	return CheckResult{"address", true, true, text}
}

// expect has s answer at a path or for a name while do runs.
func (s *Service) expect(what, answer string, do func()) {
	s.mu.Lock()
	s.probes[what] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.probes, what)
		s.mu.Unlock()
	}()
	do()
}

// probed reports whether a check waits for a handshake for a name.
func (s *Service) probed(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.probes[name]
	return ok
}

// overHTTP asks port 80 of a name for something that only we know.
func (s *Service) overHTTP(ctx context.Context, name string) (f CheckResult) {
	token := rand.Text()
	path := "/.well-known/acme-challenge/" + token
	ask := &http.Client{Timeout: checkTime, Transport: &http.Transport{DisableKeepAlives: true, DialContext: s.dial("80")}}
	s.expect(path, token, func() {
		text, err := fetch(ctx, ask, "http://"+name+path)
		switch {
		case err != nil:
			f = CheckResult{"http", false, false, fmt.Sprintf("Port 80 of %s does not lead here, as seen from this box: %v. Have the router forward port 80 to this box. Some routers hide their own outside from the inside: then a trial tells.", name, err)}
		case string(text) != token:
			f = CheckResult{"http", false, true, fmt.Sprintf("Something else answers on port 80 of %s. Have the router forward port 80 to this box, or a proxy pass on /.well-known/acme-challenge/.", name)}
		default:
			f = CheckResult{"http", true, false, fmt.Sprintf("Port 80 of %s leads here.", name)}
		}
	})
	return f
}

// dial connects to a port of the outside; tests have other ports.
func (s *Service) dial(port string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if s.outside != nil {
			return (&net.Dialer{Timeout: checkTime}).DialContext(ctx, network, s.outside(host, port))
		}
		return (&net.Dialer{Timeout: checkTime}).DialContext(ctx, network, net.JoinHostPort(host, port))
	}
}

// overTLS shakes hands with port 443 of a name as an authority would, and looks
// whether the certificate is one of ours.
func (s *Service) overTLS(ctx context.Context, name string) (f CheckResult) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	s.expect(name, "", func() {
		conn, err := s.dial("443")(ctx, "tcp", net.JoinHostPort(name, "443"))
		var got []byte
		if err == nil {
			defer conn.Close()
			t := tls.Client(conn, &tls.Config{
				ServerName: name, NextProtos: []string{acmez.ACMETLS1Protocol}, MinVersion: tls.VersionTLS12,
				InsecureSkipVerify: true, //nolint:gosec // whoever answers is compared with ourselves
			})
			if err = t.HandshakeContext(ctx); err == nil {
				got = t.ConnectionState().PeerCertificates[0].Raw
			}
		}
		own, err2 := s.magic.GetCertificateWithContext(ctx, &tls.ClientHelloInfo{ServerName: name, SupportedProtos: []string{"http/1.1"}})
		switch {
		case err == nil && err2 == nil && bytes.Equal(got, own.Leaf.Raw):
			f = CheckResult{"alpn", true, false, fmt.Sprintf("Port 443 of %s leads here.", name)}
		case err == nil && err2 == nil:
			f = CheckResult{"alpn", false, true, fmt.Sprintf("Something else answers on port 443 of %s. Have the router forward port 443 to this box; a proxy between must not end TLS.", name)}
		default:
			f = CheckResult{"alpn", false, false, fmt.Sprintf("Port 443 of %s does not lead here, as seen from this box: %v. Have the router forward port 443 to this box. Some routers hide their own outside from the inside: then a trial tells.", name, cmp.Or(err, err2))}
		}
	})
	return f
}

// zone writes a record as a challenge would, waits until it is seen, and takes it away.
func (s *Service) zone(ctx context.Context, v store.ACME, name string, token *string) CheckResult {
	ctx, cancel := context.WithTimeout(ctx, zoneTime)
	defer cancel()
	secret, err := s.secret(ctx, dnsKey)
	if token != nil && *token != "" {
		secret = []byte(strings.TrimSpace(*token))
	}
	if err == nil {
		err = zoneOf(v.DNS).Validate()
	}
	if err != nil {
		return CheckResult{"dns", false, true, said(err)}
	}
	d, err := s.solver(v, secret)
	if err != nil {
		return CheckResult{"dns", false, true, said(err)}
	}
	c := acme.Challenge{
		Type: acme.ChallengeTypeDNS01, Token: rand.Text(), KeyAuthorization: rand.Text(),
		Identifier: acme.Identifier{Type: "dns", Value: strings.TrimPrefix(name, "*.")},
	}
	err = d.Present(ctx, c)
	if err == nil {
		err = d.Wait(ctx, c)
		if gone := d.CleanUp(context.WithoutCancel(ctx), c); err == nil {
			err = gone
		}
	}
	if err != nil {
		if f := fault.From(err); f.Kind != fault.Internal {
			err = f
		}
		return CheckResult{"dns", false, true, fmt.Sprintf("No record could be written for %s and seen again: %s", name, said(err))}
	}
	return CheckResult{"dns", true, true, fmt.Sprintf("A record for %s was written, seen by everybody, and taken away again.", name)}
}
