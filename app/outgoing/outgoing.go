// Package outgoing is the one way in which the appliance speaks to addresses
// that people enter: webhooks, mail servers, heartbeats. It resolves a name once
// and dials what it checked, so that no answer of a name server can lead it to
// addresses that only a machine itself may reach. It knows nothing of what is sent.
package outgoing

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"unity.internal/app/fault"
)

const (
	timeout     = 10 * time.Second // for a whole exchange
	maxBody     = 1 << 20          // bytes of an answer
	maxRedirect = 5
	keepIdle    = 30 * time.Second
)

// The faults of a request that did not come through. What they say is shown to
// people and kept with deliveries, so it never holds more than host and port.
var (
	ErrBlocked     = fault.New(fault.Invalid, "outgoing.blocked", "This address cannot be reached from here: it belongs to the network's own machinery or to the appliance itself. Enter another one.")
	ErrPrivate     = fault.New(fault.Invalid, "outgoing.private", "Private addresses are not allowed here. Ask the administrator of the appliance.")
	ErrName        = fault.New(fault.Unavailable, "outgoing.name", "The host name does not exist, or the name server does not answer. Check how it is written.")
	ErrUnreachable = fault.New(fault.Unavailable, "outgoing.unreachable", "Nothing answers there. Check the address, and that the service runs.")
	ErrTimeout     = fault.New(fault.Unavailable, "outgoing.timeout", "It did not answer within 10 seconds. Check that the service runs and no firewall is in between.")
	ErrTLS         = fault.New(fault.Unavailable, "outgoing.tls", "Its certificate cannot be verified. Check the host name, and that the certificate is valid and of a known authority.")
	ErrRedirect    = fault.New(fault.Invalid, "outgoing.redirect", "The address sends on to another host, which is not followed. Enter the final address.")
	ErrTooLarge    = fault.New(fault.Unavailable, "outgoing.too_large", "The answer is larger than 1 MB.")
	ErrURL         = fault.New(fault.Invalid, "outgoing.url", "The address must begin with http:// or https:// and name a host.")
)

// A Client reaches out for people. Make one with New.
type Client struct {
	// AllowPrivate reports whether a private or loopback address may be reached.
	allowPrivate func(netip.Addr) bool
	own          func() []netip.AddrPort
	resolver     *net.Resolver
	http         *http.Client
	large        int64
}

// Options say what a Client may reach.
type Options struct {
	// AllowPrivate reports whether a private or loopback address may be reached.
	AllowPrivate func(netip.Addr) bool
	// Own returns the addresses on which the appliance itself listens.
	Own func() []netip.AddrPort
	// Resolver finds addresses; nil: the system's.
	Resolver *net.Resolver
	// Roots are the authorities that are believed; nil: the system's.
	Roots *x509.CertPool
	// Large is how many bytes an answer may have, and Whole how long an exchange may
	// take; zero: 1 MB, 10 s.
	Large int64
	Whole time.Duration
	// Onward follows redirects to other hosts, as long as they are encrypted.
	Onward bool
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{allowPrivate: o.AllowPrivate, own: o.Own, resolver: o.Resolver}
	if c.allowPrivate == nil {
		c.allowPrivate = func(netip.Addr) bool { return false }
	}
	if c.own == nil {
		c.own = func() []netip.AddrPort { return nil }
	}
	if c.resolver == nil {
		c.resolver = net.DefaultResolver
	}
	t := &http.Transport{
		DialContext: c.Dial, ForceAttemptHTTP2: true, MaxIdleConns: 16, IdleConnTimeout: keepIdle,
		TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10,
		Proxy: nil, // a proxy would dial what was not checked
	}
	t.TLSClientConfig = tlsConfig(o.Roots)
	c.http = &http.Client{Transport: t, Timeout: cmp.Or(o.Whole, timeout), CheckRedirect: sameHost}
	c.large = cmp.Or(o.Large, maxBody)
	if o.Onward {
		c.http.CheckRedirect = onward
	}
	return c
}

// sameHost follows redirects within a host only.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if !strings.EqualFold(req.URL.Hostname(), first.Hostname()) || first.Scheme == "https" && req.URL.Scheme != "https" {
		return ErrRedirect
	}
	if len(via) >= maxRedirect {
		return ErrRedirect
	}
	return nil
}

// onward follows redirects within a host, and from an encrypted one to another.
func onward(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme == "https" && via[0].URL.Scheme == "https" && len(via) < maxRedirect {
		return nil
	}
	return sameHost(req, via)
}

// Do sends a request. The answer's body ends with ErrTooLarge after 1 MB; the
// caller closes it. An error is a fault that may be shown.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if (req.URL.Scheme != "http" && req.URL.Scheme != "https") || req.URL.Hostname() == "" {
		return nil, ErrURL
	}
	res, err := c.http.Do(req) //nolint:gosec // what it may reach is checked where it dials
	if err != nil {
		return nil, reason(err)
	}
	res.Body = &limited{body: res.Body, left: c.large}
	return res, nil
}

// A limited body fails after so many bytes instead of ending like a short one.
type limited struct {
	body io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }

// Dial connects to host:port after checking what the name stands for. Its error
// is a fault that may be shown.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrURL.Because(err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	all, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	n, err := c.resolver.LookupPort(ctx, network, port)
	if err != nil {
		return nil, ErrURL.Because(err)
	}
	var last error
	for _, ip := range all {
		to := netip.AddrPortFrom(ip, uint16(n)) //nolint:gosec // LookupPort returns ports
		if err := c.check(to); err != nil {
			return nil, err // one bad address spoils the name: it is a trap, or will be
		}
	}
	d := net.Dialer{Timeout: timeout}
	for _, ip := range all {
		conn, err := d.DialContext(ctx, network, netip.AddrPortFrom(ip, uint16(n)).String()) //nolint:gosec // as above
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, reason(last)
}

// resolve returns the addresses of a host, once for the check and the dial.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if forbiddenName(host) {
		return nil, ErrBlocked
	}
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []netip.Addr{ip}, nil
	}
	all, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(all) == 0 {
		return nil, reason(errors.Join(err, &net.DNSError{Name: host, Err: "no address"}))
	}
	return all, nil
}
