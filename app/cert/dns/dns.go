// Package dns writes the records by which a certificate authority sees that a
// name is ours: at a name server by RFC 2136, or at Cloudflare, deSEC or Hetzner.
// It adds a value to those that a name has and takes the same value away again;
// what others wrote stays. It knows nothing of certificates.
package dns

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/libdns/libdns"
	"golang.org/x/net/idna"
)

const (
	// limit is the longest that a change may take, waiting for a provider's rate
	// limit included.
	limit = 2 * time.Minute
	// shortest is the TTL of our records, unless the zone wants a longer one.
	shortest = time.Minute
)

// A Provider changes the TXT records of zones, as certmagic wants it.
type Provider interface {
	libdns.RecordAppender
	libdns.RecordDeleter
}

// A Client reaches out: the appliance's own decides where to, how long an answer
// may take and how large it may be.
type Client interface {
	Do(req *http.Request) (*http.Response, error)
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// New returns the provider that c describes. The secret is the key of RFC 2136 in
// base64, or the provider's token.
func New(c Config, secret []byte, out Client) (Provider, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	key, err := c.key(secret)
	if err != nil {
		return nil, err
	}
	p := &provider{turn: make(chan struct{}, 1), zones: map[string]zone{}}
	switch c.Provider {
	case Cloudflare:
		p.host = cloudflare{newAPI(c, key, out)}
	case DeSEC:
		p.host = desec{newAPI(c, key, out)}
	case Hetzner:
		p.host = hetzner{newAPI(c, key, out)}
	default:
		p.host = newNameserver(c, key, out)
	}
	return p, nil
}

// A host is where zones are kept. Names are absolute, in lower case and punycode,
// without the last dot.
type host interface {
	// zone returns the zone that holds name, or ErrZone.
	zone(ctx context.Context, name string) (zone, error)
	// add adds a value to a TXT name, unless it is there.
	add(ctx context.Context, z zone, name, value string, ttl time.Duration) error
	// remove takes a value away and reports whether it was there.
	remove(ctx context.Context, z zone, name, value string) (bool, error)
}

// A zone is one at a host.
type zone struct {
	name, id string        // id: by which the host knows it
	shortest time.Duration // TTL that it takes; zero: any
}

// relative returns name without the zone; the zone itself is @.
func (z zone) relative(name string) string { return libdns.RelativeName(name, z.name) }

// climb asks for name and what is above it until there is a zone. A top-level
// domain is asked for, too, if it is one of a home, like lan.
func climb(ctx context.Context, name string, ask func(ctx context.Context, name string) (zone, bool, error)) (zone, error) {
	for at := name; at != ""; _, at, _ = strings.Cut(at, ".") {
		if z, ok, err := ask(ctx, at); ok || err != nil {
			return z, err
		}
	}
	return zone{}, ErrZone
}

// A provider is a host and what all of them have in common.
type provider struct {
	host  host
	turn  chan struct{}   // one change at a time: some hosts replace a whole set
	zones map[string]zone // by the names that were asked for
}

// AppendRecords implements libdns.RecordAppender.
func (p *provider) AppendRecords(ctx context.Context, in string, records []libdns.Record) ([]libdns.Record, error) {
	return p.each(ctx, in, records, func(ctx context.Context, z zone, name string, r libdns.RR) (bool, error) {
		return true, p.host.add(ctx, z, name, r.Data, max(r.TTL, z.shortest, shortest))
	})
}

// DeleteRecords implements libdns.RecordDeleter. A record with the same value
// goes, whatever its TTL: hosts choose their own.
func (p *provider) DeleteRecords(ctx context.Context, in string, records []libdns.Record) ([]libdns.Record, error) {
	return p.each(ctx, in, records, func(ctx context.Context, z zone, name string, r libdns.RR) (bool, error) {
		return p.host.remove(ctx, z, name, r.Data)
	})
}

// each calls do for every record and returns those for which it did something.
func (p *provider) each(ctx context.Context, in string, records []libdns.Record, do func(context.Context, zone, string, libdns.RR) (bool, error)) (done []libdns.Record, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ErrSilent.Because(ctx.Err())
	}
	for _, record := range records {
		rr := record.RR()
		name, err := ascii(libdns.AbsoluteName(rr.Name, in))
		switch {
		case err != nil:
			return done, ErrName.Because(err)
		case rr.Type != "TXT", !plain(rr.Data):
			return done, fmt.Errorf("dns: a record of type %s and %d bytes is not ours to write", rr.Type, len(rr.Data))
		}
		did, err := p.one(ctx, name, func(z zone) (bool, error) { return do(ctx, z, name, rr) })
		if err != nil {
			return done, err
		}
		if did {
			done = append(done, libdns.TXT{Name: rr.Name, TTL: rr.TTL, Text: rr.Data})
		}
	}
	return done, nil
}

// one calls do with the zone of name.
func (p *provider) one(ctx context.Context, name string, do func(zone) (bool, error)) (bool, error) {
	z, known := p.zones[name]
	if !known {
		var err error
		if z, err = p.host.zone(ctx, name); err != nil {
			return false, err
		}
		p.zones[name] = z
	}
	did, err := do(z)
	if err != nil {
		delete(p.zones, name) // it may be gone, or another one
	}
	return did, err
}

// ascii returns a name as the DNS has it: in lower case, in punycode, and here
// without the last dot.
func ascii(name string) (string, error) {
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.VerifyDNSLength(true))
	return profile.ToASCII(strings.TrimSuffix(name, "."))
}

// plain reports whether a value is what challenges are made of, so that it needs
// no escapes anywhere.
func plain(value string) bool {
	return value != "" && len(value) <= 255 && !strings.ContainsFunc(value, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
	})
}

// quoted returns a value as zone files have it.
func quoted(value string) string { return `"` + value + `"` }
