package cert

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkNewName shakes hands for names that nobody asked for before: each gets
// its certificate, which is on the disk when the handshake ends. The limit of the
// median and of the worst are beside it, and what a name costs that has one.
func BenchmarkNewName(b *testing.B) {
	_, storage := opened(b)
	c := of(storage)
	c.Allowed = func(name string) bool { return strings.HasSuffix(name, ".lan") }
	s := New(c)
	root, err := s.RootPEM(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", s.TLSConfig())
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_ = conn.(*tls.Conn).Handshake() // what fails is what the client sees
			})
		}
	})
	shaken := func(name string) time.Duration {
		begun := time.Now()
		d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots}}
		conn, err := d.DialContext(b.Context(), "tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun)
		if err := conn.Close(); err != nil && !errors.Is(err, tls.RecordHeaderError{}) {
			b.Fatal(err)
		}
		return took
	}
	run, n := time.Now().UnixNano(), 0 // certmagic remembers names in a global
	var first, known, written []time.Duration
	for b.Loop() {
		name := fmt.Sprintf("n%d-%d.lan", run, n)
		n++
		first = append(first, shaken(name))
		known = append(known, shaken(name))
		begun := time.Now()
		for _, part := range []string{"crt", "key", "json"} { // as many as certmagic writes
			if err := storage.db.PutCert(b.Context(), "bare/"+name+"."+part, make([]byte, 1000)); err != nil {
				b.Fatal(err)
			}
		}
		written = append(written, time.Since(begun))
	}
	b.StopTimer()
	b.ReportMetric(middle(first), "p50-ms")
	b.ReportMetric(float64(slices.Max(first).Microseconds())/1000, "worst-ms")
	b.ReportMetric(middle(known), "known-ms")
	b.ReportMetric(middle(written), "writes-ms")
	b.ReportMetric(float64(slices.Max(written).Microseconds())/1000, "worst-writes-ms")
	if err := ln.Close(); err != nil {
		b.Fatal(err)
	}
	all.Wait()
	s.cache.Stop()
}

// middle returns the median in milliseconds.
func middle(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2].Microseconds()) / 1000
}
