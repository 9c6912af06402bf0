package mdns

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// A link is an interface with what is announced there: its own addresses.
type link struct {
	index   int
	name    string
	own     []netip.Addr   // sorted: those that others can use
	all     []netip.Addr   // and those that they cannot
	network []netip.Prefix // of all its addresses
}

// inner are what the names of interfaces begin with that lead to containers and
// virtual machines of this box: nobody there needs its name, and their bridges see
// the traffic of the box twice.
var inner = []string{
	"docker", "br-", "veth", "virbr", "vnet", "cni", "flannel", "cali", "cilium", "kube", "lxc", "lxd", "podman", "nerdctl", "weave", "vmnet",
}

// links returns the interfaces of the local network.
func links() ([]link, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []link
	const need, not = net.FlagUp | net.FlagRunning | net.FlagMulticast, net.FlagLoopback | net.FlagPointToPoint
	for _, i := range all {
		within := func(prefix string) bool { return strings.HasPrefix(i.Name, prefix) }
		if i.Flags&need != need || i.Flags&not != 0 || slices.ContainsFunc(inner, within) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it went away meanwhile
		}
		l := link{index: i.Index, name: i.Name}
		for _, text := range addresses {
			p, err := netip.ParsePrefix(text.String())
			if err != nil {
				continue // of another family
			}
			l.network = append(l.network, p.Masked())
			a := p.Addr().Unmap()
			l.all = append(l.all, a)
			if a.Is4() || a.IsGlobalUnicast() { // others cannot use a link-local one without its zone
				l.own = append(l.own, a)
			}
		}
		if len(l.own) > 0 {
			slices.SortFunc(l.own, netip.Addr.Compare)
			slices.SortFunc(l.all, netip.Addr.Compare)
			out = append(out, l)
		}
	}
	return out, nil
}

// holds reports whether an address is of the link's network: what comes from
// elsewhere is not answered (RFC 6762, 11).
func (l link) holds(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsLinkLocalUnicast() || slices.ContainsFunc(l.network, func(p netip.Prefix) bool { return p.Contains(a) })
}

// same reports whether nothing changed.
func same(a, b []link) bool {
	return slices.EqualFunc(a, b, func(a, b link) bool {
		return a.index == b.index && a.name == b.name && slices.Equal(a.all, b.all) && slices.Equal(a.network, b.network)
	})
}
