package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"unity.internal/app/cert"
)

// BenchmarkTLS reads one server through the whole edge over TLS, with a certificate
// of the appliance's own authority. Its limit is the same without TLS, by the same
// clients over kept connections, measured in turns with it; both ends share the
// cores of this machine, so what TLS costs the client counts, too. The best of
// several turns counts on both sides: others may use the machine meanwhile.
func BenchmarkTLS(b *testing.B) {
	e, id, access := newEdge(b)
	secured, plain := newLoad(e.secured(b), id, access), newLoad(e.connect, id, access)
	if err := errors.Join(secured.round(), plain.round()); err != nil {
		b.Fatal(err)
	}
	const turns = 10
	ours, theirs := time.Hour, time.Hour
	for b.Loop() {
		for range turns {
			for _, turn := range []struct {
				*load
				best *time.Duration
			}{{secured, &ours}, {plain, &theirs}} {
				begun := time.Now()
				if err := turn.round(); err != nil {
					b.Fatal(err)
				}
				*turn.best = min(*turn.best, time.Since(begun))
			}
		}
	}
	const n = clients * requests
	b.ReportMetric(n/ours.Seconds(), "requests/s")
	b.ReportMetric(n/theirs.Seconds(), "plain-requests/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-limit")
}

// secured serves the edge over TLS, too, and returns how to dial it.
func (b *bench) secured(tb testing.TB) func(string) (net.Conn, error) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	c := cert.New(cert.Config{
		System: b.store.System(), Storage: cert.NewStorage(b.store.System(), b.parts.Vault), Hostname: "nas", Now: time.Now,
		Publish: func() {}, Log: slog.New(slog.DiscardHandler),
		Allowed: func(name string) bool { return name == "localhost" },
	})
	root, err := c.RootPEM(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", c.TLSConfig())
	if err != nil {
		tb.Fatal(err)
	}
	s := New(ctx, ctx, b.parts)
	var all sync.WaitGroup
	all.Go(func() { _ = c.Run(ctx) })
	all.Go(func() { _ = s.Serve(ln) })
	tb.Cleanup(func() {
		cancel()
		stop, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		_ = s.Shutdown(stop) // kept connections are open still
		all.Wait()
	})
	return func(string) (net.Conn, error) {
		return (&tls.Dialer{Config: &tls.Config{ServerName: "localhost", RootCAs: pool}}).DialContext(tb.Context(), "tcp", ln.Addr().String())
	}
}
