package dns

import (
	"context"
	"net"
	"time"

	"github.com/miekg/dns"

	"unity.internal/app/fault"
)

const (
	exchange = 10 * time.Second // for a question and its answer
	fudge    = 300              // seconds by which two clocks may differ
)

// nameserver is one that takes updates by RFC 2136, signed by RFC 8945. It is
// asked by TCP alone: what comes by UDP may come from anybody.
type nameserver struct {
	address, keyName, algorithm string
	secret                      func() string
	out                         Client
}

func newNameserver(c Config, secret func() string, out Client) nameserver {
	host, port := c.address()
	n := nameserver{address: net.JoinHostPort(host, port), algorithm: c.algorithm(), secret: secret, out: out}
	if c.KeyName != "" {
		n.keyName = dns.CanonicalName(c.KeyName)
	}
	return n
}

// zone asks for the authority over a name: the server's own zones tell it, which
// in a home may be others than the world sees.
func (n nameserver) zone(ctx context.Context, name string) (zone, error) {
	return climb(ctx, name, func(ctx context.Context, name string) (zone, bool, error) {
		m, err := n.ask(ctx, new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeSOA))
		if err != nil {
			return zone{}, false, err
		}
		switch m.Rcode {
		case dns.RcodeSuccess, dns.RcodeNameError:
		case dns.RcodeRefused, dns.RcodeNotAuth: // it is not asked for such names
			return zone{}, false, nil
		default:
			return zone{}, false, n.said(ErrAnswer, m)
		}
		for _, r := range append(m.Answer, m.Ns...) {
			if soa, ok := r.(*dns.SOA); ok && dns.IsSubDomain(soa.Hdr.Name, dns.Fqdn(name)) {
				at, err := ascii(soa.Hdr.Name)
				return zone{name: at}, err == nil, err
			}
		}
		return zone{}, false, nil
	})
}

func (n nameserver) add(ctx context.Context, z zone, name, value string, ttl time.Duration) error {
	return n.update(ctx, z, func(m *dns.Msg) { m.Insert(record(name, value, ttl)) })
}

// remove cannot know whether the value was there: an update does not tell.
func (n nameserver) remove(ctx context.Context, z zone, name, value string) (bool, error) {
	return true, n.update(ctx, z, func(m *dns.Msg) { m.Remove(record(name, value, 0)) })
}

func record(name, value string, ttl time.Duration) []dns.RR {
	return []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: dns.Fqdn(name), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: uint32(ttl / time.Second)}, //nolint:gosec // days at most
		Txt: []string{value},
	}}
}

// update changes a zone and says in words why it did not.
func (n nameserver) update(ctx context.Context, z zone, change func(*dns.Msg)) error {
	m := new(dns.Msg).SetUpdate(dns.Fqdn(z.name))
	change(m)
	answer, err := n.ask(ctx, m)
	if err != nil {
		return err
	}
	switch answer.Rcode {
	case dns.RcodeSuccess:
		return nil
	case dns.RcodeRefused:
		return n.said(ErrRights, answer)
	case dns.RcodeNotAuth, dns.RcodeNotZone:
		return n.said(ErrZone, answer)
	}
	return n.said(ErrAnswer, answer)
}

func (n nameserver) said(f *fault.Error, m *dns.Msg) error {
	return said(f, "The name server", dns.RcodeToString[m.Rcode], n.secret)
}

// ask sends a message and returns the answer, signed both ways if there is a key.
func (n nameserver) ask(ctx context.Context, m *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, exchange)
	defer cancel()
	conn, err := n.out.Dial(ctx, "tcp", n.address)
	if err != nil && ctx.Err() != nil {
		return nil, silent(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	c := &dns.Conn{Conn: conn}
	if n.keyName != "" {
		m.SetTsig(n.keyName, n.algorithm, fudge, time.Now().Unix())
		c.TsigSecret = map[string]string{n.keyName: n.secret()}
	}
	if err := c.WriteMsg(m); err != nil {
		return nil, silent(ctx, err)
	}
	answer, err := c.ReadMsg()
	switch {
	case answer == nil:
		return nil, silent(ctx, err)
	case answer.Id != m.Id || !answer.Response || answer.Opcode != m.Opcode:
		return nil, ErrAnswer
	case n.keyName == "":
		return answer, err
	}
	return answer, n.verdict(answer, err)
}

// verdict says what is wrong with the signatures, if anything. A server that does
// not know the key, or the time, cannot sign that it does not.
func (n nameserver) verdict(answer *dns.Msg, err error) error {
	signature := answer.IsTsig()
	if answer.Rcode == dns.RcodeNotAuth && signature != nil {
		switch signature.Error {
		case dns.RcodeBadTime:
			return ErrClock
		case dns.RcodeBadKey, dns.RcodeBadSig, dns.RcodeBadTrunc:
			return said(ErrKey, "The name server", dns.RcodeToString[int(signature.Error)], n.secret)
		}
		return nil // signed, but nothing of it can be verified by the library
	}
	switch {
	case answer.Rcode != dns.RcodeSuccess && signature == nil:
		return nil // it refuses: nobody gains by a lie
	case signature == nil, err != nil:
		return ErrUnsigned.Because(err)
	}
	return nil
}
