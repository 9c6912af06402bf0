package mdns

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// flush is the bit of a class that says: these are all records of that kind. In a
// question it asks for an answer to the asker alone.
const flush = 1 << 15

// legacyTTL is how long an answer is good for who knows nothing of multicast DNS.
const legacyTTL = 10

// records returns the addresses of a link as records of the name.
func (r *Responder) records(l link, class uint16, ttl uint32) (all []dns.RR) {
	for _, a := range l.own {
		header := dns.RR_Header{Name: r.asked, Class: class, Ttl: ttl}
		if a.Is4() {
			header.Rrtype = dns.TypeA
			all = append(all, &dns.A{Hdr: header, A: net.IP(a.AsSlice())})
			continue
		}
		header.Rrtype = dns.TypeAAAA
		all = append(all, &dns.AAAA{Hdr: header, AAAA: net.IP(a.AsSlice())})
	}
	return all
}

// question is a probe: it asks for everything of the name, and says what it would have.
func (r *Responder) question(l link) *dns.Msg {
	return &dns.Msg{
		Question: []dns.Question{{Name: r.asked, Qtype: dns.TypeANY, Qclass: dns.ClassINET}},
		Ns:       r.records(l, dns.ClassINET, ttl),
	}
}

// announcement is an answer that nobody asked for; with no time to live, a goodbye.
func (r *Responder) announcement(l link, ttl uint32) *dns.Msg {
	m := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}}
	m.Answer = r.records(l, dns.ClassINET|flush, ttl)
	return m
}

// none says of which types there are records: of no other (RFC 6762, 6.1).
func (r *Responder) none(l link, class uint16, ttl uint32) *dns.NSEC {
	v := &dns.NSEC{Hdr: dns.RR_Header{Name: r.asked, Rrtype: dns.TypeNSEC, Class: class, Ttl: ttl}, NextDomain: r.asked}
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		if slices.ContainsFunc(l.own, func(a netip.Addr) bool { return a.Is4() == (kind == dns.TypeA) }) {
			v.TypeBitMap = append(v.TypeBitMap, kind)
		}
	}
	return v
}

// hear takes a message of another machine.
func (r *Responder) hear(ctx context.Context, p packet) {
	at := slices.IndexFunc(r.links, func(l link) bool { return l.index == p.index })
	if at < 0 || r.stage == idle || !r.links[at].holds(p.from.Addr()) {
		return
	}
	l := r.links[at]
	switch {
	case p.msg.Response:
		r.hearAnswer(ctx, l, p)
	case r.stage == probing && len(p.msg.Ns) > 0:
		r.hearProbe(l, p.msg)
	case r.stage == announcing || r.stage == holding:
		r.reply(l, p)
	}
}

// hearAnswer looks whether another machine has our name.
func (r *Responder) hearAnswer(ctx context.Context, l link, p packet) {
	if p.from.Port() != port {
		return // not from who holds the port (RFC 6762, 6)
	}
	bye := false
	for _, rr := range slices.Concat(p.msg.Answer, p.msg.Extra) {
		h := rr.Header()
		if !r.about(h.Name) || h.Rrtype != dns.TypeA && h.Rrtype != dns.TypeAAAA && h.Rrtype != dns.TypeCNAME {
			continue
		}
		if r.ours(rr) {
			bye = bye || h.Ttl == 0
			continue
		}
		if h.Ttl == 0 {
			continue // it leaves
		}
		r.claimed(ctx)
		return
	}
	if bye && r.stage == holding { // another program of this box said it for both
		r.tell(l, r.announcement(l, ttl))
	}
}

// claimed gives way to who has the name or, if it was ours, asks again whose it is.
func (r *Responder) claimed(ctx context.Context) {
	switch {
	case r.stage != probing:
		r.probe(0) // whoever answers that has it (RFC 6762, 9)
	case r.count > 0: // else nobody was asked yet, and nobody hurries us from name to name
		r.taken(ctx)
	}
}

// tell says something to everybody, unless they heard an answer just now: what comes
// in does not decide how much goes out.
func (r *Responder) tell(l link, m *dns.Msg) {
	if time.Since(r.spoke[l.index]) >= announceGap {
		r.spoke[l.index] = time.Now()
		r.wire.send(l, m)
	}
}

// ours reports whether a record says what is true of one of our interfaces: two of
// them may be on one network, and another program of this box may have its name, too.
func (r *Responder) ours(rr dns.RR) bool {
	var said netip.Addr
	switch v := rr.(type) {
	case *dns.A:
		said, _ = netip.AddrFromSlice(v.A)
	case *dns.AAAA:
		said, _ = netip.AddrFromSlice(v.AAAA)
	}
	return slices.ContainsFunc(r.links, func(l link) bool { return slices.Contains(l.all, said.Unmap()) })
}

// hearProbe lets the later of two who ask for one name at once have it (RFC 6762, 8.2).
func (r *Responder) hearProbe(l link, m *dns.Msg) {
	theirs := slices.DeleteFunc(slices.Clone(m.Ns), func(rr dns.RR) bool { return !r.about(rr.Header().Name) || r.ours(rr) })
	if len(theirs) > 0 && order(r.records(l, dns.ClassINET, ttl), theirs) < 0 {
		r.probe(lostWait)
	}
}

// about reports whether a name is ours.
func (r *Responder) about(name string) bool { return strings.EqualFold(name, r.asked) }

// order compares two sets of records as RFC 6762, 8.2 wants: class, type, data.
func order(a, b []dns.RR) int {
	less := func(x, y dns.RR) int {
		hx, hy := x.Header(), y.Header()
		if c := int(hx.Class&^flush) - int(hy.Class&^flush); c != 0 {
			return c
		}
		if c := int(hx.Rrtype) - int(hy.Rrtype); c != 0 {
			return c
		}
		return bytes.Compare(data(x), data(y))
	}
	a, b = slices.SortedFunc(slices.Values(a), less), slices.SortedFunc(slices.Values(b), less)
	return slices.CompareFunc(a, b, less)
}

// data returns what a record says beside its header, uncompressed.
func data(rr dns.RR) []byte {
	buffer := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, buffer, 0, nil, false)
	if err != nil {
		return nil
	}
	start, err := dns.PackDomainName(rr.Header().Name, make([]byte, 256), 0, nil, false)
	if err != nil {
		return nil
	}
	return buffer[start+10 : end] // after type, class, time to live and length
}

// reply answers the questions about our name.
func (r *Responder) reply(l link, p packet) {
	wanted, alone := r.wanted(p.msg)
	if len(wanted) == 0 {
		return
	}
	m := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}}
	class, life := uint16(dns.ClassINET|flush), uint32(ttl)
	if p.from.Port() != port { // asked by who knows nothing of multicast DNS (RFC 6762, 6.7)
		alone, class, life = true, dns.ClassINET, legacyTTL
		m.Id, m.Question = p.msg.Id, p.msg.Question
	}
	m.Answer, m.Extra = r.found(l, wanted, class, life)
	m.Answer = slices.DeleteFunc(m.Answer, func(rr dns.RR) bool { return known(p.msg.Answer, rr) })
	switch {
	case len(m.Answer) == 0:
	case alone:
		r.wire.answer(l, p.from, m)
	case len(p.msg.Ns) > 0: // who probes waits for a quarter of a second
		r.spoke[l.index] = time.Now()
		r.wire.send(l, m)
	default:
		r.tell(l, m)
	}
}

// found returns the records of the wanted types, and the others beside them.
func (r *Responder) found(l link, wanted map[uint16]bool, class uint16, life uint32) (these, others []dns.RR) {
	for _, rr := range r.records(l, class, life) {
		if wanted[rr.Header().Rrtype] || wanted[dns.TypeANY] {
			these = append(these, rr)
		} else {
			others = append(others, rr)
		}
	}
	none := r.none(l, class, life)
	for kind := range wanted {
		if kind != dns.TypeANY && !slices.Contains(none.TypeBitMap, kind) {
			return append(these, none), others
		}
	}
	return these, others
}

// wanted returns the types of records that are asked of our name, and whether the
// answer is for the asker alone.
func (r *Responder) wanted(m *dns.Msg) (kinds map[uint16]bool, alone bool) {
	kinds = map[uint16]bool{}
	for _, q := range m.Question {
		if class := q.Qclass &^ flush; r.about(q.Name) && (class == dns.ClassINET || class == dns.ClassANY) {
			kinds[q.Qtype] = true
			alone = alone || q.Qclass&flush != 0
		}
	}
	return kinds, alone
}

// known reports whether who asks has a record already, good for half its life (RFC 6762, 7.1).
func known(all []dns.RR, rr dns.RR) bool {
	return slices.ContainsFunc(all, func(k dns.RR) bool {
		return k.Header().Rrtype == rr.Header().Rrtype && strings.EqualFold(k.Header().Name, rr.Header().Name) &&
			k.Header().Ttl >= rr.Header().Ttl/2 && bytes.Equal(data(k), data(rr))
	})
}
