// Package certtest starts a real certificate authority and a real name server for
// tests of certificates. The authority is Pebble, the program in acmetest, which
// `make helpers` builds; before it stands a door that can be shut. Nothing of it
// outlives the test.
package certtest

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/app/builttest"
)

// Paths of Pebble's, which a client learns from the directory.
const (
	newOrder   = "/order-plz"
	newAccount = "/sign-me-up"
)

// Options say what an authority is like.
type Options struct {
	// Zones are those of the name server; none makes it example.test.
	Zones []string
	// HTTPPort and TLSPort are where the authority validates, instead of 80 and
	// 443; zero picks a free one. Every name is at 127.0.0.1.
	HTTPPort, TLSPort int
	// Account is the id of an external account: nobody registers without it.
	Account string
	// Life is how long a certificate is valid; zero is 90 days.
	Life time.Duration
	// Strict refuses what the protocol is going to refuse.
	Strict bool
	// BadNonces is how many of a hundred requests are refused once.
	BadNonces int
}

// A Server is a certificate authority.
type Server struct {
	Options             // with the ports that were picked
	Names   *NameServer // which it asks
	// Directory is its address, the same after it was away.
	Directory string
	// Roots holds what the address is trusted by, and the root of what it issues, as PEM.
	Roots []byte
	// Root is the root of what it issues alone.
	Root []byte
	// AccountKey is the key of the external account, in the base64 of URLs.
	AccountKey string

	tb       testing.TB
	proxy    *httputil.ReverseProxy
	address  string // host:port of the door
	program  string // and of what is behind it
	mu       sync.Mutex
	door     *httptest.Server // nil while it is shut
	limited  time.Duration
	orders   int
	accounts []string // ids
}

// Start starts an authority and its name server and ends both with the test.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if len(o.Zones) == 0 {
		o.Zones = []string{"example.test"}
	}
	for _, port := range []*int{&o.HTTPPort, &o.TLSPort} {
		if *port == 0 {
			*port = freePort(tb)
		}
	}
	s := &Server{Options: o, Names: Names(tb, o.Zones...), AccountKey: "YSBrZXkgdGhhdCBpcyBsb25nIGVub3VnaCB0byBzaWduIHdpdGg", tb: tb, address: "127.0.0.1:0"}
	s.program = s.run()
	behind := &http.Transport{}
	tb.Cleanup(behind.CloseIdleConnections)
	s.proxy = &httputil.ReverseProxy{Transport: behind, ModifyResponse: s.seen, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: s.program})
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}}
	s.Start()
	tb.Cleanup(s.Stop)
	s.address = s.door.Listener.Addr().String()
	s.Directory = "https://" + s.address + "/dir"
	s.Root = s.manage(http.MethodGet, "roots/0")
	s.Roots = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.door.Certificate().Raw}), s.Root...)
	return s
}

// run starts the program and returns its address.
func (s *Server) run() string {
	s.tb.Helper()
	cmd := exec.Command(builttest.Path(s.tb, "app/cert/acmetest"), //nolint:gosec,noctx // it is our own, and ends with its standard input
		"-resolver", s.Names.Addr, "-http-port", strconv.Itoa(s.HTTPPort), "-tls-port", strconv.Itoa(s.TLSPort),
		"-account", s.Account, "-life", s.Life.String(), fmt.Sprintf("-strict=%v", s.Strict))
	cmd.Env = append(os.Environ(), "ACME_EAB_KEY="+s.AccountKey, "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0",
		"PEBBLE_WFE_NONCEREJECT="+strconv.Itoa(s.BadNonces))
	cmd.Stderr = s.tb.Output()
	stdin, err := cmd.StdinPipe() // it ends when this process does, however that ends
	if err != nil {
		s.tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill() // it has nothing to keep
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.tb.Fatalf("the authority did not start: %v", err)
	}
	return strings.TrimSpace(line)
}

// Stop makes the authority unreachable: nobody listens at its address any more.
// It forgets nothing.
func (s *Server) Stop() {
	s.mu.Lock()
	door := s.door
	s.door = nil
	s.mu.Unlock()
	if door != nil {
		door.CloseClientConnections()
		door.Close()
	}
}

// Start makes it reachable again, at the same address.
func (s *Server) Start() {
	s.tb.Helper()
	var c net.ListenConfig
	ln, err := c.Listen(s.tb.Context(), "tcp", s.address)
	if err != nil {
		s.tb.Fatal(err)
	}
	door := httptest.NewUnstartedServer(http.HandlerFunc(s.pass))
	_ = door.Listener.Close()
	door.Listener = ln
	door.StartTLS()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door = door
}

// Limit makes it answer every new order with 429 and this Retry-After; zero ends that.
func (s *Server) Limit(retry time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limited = retry
}

// Orders returns how many new orders were asked for, those that were refused too.
func (s *Server) Orders() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orders
}

// Deactivate ends every account that was made.
func (s *Server) Deactivate() {
	s.tb.Helper()
	s.mu.Lock()
	all := slices.Clone(s.accounts)
	s.mu.Unlock()
	if len(all) == 0 {
		s.tb.Fatal("there is no account")
	}
	for _, id := range all {
		s.manage(http.MethodPost, "deactivate/"+id)
	}
}

// pass lets a request through to the program, if it may.
func (s *Server) pass(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	retry := s.limited
	order := r.URL.Path == newOrder
	if order {
		s.orders++
	}
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/management/"):
		http.NotFound(w, r)
	case order && retry > 0:
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", strconv.Itoa(int(retry.Seconds())))
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates already issued for this exact set of domains","status":429}`)
	default:
		s.proxy.ServeHTTP(w, r)
	}
}

// seen remembers accounts.
func (s *Server) seen(r *http.Response) error {
	at := r.Header.Get("Location")
	if r.Request.URL.Path != newAccount || at == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := path.Base(at); !slices.Contains(s.accounts, id) {
		s.accounts = append(s.accounts, id)
	}
	return nil
}

// manage asks the program for what is not part of the protocol.
func (s *Server) manage(method, what string) []byte {
	s.tb.Helper()
	req, err := http.NewRequestWithContext(s.tb.Context(), method, "http://"+s.program+"/management/"+what, nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	res, err := s.proxy.Transport.RoundTrip(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.tb.Fatalf("%s: %s: %s %v", what, res.Status, text, err)
	}
	return text
}

func freePort(tb testing.TB) int {
	tb.Helper()
	var c net.ListenConfig
	ln, err := c.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().(*net.TCPAddr).Port
}
