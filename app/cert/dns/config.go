package dns

import (
	"bytes"
	"encoding/base64"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"unity.internal/app/fault"
)

// The providers.
const (
	RFC2136    = "rfc2136"
	Cloudflare = "cloudflare"
	DeSEC      = "desec"
	Hetzner    = "hetzner"
)

// A Config says who keeps the zones of our names. The secret that goes with it is
// apart: the key of RFC 2136, or the provider's token.
type Config struct {
	Provider  string `json:"provider" enum:"rfc2136,cloudflare,desec,hetzner" doc:"Who keeps the zone"`
	Server    string `json:"server,omitempty" maxLength:"255" example:"ns1.example.com:53" doc:"RFC 2136: the name server that takes updates, host or host:port"`
	KeyName   string `json:"key_name,omitempty" maxLength:"255" example:"unity.example.com" doc:"RFC 2136: the name of the key (TSIG); may be left out for a server on this machine only"`
	Algorithm string `json:"algorithm,omitempty" enum:"hmac-sha1,hmac-sha224,hmac-sha256,hmac-sha384,hmac-sha512" doc:"RFC 2136: the key's algorithm; left out: hmac-sha256"`
	API       string `json:"api,omitempty" maxLength:"512" example:"https://desec.example.com/api/v1" doc:"The others: where the API is, if not at the provider's own address"`
}

// The algorithms of keys.
var algorithms = []string{dns.HmacSHA1, dns.HmacSHA224, dns.HmacSHA256, dns.HmacSHA384, dns.HmacSHA512}

// Validate returns a fault with a line for each field that cannot work.
func (c Config) Validate() error {
	var fields []fault.Field
	bad := func(field, message string) {
		if message != "" {
			fields = append(fields, fault.Field{Field: field, Message: message})
		}
	}
	switch c.Provider {
	case RFC2136:
		bad("server", c.checkServer())
		bad("key_name", c.checkKeyName())
		if c.Algorithm != "" && !slices.Contains(algorithms, c.algorithm()) {
			bad("algorithm", "Choose hmac-sha256 or another one of the list.")
		}
	case Cloudflare, DeSEC, Hetzner:
		bad("api", c.checkAPI())
	default:
		bad("provider", "Choose rfc2136, cloudflare, desec or hetzner.")
	}
	rfc := c.Provider == RFC2136
	for _, f := range []struct {
		field, value string
		fits         bool
	}{{"server", c.Server, rfc}, {"key_name", c.KeyName, rfc}, {"algorithm", c.Algorithm, rfc}, {"api", c.API, !rfc}} {
		if f.value != "" && !f.fits {
			bad(f.field, "This does not go with the provider. Leave it out.")
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return invalid(fields...)
}

func invalid(fields ...fault.Field) *fault.Error {
	e := fault.New(fault.Invalid, "dns.invalid", "These settings of the DNS provider cannot work. %s", fields[0].Message)
	e.Fields = fields
	return e
}

// address returns host and port of the name server.
func (c Config) address() (host, port string) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return strings.Trim(c.Server, "[]"), "53"
	}
	return host, port
}

func (c Config) checkServer() string {
	host, port := c.address()
	n, err := strconv.Atoi(port)
	_, name := dns.IsDomainName(host)
	ip, _ := netip.ParseAddr(host)
	switch {
	case host == "", strings.ContainsAny(host, "/ @"), !ip.IsValid() && (!name || strings.Contains(host, ":")):
		return "Give the name or the address of the name server, like ns1.example.com:53."
	case err != nil, n < 1, n > 65535:
		return "The port is a number from 1 to 65535."
	}
	return ""
}

// checkKeyName wants a key wherever somebody may be between us and the server:
// who changes our record on the way gets a certificate for our name.
func (c Config) checkKeyName() string {
	if c.KeyName != "" {
		if _, ok := dns.IsDomainName(c.KeyName); !ok || strings.ContainsAny(c.KeyName, " /@:") {
			return "The name of a key is written like a host name."
		}
		return ""
	}
	host, _ := c.address()
	if ip, err := netip.ParseAddr(host); strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback() {
		return ""
	}
	return "Give the name of the key (TSIG). Only a name server on this machine takes updates without one."
}

// checkAPI wants TLS, but on this machine: the token goes there.
func (c Config) checkAPI() string {
	if c.API == "" {
		return ""
	}
	u, err := url.Parse(c.API)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "Give an address like https://desec.example.com/api/v1."
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (ip.Unmap().IsLoopback() || u.Hostname() == "localhost") {
		return ""
	}
	return "The address begins with https://, since the token goes there."
}

// algorithm returns the algorithm of the key in the words of the protocol.
func (c Config) algorithm() string {
	if c.Algorithm == "" {
		return dns.HmacSHA256
	}
	return dns.CanonicalName(c.Algorithm)
}

// key returns the secret as the protocols want it, behind a function, so that
// nothing that is printed holds it.
func (c Config) key(secret []byte) (func() string, error) {
	text := string(bytes.TrimSpace(secret))
	why := ""
	switch {
	case c.Provider != RFC2136:
		if text == "" || len(text) > 1024 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			why = "Paste the token of the API, without blanks."
		}
	case c.KeyName == "" && text != "":
		why = "Give the name of the key (TSIG) that this secret belongs to."
	case c.KeyName != "":
		if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw) == 0 {
			why = "The secret of the key is base64, as the name server's configuration has it."
		}
	}
	if why != "" {
		return nil, invalid(fault.Field{Field: "secret", Message: why})
	}
	return func() string { return text }, nil
}
