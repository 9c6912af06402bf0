package outgoing_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"unity.internal/app/fault"
	"unity.internal/app/outgoing"
)

// names is a name server that knows these names.
func names(t *testing.T, known map[string][]string) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	up := make(chan struct{})
	s := &dns.Server{PacketConn: pc, NotifyStartedFunc: func() { close(up) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		all, ok := known[strings.TrimSuffix(q.Question[0].Name, ".")]
		if !ok {
			m.Rcode = dns.RcodeNameError
		}
		for _, ip := range all {
			kind := "A"
			if strings.Contains(ip, ":") {
				kind = "AAAA"
			}
			if dns.StringToType[kind] == q.Question[0].Qtype {
				rr, err := dns.NewRR(q.Question[0].Name + " 1 IN " + kind + " " + ip)
				if err != nil {
					t.Error(err)
				}
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = s.ActivateAndServe() }()
	<-up
	t.Cleanup(func() { _ = s.Shutdown() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func yes(netip.Addr) bool { return true }
func no(netip.Addr) bool  { return false }

// get returns what asking for an address and reading the whole answer fails with.
func get(t *testing.T, c *outgoing.Client, address string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

func TestForbiddenAddressesAreRefusedHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	c := outgoing.New(outgoing.Options{AllowPrivate: yes, Resolver: names(t, map[string][]string{
		"2852039166":       {"169.254.169.254"}, // what some resolvers make of a number
		"0xa9fea9fe":       {"169.254.169.254"},
		"innocent.example": {"169.254.169.254"}, "half.example": {"127.0.0.1", "169.254.169.254"},
		"six.example": {"fd00:ec2::254"}, "mapped.example": {"::ffff:169.254.169.254"},
	})})
	for _, host := range []string{
		"169.254.169.254", "169.254.1.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1",
		"[::]", "[fe80::1]", "[fe80::1%25lo]", "[ff02::1]", "[fd00:ec2::254]", "[fd20:ce::254]",
		"[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
		"[64:ff9b:1::1]", "[2002:a9fe:a9fe::1]", "[2001:0:1::1]",
		"metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data",
		"2852039166", "0xa9fea9fe", "innocent.example", "half.example", "six.example", "mapped.example",
	} {
		err := get(t, c, "http://"+host+"/latest/meta-data/")
		number := host == "2852039166" && errors.Is(err, outgoing.ErrName) // not every resolver takes it for an address
		if !errors.Is(err, outgoing.ErrBlocked) && !number {
			t.Errorf("%s: err = %v", host, err)
		}
	}
}

func TestPrivateAddressesNeedToBeAllowed(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	if err := get(t, outgoing.New(outgoing.Options{AllowPrivate: yes}), s.URL); err != nil {
		t.Errorf("allowed: %v", err)
	}
	c := outgoing.New(outgoing.Options{AllowPrivate: no})
	for _, host := range []string{"127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "[::1]", "[fd12::1]", "[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]"} {
		if err := get(t, c, "http://"+host+":1/"); !errors.Is(err, outgoing.ErrPrivate) {
			t.Errorf("%s: err = %v", host, err)
		}
	}
}

func TestTheApplianceDoesNotReachItself(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	for _, own := range []netip.AddrPort{at, netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()), netip.AddrPortFrom(netip.IPv6Unspecified(), at.Port())} {
		c := outgoing.New(outgoing.Options{AllowPrivate: yes, Own: func() []netip.AddrPort { return []netip.AddrPort{own} }})
		if err := get(t, c, s.URL); !errors.Is(err, outgoing.ErrBlocked) {
			t.Errorf("own %s: err = %v", own, err)
		}
	}
}

func TestRedirectsStayOnTheirHost(t *testing.T) {
	t.Parallel()
	var other string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other+"/secret", http.StatusTemporaryRedirect)
		case "/near":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/meta":
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	other = "http://localhost:" + u.Port()
	c := outgoing.New(outgoing.Options{AllowPrivate: yes})
	for path, want := range map[string]error{"/away": outgoing.ErrRedirect, "/meta": outgoing.ErrRedirect, "/round": outgoing.ErrRedirect, "/near": nil} {
		if err := get(t, c, s.URL+path); !errors.Is(err, want) {
			t.Errorf("%s: err = %v, want %v", path, err, want)
		}
	}
}

func TestAnswersAreLimited(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := 1 << 20
		if r.URL.Path == "/more" {
			n++
		}
		_, _ = w.Write(make([]byte, n))
	}))
	defer s.Close()
	c := outgoing.New(outgoing.Options{AllowPrivate: yes})
	for path, want := range map[string]error{"/": nil, "/more": outgoing.ErrTooLarge} {
		if err := get(t, c, s.URL+path); !errors.Is(err, want) {
			t.Errorf("%s: err = %v, want %v", path, err, want)
		}
	}
}

func TestWhatGoesWrongIsSaidWithoutTheAddress(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer secure.Close()
	c := outgoing.New(outgoing.Options{AllowPrivate: yes, Resolver: names(t, nil)})
	for address, want := range map[string]*fault.Error{
		"http://" + closed.Addr().String() + "/marker":                 outgoing.ErrUnreachable,
		secure.URL + "/marker":                                         outgoing.ErrTLS,
		strings.Replace(secure.URL, "https", "http", 1) + "/ok?marker": nil, // a TLS server that is spoken to in the clear answers 400
		"http://nowhere.example/marker":                                outgoing.ErrName,
		"ftp://127.0.0.1/marker":                                       outgoing.ErrURL,
		"http:///marker":                                               outgoing.ErrURL,
	} {
		err := get(t, c, address)
		if want == nil {
			if err != nil {
				t.Errorf("%s: %v", address, err)
			}
			continue
		}
		if !errors.Is(err, want) || strings.Contains(err.Error(), "marker") {
			t.Errorf("%s: err = %v, want %v", address, err, want)
		}
	}
}

// TestOnwardGoesToOtherHostsEncryptedOnly downloads as publishers of programs send
// one on: from host to host, never to what is not encrypted, and no more than asked.
func TestOnwardGoesToOtherHostsEncryptedOnly(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	var other string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other+"/there", http.StatusFound)
		case "/plain":
			http.Redirect(w, r, strings.Replace(plain.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case "/meta":
			http.Redirect(w, r, "https://169.254.169.254/", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 3<<20))
		}
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	other = "https://example.com:" + u.Port()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c := outgoing.New(outgoing.Options{
		AllowPrivate: yes, Roots: roots, Onward: true, Large: 2 << 20, Resolver: names(t, map[string][]string{"example.com": {"127.0.0.1"}}),
	})
	for path, want := range map[string]error{"/away": nil, "/plain": outgoing.ErrRedirect, "/meta": outgoing.ErrBlocked, "/round": outgoing.ErrRedirect, "/large": outgoing.ErrTooLarge} {
		if err := get(t, c, s.URL+path); !errors.Is(err, want) {
			t.Errorf("%s: err = %v, want %v", path, err, want)
		}
	}
}
