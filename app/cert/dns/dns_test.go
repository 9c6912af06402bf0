package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/libdns/libdns"
	"go.uber.org/goleak"

	"unity.internal/app/cert/dns"
	"unity.internal/app/fault"
	"unity.internal/app/outgoing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host keeps the zones example.test, sub.example.test and xn--bcher-kva.test.
type host struct {
	config dns.Config
	secret string
	// wrong is a secret that it does not accept, and readOnly one that may look only.
	wrong, readOnly string
	// held returns the values under a name.
	held func(name string) []string
	// put makes somebody else's value.
	put func(name, value string)
	// vendor is what answers, if it does by HTTP.
	vendor *vendor
}

var zones = []string{"example.test", "sub.example.test", "xn--bcher-kva.test"}

// hosts start all that we know.
var hosts = map[string]func(*testing.T) host{
	"rfc2136": rfc2136, "cloudflare": cloudflare, "desec": desec, "hetzner": hetzner,
}

// client is the appliance's own, which may reach this machine.
func client() *outgoing.Client {
	return outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }})
}

func (h host) provider(t *testing.T, secret string) dns.Provider {
	t.Helper()
	p, err := dns.New(h.config, []byte(secret), client())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func txt(name, value string) []libdns.Record {
	return []libdns.Record{libdns.RR{Type: "TXT", Name: name, Data: value}}
}

func appended(t *testing.T, p dns.Provider, zone, name, value string) {
	t.Helper()
	got, err := p.AppendRecords(t.Context(), zone, txt(name, value))
	if err != nil {
		t.Fatalf("append %s to %s: %v (%s)", value, name, err, fault.From(err).Msg)
	}
	if len(got) != 1 || got[0].RR().Data != value || got[0].RR().Type != "TXT" || got[0].RR().Name != name {
		t.Fatalf("appended %+v", got)
	}
}

func TestEveryHost(t *testing.T) {
	t.Parallel()
	for name, start := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("two values of one name", func(t *testing.T) { t.Parallel(); twoValues(t, start(t)) })
			t.Run("names", func(t *testing.T) { t.Parallel(); names(t, start(t)) })
			t.Run("refusals", func(t *testing.T) { t.Parallel(); refusals(t, start(t)) })
		})
	}
}

// twoValues: a wildcard and its parent are proved under one name at once.
func twoValues(t *testing.T, h host) {
	p := h.provider(t, h.secret)
	const at = "_acme-challenge.www.example.test"
	h.put(at, "somebodys")
	var both sync.WaitGroup
	for _, v := range []string{"one", "two"} {
		both.Go(func() { appended(t, p, "example.test.", "_acme-challenge.www", v) })
	}
	both.Wait()
	want(t, h, at, "one", "somebodys", "two")
	appended(t, p, "example.test.", "_acme-challenge.www", "two") // it is there already
	want(t, h, at, "one", "somebodys", "two")
	got, err := p.DeleteRecords(t.Context(), "example.test.", txt("_acme-challenge.www", "one"))
	if err != nil || len(got) != 1 {
		t.Fatalf("deleted %v, %v", got, err)
	}
	want(t, h, at, "somebodys", "two")
	if _, err := p.DeleteRecords(t.Context(), "example.test.", txt("_acme-challenge.www", "one")); err != nil {
		t.Fatalf("what is not there: %v", err)
	}
	if _, err := p.DeleteRecords(t.Context(), "example.test.", append(txt("_acme-challenge.www", "two"), txt("_acme-challenge.never", "x")...)); err != nil {
		t.Fatal(err)
	}
	want(t, h, at, "somebodys")
}

// names: the zone is the deepest that holds a name, whatever the caller thinks.
func names(t *testing.T, h host) {
	p := h.provider(t, h.secret)
	for _, n := range []struct{ zone, name, at string }{
		{"example.test.", "_acme-challenge.a.b.c.d.e", "_acme-challenge.a.b.c.d.e.example.test"},
		{"example.test.", "_acme-challenge.deep.sub", "_acme-challenge.deep.sub.example.test"},
		{"test.", "_acme-challenge.other.example", "_acme-challenge.other.example.test"},
		{"Example.TEST.", "_ACME-challenge.NAS", "_acme-challenge.nas.example.test"},
		{"bücher.test.", "_acme-challenge.Straße", "_acme-challenge.xn--strae-oqa.xn--bcher-kva.test"},
		{"example.test.", "@", "example.test"},
	} {
		appended(t, p, n.zone, n.name, "value")
		want(t, h, n.at, "value")
		if got, err := p.DeleteRecords(t.Context(), n.zone, txt(n.name, "value")); err != nil || len(got) != 1 {
			t.Errorf("%s: deleted %v, %v", n.at, got, err)
		}
		want(t, h, n.at)
	}
	if err := try(t.Context(), p, "_acme-challenge.try.example.test", "is-it-ours"); err != nil {
		t.Error(err)
	}
	want(t, h, "_acme-challenge.try.example.test")
}

// refusals are told in words, and never with the secret.
func refusals(t *testing.T, h host) {
	for _, r := range []struct {
		name, secret, zone string
		want               error
	}{
		{"wrong secret", h.wrong, "example.test.", h.refusal()},
		{"unknown zone", h.secret, "elsewhere.invalid.", dns.ErrZone},
		{"read only", h.readOnly, "example.test.", dns.ErrRights},
	} {
		if r.secret == "" {
			continue
		}
		p := h.provider(t, r.secret)
		_, err := p.AppendRecords(t.Context(), r.zone, txt("_acme-challenge", "value"))
		if !errors.Is(err, r.want) {
			t.Errorf("%s: %v", r.name, err)
		}
		told(t, p, err, r.secret)
		if err := try(t.Context(), p, "_acme-challenge."+r.zone, "value"); !errors.Is(err, r.want) {
			t.Errorf("%s: tried: %v", r.name, err)
		}
	}
	p := h.provider(t, h.secret)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.AppendRecords(gone, "example.test.", txt("_acme-challenge", "value")); err == nil {
		t.Error("goes on after it was called off")
	}
	for _, bad := range [][]libdns.Record{
		{libdns.RR{Type: "CNAME", Name: "www", Data: "example.test."}},
		txt("_acme-challenge", ""), txt("_acme-challenge", `quo"ted`),
		txt("_acme-challenge", strings.Repeat("x", 256)), txt(strings.Repeat("x", 64), "value"), txt("a..b", "value"),
	} {
		if _, err := p.AppendRecords(t.Context(), "example.test.", bad); err == nil {
			t.Errorf("%+v: written", bad)
		}
	}
	want(t, h, "_acme-challenge.example.test")
}

func (h host) refusal() error {
	if h.config.Provider == dns.RFC2136 {
		return dns.ErrKey
	}
	return dns.ErrToken
}

// told checks that an error has words for people and nothing for thieves.
func told(t *testing.T, p dns.Provider, err error, secret string) {
	t.Helper()
	f := fault.From(err)
	if f.Kind == fault.Internal || strings.Count(f.Msg, ". ") == 0 { // what is wrong, and what to do
		t.Errorf("says %q", f.Msg)
	}
	for _, out := range []string{f.Msg, err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%+v", p), fmt.Sprintf("%#v", p), fmt.Sprintf("%d", p)} {
		if strings.Contains(out, secret) {
			t.Errorf("the secret is in %s", out)
		}
	}
}

// want checks what is under a name.
func want(t *testing.T, h host, name string, values ...string) {
	t.Helper()
	if got := h.held(name); !slices.Equal(got, values) {
		t.Errorf("%s has %q, not %q", name, got, values)
	}
}

// try adds a value to a name and takes it away again, as a challenge does.
func try(ctx context.Context, p dns.Provider, name, value string) error {
	record := []libdns.Record{libdns.TXT{Name: strings.TrimSuffix(name, ".") + ".", Text: value}}
	if _, err := p.AppendRecords(ctx, ".", record); err != nil {
		return err
	}
	_, err := p.DeleteRecords(context.WithoutCancel(ctx), ".", record)
	return err
}
