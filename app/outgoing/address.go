package outgoing

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// metadata are the addresses at which clouds hand out their machines' secrets,
// as far as no range below holds them.
var metadata = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("168.63.129.16"),   // Azure
	netip.MustParseAddr("fd00:ec2::254"),   // Amazon
	netip.MustParseAddr("fd20:ce::254"),    // Google
}

// forbidden are ranges that no person means when they enter an address.
var forbidden = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("224.0.0.0/3"), // multicast, reserved, broadcast
	netip.MustParsePrefix("::/128"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fec0::/10"),
	netip.MustParsePrefix("ff00::/8"),
	netip.MustParsePrefix("2001::/32"),      // Teredo: the address of somebody's relay
	netip.MustParsePrefix("64:ff9b:1::/48"), // a network's own translation
}

// private are ranges of a home or a company.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), // carriers and overlay networks
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("fc00::/7"),
}

// forbiddenName reports whether a host is known as a metadata service, whatever
// a name server says.
func forbiddenName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch host {
	case "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal", "metadata.azure.internal":
		return true
	}
	return false
}

// plain returns the IPv4 address that an IPv6 one carries, as deep as it goes:
// mapped, compatible, NAT64 and 6to4 all lead to it.
func plain(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	v4 := func(from int) netip.Addr { return netip.AddrFrom4([4]byte(b[from : from+4])) }
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(ip):
		return v4(12)
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return v4(2)
	case netip.MustParsePrefix("::/96").Contains(ip) && !ip.IsLoopback() && !ip.IsUnspecified():
		return v4(12)
	}
	return ip
}

func within(all []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// check returns why an address must not be reached, or nil.
func (c *Client) check(to netip.AddrPort) error {
	ip := plain(to.Addr())
	switch {
	case !ip.IsValid(), slices.Contains(metadata, ip), within(forbidden, ip):
		return ErrBlocked
	case c.mine(netip.AddrPortFrom(ip, to.Port())):
		return ErrBlocked
	case within(private, ip) && !c.allowPrivate(ip):
		return ErrPrivate
	}
	return nil
}

// mine reports whether the appliance itself listens there: it would answer
// itself, with the rights of whoever sits on this box.
func (c *Client) mine(to netip.AddrPort) bool {
	for _, own := range c.own() {
		if own.Port() != to.Port() {
			continue
		}
		ip := own.Addr().Unmap()
		if ip == to.Addr() || ip.IsUnspecified() && local(to.Addr()) {
			return true
		}
	}
	return false
}

// local reports whether ip is an address of this box. If the box cannot say, it is.
func local(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap() == ip
	})
}
