package cert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// opened returns a store with an open vault.
func opened(tb testing.TB) (*store.Store, *Storage) {
	tb.Helper()
	s := storetest.Open(tb)
	return s, NewStorage(s.System(), vaulttest.Open(tb, s))
}

// of returns what the service of a machine called nas needs, which answers to
// names.
func of(storage *Storage, names ...string) Config {
	return Config{
		System: storage.db, Storage: storage, Sealer: storage.sealer, Now: time.Now, Publish: func() {},
		Own: func() []string { return names }, Public: func() []string { return nil }, Ports: func() (int, int) { return 0, 0 }, Hostname: "nas", Domains: []string{"home.example.org"}, Log: slog.New(slog.DiscardHandler),
		Allowed: func(name string) bool { return slices.Contains(names, name) },
	}
}

// serve starts s on loopback and runs it until the test ends. Tests that serve
// run one by one: certmagic keeps one list of the names that are being asked for
// in the whole process.
func serve(t *testing.T, s *Service) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.TLSConfig())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.(*tls.Conn).Handshake() // what fails is what the client sees
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

func trust(t *testing.T, s *Service) *x509.CertPool {
	t.Helper()
	root, err := s.RootPEM(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(root) {
		t.Fatalf("no certificate: %s", root)
	}
	return pool
}

// shake returns the state of a connection whose certificate was verified for name.
func shake(t *testing.T, address, name string, roots *x509.CertPool) (tls.ConnectionState, error) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}}}
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState(), nil
}

func TestHandshakes(t *testing.T) {
	_, storage := opened(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("names", func(t *testing.T) {
		s := New(of(storage, "localhost", "nas", "nas.local", "nas.home.example.org", "127.0.0.1", "cloud.example.net"))
		address, roots := serve(t, s), trust(t, s)
		for _, name := range []string{"localhost", "nas", "NAS.local", "nas.home.example.org", "127.0.0.1"} {
			state, err := shake(t, address, name, roots)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			leaf := state.PeerCertificates[0]
			if n := len(leaf.DNSNames) + len(leaf.IPAddresses); n != 1 || len(state.PeerCertificates) != 2 {
				t.Errorf("%s: %d names in the first of %d certificates", name, n, len(state.PeerCertificates))
			}
			if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 397*24*time.Hour {
				t.Errorf("%s: lives %v", name, life)
			}
			if state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("%s: speaks %q", name, state.NegotiatedProtocol)
			}
		}
		for _, name := range []string{"other", "nas.example.com", "192.0.2.1.example"} {
			if _, err := shake(t, address, name, roots); err == nil {
				t.Errorf("%s got a certificate", name)
			}
		}
		// A name that administrators gave is served, but the root vouches for homes only.
		if _, err := shake(t, address, "cloud.example.net", roots); !errors.As(err, new(x509.CertificateInvalidError)) {
			t.Errorf("a public name: %v", err)
		}
	})
}

func TestEverybodyAtOnce(t *testing.T) {
	_, storage := opened(t)
	s := New(of(storage, "localhost"))
	address := serve(t, s)
	var all sync.WaitGroup
	serials := make([]string, 20)
	for i := range serials {
		all.Go(func() {
			state, err := shake(t, address, "localhost", trust(t, s))
			if err != nil {
				t.Error(err)
				return
			}
			serials[i] = state.PeerCertificates[0].SerialNumber.String()
		})
	}
	all.Wait()
	if len(slices.Compact(serials)) != 1 {
		t.Errorf("served %v", serials)
	}
}

func TestRestartKeepsTheAuthority(t *testing.T) {
	_, storage := opened(t)
	first := New(of(storage, "localhost"))
	before, err := shake(t, serve(t, first), "localhost", trust(t, first))
	if err != nil {
		t.Fatal(err)
	}
	renamed := of(storage, "localhost")
	renamed.Hostname, renamed.Domains = "tower", nil
	second := New(renamed)
	after, err := shake(t, serve(t, second), "localhost", trust(t, first))
	if err != nil {
		t.Fatal(err)
	}
	if !before.PeerCertificates[0].Equal(after.PeerCertificates[0]) {
		t.Error("the leaf was issued again")
	}
	a, errA := first.Fingerprint(t.Context())
	b, errB := second.Fingerprint(t.Context())
	if errA != nil || errB != nil || a != b || len(a) != 32*3-1 {
		t.Errorf("fingerprints %q and %q, %v, %v", a, b, errA, errB)
	}
}

// TestConstraints signs what the rules would never ask for: the root, not only
// our restraint, keeps this authority from vouching for the world.
func TestConstraints(t *testing.T) {
	_, storage := opened(t)
	s := New(of(storage, "nas", "example.com", "fritz.box", "a.b.lan", "nas.tail.internal", "example.org"))
	address, roots := serve(t, s), trust(t, s)
	for name, ok := range map[string]bool{
		"fritz.box": true, "a.b.lan": true, "nas.tail.internal": true, "nas": true,
		"example.com": false, "example.org": false,
	} {
		if _, err := shake(t, address, name, roots); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	root, issuing, err := s.authority.chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{root.cert, issuing.cert} {
		if !c.PermittedDNSDomainsCritical || len(c.PermittedIPRanges) != len(privates) || !slices.Contains(c.PermittedDNSDomains, "nas") {
			t.Errorf("%s may sign for %v and %v", c.Subject, c.PermittedDNSDomains, c.PermittedIPRanges)
		}
	}
	for ip, ok := range map[string]bool{
		"192.168.1.2": true, "100.100.1.1": true, "fd00::1": true, "fe80::1": true, "::1": true,
		"8.8.8.8": false, "2001:db8::1": false,
	} {
		leaf := &x509.Certificate{IPAddresses: []net.IP{net.ParseIP(ip)}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
		signed, err := s.authority.sign(leaf, issuing)
		if err != nil {
			t.Fatal(err)
		}
		between := x509.NewCertPool()
		between.AddCert(issuing.cert)
		issuing.cert.MaxPathLen, issuing.cert.MaxPathLenZero = 1, false // signed is an authority, for a test's ease
		_, err = signed.cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: ip})
		if (err == nil) != ok {
			t.Errorf("%s: %v", ip, err)
		}
	}
}

func TestRenewalIsLive(t *testing.T) {
	_, storage := opened(t)
	// A name of its own: certmagic remembers in a global which names are being
	// renewed, and the renewal behind the last handshake outlives this test.
	name := fmt.Sprintf("nas-%d.lan", time.Now().UnixNano())
	s := newService(of(storage, name), time.Hour, 1) // always time to renew
	address, roots := serve(t, s), trust(t, s)
	first, err := shake(t, address, name, roots)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 { // each handshake sees to it, none waits for it
		next, err := shake(t, address, name, roots)
		if err != nil {
			t.Fatal(err)
		}
		if !next.PeerCertificates[0].Equal(first.PeerCertificates[0]) {
			t.Logf("after %d handshakes", i+1)
			return
		}
	}
	t.Error("never renewed")
}

func TestAuthorityIsReplacedInTime(t *testing.T) {
	t.Parallel()
	_, storage := opened(t)
	now := time.Now()
	c := of(storage)
	c.Now = func() time.Time { return now }
	a := &authority{Config: c, leaf: leafLife}
	root, issuing, err := a.chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after                 time.Duration
		sameRoot, sameIssuing bool
	}{
		{365 * 24 * time.Hour, true, true},
		{intermediateLife - leafLife, true, false},
		{rootLife - leafLife, false, false},
	} {
		now = root.cert.NotBefore.Add(step.after)
		r, i, err := a.chain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.cert.Equal(root.cert) != step.sameRoot || i.cert.Equal(issuing.cert) != step.sameIssuing {
			t.Errorf("after %v: root %v, issuing %v", step.after, r.cert.NotAfter, i.cert.NotAfter)
		}
		if err := i.cert.CheckSignatureFrom(r.cert); err != nil || i.cert.NotAfter.Before(now.Add(leafLife)) {
			t.Errorf("after %v: ends %v, %v", step.after, i.cert.NotAfter, err)
		}
	}
}

func TestLockedVault(t *testing.T) {
	st := storetest.Open(t)
	v := &vault.Vault{}
	s := New(of(NewStorage(st.System(), v), "localhost"))
	address := serve(t, s)
	if err := s.Ready(t.Context()); !errors.Is(err, vault.ErrLocked) {
		t.Errorf("ready: %v", err)
	}
	if _, err := shake(t, address, "localhost", nil); err == nil {
		t.Error("served without keys")
	}
	vaulttest.Attach(t, v, st)
	if _, err := shake(t, address, "localhost", trust(t, s)); err != nil {
		t.Errorf("after it was opened: %v", err)
	}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	st, s := opened(t)
	ctx := t.Context()
	secret := []byte("a key that nobody may read")
	for _, key := range []string{"a/b/c.key", "a/b/c.crt", "a/d", "ab"} {
		if err := s.Store(ctx, key, secret); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Load(ctx, "a/d"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("loaded %q, %v", got, err)
	}
	for _, path := range []string{st.Path(), st.Path() + "-wal"} {
		if raw, err := os.ReadFile(path); err != nil || bytes.Contains(raw, secret) {
			t.Errorf("%s has the secret, or %v", path, err)
		}
	}
	moved, err := st.System().Cert(ctx, "a/d")
	if err != nil {
		t.Fatal(err)
	}
	if err := st.System().PutCert(ctx, "moved", moved.Sealed); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load(ctx, "moved"); err == nil {
		t.Errorf("a value under another key opens: %q", got)
	}
	for path, want := range map[string][]string{"a": {"a/b", "a/d"}, "": {"a", "ab", "moved"}, "a/b": {"a/b/c.crt", "a/b/c.key"}} {
		if got, err := s.List(ctx, path, false); err != nil || !cmp.Equal(got, want) {
			t.Errorf("list %q: %v, %v", path, got, err)
		}
	}
	if got, err := s.List(ctx, "a", true); err != nil || !cmp.Equal(got, []string{"a/b/c.crt", "a/b/c.key", "a/d"}) {
		t.Errorf("list all: %v, %v", got, err)
	}
	if info, err := s.Stat(ctx, "a/b"); err != nil || info.IsTerminal || !s.Exists(ctx, "a/b") {
		t.Errorf("a folder: %+v, %v", info, err)
	}
	if info, err := s.Stat(ctx, "ab"); err != nil || !info.IsTerminal || info.Modified.IsZero() {
		t.Errorf("a value: %+v, %v", info, err)
	}
	if err := s.Delete(ctx, "a"); err != nil || s.Exists(ctx, "a/b/c.key") || !s.Exists(ctx, "ab") {
		t.Errorf("delete: %v", err)
	}
	_, load := s.Load(ctx, "a/d")
	_, stat := s.Stat(ctx, "a/d")
	_, list := s.List(ctx, "a", true)
	for what, err := range map[string]error{"load": load, "stat": stat, "list": list} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of nothing: %v", what, err)
		}
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	s := NewStorage(store.System{}, nil)
	ctx := t.Context()
	held, n := 0, 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := s.Lock(ctx, "x"); err != nil {
				t.Error(err)
			}
			if held++; held != 1 { // a race, too, if two have it
				t.Error("two hold it")
			}
			n++
			held--
			if err := s.Unlock(ctx, "x"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n != 50 || s.Unlock(ctx, "x") == nil {
		t.Errorf("%d had it", n)
	}
	if err := s.Lock(ctx, "x"); err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Lock(gone, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("waits on: %v", err)
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	found := search("# comment\nsearch corp co.uk . com\ndomain Home.Example.org\nnameserver 1.1.1.1\nsearch\n")
	if !cmp.Equal(found, []string{"corp", "home.example.org"}) {
		t.Errorf("found %v", found)
	}
	got := domains("Tower.Example.org.", []string{"corp", "com", "lan", ""})
	if want := append(slices.Clone(homes), "tower.example.org", "corp"); !cmp.Equal(got, want) {
		t.Errorf("a root may vouch for %v", got)
	}
	if got := domains("dev", nil); !cmp.Equal(got, homes) { // a top-level domain
		t.Errorf("a root may vouch for %v", got)
	}
}

func TestLogIsOurs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := bridge(slog.New(slog.NewTextHandler(&out, nil)).With("part", "cert")).Named("x")
	log.Info("chatter")
	log.Warn("careful")
	if got := out.String(); strings.Contains(got, "chatter") || !strings.Contains(got, `level=WARN msg=careful part=cert`) {
		t.Error(got)
	}
}

// BenchmarkStart is what the service costs the start of the appliance, on a
// database that has its authority.
func BenchmarkStart(b *testing.B) {
	_, storage := opened(b)
	for b.Loop() {
		s := New(of(storage))
		if err := s.Ready(b.Context()); err != nil {
			b.Fatal(err)
		}
		s.cache.Stop()
	}
}
