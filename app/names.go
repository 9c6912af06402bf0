package app

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"unity.internal/store"
)

// addressesFor is how long the addresses of this box are believed.
const addressesFor = 30 * time.Second

// names knows by which names and addresses this appliance is reached.
type names struct {
	config   *Config
	store    *store.Store
	hostname string
	plain    net.Addr      // where plain HTTP listens; nil: nowhere
	tls      net.Addr      // where HTTPS listens; nil: nowhere
	won      func() string // the name that this box won on the local network; nil: it asks for none

	forwards sync.Map // addresses where ports of pods are open

	mu        sync.RWMutex
	settings  store.SystemSettings
	proxies   []netip.Prefix
	networks  []netip.Prefix // private ones that tenants may reach
	addresses []netip.Addr
	until     time.Time
}

func newNames(ctx context.Context, c *Config, s *store.Store) (*names, error) {
	hostname, _ := os.Hostname() // without one, only addresses are known
	n := &names{config: c, store: s, hostname: strings.ToLower(hostname)}
	return n, n.reload(ctx)
}

// reload reads the settings anew.
func (n *names) reload(ctx context.Context) error {
	v, err := n.store.System().Settings(ctx)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.settings, n.networks = v, prefixes(v.AllowedNetworks)
	n.proxies = prefixes(slices.Concat(n.config.Serve.TrustedProxies, v.TrustedProxies))
	return nil
}

// prefixes reads addresses and networks; settings hold no others.
func prefixes(texts []string) (all []netip.Prefix) {
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			all = append(all, p)
		} else if a, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return all
}

// allowed reports whether a rule lets tenants reach a private address.
func (n *names) allowed(ip netip.Addr) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.ContainsFunc(n.networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// own returns the addresses of this box.
func (n *names) own() []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Now().Before(n.until) {
		return n.addresses
	}
	n.addresses, n.until = nil, time.Now().Add(addressesFor)
	all, _ := net.InterfaceAddrs() // none: only loopback is known
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			n.addresses = append(n.addresses, p.Addr().Unmap())
		}
	}
	return n.addresses
}

// known reports whether host, a name or an address, is this appliance.
func (n *names) known(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback() || slices.Contains(n.own(), a.Unmap().WithZone(""))
	}
	if host == "localhost" || host != "" && (host == n.hostname || host == n.hostname+".local" || host == n.local()) {
		return true
	}
	if u, err := url.Parse(n.public()); err == nil && u.Hostname() != "" && strings.EqualFold(u.Hostname(), host) {
		return true
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.ContainsFunc(n.settings.PublicNames, func(name string) bool { return covers(name, host) })
}

// covers reports whether host is a name that was given, or one label below it
// where that begins with *.
func covers(given, host string) bool {
	if _, rest, ok := strings.Cut(host, "."); ok && strings.HasPrefix(given, "*.") {
		return strings.EqualFold(given[2:], rest)
	}
	return strings.EqualFold(given, host)
}

// public returns the public URL; empty if there is none.
func (n *names) public() string {
	if n.config.Serve.PublicURL != "" {
		return strings.TrimSuffix(n.config.Serve.PublicURL, "/")
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.settings.PublicURL
}

// trusted reports whether the X-Forwarded headers of a proxy are believed.
func (n *names) trusted(proxy netip.Addr) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.ContainsFunc(n.proxies, func(p netip.Prefix) bool { return p.Contains(proxy) })
}

// proxied reports whether some proxy is believed.
func (n *names) proxied() bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.proxies) > 0
}

// urls returns where the appliance is reached: for this box, for the LAN by its
// address and by its name, and the public URL.
func (n *names) urls() []string {
	var all []string
	if host := "127.0.0.1"; n.plain != nil && n.reaches(n.plain, host) {
		all = append(all, n.under("http", n.plain, host))
	}
	if n.tls != nil {
		all = append(all, n.under("https", n.tls, n.face()))
	}
	if name := n.local(); name != "" && n.tls != nil && n.reaches(n.tls, name) {
		all = append(all, n.under("https", n.tls, name))
	}
	if public := n.public(); public != "" {
		all = append(all, public)
	}
	return all
}

// face is the address by which the LAN reaches the TLS listener.
func (n *names) face() string {
	if at := address(n.tls); !at.IsUnspecified() {
		return at.String()
	}
	return n.lan()
}

// address returns where a TCP listener listens.
func address(ln net.Addr) netip.Addr { return ln.(*net.TCPAddr).AddrPort().Addr().Unmap() }

// reaches reports whether a listener hears what is sent to an address or a name of this box.
func (*names) reaches(ln net.Addr, host string) bool {
	at := address(ln)
	asked, err := netip.ParseAddr(host)
	switch {
	case at.IsUnspecified():
		return true
	case err != nil: // a name leads to the address of the listener, if anywhere
		return at.IsLoopback() == (host == "localhost")
	}
	return at == asked.Unmap().WithZone("")
}

// under returns the address of a listener for who calls this box host.
func (*names) under(scheme string, ln net.Addr, host string) string {
	port := ln.(*net.TCPAddr).Port
	if scheme == "http" && port == 80 || scheme == "https" && port == 443 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port))
}

// secure returns the https address for who calls this box host; empty if there is
// none. Where TLS listens on another address of the LAN, it is that one's.
func (n *names) secure(host string) string {
	if n.tls == nil {
		return ""
	}
	if !n.reaches(n.tls, host) {
		at := address(n.tls)
		if at.IsLoopback() {
			return ""
		}
		host = at.String()
	}
	return n.under("https", n.tls, host)
}

// open returns the plain address for who calls this box host, or for the LAN if
// that is only this box; empty if plain HTTP is not open to the LAN.
func (n *names) open(host string) string {
	if a, err := netip.ParseAddr(host); host == "localhost" || err == nil && a.IsLoopback() {
		host = n.lan()
	}
	if n.plain == nil || !n.reaches(n.plain, host) {
		return ""
	}
	return n.under("http", n.plain, host)
}

// spoken reports whether the local network is to know this box by a name: it is
// wanted, and there is something to find.
func (n *names) spoken() bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.settings.MDNS && slices.ContainsFunc([]net.Addr{n.plain, n.tls}, func(ln net.Addr) bool {
		return ln != nil && !address(ln).IsLoopback()
	})
}

// local returns the name that this box won on the local network; empty if it has none.
func (n *names) local() string {
	if n.won == nil {
		return ""
	}
	return n.won()
}

// base is what links in messages begin with.
func (n *names) base() string {
	if public := n.public(); public != "" {
		return public
	}
	if n.tls != nil {
		return n.under("https", n.tls, n.face())
	}
	if all := n.urls(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// named returns where the appliance is open under a full name; empty if it has none.
func (n *names) named() string {
	if u, err := url.Parse(n.public()); err == nil && u.Hostname() != "" {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && strings.Contains(u.Hostname(), ".") {
			return n.public()
		}
	}
	name := cmp.Or(n.local(), n.hostname)
	if n.tls == nil || name == "" {
		return ""
	}
	if !strings.Contains(name, ".") {
		name += ".local"
	}
	return n.under("https", n.tls, name)
}

// lan returns the address of the default route, or the first that is not
// loopback. Dialling UDP sends nothing: it only asks the routing table.
func (n *names) lan() string {
	if conn, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}); err == nil {
		defer func() { _ = conn.Close() }() // nothing was sent
		if a, ok := conn.LocalAddr().(*net.UDPAddr); ok && !a.IP.IsLoopback() && !a.IP.IsUnspecified() {
			return a.IP.String()
		}
	}
	for _, a := range n.own() {
		if !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			return a.String()
		}
	}
	return "127.0.0.1"
}

// listeners returns the addresses that requests to the outside must never reach.
func (n *names) listeners() (all []netip.AddrPort) {
	open := []net.Addr{n.plain, n.tls}
	n.forwards.Range(func(at, _ any) bool {
		open = append(open, at.(net.Addr))
		return true
	})
	for _, ln := range open {
		if ln == nil {
			continue
		}
		port := ln.(*net.TCPAddr).AddrPort().Port()
		for _, a := range append([]netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, n.own()...) {
			all = append(all, netip.AddrPortFrom(a, port))
		}
	}
	return all
}

// heartbeat returns whom to tell that the appliance lives, and how often.
func (n *names) heartbeat(context.Context) (string, time.Duration, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.settings.HeartbeatURL, time.Duration(n.settings.HeartbeatSeconds) * time.Second, nil
}
