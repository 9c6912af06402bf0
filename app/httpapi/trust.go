package httpapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	encpem "encoding/pem"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/skip2/go-qrcode"
	"unity.internal/app/vault"
	"unity.internal/web"
)

// trustPath is where devices learn to trust the appliance.
const trustPath = "/trust"

// trustFiles are the page, its words in each language, its looks and its script.
//
//go:embed trust
var trustFiles embed.FS

// A language is one in which the page is written.
type language struct{ Code, Name string }

var languages = []language{{"en", "English"}, {"pl", "Polski"}}

// trustPages holds the page in each language, trustStyle its looks.
var (
	trustPages = sync.OnceValue(trustTemplates)                            // few ever ask
	trustStyle = template.CSS(web.Tokens + string(trustFile("trust.css"))) //nolint:gosec // ours
)

func trustTemplates() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, l := range languages {
		all[l.Code] = template.Must(template.ParseFS(trustFiles, "trust/page.html", "trust/"+l.Code+".html"))
	}
	return all
}

func trustFile(name string) []byte {
	data, err := fs.ReadFile(trustFiles, "trust/"+name)
	if err != nil {
		panic(err) // it is in the binary
	}
	return data
}

// trust registers what a device asks before it trusts the appliance, over plain HTTP
// or over TLS. It is not in the document: browsers ask for it, before they can do more.
func (m mux) trust() {
	m.app.Get(trustPath, m.trustPage)
	m.app.Get(trustPath+"/ca.pem", m.trustCert(func(c *x509.Certificate) (kind, name string, data []byte) {
		return "application/x-pem-file", "unity-ca.pem", encpem.EncodeToMemory(&encpem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}))
	m.app.Get(trustPath+"/ca.crt", m.trustCert(func(c *x509.Certificate) (kind, name string, data []byte) {
		return "application/x-x509-ca-cert", "unity-ca.crt", c.Raw
	}))
	m.app.Get(trustPath+"/ca.mobileconfig", m.trustCert(func(c *x509.Certificate) (kind, name string, data []byte) {
		return "application/x-apple-aspen-config", "unity-ca.mobileconfig", profile(c)
	}))
	m.app.Get(trustPath+"/check.js", func(c *fiber.Ctx) error {
		c.Set("Content-Type", "text/javascript; charset=utf-8")
		c.Set("Cache-Control", "no-cache")
		return c.Send(trustFile("check.js"))
	})
	// What a browser reads here, it trusts: any page may ask, and learns nothing else.
	m.app.Get(trustPath+"/check", func(c *fiber.Ctx) error {
		c.Set("Access-Control-Allow-Origin", "*")
		c.Set("Cache-Control", "no-store")
		return c.JSON(fiber.Map{"trusted": true})
	})
	nothing := func(*fiber.Ctx) error { return fiber.ErrNotFound }
	m.app.Get(trustPath+"/*", nothing)
	m.app.Get(challengePath+"*", m.challenge)
}

// challenge answers a public CA that asks whether a host is ours.
func (m mux) challenge(c *fiber.Ctx) error {
	if m.Challenge == nil {
		return fiber.ErrNotFound
	}
	body, ok := m.Challenge(hostname(c.Get("Host")), c.Path())
	if !ok {
		return fiber.ErrNotFound
	}
	return c.SendString(body)
}

// authority returns the certificate of the appliance's own CA.
func (m mux) authority(c *fiber.Ctx) (*x509.Certificate, error) {
	text, err := m.CA(c.UserContext())
	if err != nil {
		return nil, err
	}
	block, _ := encpem.Decode(text)
	if block == nil {
		return nil, errors.New("the authority's certificate is no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// trustCert sends the authority's certificate in one of its forms.
func (m mux) trustCert(form func(*x509.Certificate) (kind, name string, data []byte)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ca, err := m.authority(c)
		if err != nil {
			return err
		}
		kind, name, data := form(ca)
		c.Attachment(name)
		c.Set("Content-Type", kind)
		c.Set("Cache-Control", "no-cache")
		return c.Send(data)
	}
}

// A trustView is what the page shows.
type trustView struct {
	Lang  string
	Other language
	Host  string // how the machine is called
	State string // ready, locked, closed (no https), or the mode when nothing is to be installed
	Style template.CSS

	Secure, Plain, Public string // addresses; Plain and Public may be empty
	Encrypted             bool   // the page itself came over https
	Subject, Until        string // of the certificate
	Beyond                bool   // the authority may not vouch for the name that was asked for
	Better                string // an address that it vouches for; may be empty
	Print                 []string
	Devices               []device
	QR                    template.HTML
}

// A device is a kind of them, with what its steps need.
type device struct {
	Name, Subject, At string
	Own               bool // who asks has one
}

func (m mux) trustPage(c *fiber.Ctx) error {
	from, host := clientOf(c.UserContext()), hostname(c.Get("Host"))
	lang, other := spoken(cmp.Or(c.Query("lang"), c.Get("Accept-Language")))
	v := trustView{
		Lang: lang.Code, Other: other, Host: cmp.Or(m.About.Hostname, host), State: m.Reach.Signer(host), Style: trustStyle,
		Secure: m.Reach.Secure(host), Plain: m.Reach.Plain(host), Public: m.Reach.Public(), Encrypted: from.secure,
	}
	if v.State == "internal" {
		if err := m.describe(c, &v); err != nil {
			return err
		}
	}
	var out bytes.Buffer
	if err := trustPages()[lang.Code].ExecuteTemplate(&out, "page.html", v); err != nil {
		return err
	}
	c.Set("Vary", "Accept-Language, User-Agent")
	c.Set("Content-Language", lang.Code)
	asked := v.Secure
	if strings.Contains(asked, "[") {
		asked = "https:" // a policy cannot name an IPv6 address
	}
	return page(c, out.Bytes(), asked)
}

// describe fills in the authority, and how each device learns of it.
func (m mux) describe(c *fiber.Ctx, v *trustView) error {
	if v.State = "ready"; v.Secure == "" {
		v.State = "closed"
		return nil
	}
	ca, err := m.authority(c)
	if errors.Is(err, vault.ErrLocked) {
		v.State = "locked"
		return nil
	}
	if err != nil {
		return err
	}
	v.Subject, v.Until, v.Print = ca.Subject.CommonName, ca.NotAfter.Format("2006-01-02"), printed(ca)
	v.Devices = devices(c.Get("User-Agent"), v.Subject, cmp.Or(v.Plain, v.Secure))
	if host := hostname(c.Get("Host")); !vouches(ca, host) {
		v.Beyond, v.Better = true, m.better(ca)
	}
	if v.Plain == "" {
		return nil // a phone cannot come here
	}
	v.QR, err = qr(v.Plain + trustPath)
	return err
}

// vouches reports whether an authority may vouch for a name or an address.
func vouches(ca *x509.Certificate, host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return slices.ContainsFunc(ca.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(ip) })
	}
	return slices.ContainsFunc(ca.PermittedDNSDomains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}

// better returns the first address of the appliance that an authority vouches for.
func (m mux) better(ca *x509.Certificate) string {
	for _, text := range m.About.URLs() {
		u, err := url.Parse(text)
		if err == nil && u.Scheme == "https" && vouches(ca, u.Hostname()) {
			return text
		}
	}
	return ""
}

// printed returns the fingerprint of a certificate in lines, as people compare it.
func printed(ca *x509.Certificate) (lines []string) {
	sum := sha256.Sum256(ca.Raw)
	for i := 0; i < len(sum); i += 8 {
		line := make([]string, 8)
		for k := range line {
			line[k] = fmt.Sprintf("%02X", sum[i+k])
		}
		lines = append(lines, strings.Join(line, ":"))
	}
	return lines
}

// devices returns every kind of device, the one of a browser first.
func devices(agent, subject, at string) (all []device) {
	own := ""
	for _, known := range [][2]string{
		{"iPhone", "ios"},
		{"iPad", "ios"},
		{"Android", "android"},
		{"Windows", "windows"},
		{"Macintosh", "macos"},
		{"Linux", "linux"},
		{"X11", "linux"},
	} {
		if strings.Contains(agent, known[0]) {
			own = known[1]
			break
		}
	}
	if own == "linux" && strings.Contains(agent, "Firefox/") {
		own = "firefox" // it does not ask the system
	}
	names := []string{"ios", "android", "windows", "macos", "linux", "firefox"}
	for _, first := range []bool{true, false} {
		for _, name := range names {
			if (name == own) == first {
				all = append(all, device{name, subject, at, first})
			}
		}
	}
	return all
}

// spoken returns the first language of a browser's that the page is written in,
// and the other one.
func spoken(accepted string) (chosen, other language) {
	for each := range strings.SplitSeq(accepted, ",") {
		code, _, _ := strings.Cut(strings.TrimSpace(each), ";")
		code, _, _ = strings.Cut(strings.ToLower(code), "-")
		for i, l := range languages {
			if l.Code == code {
				return l, languages[1-i]
			}
		}
	}
	return languages[0], languages[1]
}

// qr returns a QR code that leads to an address.
func qr(address string) (template.HTML, error) {
	code, err := qrcode.New(address, qrcode.Medium)
	if err != nil {
		return "", err
	}
	code.DisableBorder = true
	bits := code.Bitmap()
	var path strings.Builder
	for y, row := range bits {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if n := x - from; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from, y, n, n)
			}
		}
	}
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers, and an address that is escaped
		`<svg viewBox="0 0 %d %d" role="img" aria-label="QR: %s" shape-rendering="crispEdges"><path d="%s" fill="currentColor"/></svg>`,
		len(bits), len(bits), template.HTMLEscapeString(address), path.String())), nil
}
