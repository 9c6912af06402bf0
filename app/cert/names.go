package cert

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"
)

// homes are the domains of households and what they reach this machine by. They
// are written without a leading dot, so that they hold the name itself too.
var homes = []string{"lan", "local", "home.arpa", "internal", "fritz.box", "localhost"}

// privates are the addresses that nobody but their own network can have:
// private, carrier-grade (Tailscale), unique local, link-local and loopback.
var privates = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
}

// A Host is what this machine is called.
type Host struct {
	names   []string // without anybody's doing
	domains []string // what a new root may vouch for
	public  func() []string

	mu        sync.Mutex
	addresses []netip.Addr
	read      time.Time // when addresses were
}

// ThisHost reads the names of this machine. public returns those that its
// administrators gave it and is asked each time; it may be nil.
func ThisHost(public func() []string) *Host {
	name, _ := os.Hostname() // a machine without a name has addresses
	conf, _ := os.ReadFile("/etc/resolv.conf")
	return newHost(name, search(string(conf)), public)
}

func newHost(name string, search []string, public func() []string) *Host {
	h := &Host{names: []string{"localhost"}, domains: slices.Clone(homes), public: public}
	if name = clean(name); name != "" {
		short, _, _ := strings.Cut(name, ".")
		h.names = append(h.names, name, short, short+".local")
		for _, domain := range search {
			h.names = append(h.names, short+"."+domain)
		}
	}
	for _, d := range slices.Concat(h.names, search) {
		if !shared(d) && !slices.Contains(h.domains, d) {
			h.domains = append(h.domains, d)
		}
	}
	return h
}

// search returns the domains of a resolv.conf.
func search(conf string) (domains []string) {
	for line := range strings.Lines(conf) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "search" && f[0] != "domain" {
			continue
		}
		for _, d := range f[1:] {
			if d = clean(d); d != "" && !shared(d) {
				domains = append(domains, d)
			}
		}
	}
	return domains
}

// shared reports whether anybody can have a name under domain, as under com or co.uk.
func shared(domain string) bool {
	suffix, icann := publicsuffix.PublicSuffix(domain)
	return suffix == domain && (icann || strings.Contains(suffix, "."))
}

// name returns what people call this machine.
func (h *Host) name() string { return h.names[min(1, len(h.names)-1)] }

// Has reports whether name is one of this machine: localhost, its host name,
// that name in .local and in the domains that its resolver tries, the address
// of one of its interfaces, or a name that its administrators gave it.
func (h *Host) Has(name string) bool {
	name = clean(name)
	if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		addr = addr.WithZone("").Unmap()
		return addr.IsLoopback() || slices.Contains(h.own(), addr)
	}
	if slices.Contains(h.names, name) {
		return true
	}
	return name != "" && h.public != nil &&
		slices.ContainsFunc(h.public(), func(p string) bool { return clean(p) == name })
}

// fresh is how long the addresses of the interfaces are believed: every request
// asks for them, and the kernel takes its time.
const fresh = 5 * time.Second

// own returns the addresses of this machine.
func (h *Host) own() []netip.Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.read) < fresh {
		return h.addresses
	}
	h.addresses, h.read = nil, time.Now()
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			h.addresses = append(h.addresses, p.Addr().WithZone("").Unmap())
		}
	}
	return h.addresses
}

func clean(name string) string {
	return strings.Trim(strings.ToLower(strings.TrimSpace(name)), ".")
}
