package place

import (
	"bytes"
	"cmp"
	"net"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"unity.internal/app/fault"
)

// The schemes of places.
const (
	File    = "file"
	S3      = "s3"
	SFTP    = "sftp"
	WebDAV  = "webdav"
	WebDAVS = "webdavs"
)

// A Config says where a place is. The secret that goes with it is apart: the
// secret key of S3, the private key of SFTP, the password of WebDAV.
type Config struct {
	URL       string `json:"url" maxLength:"1024" example:"s3://bucket/unity" doc:"file:///path, s3://bucket/prefix, sftp://user@host:port/path, webdav://host/path or webdavs://host/path"`
	Endpoint  string `json:"endpoint,omitempty" maxLength:"512" example:"https://s3.example.com" doc:"S3: where it is, if not at Amazon"`
	Region    string `json:"region,omitempty" maxLength:"64" example:"eu-central-1" doc:"S3: needed at Amazon"`
	PathStyle bool   `json:"path_style,omitempty" doc:"S3: the bucket stands in the path, not in the host name"`
	AccessKey string `json:"access_key,omitempty" maxLength:"128" doc:"S3: the key's id; empty: keys come from the environment"`
	HostKey   string `json:"host_key,omitempty" maxLength:"4096" example:"ssh-ed25519 AAAA…" doc:"SFTP: the server's public key, needed"`
	Username  string `json:"username,omitempty" maxLength:"256" doc:"WebDAV"`
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)

// Validate returns a fault with a line for each field that cannot work.
func (c Config) Validate() error {
	var fields []fault.Field
	bad := func(field, message string) {
		fields = append(fields, fault.Field{Field: field, Message: message})
	}
	u, why := parse(c.URL)
	if why != "" {
		bad("url", why)
	}
	for field, v := range map[string]string{"endpoint": c.Endpoint, "region": c.Region, "access_key": c.AccessKey} {
		if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			bad(field, "Remove the blanks.")
		}
	}
	if strings.ContainsFunc(c.Username, unicode.IsControl) {
		bad("username", "Remove the control characters.")
	}
	if u != nil {
		c.others(u.Scheme, bad)
	}
	if len(fields) == 0 {
		return nil
	}
	return invalid(fields...)
}

func invalid(fields ...fault.Field) *fault.Error {
	e := fault.New(fault.Invalid, "replica.invalid", "This place cannot work as it is given.")
	e.Fields = fields
	return e
}

// others checks what goes with a scheme, and that nothing goes with another.
func (c Config) others(scheme string, bad func(field, message string)) {
	switch scheme {
	case S3:
		if why := c.checkEndpoint(); why != "" {
			bad("endpoint", why)
		}
		if c.Endpoint == "" && cmp.Or(c.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")) == "" {
			bad("region", "Give the region of the bucket, or an endpoint if it is not at Amazon.")
		}
	case SFTP:
		if why := checkHostKey(c.HostKey); why != "" {
			bad("host_key", why)
		}
	case WebDAVS:
		scheme = WebDAV
	}
	for _, f := range []struct{ field, value, of string }{
		{"endpoint", c.Endpoint, S3},
		{"region", c.Region, S3},
		{"access_key", c.AccessKey, S3},
		{"host_key", c.HostKey, SFTP},
		{"username", c.Username, WebDAV},
	} {
		if f.value != "" && scheme != f.of {
			bad(f.field, "This goes with "+f.of+":// only.")
		}
	}
}

// checkEndpoint says what is wrong with an endpoint.
func (c Config) checkEndpoint() string {
	if c.Endpoint == "" {
		return ""
	}
	e, err := url.Parse(c.endpoint())
	switch {
	case err != nil, e.Scheme != "https" && e.Scheme != "http", e.Hostname() == "":
	case e.User != nil, e.Path != "", e.RawQuery != "", e.Fragment != "":
	default:
		return ""
	}
	return "Give a host, or an address like https://s3.example.com without a path, a user or a password."
}

// parse returns the URL of a place, or why it is none.
func parse(text string) (u *url.URL, why string) {
	if text != strings.TrimSpace(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, "Remove the blanks around the address, and control characters in it."
	}
	if strings.ContainsAny(text, `?#\`) {
		return nil, `Write ? as %3F and # as %23; \ cannot stand in an address.`
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, "This is no address. Write % as %25."
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if _, has := u.User.Password(); has {
		return nil, "A password does not belong into the address: it has a field of its own."
	}
	if strings.ContainsFunc(u.Path+u.User.Username(), unicode.IsControl) || strings.Contains("/"+u.Path+"/", "/../") || strings.Contains(u.Path, `\`) {
		return nil, `The path must be absolute, without .., \ and control characters.`
	}
	if why := misplaced(u); why != "" {
		return nil, why
	}
	return u, ""
}

// A shape is how an address of one scheme must look.
type shape struct {
	fits func(u *url.URL) bool
	how  string
}

var shapes = map[string]shape{
	File: {
		func(u *url.URL) bool {
			return u.Host == "" && u.User == nil && path.IsAbs(u.Path) && path.Clean(u.Path) != "/"
		},
		"Write file:///srv/backup: three slashes and an absolute path of a directory.",
	},
	S3: {
		func(u *url.URL) bool { return u.User == nil && u.Port() == "" && bucketName.MatchString(u.Host) },
		"Write s3://bucket/prefix: the name of a bucket, without user, port or endpoint.",
	},
	SFTP: {
		func(u *url.URL) bool { return hasHost(u) && u.User.Username() != "" && path.IsAbs(u.Path) },
		"Write sftp://user@host/srv/backup: a user, a host and an absolute path.",
	},
	WebDAV:  {isWebDAV, "Write webdav://host/path. The user name has a field of its own."},
	WebDAVS: {isWebDAV, "Write webdavs://host/path. The user name has a field of its own."},
}

func isWebDAV(u *url.URL) bool { return hasHost(u) && u.User == nil }

// misplaced says what is wrong with the parts of an address, by its scheme.
func misplaced(u *url.URL) string {
	s, ok := shapes[u.Scheme]
	switch {
	case !ok:
		return "Begin with file://, s3://, sftp://, webdav:// or webdavs://."
	case !s.fits(u):
		return s.how
	}
	return ""
}

func hasHost(u *url.URL) bool {
	return u.Hostname() != "" && !strings.ContainsFunc(u.Host, unicode.IsSpace) && !strings.HasSuffix(u.Host, ":")
}

// Clean returns c in the one form in which places are shown and compared. What
// is not valid stays as it is.
func (c Config) Clean() Config {
	u, why := parse(c.URL)
	if why != "" {
		return c
	}
	if p := path.Clean("/" + u.Path); p != "/" || u.Scheme == SFTP {
		u.Path = p
	} else {
		u.Path = ""
	}
	u.RawPath = ""
	if u.Port() == ports[u.Scheme] {
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	c.URL = u.String()
	if u.Scheme == S3 && c.Endpoint != "" {
		c.Endpoint = c.endpoint()
		if e, err := url.Parse(c.Endpoint); err == nil && net.ParseIP(e.Hostname()) != nil {
			c.PathStyle = true // an address has no names below it
		}
	}
	if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.HostKey)); err == nil {
		c.HostKey = line(key)
	}
	return c
}

var ports = map[string]string{SFTP: "22", WebDAV: "80", WebDAVS: "443"}

// endpoint returns the endpoint with a scheme and without a slash at its end.
func (c Config) endpoint() string {
	e := c.Endpoint
	if !strings.Contains(e, "://") {
		e = "https://" + e
	}
	return strings.ToLower(strings.TrimRight(e, "/"))
}

// Scheme returns the scheme of the URL.
func (c Config) Scheme() string {
	scheme, _, _ := strings.Cut(c.URL, ":")
	return strings.ToLower(scheme)
}

// address returns the host and the port of an SFTP or WebDAV server.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// where names the place in messages.
func (c Config) where() string {
	u, why := parse(c.URL)
	switch {
	case why != "":
		return "the place"
	case u.Scheme == File:
		return u.Path
	case u.Scheme != S3:
		return address(u)
	case c.Endpoint != "":
		_, host, _ := strings.Cut(c.endpoint(), "://")
		return host
	}
	return "the bucket " + u.Host
}

// check validates c together with its secret.
func (c Config) check(secret []byte) error {
	if err := c.Validate(); err != nil {
		return err
	}
	has := len(bytes.TrimSpace(secret)) > 0
	why := ""
	switch {
	case c.Scheme() == S3 && (c.AccessKey != "") != has:
		why = "Give the id of the key and the key, or neither: then they come from the environment."
	case c.Scheme() == SFTP && !has:
		why = "Give the private key with which the appliance signs in."
	case c.Scheme() == SFTP:
		_, why = signer(secret)
	case c.Scheme() == WebDAV && (c.Username == "" && has):
		why = "Give the user name that goes with the password."
	}
	if why != "" {
		return invalid(fault.Field{Field: "secret", Message: why})
	}
	return nil
}

// kind returns what speaks the protocol of c, which is clean.
func (c Config) kind(secret []byte) (kind, error) {
	u, _ := parse(c.URL)
	switch u.Scheme {
	case File:
		return &files{root: u.Path}, nil
	case S3:
		return newBucket(u, c, secret)
	case SFTP:
		return newSFTP(u, c, secret)
	}
	return newWebDAV(u, c, secret), nil
}
