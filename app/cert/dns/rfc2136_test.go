package dns_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	miekg "github.com/miekg/dns"

	"unity.internal/app/cert/certtest"
	"unity.internal/app/cert/dns"
	"unity.internal/app/fault"
	"unity.internal/app/outgoing"
)

func rfc2136(t *testing.T) host {
	n := certtest.Names(t, zones...)
	return host{
		config: dns.Config{Provider: dns.RFC2136, Server: n.Addr, KeyName: certtest.KeyName},
		secret: n.Secret, wrong: "bm90IHRoZSBrZXkgb2YgdGhpcyBzZXJ2ZXI=", held: n.TXT, put: n.Put,
	}
}

func TestUpdatesThatANameServerRefuses(t *testing.T) {
	t.Parallel()
	key := func(c *dns.Config) { c.KeyName = certtest.KeyName }
	for _, c := range []struct {
		name   string
		ways   certtest.Ways
		config func(*dns.Config)
		want   error
	}{
		{"key of another name", certtest.Ways{}, func(c *dns.Config) { c.KeyName = "somebody.test" }, dns.ErrKey},
		{"another algorithm", certtest.Ways{Algorithm: "hmac-sha512"}, key, dns.ErrKey},
		{"clock ahead", certtest.Ways{Ahead: 6 * time.Minute}, key, dns.ErrClock},
		{"clock behind", certtest.Ways{Ahead: -6 * time.Minute}, key, dns.ErrClock},
		{"clock a little ahead", certtest.Ways{Ahead: 4 * time.Minute}, key, nil},
		{"not for this key", certtest.Ways{Refuses: true}, key, dns.ErrRights},
		{"answers unsigned", certtest.Ways{Unsigned: true}, key, dns.ErrUnsigned},
		{"no key", certtest.Ways{}, func(c *dns.Config) { c.KeyName = "" }, dns.ErrRights},
		{"no key is needed", certtest.Ways{Open: true}, func(c *dns.Config) { c.KeyName = "" }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := certtest.Names(t, zones...)
			n.Set(c.ways)
			config, secret := dns.Config{Provider: dns.RFC2136, Server: n.Addr}, n.Secret
			if c.config(&config); config.KeyName == "" {
				secret = ""
			}
			p, err := dns.New(config, []byte(secret), client())
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.AppendRecords(t.Context(), "example.test.", txt("_acme-challenge", "value"))
			if !errors.Is(err, c.want) {
				t.Fatalf("err = %v", err)
			}
			if err != nil {
				told(t, p, err, n.Secret)
			}
			if there := n.TXT("_acme-challenge.example.test"); (len(there) == 1) != (c.want == nil) {
				t.Errorf("it has %q", there)
			}
		})
	}
}

func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "HMAC-SHA512."} {
		n := certtest.Names(t, zones...)
		if name != "" {
			n.Set(certtest.Ways{Algorithm: name})
		}
		p, err := dns.New(dns.Config{Provider: dns.RFC2136, Server: n.Addr, KeyName: "Unity.TEST", Algorithm: name}, []byte(" "+n.Secret+"\n"), client())
		if err != nil {
			t.Fatal(err)
		}
		appended(t, p, "example.test.", "_acme-challenge", "value")
	}
}

// talk accepts connections and does this with each.
func talk(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				do(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

func TestNameServerThatIsNone(t *testing.T) {
	t.Parallel()
	reply := func(change func(*miekg.Msg)) func(net.Conn) {
		return func(c net.Conn) {
			conn := &miekg.Conn{Conn: c}
			q, err := conn.ReadMsg()
			if q == nil {
				t.Error(err)
				return
			}
			m := new(miekg.Msg).SetReply(q)
			change(m)
			_ = conn.WriteMsg(m)
		}
	}
	for _, c := range []struct {
		name string
		do   func(net.Conn)
		want error
	}{
		{"hangs up", func(net.Conn) {}, dns.ErrSilent},
		{"speaks HTTP", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, dns.ErrSilent},
		{"speaks of something else", reply(func(m *miekg.Msg) { m.Id++ }), dns.ErrAnswer},
		{"asks back", reply(func(m *miekg.Msg) { m.Response = false }), dns.ErrAnswer},
		{"says nothing of zones", reply(func(*miekg.Msg) {}), dns.ErrUnsigned},
		{"knows no zone and signs nothing", reply(func(m *miekg.Msg) { m.Rcode = miekg.RcodeNameError }), dns.ErrZone},
		{"is broken", reply(func(m *miekg.Msg) { m.Rcode = miekg.RcodeServerFailure }), dns.ErrAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := dns.New(dns.Config{Provider: dns.RFC2136, Server: talk(t, c.do), KeyName: certtest.KeyName}, []byte("a2V5"), client())
			if err != nil {
				t.Fatal(err)
			}
			if _, err = p.AppendRecords(t.Context(), "example.test.", txt("_acme-challenge", "value")); !errors.Is(err, c.want) {
				t.Errorf("err = %v", err)
			}
		})
	}
	p, err := dns.New(dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1:1"}, nil, client())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.AppendRecords(t.Context(), "example.test.", txt("_acme-challenge", "value")); !errors.Is(err, outgoing.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	barred, err := dns.New(dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1:1"}, nil, outgoing.New(outgoing.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := barred.AppendRecords(t.Context(), "example.test.", txt("_acme-challenge", "value")); !errors.Is(err, outgoing.ErrPrivate) {
		t.Errorf("where it may not connect: %v", err)
	}
}

func TestNameServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	asked, over := make(chan struct{}, 1), make(chan struct{})
	address := talk(t, func(c net.Conn) {
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
		<-over
	})
	defer close(over)
	p, err := dns.New(dns.Config{Provider: dns.RFC2136, Server: address}, nil, client())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err = p.AppendRecords(ctx, "example.test.", txt("_acme-challenge", "value"))
	if !errors.Is(err, dns.ErrSilent) || !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config dns.Config
		secret string
		field  string // that is wrong
	}{
		{dns.Config{Provider: dns.RFC2136, Server: "ns1.example.com", KeyName: "k"}, "a2V5", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "192.168.1.2:5353", KeyName: "k."}, "a2V5", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "[fd00::1]:53", KeyName: "k"}, "a2V5", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "fd00::1", KeyName: "k"}, "a2V5", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1"}, "", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "[::1]:53"}, "", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "::1"}, "", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "localhost:53"}, "", ""},
		{dns.Config{Provider: dns.RFC2136, Server: "192.168.1.2"}, "", "key_name"}, // somebody in the network could change it
		{dns.Config{Provider: dns.RFC2136, Server: "localhost.example.com"}, "", "key_name"},
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1"}, "a2V5", "secret"}, // of which key?
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1", KeyName: "k"}, "", "secret"},
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1", KeyName: "k"}, "no base64!", "secret"},
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1", KeyName: "two words"}, "a2V5", "key_name"},
		{dns.Config{Provider: dns.RFC2136, KeyName: "k"}, "a2V5", "server"},
		{dns.Config{Provider: dns.RFC2136, Server: "https://ns1.example.com", KeyName: "k"}, "a2V5", "server"},
		{dns.Config{Provider: dns.RFC2136, Server: "ns1.example.com:0", KeyName: "k"}, "a2V5", "server"},
		{dns.Config{Provider: dns.RFC2136, Server: "ns1.example.com:dns", KeyName: "k"}, "a2V5", "server"},
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1", KeyName: "k", Algorithm: "hmac-md5"}, "a2V5", "algorithm"},
		{dns.Config{Provider: dns.RFC2136, Server: "127.0.0.1", API: "https://example.com"}, "", "api"},
		{dns.Config{Provider: dns.Cloudflare}, "tk-5e", ""},
		{dns.Config{Provider: dns.Cloudflare}, "", "secret"},
		{dns.Config{Provider: dns.Cloudflare}, "to\r\nken: x", "secret"},
		{dns.Config{Provider: dns.Cloudflare, Server: "127.0.0.1"}, "tk-5e", "server"},
		{dns.Config{Provider: dns.Hetzner, KeyName: "k"}, "tk-5e", "key_name"},
		{dns.Config{Provider: dns.Hetzner, Algorithm: "hmac-sha256"}, "tk-5e", "algorithm"},
		{dns.Config{Provider: dns.DeSEC, API: "https://desec.example.com/api/v1"}, "tk-5e", ""},
		{dns.Config{Provider: dns.DeSEC, API: "http://localhost:1/"}, "tk-5e", ""},
		{dns.Config{Provider: dns.DeSEC, API: "http://desec.example.com"}, "tk-5e", "api"},
		{dns.Config{Provider: dns.DeSEC, API: "http://192.168.1.2"}, "tk-5e", "api"},
		{dns.Config{Provider: dns.DeSEC, API: "https://ada:pw@desec.example.com"}, "tk-5e", "api"},
		{dns.Config{Provider: dns.DeSEC, API: "ftp://desec.example.com"}, "tk-5e", "api"},
		{dns.Config{Provider: "route53"}, "tk-5e", "provider"},
		{dns.Config{}, "tk-5e", "provider"},
	} {
		_, err := dns.New(c.config, []byte(c.secret), client())
		if c.field == "" && err != nil || c.field != "" && err == nil {
			t.Errorf("%+v: %v", c.config, err)
			continue
		}
		if err == nil {
			continue
		}
		f := fault.From(err)
		if f.Kind != fault.Invalid || f.Code != "dns.invalid" || len(f.Fields) != 1 || f.Fields[0].Field != c.field {
			t.Errorf("%+v: %+v", c.config, f)
		}
		if c.secret != "" && strings.Contains(err.Error()+f.Msg+strconv.Quote(f.Msg), c.secret) {
			t.Errorf("%+v: %s", c.config, f.Msg)
		}
	}
}
