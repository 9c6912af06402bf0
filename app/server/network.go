package server

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// parseNetwork joins interfaces with the addresses that ip, or the kernel's own
// files, give them.
func parseNetwork(s sections) []Interface {
	all := []Interface{}
	for line := range s.lines("links") {
		f := strings.SplitN(line, "|", 5)
		if len(f) == 5 && !virtualLink(f[0]) && len(all) < maxRows {
			all = append(all, Interface{Name: f[0], MAC: f[1], MTU: integer(f[2]), State: f[3], Mbits: integer(f[4]), Addresses: []string{}})
		}
	}
	gateways, nets := parseRoutes(s)
	addresses := parseAddresses(s, nets)
	for i := range all {
		all[i].Addresses = append(all[i].Addresses, addresses[all[i].Name]...)
		all[i].Gateway = gateways[all[i].Name]
		slices.Sort(all[i].Addresses)
		all[i].Addresses = slices.Compact(all[i].Addresses)
	}
	slices.SortFunc(all, func(a, b Interface) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// A linkNet is a network that the kernel reaches through an interface.
type linkNet struct {
	name string
	net  netip.Prefix
}

// parseRoutes reads /proc/net/route, whose addresses are little-endian hex.
func parseRoutes(s sections) (gateways map[string]string, nets []linkNet) {
	gateways = map[string]string{}
	for line := range s.lines("route") {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		to, ok1 := hexIPv4(f[1])
		via, ok2 := hexIPv4(f[2])
		mask, ok3 := hexIPv4(f[7])
		if !ok1 || !ok2 || !ok3 {
			continue
		}
		if to.IsUnspecified() && !via.IsUnspecified() {
			gateways[f[0]] = via.String()
			continue
		}
		if p, err := to.Prefix(ones(mask)); err == nil && len(nets) < maxSeries {
			nets = append(nets, linkNet{f[0], p})
		}
	}
	return gateways, nets
}

func hexIPv4(text string) (netip.Addr, bool) {
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		return netip.Addr{}, false
	}
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	return netip.AddrFrom4(b), true
}

func ones(mask netip.Addr) (n int) {
	for _, b := range mask.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			n++
		}
	}
	return n
}

// parseAddresses returns the addresses of each interface: ip's, or the kernel's own.
func parseAddresses(s sections, nets []linkNet) map[string][]string {
	all := map[string][]string{}
	for line := range s.lines("addr") { // «4: eth0    inet 192.0.2.2/24 brd …»
		f := strings.Fields(line)
		if len(f) >= 4 && (f[2] == "inet" || f[2] == "inet6") {
			all[f[1]] = append(all[f[1]], f[3])
		}
	}
	for line := range s.lines("inet6") { // «fe80…  04 40 20 80 eth0»
		f := strings.Fields(line)
		if len(f) != 6 {
			continue
		}
		bits, err := strconv.ParseUint(f[2], 16, 8)
		if a, ok := hexIPv6(f[0], false); ok && err == nil {
			all[f[5]] = append(all[f[5]], netip.PrefixFrom(a, int(min(bits, 128))).String())
		}
	}
	addLocals(s, nets, all)
	return all
}

// addLocals reads the kernel's table of IPv4 addresses, in which each stands above
// what it is for. The routes say behind which interface it is.
func addLocals(s sections, nets []linkNet, all map[string][]string) {
	last := ""
	for line := range s.lines("fib") {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == "|--" || f[0] == "+--") {
			last = f[1]
		}
		a, err := netip.ParseAddr(last)
		if err != nil || !strings.HasPrefix(line, "/32 host LOCAL") {
			continue
		}
		for _, n := range nets {
			if n.net.Contains(a) {
				all[n.name] = append(all[n.name], netip.PrefixFrom(a, n.net.Bits()).String())
			}
		}
	}
}

// hexIPv6 reads 32 hex digits; in /proc/net/tcp6 each word of four bytes is turned around.
func hexIPv6(text string, turned bool) (netip.Addr, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 16 {
		return netip.Addr{}, false
	}
	if turned {
		for i := 0; i < 16; i += 4 {
			slices.Reverse(b[i : i+4])
		}
	}
	return netip.AddrFrom16([16]byte(b)).Unmap(), true
}

// parsePorts reads ss, or what it reads itself.
func parsePorts(s sections) []OpenPort {
	all := []OpenPort{}
	add := func(p OpenPort, ok bool) {
		if ok && len(all) < maxRows {
			all = append(all, p)
		}
	}
	for line := range s.lines("ss") {
		add(parseSS(line))
	}
	for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6"} {
		for line := range s.lines(protocol) {
			add(parseProcNet(strings.TrimSuffix(protocol, "6"), line))
		}
	}
	slices.SortFunc(all, func(a, b OpenPort) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(a.Protocol, b.Protocol),
			strings.Compare(a.Address, b.Address), strings.Compare(a.Process, b.Process))
	})
	return slices.Compact(all)
}

// parseSS reads «tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))».
func parseSS(line string) (p OpenPort, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || f[0] != "tcp" && f[0] != "udp" {
		return p, false
	}
	i := strings.LastIndexByte(f[4], ':')
	if i < 0 {
		return p, false
	}
	p = OpenPort{Protocol: f[0], Address: strings.Trim(f[4][:i], "[]"), Port: integer(f[4][i+1:])}
	if len(f) > 6 {
		if _, rest, found := strings.Cut(f[6], `(("`); found {
			p.Process, _, _ = strings.Cut(rest, `"`)
		}
	}
	return p, p.Port > 0 && p.Port < 1<<16
}

// parseProcNet reads «0: 00000000:0016 00000000:0000 0A …»: 0A listens, 07 is
// an open UDP socket.
func parseProcNet(protocol, line string) (p OpenPort, ok bool) {
	f := strings.Fields(line)
	if len(f) < 4 || protocol == "tcp" && f[3] != "0A" || protocol == "udp" && f[3] != "07" {
		return p, false
	}
	address, port, _ := strings.Cut(f[1], ":")
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil || n == 0 {
		return p, false
	}
	a, ok := hexIPv4(address)
	if len(address) == 32 {
		a, ok = hexIPv6(address, true)
	}
	return OpenPort{Protocol: protocol, Address: a.String(), Port: int64(n)}, ok
}
