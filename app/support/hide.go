package support

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// A Hider gives people, places and tenants other names: the same one for the same
// thing, whatever it is asked for.
type Hider struct {
	known map[string][]Name // by their first word, in lower case; the longest first
	roots []string          // directories that have a name, with all below them
	given map[string]string // what stands for what, by kind and text
	last  map[string]int    // the number given last, by kind
	blind bool              // nobody could say which names there are
}

// Directory is the kind of a name that is a path: what lies below it keeps its own.
const Directory = "directory"

// NewHider returns one that knows names. What looks like an address or the name
// of a host is hidden, too, if nobody named it.
func NewHider(names []Name) *Hider {
	h := &Hider{known: map[string][]Name{}, given: map[string]string{}, last: map[string]int{}}
	for _, n := range names {
		if n.Kind == Directory {
			h.roots = append(h.roots, strings.TrimRight(n.Text, "/"))
		}
		h.learn(n)
		if host := hostOf(n.Text); host != n.Text {
			h.learn(Name{"host", host})
		}
		if quoted := strings.Trim(strconv.Quote(n.Text), `"`); quoted != n.Text {
			h.learn(Name{n.Kind, quoted})
		}
	}
	for word := range h.known {
		slices.SortStableFunc(h.known[word], func(a, b Name) int { return cmp.Compare(len(b.Text), len(a.Text)) })
	}
	return h
}

// hostOf returns the host of an address, or a host without its domain.
func hostOf(text string) string {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if first, rest, dotted := strings.Cut(text, "."); dotted && located.FindString(text) == text && (private(rest) || strings.Contains(rest, ".")) {
		return first
	}
	return text
}

func (h *Hider) learn(n Name) {
	n.Text = strings.TrimFunc(n.Text, func(r rune) bool { return !word(r) })
	if n.Text == "" || addressable(n.Text) {
		return // an address is known by its looks
	}
	first := strings.ToLower(firstWord(n.Text))
	h.known[first] = append(h.known[first], n)
}

// addressable reports whether text is an address, or a name of this machine itself.
func addressable(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil || strings.EqualFold(text, "localhost")
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func firstWord(text string) string {
	if i := strings.IndexFunc(text, func(r rune) bool { return !word(r) }); i >= 0 {
		return text[:i]
	}
	return text
}

// as returns what stands for a text.
func (h *Hider) as(kind, text string) string {
	key := kind + "\x00" + strings.ToLower(text)
	if h.given[key] == "" {
		h.last[kind]++
		h.given[key] = fmt.Sprintf("%s-%d", kind, h.last[kind])
	}
	return h.given[key]
}

// Text returns a text with other names in it.
func (h *Hider) Text(text string) string { return h.replace(text, ' ', looks) }

// replace replaces what has the first of these looks, and between that what has the
// others. before is the byte in front of text.
func (h *Hider) replace(text string, before byte, looks []*regexp.Regexp) string {
	if len(looks) == 0 {
		return h.words(text)
	}
	var out strings.Builder
	from, last := 0, before
	for _, m := range looks[0].FindAllStringIndex(text, -1) {
		if m[0] > 0 {
			before = text[m[0]-1]
		}
		if text[m[0]] == '/' && !opens(before) {
			continue // a slash between words begins no path
		}
		found := sentence(text[m[0]:m[1]])
		begin, name := h.look(found)
		if name == "" {
			continue
		}
		out.WriteString(h.replace(text[from:m[0]+begin], last, looks[1:]))
		out.WriteString(name)
		from = m[0] + len(found)
		last = text[from-1]
	}
	out.WriteString(h.replace(text[from:], last, looks[1:]))
	return out.String()
}

// sentence takes from a name what ends the sentence that it stands in.
func sentence(text string) string {
	text = strings.TrimRight(text, ".")
	if strings.HasSuffix(text, ":") && !strings.HasSuffix(text, "::") {
		return text[:len(text)-1]
	}
	return text
}

func opens(b byte) bool { return strings.IndexByte(" \t\n\"'=([{,:;", b) >= 0 }

// words replaces the names that are known, where they stand as words.
func (h *Hider) words(text string) string {
	var out strings.Builder
	before := ' '
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if word(r) && !word(before) {
			if name, found := h.at(text); found {
				out.WriteString(h.as(name.Kind, name.Text))
				before, text = 'x', text[len(name.Text):]
				continue
			}
		}
		out.WriteString(text[:n])
		before, text = r, text[n:]
	}
	return out.String()
}

// at returns the longest name that text begins with.
func (h *Hider) at(text string) (Name, bool) {
	for _, n := range h.known[strings.ToLower(firstWord(text))] {
		if len(text) < len(n.Text) || !strings.EqualFold(text[:len(n.Text)], n.Text) {
			continue
		}
		if r, size := utf8.DecodeRuneInString(text[len(n.Text):]); size == 0 || !word(r) {
			return Name{n.Kind, text[:len(n.Text)]}, true
		}
	}
	return Name{}, false
}

// looks is what names and addresses look like, the surest first. What is known by
// something that any length of text may be in front of, as a :// or an @, stands
// alone: beside others, each name that is found would have what follows read again.
var looks = []*regexp.Regexp{
	regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"'<>|\\^` + "`" + `)]+`), // an address of the web, a place of a replica
	regexp.MustCompile(`/[^\s"'<>:,;()\[\]{}]+`),
	regexp.MustCompile(`[^\s"'<>@:=,;()\[\]{}/\\]+@[^\s"'<>@:=,;()\[\]{}/\\]+`), // of e-mail, or somebody on a machine
	regexp.MustCompile(strings.Join([]string{
		`SHA256:[A-Za-z0-9+/]{43}`,
		`(?:[0-9A-Fa-f]{2}:){5,}[0-9A-Fa-f]{2}`,
		`[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%\w+)?`,
		`\d{1,3}(?:\.\d{1,3}){3}`,
		`lookup [^\s:,"']+`, // what the resolver says of a name
		located.String(),
	}, "|")),
}

// located is the name of a host with a domain.
var located = regexp.MustCompile(`[\p{L}\d_*-]+(?:\.[\p{L}\d_-]+)+`)

// look returns what stands for a text that looks like a name, and where in it the
// name begins; nothing if it is none after all.
func (h *Hider) look(text string) (begin int, name string) {
	rest, resolved := strings.CutPrefix(text, "lookup ")
	switch {
	case resolved:
		return len(text) - len(rest), h.host(rest)
	case strings.Contains(text, "://"):
		return 0, h.url(text)
	case strings.HasPrefix(text, "/"):
		return 0, h.path(text)
	case strings.Contains(text, "@"):
		return 0, h.as("email", text)
	case strings.HasPrefix(text, "SHA256:"), strings.Count(text, ":") > 7:
		return 0, h.as("fingerprint", text)
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return 0, h.address(a)
	}
	if _, err := net.ParseMAC(text); err == nil {
		return 0, h.as("mac", text)
	}
	if _, domain, dotted := strings.Cut(text, "."); dotted && located.FindString(text) == text && (private(domain) || public(text)) {
		return 0, h.host(text)
	}
	return 0, ""
}

// host returns what stands for a host.
func (h *Hider) host(text string) string {
	if a, err := netip.ParseAddr(text); err == nil {
		return h.address(a)
	}
	if strings.EqualFold(text, "localhost") || slices.Contains(services, strings.ToLower(text)) {
		return text
	}
	return h.as("host", text)
}

func (h *Hider) address(a netip.Addr) string {
	if a.IsLoopback() || a.IsUnspecified() {
		return a.String()
	}
	return h.as("address", a.Unmap().WithZone("").String())
}

// url keeps of an address how it is asked, and hides where.
func (h *Hider) url(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return h.as("url", text)
	}
	out := u.Scheme + "://"
	if u.Host != "" {
		out += h.host(u.Hostname())
	}
	if port := u.Port(); port != "" {
		out += ":" + port
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		out += "/" + h.as("path", u.Path+"?"+u.RawQuery+"#"+u.Fragment)
	}
	return out
}

// roots are the directories of every system, and the addresses of the API.
var roots = []string{"/api/", "/bin/", "/dev/", "/etc/", "/lib/", "/proc/", "/run/systemd/", "/sbin/", "/sys/", "/usr/"}

// path hides a path that is the owner's.
func (h *Hider) path(text string) string {
	for _, root := range h.roots {
		if rest, below := strings.CutPrefix(text, root); below && (rest == "" || rest[0] == '/') {
			return h.as(Directory, root) + h.words(rest)
		}
	}
	ours := !strings.Contains(text[1:], "/") && path.Ext(text) == "" // as in GET /servers
	for _, root := range roots {
		ours = ours || strings.HasPrefix(text, root)
	}
	if ours {
		return "/" + h.Text(text[1:])
	}
	return h.as("path", text)
}

// homes are the domains that no registry has.
var homes = []string{"lan", "local", "internal", "home", "arpa", "localdomain", "intranet", "box", "corp", "test", "example", "invalid", "onion"}

// private reports whether a domain is one of homes and their networks.
func private(domain string) bool {
	domain = strings.ToLower(domain)
	return slices.Contains(homes, domain[strings.LastIndex(domain, ".")+1:])
}

// public reports whether a name may be one that anybody can look up.
func public(name string) bool {
	_, icann := publicsuffix.PublicSuffix(strings.ToLower(name))
	return icann
}

// services are those that many use: that somebody asks them tells nothing of who.
var services = []string{
	"acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org", "acme.zerossl.com",
	"api.cloudflare.com", "desec.io", "dns.hetzner.com", "api.hetzner.cloud", "github.com",
}
