package cert

import (
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/idna"
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

// SearchDomains returns the domains in which this machine looks names up: those
// of its network.
func SearchDomains() []string {
	conf, _ := os.ReadFile("/etc/resolv.conf") // a network without one has no domains
	return search(string(conf))
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

// domains returns what a new root may vouch for: names of households, of this
// machine and of its network, but no domain under which anybody can have a name.
func domains(hostname string, search []string) []string {
	all := slices.Clone(homes)
	for _, d := range append([]string{hostname}, search...) {
		if d = clean(d); d != "" && !shared(d) && !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

// CheckName returns a name as it stands in certificates, or says why it is none.
// It may begin with *., and have letters of any script.
func CheckName(text string) (string, error) {
	name := clean(text)
	star := ""
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		star, name = "*.", rest
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if _, bad := netip.ParseAddr(name); err != nil || bad == nil || ascii == "" || star != "" && !strings.Contains(ascii, ".") || !hostName.MatchString(ascii) {
		return "", field("name", "tls.bad_name", "That is no name of a host. A name is like unity.example.org, or *.example.org for all below it; addresses of this box need not be added.")
	}
	return star + ascii, nil
}

// hostName is a name of labels: letters, digits, and hyphens between them.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func clean(name string) string {
	return strings.Trim(strings.ToLower(strings.TrimSpace(name)), ".")
}
