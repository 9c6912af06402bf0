package clustertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// A Door stands before a plane and can do what goes wrong on the way. Patterns
// are regular expressions on a method and what it asks for, as in
// "GET /api/v1/pods?watch=true"; the empty one matches everything.
type Door struct {
	tb      testing.TB
	plane   *Plane
	address string
	plain   bool
	proxy   *httputil.ReverseProxy

	mu     sync.Mutex
	server *httptest.Server // nil: shut
	ca     string
	cert   *tls.Certificate
	slow   time.Duration
	rules  []rule
	seen   []string
	heard  chan struct{} // closed by the next request
	open   map[*http.Request]context.CancelFunc
}

type rule struct {
	pattern *regexp.Regexp
	status  int
}

// Door opens a door with an authority of its own, and closes it with the test.
func (p *Plane) Door(tb testing.TB) *Door {
	tb.Helper()
	return p.door(tb, false)
}

// PlainDoor opens one that speaks plain HTTP.
func (p *Plane) PlainDoor(tb testing.TB) *Door {
	tb.Helper()
	return p.door(tb, true)
}

func (p *Plane) door(tb testing.TB, plain bool) *Door {
	tb.Helper()
	to, err := url.Parse(p.Server)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(p.CA))
	// HTTP/1 only, which SPDY and WebSocket need.
	behind := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64, DisableCompression: true}
	d := &Door{tb: tb, plane: p, address: "127.0.0.1:0", plain: plain, heard: make(chan struct{}), open: map[*http.Request]context.CancelFunc{}}
	d.proxy = &httputil.ReverseProxy{
		Transport: behind, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), // what a test cuts is no news
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
	}
	d.Reissue()
	d.Open()
	d.address = d.server.Listener.Addr().String()
	tb.Cleanup(func() {
		d.Shut()
		behind.CloseIdleConnections()
	})
	return d
}

// Server returns the address that clients call.
func (d *Door) Server() string {
	if d.plain {
		return "http://" + d.address
	}
	return "https://" + d.address
}

// Kubeconfig returns that of an administrator, through this door, with a token.
func (d *Door) Kubeconfig() string { return d.With(d.plane.Token) }

// Viewer returns that of somebody without rights, through this door.
func (d *Door) Viewer() string { return d.With(d.plane.ViewerToken) }

// With returns a kubeconfig through this door with a token.
func (d *Door) With(token string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return kubeconfig(d.Server(), d.ca, token)
}

// Shut ends every connection; new ones are refused.
func (d *Door) Shut() {
	d.mu.Lock()
	server := d.server
	d.server = nil
	d.mu.Unlock()
	if server != nil {
		_ = server.Listener.Close()
		d.Cut("")
		server.CloseClientConnections()
		server.Close()
	}
}

// Open lets connections in again, at the same address.
func (d *Door) Open() {
	d.tb.Helper()
	var c net.ListenConfig
	ln, err := c.Listen(d.tb.Context(), "tcp", d.address)
	if err != nil {
		d.tb.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(d.pass))
	_ = server.Listener.Close()
	server.Listener = ln
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if d.plain {
		server.Start()
	} else {
		server.EnableHTTP2 = true
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: d.greet}
		server.StartTLS()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = server
}

// greet answers with the certificate of the moment.
func (d *Door) greet(*tls.ClientHelloInfo) (*tls.Config, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{*d.cert}}, nil
}

// Slow delays every request from now on.
func (d *Door) Slow(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = by
}

// Refuse answers what matches with a status, as an API server words it; with
// 429 and 503 it asks to come back after a second.
func (d *Door) Refuse(pattern string, status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rules = append(d.rules, rule{regexp.MustCompile(pattern), status})
}

// Heal ends all delays and refusals.
func (d *Door) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow, d.rules = 0, nil
}

// Cut ends the requests that are under way and match, watches and streams above all.
func (d *Door) Cut(pattern string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	re := regexp.MustCompile(pattern)
	for r, cancel := range d.open {
		if re.MatchString(line(r)) {
			cancel()
		}
	}
}

// Count returns how many requests that match have come so far.
func (d *Door) Count(pattern string) int {
	n, _ := d.count(regexp.MustCompile(pattern))
	return n
}

// Await waits until n requests that match have come.
func (d *Door) Await(pattern string, n int) {
	d.tb.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	re := regexp.MustCompile(pattern)
	for {
		have, next := d.count(re)
		if have >= n {
			return
		}
		select {
		case <-next:
		case <-late.C:
			d.tb.Fatalf("%d requests match %s, not %d", have, pattern, n)
		}
	}
}

func (d *Door) count(re *regexp.Regexp) (n int, next <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seen {
		if re.MatchString(s) {
			n++
		}
	}
	return n, d.heard
}

// Underway returns how many requests that match are open now.
func (d *Door) Underway(pattern string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	re := regexp.MustCompile(pattern)
	for r := range d.open {
		if re.MatchString(line(r)) {
			n++
		}
	}
	return n
}

func line(r *http.Request) string { return r.Method + " " + r.URL.RequestURI() }

// pass lets a request through, or does to it what the test says.
func (d *Door) pass(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	d.mu.Lock()
	d.seen = append(d.seen, line(r))
	close(d.heard)
	d.heard = make(chan struct{})
	d.open[r] = cancel
	slow := d.slow
	i := slices.IndexFunc(d.rules, func(l rule) bool { return l.pattern.MatchString(line(r)) })
	status := 0
	if i >= 0 {
		status = d.rules[i].status
	}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, r)
	}()
	if slow > 0 {
		wait := time.NewTimer(slow)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
	}
	if status != 0 {
		refuse(w, status)
		return
	}
	d.proxy.ServeHTTP(w, r)
}

// reasons are the words of an API server.
var reasons = map[int]metav1.StatusReason{
	http.StatusUnauthorized: metav1.StatusReasonUnauthorized, http.StatusForbidden: metav1.StatusReasonForbidden,
	http.StatusNotFound: metav1.StatusReasonNotFound, http.StatusConflict: metav1.StatusReasonConflict,
	http.StatusGone: metav1.StatusReasonExpired, http.StatusTooManyRequests: metav1.StatusReasonTooManyRequests,
	http.StatusServiceUnavailable: metav1.StatusReasonServiceUnavailable, http.StatusInternalServerError: metav1.StatusReasonInternalError,
}

func refuse(w http.ResponseWriter, status int) {
	text := http.StatusText(status)
	body, err := runtime.Encode(scheme.Codecs.LegacyCodec(metav1.SchemeGroupVersion), &metav1.Status{
		Status: metav1.StatusFailure, Code: int32(status), Reason: reasons[status], Message: strings.ToLower(text), //nolint:gosec // a status has three digits
	})
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Reissue makes a new authority, and has it sign a new certificate, for new
// connections; what is open is cut. Kubeconfig knows it from then on.
func (d *Door) Reissue() {
	d.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.tb.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		d.tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "door " + serial.Text(36)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.ParseIP("127.0.0.1")},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		d.tb.Fatal(err)
	}
	d.mu.Lock()
	d.cert = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	if !d.plain {
		d.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	server := d.server
	d.mu.Unlock()
	if server != nil {
		d.Cut("")
		server.CloseClientConnections()
	}
}
