package cert

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// bring makes a certificate for names as a person would bring it, which ends
// after life.
func bring(t *testing.T, life time.Duration, names ...string) (certificate, key string) {
	t.Helper()
	_, storage := opened(t)
	c := of(storage)
	c.Domains = []string{"example.org"}
	a := &authority{Config: c, leaf: leafLife}
	root, _, err := a.chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leaf := a.intermediate509(root.cert)
	leaf.Subject.CommonName, leaf.DNSNames, leaf.NotAfter = "", names, time.Now().Add(life)
	p, err := a.sign(leaf, root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, _ = strings.Cut(string(text), "-----BEGIN PRIVATE KEY-----")
	return certificate, "-----BEGIN PRIVATE KEY-----" + key
}

// brings is a service whose mode is manual as soon as something was brought.
func brings(t *testing.T) (*Service, func(certificateFile, keyFile string) error) {
	t.Helper()
	_, storage := opened(t)
	s := New(of(storage, "localhost"))
	t.Cleanup(s.cache.Stop)
	return s, func(certificateFile, keyFile string) error {
		_, err := s.Update(t.Context(), s.System, store.TLS{Rev: store.AnyRev, Mode: store.TLSManual, CertificateFile: certificateFile, KeyFile: keyFile}, Secrets{})
		return err
	}
}

// serves returns the names of the certificate for a name; none: there is none.
func (s *Service) serves(name string) string {
	if c := s.brought(name); c != nil {
		return strings.Join(c.Leaf.DNSNames, " ")
	}
	return ""
}

func TestUpload(t *testing.T) {
	s, choose := brings(t)
	if err := choose("", ""); !errors.Is(err, ErrNoPair) {
		t.Errorf("without one: %v", err)
	}
	certificate, key := bring(t, 365*24*time.Hour, "nas.example.org", "*.home.example.org")
	other, otherKey := bring(t, time.Hour, "nas.example.org")
	ended, endedKey := bring(t, -time.Minute, "nas.example.org")
	for _, test := range []struct {
		certificate, key string
		code             string
	}{
		{certificate, otherKey, "tls.pair"},
		{"text", key, "tls.pair"},
		{certificate, "", "tls.pair"},
		{key, certificate, "tls.pair"},
		{ended, endedKey, "tls.pair_ended"},
	} {
		err := s.Upload(t.Context(), s.System, test.certificate, test.key)
		if f := fault.From(err); f.Code != test.code || strings.Contains(f.Error(), "PRIVATE") {
			t.Errorf("%.20q: %v", test.certificate, err)
		}
	}
	if err := s.Upload(t.Context(), s.System, certificate, key); err != nil {
		t.Fatal(err)
	}
	if got := s.serves("nas.example.org"); got != "" {
		t.Errorf("served before it was chosen: %s", got)
	}
	if err := choose("", ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"nas.example.org": "nas.example.org *.home.example.org", "tv.home.example.org": "nas.example.org *.home.example.org", "localhost": "", "example.org": "",
	} {
		if got := s.serves(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if p := s.Pair(); p == nil || !p.Uploaded || len(p.Names) != 2 {
		t.Errorf("%+v", p)
	}
	if all := s.Unwell(t.Context()); len(all) != 0 {
		t.Error(all)
	}
	if err := s.Upload(t.Context(), s.System, other, otherKey); err != nil {
		t.Fatal(err)
	}
	if all := s.Unwell(t.Context()); len(all) != 1 || !strings.Contains(all[0], "that of nas.example.org ends in 0 days") {
		t.Errorf("%q", all)
	}
}

// TestFilesAreReadAgain holds that a renewal by others is noticed, and that half
// of one does not end the service.
func TestFilesAreReadAgain(t *testing.T) {
	s, choose := brings(t)
	dir := t.TempDir()
	at := time.Now().Add(-time.Hour)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		at = at.Add(time.Second) // clocks of disks may be coarse
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, key := bring(t, 365*24*time.Hour, "nas.example.org")
	certificateFile, keyFile := write("cert.pem", certificate), write("key.pem", key)
	for files, code := range map[[2]string]string{
		{certificateFile, ""}: "tls.both_files", {certificateFile, filepath.Join(dir, "none")}: "tls.pair_file", {dir, keyFile}: "tls.pair_file",
		{"/dev/zero", keyFile}: "tls.pair_file", {keyFile, certificateFile}: "tls.pair",
	} {
		if err := choose(files[0], files[1]); fault.From(err).Code != code {
			t.Errorf("%v: %v", files, err)
		}
	}
	if err := choose(certificateFile, keyFile); err != nil {
		t.Fatal(err)
	}
	newer, newerKey := bring(t, 365*24*time.Hour, "nas.example.org", "cloud.example.org")
	write("cert.pem", newer)
	s.reread(t.Context())
	if got := s.serves("nas.example.org"); got != "nas.example.org" {
		t.Errorf("half of a renewal: %q", got)
	}
	write("key.pem", newerKey)
	s.reread(t.Context())
	if got := s.serves("nas.example.org"); got != "nas.example.org cloud.example.org" {
		t.Errorf("after a renewal: %q", got)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	s.reread(t.Context())
	if got := s.serves("cloud.example.org"); got == "" {
		t.Error("a file is gone, and with it the certificate")
	}
	if p := s.Pair(); p == nil || p.Uploaded {
		t.Errorf("%+v", p)
	}
}

func TestTheCommandLineWins(t *testing.T) {
	t.Parallel()
	_, storage := opened(t)
	c := of(storage)
	c.Fixed = store.TLSOff
	s := New(c)
	defer s.cache.Stop()
	if err := s.Load(t.Context()); err != nil || s.Mode() != store.TLSOff {
		t.Errorf("%s, %v", s.Mode(), err)
	}
	if _, err := s.Update(t.Context(), s.System, store.TLS{Rev: store.AnyRev, Mode: store.TLSInternal}, Secrets{}); !errors.Is(err, ErrModeFixed) {
		t.Error(err)
	}
	// What else is chosen can be changed all the same.
	v, _, _, err := s.Settings(t.Context())
	if err != nil || v.Mode != store.TLSOff {
		t.Errorf("%+v, %v", v, err)
	}
	v.ACME.Email = "anna@example.org"
	if v, err = s.Update(t.Context(), s.System, v, Secrets{}); err != nil || v.ACME.Email != "anna@example.org" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	_, storage := opened(t)
	s := New(of(storage))
	defer s.cache.Stop()
	text := func(v string) *string { return &v }
	good := store.ACME{Directory: "https://ca.example.org/dir", Email: "anna@example.org", Agreed: true, Challenge: "http"}
	for code, change := range map[string]func(*store.ACME, *Secrets){
		"tls.directory": func(v *store.ACME, _ *Secrets) { v.Directory = "http://ca.example.org/dir" },
		"tls.staging":   func(v *store.ACME, _ *Secrets) { v.Staging = "ca" },
		"tls.email":     func(v *store.ACME, _ *Secrets) { v.Email = "anna" },
		"tls.terms":     func(v *store.ACME, _ *Secrets) { v.Agreed = false },
		"tls.eab":       func(v *store.ACME, _ *Secrets) { v.EABKeyID = "kid" },
		"tls.roots":     func(v *store.ACME, _ *Secrets) { v.Roots = "-----BEGIN" },
		"tls.resolver":  func(v *store.ACME, _ *Secrets) { v.Resolver = "9.9.9.9" },
		"tls.provider":  func(v *store.ACME, _ *Secrets) { v.Challenge = "dns" },
		"tls.dns_secret": func(v *store.ACME, _ *Secrets) {
			v.Challenge, v.DNS.Provider = "dns", "desec"
		},
	} {
		v, secrets := store.TLS{Rev: store.AnyRev, Mode: store.TLSACME, ACME: good}, Secrets{}
		change(&v.ACME, &secrets)
		if _, err := s.Update(t.Context(), s.System, v, secrets); fault.From(err).Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	v, err := s.Update(t.Context(), s.System, store.TLS{Rev: store.AnyRev, Mode: store.TLSInternal, ACME: good}, Secrets{DNS: text("a token")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), s.System, store.TLS{Rev: v.Rev - 1, Mode: store.TLSInternal}, Secrets{}); !errors.Is(err, store.ErrStale) {
		t.Errorf("an old revision: %v", err)
	}
	if _, dns, eab, err := s.Settings(t.Context()); !dns || eab || err != nil {
		t.Errorf("%v, %v, %v", dns, eab, err)
	}
	if _, err := s.Update(t.Context(), s.System, v, Secrets{DNS: text("")}); err != nil {
		t.Fatal(err)
	}
	if _, dns, _, _ := s.Settings(t.Context()); dns {
		t.Error("a secret that was taken away is there")
	}
}

func TestNamesOfHosts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Unity.Example.ORG.": "unity.example.org", "*.example.org": "*.example.org", "müller.example": "xn--mller-kva.example", "nas": "nas",
		"": "", "*": "", "*.org": "", "192.168.1.2": "", "::1": "", "a..b": "", "-a.org": "", "a_b.org": "", "a.org/x": "", "*.*.org": "", "a b": "", strings.Repeat("a", 64) + ".org": "",
	} {
		if got, err := CheckName(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestARestoreBringsEverythingAlong(t *testing.T) {
	st, storage := opened(t)
	s := New(of(storage, "nas.lan"))
	defer s.cache.Stop()
	certificate, key := bring(t, 365*24*time.Hour, "nas.example.org")
	if err := s.Upload(t.Context(), s.System, certificate, key); err != nil {
		t.Fatal(err)
	}
	before, err := s.Fingerprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := st.Copy(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.WithoutCancel(t.Context()))
	next := New(of(NewStorage(other.System(), storage.sealer), "nas.lan"))
	defer next.cache.Stop()
	if after, err := next.Fingerprint(t.Context()); err != nil || after != before {
		t.Errorf("another authority: %s, %v", after, err)
	}
	if p, err := next.load(t.Context(), store.TLS{}); err != nil || p.cert.Leaf.DNSNames[0] != "nas.example.org" {
		t.Errorf("what was brought: %v", err)
	}
}

func TestNamesOfTheInternet(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"nas.example.org": true, "*.example.org": true, "me.duckdns.org": true, "xn--mller-kva.de": true,
		"nas": false, "nas.lan": false, "nas.fritz.box": false, "fritz.box": false, "nas.home.arpa": false, "nas.local": false, "org": false, "co.uk": false, "duckdns.org": false,
	} {
		if public(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
