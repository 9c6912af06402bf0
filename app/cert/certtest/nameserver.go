package certtest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// KeyName names the key of a NameServer.
const KeyName = "unity.test."

const fudge = 300 // seconds by which two clocks may differ

// A NameServer is authoritative for its zones, which change by RFC 2136 for who
// signs with its key. Every name, in a zone or not, is at 127.0.0.1.
type NameServer struct {
	// Addr is host:port, the same for TCP and UDP.
	Addr string
	// Secret is the key in base64, for hmac-sha256 and its kin.
	Secret string

	zones   []string
	mu      sync.Mutex
	ways    Ways
	records map[string][]*dns.TXT // by name
}

// Ways are how a name server can be other than one expects.
type Ways struct {
	Algorithm string        // the only one that the key is good for
	Ahead     time.Duration // how far its clock is
	Refuses   bool          // every update
	Unsigned  bool          // its answers
	Open      bool          // to updates that nobody signed
}

// Names starts a name server for these zones and ends it with the test.
func Names(tb testing.TB, zones ...string) *NameServer {
	tb.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it does not fail
	n := &NameServer{Secret: base64.StdEncoding.EncodeToString(secret), records: map[string][]*dns.TXT{}}
	for _, zone := range zones {
		n.zones = append(n.zones, dns.CanonicalName(zone))
	}
	tcp, udp := sockets(tb)
	n.Addr = tcp.Addr().String()
	accept := func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept } // by itself it takes no updates
	for _, s := range []*dns.Server{{Listener: tcp}, {PacketConn: udp}} {
		s.Handler, s.MsgAcceptFunc, s.TsigSecret = n, accept, map[string]string{KeyName: n.Secret}
		var done sync.WaitGroup
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		done.Go(func() { _ = s.ActivateAndServe() })
		<-up
		tb.Cleanup(func() {
			_ = s.Shutdown()
			done.Wait()
		})
	}
	return n
}

// sockets listens for TCP and UDP on the same port.
func sockets(tb testing.TB) (net.Listener, net.PacketConn) {
	tb.Helper()
	var c net.ListenConfig
	for range 20 {
		tcp, err := c.Listen(tb.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		udp, err := c.ListenPacket(tb.Context(), "udp", tcp.Addr().String())
		if err == nil {
			return tcp, udp
		}
		_ = tcp.Close() // somebody has it
	}
	tb.Fatal("no port is free for both TCP and UDP")
	return nil, nil
}

// TXT returns the values under a name, sorted.
func (n *NameServer) TXT(name string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]string, 0, 2)
	for _, r := range n.records[dns.CanonicalName(name)] {
		all = append(all, strings.Join(r.Txt, ""))
	}
	slices.Sort(all)
	return all
}

// Put adds a value to a name, as somebody else would.
func (n *NameServer) Put(name, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.change(&dns.TXT{Hdr: dns.RR_Header{Name: dns.CanonicalName(name), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}, Txt: []string{value}})
}

// Set changes how it is.
func (n *NameServer) Set(w Ways) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ways = w
}

// ServeDNS implements dns.Handler.
func (n *NameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	n.mu.Lock()
	defer n.mu.Unlock()
	t := q.IsTsig()
	if bad := n.fault(t, w.TsigStatus()); bad != 0 {
		m.Rcode = dns.RcodeNotAuth
		m.SetTsig(t.Hdr.Name, t.Algorithm, fudge, n.now())
		m.IsTsig().Error = bad
		_ = w.WriteMsg(m)
		return
	}
	switch {
	case len(q.Question) != 1:
		m.Rcode = dns.RcodeFormatError
	case q.Opcode == dns.OpcodeUpdate:
		m.Rcode = n.update(q, t != nil)
	default:
		n.answer(m, q.Question[0])
	}
	if t != nil && !n.ways.Unsigned {
		m.SetTsig(t.Hdr.Name, t.Algorithm, fudge, n.now())
	}
	_ = w.WriteMsg(m)
}

// now returns the seconds of its clock.
func (n *NameServer) now() int64 { return time.Now().Add(n.ways.Ahead).Unix() }

// fault returns what is wrong with a signature, in the words of RFC 8945.
func (n *NameServer) fault(t *dns.TSIG, status error) uint16 {
	switch {
	case t == nil:
		return 0
	case dns.CanonicalName(t.Hdr.Name) != KeyName, n.ways.Algorithm != "" && dns.CanonicalName(t.Algorithm) != dns.CanonicalName(n.ways.Algorithm):
		return dns.RcodeBadKey
	case status != nil && !errors.Is(status, dns.ErrTime):
		return dns.RcodeBadSig
	case max(n.now()-int64(t.TimeSigned), int64(t.TimeSigned)-n.now()) > fudge: //nolint:gosec // seconds
		return dns.RcodeBadTime
	}
	return 0
}

// zone returns the zone that a name is in.
func (n *NameServer) zone(name string) (zone string, ok bool) {
	for _, z := range n.zones {
		if dns.IsSubDomain(z, name) && len(z) > len(zone) {
			zone, ok = z, true
		}
	}
	return zone, ok
}

func (n *NameServer) answer(m *dns.Msg, q dns.Question) {
	name := dns.CanonicalName(q.Name)
	zone, ours := n.zone(name)
	m.Authoritative = ours
	head := func(name string, kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 1}
	}
	soa := &dns.SOA{Hdr: head(zone, dns.TypeSOA), Ns: "ns." + zone, Mbox: "admin." + zone, Serial: 1, Retry: 1, Expire: 1, Minttl: 1} // refresh 0: nobody remembers it
	switch {
	case q.Qtype == dns.TypeA:
		m.Answer = []dns.RR{&dns.A{Hdr: head(q.Name, dns.TypeA), A: netip.MustParseAddr("127.0.0.1").AsSlice()}}
	case !ours:
	case q.Qtype == dns.TypeSOA && name == zone:
		m.Answer = []dns.RR{soa}
	case q.Qtype == dns.TypeNS && name == zone:
		m.Answer = []dns.RR{&dns.NS{Hdr: head(zone, dns.TypeNS), Ns: soa.Ns}}
	case q.Qtype == dns.TypeTXT:
		for _, r := range n.records[name] {
			m.Answer = append(m.Answer, r)
		}
	}
	if ours && len(m.Answer) == 0 {
		m.Ns = []dns.RR{soa}
	}
}

// update changes a zone by RFC 2136, section 3, as far as TXT goes.
func (n *NameServer) update(q *dns.Msg, signed bool) int {
	zone := dns.CanonicalName(q.Question[0].Name)
	switch {
	case n.ways.Refuses, !signed && !n.ways.Open:
		return dns.RcodeRefused
	case !slices.Contains(n.zones, zone):
		return dns.RcodeNotAuth
	case len(q.Answer) > 0:
		return dns.RcodeNotImplemented // no prerequisites
	}
	for _, r := range q.Ns {
		_, txt := r.(*dns.TXT)
		switch {
		case !dns.IsSubDomain(zone, dns.CanonicalName(r.Header().Name)):
			return dns.RcodeNotZone
		case !txt && r.Header().Class != dns.ClassANY:
			return dns.RcodeNotImplemented
		}
	}
	for _, r := range q.Ns {
		n.change(r)
	}
	return dns.RcodeSuccess
}

// change adds a value, removes one or removes all, as the class says.
func (n *NameServer) change(r dns.RR) {
	name := dns.CanonicalName(r.Header().Name)
	txt, _ := r.(*dns.TXT)
	same := func(o *dns.TXT) bool { return txt != nil && slices.Equal(o.Txt, txt.Txt) }
	switch r.Header().Class {
	case dns.ClassINET:
		if !slices.ContainsFunc(n.records[name], same) {
			n.records[name] = append(n.records[name], txt)
		}
	case dns.ClassNONE:
		n.records[name] = slices.DeleteFunc(n.records[name], same)
	case dns.ClassANY:
		delete(n.records, name)
	}
}
