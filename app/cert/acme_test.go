package cert

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"unity.internal/app/cert/certtest"
	"unity.internal/app/outgoing"
	"unity.internal/store"
)

// A box is an appliance as far as certificates go: its service, its two ports,
// and an authority that validates there.
type box struct {
	*Service
	ca      *certtest.Server
	address string // of the port for TLS
	mu      sync.Mutex
	names   []string
	ahead   time.Duration // of the clock
	log     locked
	told    chan struct{} // something changed
}

// newBox starts a box whose authority is like o says.
func newBox(t *testing.T, storage *Storage, o certtest.Options, names ...string) *box {
	t.Helper()
	b := &box{names: names, told: make(chan struct{}, 1)}
	plain, secure := listen(t), listen(t)
	o.HTTPPort, o.TLSPort = port(plain), port(secure)
	b.ca = certtest.Start(t, o)
	c := of(storage)
	c.Public = func() []string { b.mu.Lock(); defer b.mu.Unlock(); return b.names }
	c.Allowed = func(name string) bool { return strings.HasSuffix(name, ".test") }
	c.Domains = []string{"example.test"}
	c.Ports = func() (int, int) { return o.HTTPPort, o.TLSPort }
	c.Now = func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return time.Now().Add(b.ahead) }
	c.Out = outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }})
	c.Publish = func() {
		select {
		case b.told <- struct{}{}:
		default: // it has a token already
		}
	}
	c.Start = func(ctx context.Context, _ store.System, _, _ string, work func(context.Context) error) (store.Job, error) {
		return store.Job{}, work(ctx)
	}
	c.Log = slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.Service = newService(c, leafLife, certmagic.DefaultRenewalWindowRatio)
	b.outside = func(_, port string) string {
		if port == "80" {
			return plain.Addr().String()
		}
		return secure.Addr().String()
	}
	b.address = secure.Addr().String()
	b.serve(t, plain, tls.NewListener(secure, b.TLSConfig()))
	return b
}

// serve answers challenges, and echoes lines over TLS, until the test ends.
func (b *box) serve(t *testing.T, plain, secure net.Listener) {
	ctx, cancel := context.WithCancel(t.Context())
	web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		if host == "" {
			host = r.Host
		}
		if body, ok := b.Challenge(host, r.URL.Path); ok {
			_, _ = io.WriteString(w, body)
			return
		}
		http.NotFound(w, r)
	})}
	var all sync.WaitGroup
	all.Go(func() { _ = web.Serve(plain) })
	all.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		for {
			c, err := secure.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); _, _ = io.Copy(c, c) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = web.Close()
		_ = secure.Close()
		all.Wait()
	})
}

// choose has the box ask its authority, changed by with.
func (b *box) choose(t *testing.T, challenge string, with func(*store.TLS, *Secrets)) {
	t.Helper()
	v, err := b.System.TLS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.Mode = store.TLSACME
	v.ACME = store.ACME{
		Directory: b.ca.Directory, Email: "anna@example.test", Agreed: true, Challenge: challenge, Roots: string(b.ca.Roots), Resolver: b.ca.Names.Addr,
		DNS: store.DNS{Provider: "rfc2136", Server: b.ca.Names.Addr, KeyName: certtest.KeyName, Algorithm: "hmac-sha256"},
	}
	secrets := Secrets{DNS: &b.ca.Names.Secret}
	if with != nil {
		with(&v, &secrets)
	}
	if _, err := b.Update(t.Context(), b.System, v, secrets); err != nil {
		t.Fatal(err)
	}
}

// until waits until the only name of the box is as ok wants it.
func (b *box) until(t *testing.T, ok func(Name) bool) Name {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		all, err := b.Names(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok(all[0]) {
			return all[0]
		}
		select {
		case <-b.told:
		case <-limit:
			t.Fatalf("still %+v, %+v", all[0], all[0].Attempt)
		}
	}
}

func signedNow(n Name) bool { return n.By == store.TLSACME && !n.StandsIn && !n.Asking }
func failed(n Name) bool    { return n.Attempt != nil && n.Attempt.Failures > 0 && !n.Asking }

// roots is what trusts the authority of b and nothing else.
func (b *box) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(b.ca.Root)
	return pool
}

// leaf returns the certificate that b serves for name, which its authority signed.
func (b *box) leaf(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	state, err := shake(t, b.address, name, b.roots())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return state.PeerCertificates[0]
}

func TestACME(t *testing.T) {
	for _, test := range []struct{ challenge, name, asked string }{
		{"http", "nas.example.test", "nas.example.test"},
		{"alpn", "nas.example.test", "nas.example.test"},
		{"dns", "nas.example.test", "nas.example.test"},
		{"dns", "*.example.test", "anything.example.test"},
	} {
		t.Run(test.challenge+" "+test.name, func(t *testing.T) {
			_, storage := opened(t)
			b := newBox(t, storage, certtest.Options{Strict: true, BadNonces: 10}, test.name)
			// Until there is one, the own authority stands in.
			if _, err := shake(t, b.address, test.asked, trust(t, b.Service)); err != nil {
				t.Error(err)
			}
			b.choose(t, test.challenge, nil)
			n := b.until(t, signedNow)
			leaf := b.leaf(t, test.asked)
			if leaf.DNSNames[0] != test.name || !n.NotAfter.Equal(leaf.NotAfter) || !strings.Contains(n.Issuer, "Pebble") || n.Attempt.Failures != 0 {
				t.Errorf("%+v serves %v", n, leaf.DNSNames)
			}
			if left := b.ca.Names.TXT("_acme-challenge.example.test"); len(left) != 0 {
				t.Errorf("left in the zone: %v", left)
			}
			if all := b.Unwell(t.Context()); len(all) != 0 {
				t.Error(all)
			}
			if strings.Contains(b.log.String(), b.ca.Names.Secret) {
				t.Error("the key of the zone is in the log")
			}
			// Another process on the same database has it at once, and asks nobody.
			orders := b.ca.Orders()
			b.ca.Stop()
			c := b.Config
			c.Publish = func() {}
			next := New(c)
			defer next.cache.Stop()
			if err := next.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			next.renew(t.Context())
			got, err := next.certificate(&tls.ClientHelloInfo{ServerName: test.asked, SupportedProtos: []string{"http/1.1"}})
			if err != nil || !got.Leaf.Equal(leaf) || b.ca.Orders() != orders {
				t.Errorf("after a start: %v", err)
			}
		})
	}
}

// TestRenewalLeavesConnectionsOpen holds that who is connected notices nothing.
func TestRenewalLeavesConnectionsOpen(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	b.choose(t, "http", nil)
	b.until(t, signedNow)
	open, err := (&tls.Dialer{Config: &tls.Config{ServerName: "nas.example.test", RootCAs: b.roots()}}).DialContext(t.Context(), "tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	lines := bufio.NewReader(open)
	say := func() {
		t.Helper()
		fmt.Fprintln(open, "still there?")
		if got, err := lines.ReadString('\n'); err != nil || got != "still there?\n" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	say()
	before := b.leaf(t, "nas.example.test")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // handshakes all the while: each has a certificate of the authority
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := shake(t, b.address, "nas.example.test", b.roots()); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	_, err = b.Renew(t.Context(), b.System, "nas.example.test")
	close(stop)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	say()
	if after := b.leaf(t, "nas.example.test"); after.Equal(before) {
		t.Error("nothing was renewed")
	}
}

func TestRenewalByItself(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	b.choose(t, "http", nil)
	n := b.until(t, signedNow)
	first := b.leaf(t, "nas.example.test")
	b.ca.Stop()
	// Two thirds of its life are over, and the authority is away: nothing is said.
	b.set(func() { b.ahead = time.Until(*n.Renewal) + time.Minute })
	b.wakeUp()
	n = b.until(t, failed)
	if !strings.Contains(n.Attempt.Error, "refused") || n.Next == nil || !b.leaf(t, "nas.example.test").Equal(first) {
		t.Errorf("%+v, %+v", n, n.Attempt)
	}
	if all := b.Unwell(t.Context()); len(all) != 0 {
		t.Error(all)
	}
	// Twenty days before its end it is.
	b.set(func() { b.ahead = time.Until(n.NotAfter.Add(-20 * 24 * time.Hour)) })
	if all := b.Unwell(t.Context()); len(all) != 1 || !strings.Contains(all[0], "that of nas.example.test ends in 19 days") {
		t.Errorf("%q", all)
	}
	b.ca.Start()
	b.wakeUp()
	b.until(t, func(n Name) bool { return n.Attempt.Failures == 0 && !n.Asking })
	b.set(func() { b.ahead = 0 })
	if all := b.Unwell(t.Context()); len(all) != 0 || b.leaf(t, "nas.example.test").Equal(first) {
		t.Errorf("not renewed: %q", all)
	}
}

func (b *box) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// wakeUp has Run look at once.
func (b *box) wakeUp() { b.wake <- struct{}{} }

func TestExternalAccount(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{Account: "kid-1"}, "nas.example.test")
	b.choose(t, "http", nil)
	if n := b.until(t, failed); !strings.Contains(n.Attempt.Error, "externalAccountRequired") {
		t.Errorf("without one: %s", n.Attempt.Error)
	}
	if all := b.Unwell(t.Context()); len(all) != 1 || !strings.Contains(all[0], "none yet") {
		t.Errorf("%q", all)
	}
	wrong := "d3Jvbmcga2V5IHRoYXQgaXMgbG9uZyBlbm91Z2ggdG9vLCBidXQ"
	for _, test := range []struct {
		key  string
		want func(Name) bool
	}{{wrong, failed}, {b.ca.AccountKey, signedNow}} {
		b.choose(t, "http", func(v *store.TLS, s *Secrets) { v.ACME.EABKeyID, s.EAB = "kid-1", &test.key })
		_, err := b.Renew(t.Context(), b.System, "nas.example.test")
		if n := b.until(t, test.want); (err == nil) != signedNow(n) {
			t.Errorf("%v, %+v", err, n)
		}
	}
	if log := b.log.String(); strings.Contains(log, wrong) || strings.Contains(log, b.ca.AccountKey) {
		t.Error("a key is in the log")
	}
}

func TestTheAuthorityHasHadEnough(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	b.ca.Limit(time.Hour)
	b.choose(t, "http", nil)
	n := b.until(t, failed)
	if !strings.Contains(n.Attempt.Error, "too many certificates") || n.Next == nil || n.Next.Sub(n.Attempt.At) != time.Minute {
		t.Errorf("%+v, %+v", n, n.Attempt)
	}
	orders := b.ca.Orders()
	b.wakeUp()
	b.wakeUp() // the first look is over when it takes the second token
	if again := b.ca.Orders(); again != orders {
		t.Errorf("asked %d times more within a minute", again-orders)
	}
	b.ca.Limit(0)
	b.set(func() { b.ahead = 2 * time.Minute })
	b.wakeUp()
	b.until(t, signedNow)
}

func TestTheAccountWasClosed(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	b.choose(t, "http", nil)
	b.until(t, signedNow)
	b.ca.Deactivate()
	if _, err := b.Renew(t.Context(), b.System, "nas.example.test"); err == nil {
		t.Error("a closed account gets certificates")
	}
	first := b.leaf(t, "nas.example.test")
	if _, err := b.Renew(t.Context(), b.System, "nas.example.test"); err != nil {
		t.Errorf("no other account: %v", err)
	}
	if b.leaf(t, "nas.example.test").Equal(first) {
		t.Error("nothing was renewed")
	}
}

// TestTheTrialComesFirst holds that an authority is not asked before its
// directory for trials was satisfied: it counts failures.
func TestTheTrialComesFirst(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	trial := certtest.Start(t, certtest.Options{HTTPPort: b.ca.HTTPPort, TLSPort: b.ca.TLSPort})
	trial.Limit(time.Hour)
	with := func(v *store.TLS, _ *Secrets) {
		v.ACME.Staging = trial.Directory
		v.ACME.Roots += string(trial.Roots)
	}
	b.choose(t, "http", with)
	if n := b.until(t, failed); !strings.Contains(n.Attempt.Error, "the trial at "+trial.Directory) || b.ca.Orders() != 0 {
		t.Errorf("%s, %d orders", n.Attempt.Error, b.ca.Orders())
	}
	trial.Limit(0)
	if _, err := b.Renew(t.Context(), b.System, "nas.example.test"); err != nil {
		t.Fatal(err)
	}
	if b.ca.Orders() != 1 {
		t.Errorf("%d orders", b.ca.Orders())
	}
	b.leaf(t, "nas.example.test")
	// The next one needs no trial.
	trial.Stop()
	if _, err := b.Renew(t.Context(), b.System, "nas.example.test"); err != nil {
		t.Error(err)
	}
}

// TestAnotherAuthority holds that the certificate of the authority before is
// served until the next one has signed.
func TestAnotherAuthority(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	b.choose(t, "http", nil)
	b.until(t, signedNow)
	first := b.leaf(t, "nas.example.test")
	other := certtest.Start(t, certtest.Options{HTTPPort: b.ca.HTTPPort, TLSPort: b.ca.TLSPort})
	other.Stop()
	to := func(v *store.TLS, _ *Secrets) {
		v.ACME.Directory = other.Directory
		v.ACME.Roots += string(other.Roots)
	}
	b.choose(t, "http", to)
	if n := b.until(t, failed); !n.StandsIn {
		t.Errorf("the authority before has signed, and does not stand in: %+v", n)
	}
	if !b.leaf(t, "nas.example.test").Equal(first) {
		t.Error("another certificate")
	}
	other.Start()
	if _, err := b.Renew(t.Context(), b.System, "nas.example.test"); err != nil {
		t.Fatal(err)
	}
	b.ca = other
	b.leaf(t, "nas.example.test")
}

// listen opens a port of this box.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// A locked log takes lines from everywhere.
type locked struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestANewChoiceEndsAnAttempt holds that nobody waits for what was chosen before.
func TestANewChoiceEndsAnAttempt(t *testing.T) {
	_, storage := opened(t)
	b := newBox(t, storage, certtest.Options{}, "nas.example.test")
	silent := listen(t) // takes connections and never says a word
	defer silent.Close()
	b.choose(t, "http", func(v *store.TLS, _ *Secrets) { v.ACME.Directory = "https://" + silent.Addr().String() + "/dir" })
	b.until(t, func(n Name) bool { return n.Asking })
	begun := time.Now()
	b.choose(t, "http", nil)
	if n := b.until(t, signedNow); n.Attempt.Failures != 0 {
		t.Errorf("%+v", n.Attempt)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("waited %v", took)
	}
	// A name that is taken away leaves nothing behind.
	b.set(func() { b.names = []string{"tv.example.test"} })
	b.wakeUp()
	b.until(t, func(n Name) bool { return n.Name == "tv.example.test" && signedNow(n) })
	if all, err := b.System.TLSAttempts(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}
