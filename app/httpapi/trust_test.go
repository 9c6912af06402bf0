package httpapi

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	encpem "encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
	"unity.internal/app/vault"
)

// root returns the certificate of an authority for homes.
func root(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, private, _ := net.ParseCIDR("192.168.0.0/16")
	v := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Unity on <nas> & co"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, PermittedDNSDomainsCritical: true,
		PermittedDNSDomains: []string{"local", "unity.test"}, PermittedIPRanges: []*net.IPNet{private},
	}
	der, err := x509.CreateCertificate(rand.Reader, v, v, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// trusting is a bench whose authority is ca; any host is its own.
func trusting(t *testing.T, ca *x509.Certificate, change ...func(*Parts)) *bench {
	t.Helper()
	return newBench(t, append([]func(*Parts){func(p *Parts) {
		p.CA = func(context.Context) ([]byte, error) {
			return encpem.EncodeToMemory(&encpem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), nil
		}
		p.Reach.Known = func(string) bool { return true }
		p.About.Hostname = "nas"
		p.About.URLs = func() []string { return []string{"http://127.0.0.1", "https://203.0.113.7", "https://unity.local"} }
	}}, change...)...)
}

func TestTheAuthorityInEachForm(t *testing.T) {
	t.Parallel()
	ca := root(t)
	b := trusting(t, ca)
	for path, kind := range map[string]string{
		"ca.pem": "application/x-pem-file", "ca.crt": "application/x-x509-ca-cert", "ca.mobileconfig": "application/x-apple-aspen-config",
	} {
		got := b.far("", "GET", "/trust/"+path, "")
		if got.status != 200 || got.header.Get("Content-Type") != kind || got.header.Get("Content-Disposition") != `attachment; filename="unity-`+path+`"` {
			t.Fatalf("%s: %v", path, got)
		}
		der := []byte(got.body)
		switch path {
		case "ca.pem":
			block, rest := encpem.Decode(der)
			if block == nil || len(bytes.TrimSpace(rest)) > 0 {
				t.Fatal(got.body)
			}
			der = block.Bytes
		case "ca.mobileconfig":
			der = readProfile(t, got.body, ca)
		}
		if !bytes.Equal(der, ca.Raw) {
			t.Errorf("%s holds another certificate", path)
		}
		if again := b.far("", "GET", "/trust/"+path, ""); again.body != got.body {
			t.Errorf("%s is another one each time", path)
		}
	}
	other := trusting(t, root(t)).far("", "GET", "/trust/ca.mobileconfig", "").body
	uuid := regexp.MustCompile(`[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`)
	mine := uuid.FindAllString(b.far("", "GET", "/trust/ca.mobileconfig", "").body, -1)
	if len(mine) != 2 || mine[0] == mine[1] || strings.Contains(other, mine[0]) || strings.Contains(other, mine[1]) {
		t.Errorf("the profiles are called %v", mine)
	}
}

// readProfile reads a profile as a device does, and returns the certificate in it.
func readProfile(t *testing.T, text string, ca *x509.Certificate) []byte {
	t.Helper()
	type Payload struct {
		PayloadType, PayloadIdentifier, PayloadUUID, PayloadDisplayName string
		PayloadVersion                                                  int
	}
	var v struct {
		Payload
		PayloadContent []struct {
			Payload
			PayloadContent []byte
		}
	}
	if _, err := plist.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(v.PayloadContent) != 1 || v.PayloadType != "Configuration" || v.PayloadContent[0].PayloadType != "com.apple.security.root" {
		t.Fatalf("%+v", v)
	}
	for _, p := range []Payload{v.Payload, v.PayloadContent[0].Payload} {
		if p.PayloadVersion != 1 || p.PayloadUUID == "" || p.PayloadIdentifier == "" || p.PayloadDisplayName != ca.Subject.CommonName {
			t.Errorf("%+v", p)
		}
	}
	return v.PayloadContent[0].PayloadContent
}

func TestTheTrustPage(t *testing.T) {
	t.Parallel()
	ca := root(t)
	sum := fmt.Sprintf("%X", sha256.Sum256(ca.Raw))
	b := trusting(t, ca)
	const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"
	for _, tt := range []struct {
		name, language, agent, host string
		first                       string // the device that is open
		want                        []string
		not                         string
	}{
		{"an iPhone", "en-GB,en;q=0.9", iphone, "192.168.1.5", "ios", []string{"Trust nas", "https://192.168.1.5:8443", "http://192.168.1.5/trust", "Get the profile", "<svg viewBox"}, "Zaufaj"},
		{"in Polish", "de, pl-PL;q=0.8, en;q=0.5", iphone, "192.168.1.5", "ios", []string{`<html lang="pl">`, "Zaufaj nas", "Pobierz profil"}, "Get the"},
		{"Android", "", "Mozilla/5.0 (Linux; Android 15) Chrome/140", "nas.local", "android", []string{"https://nas.local:8443"}, ""},
		{"Firefox on Android", "", "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Firefox/140.0", "nas.local", "android", nil, ""},
		{"Windows", "", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0", "nas.local", "windows", nil, ""},
		{"macOS", "", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "nas.local", "macos", nil, ""},
		{"Linux", "", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "nas.local", "linux", []string{"curl -fo unity-ca.pem 'http://nas.local/trust/ca.pem'"}, ""},
		{"Firefox on Linux", "", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "nas.local", "firefox", nil, ""},
		{"nobody knows what", "xx", "curl/8", "nas.local", "", []string{"Trust nas"}, ""},
		{"an address that it cannot vouch for", "", iphone, "203.0.113.7", "ios", []string{"Not by this address", `href="https://unity.local/"`}, "check.js"},
		{"a name that it cannot vouch for", "", iphone, "evillocal", "ios", []string{"Not by this address"}, "check.js"},
	} {
		got := b.far("", "GET", "/trust", "", "Host: "+tt.host, "Accept-Language: "+tt.language, "User-Agent: "+tt.agent)
		if got.status != 200 || got.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("%s: %v", tt.name, got)
		}
		opened := regexp.MustCompile(`<details( open)? id="([a-z]+)"`).FindAllStringSubmatch(got.body, -1)
		if len(opened) != 6 || tt.first != "" && (opened[0][2] != tt.first || opened[0][1] == "") || strings.Count(got.body, "<details open") > 1 {
			t.Errorf("%s: %q", tt.name, opened)
		}
		for _, want := range append(tt.want, "Unity on &lt;nas&gt; &amp; co") {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s lacks %q", tt.name, want)
			}
		}
		if tt.not != "" && strings.Contains(got.body, tt.not) {
			t.Errorf("%s has %q", tt.name, tt.not)
		}
		shown := regexp.MustCompile(`(?:[0-9A-F]{2}:){7}[0-9A-F]{2}`).FindAllString(got.body, -1)
		if strings.ReplaceAll(strings.Join(shown, ""), ":", "") != sum {
			t.Errorf("%s shows the fingerprint %v, want %s", tt.name, shown, sum)
		}
	}
	got := b.far("", "GET", "/trust?lang=pl", "", "Host: 192.168.1.5")
	if !strings.Contains(got.body, "Zaufaj") {
		t.Error("a language that is asked for")
	}
	policy := got.header.Get("Content-Security-Policy")
	nonce := regexp.MustCompile(`nonce-([^']+)'`).FindStringSubmatch(policy)
	if nonce == nil || !strings.Contains(got.body, `<style nonce="`+nonce[1]) || !strings.Contains(policy, "connect-src 'self' https://192.168.1.5:8443;") ||
		!strings.Contains(policy, "script-src 'self';") || strings.Contains(got.body, "style=") || strings.Contains(got.body, "<script>") {
		t.Error("its policy is " + policy)
	}
}

// TestTheTrustPageSaysWhatIs has it where there is nothing to install, or nothing to see.
func TestTheTrustPageSaysWhatIs(t *testing.T) {
	t.Parallel()
	mode, secure, locked := "internal", "https://192.168.1.5", false
	ca := root(t)
	b := trusting(t, ca, func(p *Parts) {
		whole := p.CA
		p.CA = func(ctx context.Context) ([]byte, error) {
			if locked {
				return nil, vault.ErrLocked
			}
			return whole(ctx)
		}
		p.Reach.Signer = func(string) string { return mode }
		p.Reach.Secure = func(string) string { return secure }
		p.Reach.Public = func() string { return "https://unity.example.org" }
		p.Reach.Trusted = func(netip.Addr) bool { return true }
	})
	for _, tt := range []struct {
		name, mode, secure string
		locked             bool
		header             string
		want, not          string
	}{
		{"as ever", "internal", secure, false, "", `data-at="https://192.168.1.5"`, "Nothing to install"},
		{"over https", "internal", secure, false, "X-Forwarded-Proto: https", "You read this over https", "check.js"},
		{"locked", "internal", secure, true, "", "is locked", "ca.crt"},
		{"without https", "internal", "", false, "", "has no https address", "ca.crt"},
		{"a public authority", "acme", secure, false, "", `href="https://unity.example.org"`, "ca.crt"},
		{"one of the administrator", "manual", secure, false, "", "brought by its administrator", "ca.crt"},
		{"a proxy", "off", "", false, "", "left to a proxy", "ca.crt"},
	} {
		for _, language := range []string{"en", "pl"} {
			mode, secure, locked = tt.mode, tt.secure, tt.locked
			got := b.far("", "GET", "/trust", "", "Host: 192.168.1.5", "Accept-Language: "+language, tt.header)
			if got.status != 200 || language == "en" && (!strings.Contains(got.body, tt.want) || strings.Contains(got.body, tt.not)) {
				t.Errorf("%s: %d, with %q %v, with %q %v", tt.name, got.status, tt.want, strings.Contains(got.body, tt.want), tt.not, strings.Contains(got.body, tt.not))
			}
		}
	}
	locked = true
	if got := b.far("", "GET", "/trust/ca.pem", ""); got.status != 503 || !strings.Contains(got.body, "vault.locked") {
		t.Errorf("the certificate of a locked one: %v", got)
	}
}

func TestTheTrustCheck(t *testing.T) {
	t.Parallel()
	b := trusting(t, root(t))
	got := b.far("", "GET", "/trust/check", "", "Origin: http://192.168.1.5")
	if got.status != 200 || got.body != `{"trusted":true}` || got.header.Get("Access-Control-Allow-Origin") != "*" ||
		got.header.Get("Access-Control-Allow-Credentials") != "" || got.header.Get("Cache-Control") != "no-store" {
		t.Error(got)
	}
	if got := b.far("", "GET", "/trust/check.js", ""); got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/javascript") {
		t.Error(got)
	}
	for _, path := range []string{"/healthz", "/trust", "/trust/ca.pem"} {
		if got := b.far("", "GET", path, ""); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is for other sites", path)
		}
	}
}
