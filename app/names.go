package app

import (
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
	plain    net.Addr // where plain HTTP listens; nil: nowhere
	tls      net.Addr // where HTTPS listens; nil: nowhere

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
	if host == "localhost" || host != "" && (host == n.hostname || host == n.hostname+".local") {
		return true
	}
	if u, err := url.Parse(n.public()); err == nil && u.Hostname() != "" && strings.EqualFold(u.Hostname(), host) {
		return true
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.ContainsFunc(n.settings.PublicNames, func(name string) bool { return strings.EqualFold(name, host) })
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

// urls returns where the appliance is reached: for this box, for the LAN, and
// the public URL.
func (n *names) urls() []string {
	var all []string
	if n.plain != nil {
		all = append(all, "http://"+n.plain.String())
	}
	if n.tls != nil {
		_, port, _ := net.SplitHostPort(n.tls.String())
		all = append(all, "https://"+net.JoinHostPort(n.lan(), port))
	}
	if public := n.public(); public != "" {
		all = append(all, public)
	}
	return all
}

// base is what links in messages begin with.
func (n *names) base() string {
	if public := n.public(); public != "" {
		return public
	}
	all := n.urls()
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// named returns where the appliance is open under a full name; empty if it has none.
func (n *names) named() string {
	if u, err := url.Parse(n.public()); err == nil && u.Hostname() != "" {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && strings.Contains(u.Hostname(), ".") {
			return n.public()
		}
	}
	if n.tls == nil || n.hostname == "" {
		return ""
	}
	name := n.hostname
	if !strings.Contains(name, ".") {
		name += ".local"
	}
	_, port, _ := net.SplitHostPort(n.tls.String())
	return "https://" + net.JoinHostPort(name, port)
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
	for _, ln := range []net.Addr{n.plain, n.tls} {
		if ln == nil {
			continue
		}
		_, text, _ := net.SplitHostPort(ln.String())
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			continue // a listener of ours has a port
		}
		for _, a := range append([]netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, n.own()...) {
			all = append(all, netip.AddrPortFrom(a, uint16(port)))
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
