package httpapi

import (
	"context"
	"net/http"
	"testing"
	"time"

	"unity.internal/app/auth"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// crowd is a bench with 100 tenants of 50 users each beside its own.
func crowd(b *testing.B) *bench {
	b.Helper()
	e := newBench(b, unlimited)
	storetest.Crowd(b, e.store, 100, 50, func(id store.TenantID) error { return e.parts.Vault.AddTenant(b.Context(), id) })
	reload(b, e.auth)
	return e
}

// BenchmarkPermission asks whether a caller may, among 5,000 users of 100
// tenants, and holds that against one whole request over a kept connection.
func BenchmarkPermission(b *testing.B) {
	e := crowd(b)
	tokens, err := e.auth.Program(b.Context(), "ann", auth.Client{Address: "127.0.0.1"})
	if err != nil {
		b.Fatal(err)
	}
	l := newLoad(e.connect, "none", tokens.Access)
	l.path = "/api/v1/settings"
	who, err := e.auth.Bearer(b.Context(), tokens.Access)
	if err != nil {
		b.Fatal(err)
	}
	m := mux{Parts: e.parts}
	ctx := context.WithValue(b.Context(), callerKey{}, Caller{who, e.store.Tenant("acme"), auth.Client{}})
	const checks = 100_000
	var check, request time.Duration
	for b.Loop() {
		start := time.Now()
		for range checks {
			if _, err := m.callerWith(ctx, auth.SettingsRead); err != nil {
				b.Fatal(err)
			}
		}
		check += time.Since(start) / checks
		start = time.Now()
		if err := l.round(); err != nil {
			b.Fatal(err)
		}
		request += time.Since(start) / (clients * requests)
	}
	b.ReportMetric(float64(check.Nanoseconds())/float64(b.N), "ns/check")
	b.ReportMetric(100*check.Seconds()/request.Seconds(), "%-of-request")
}

// BenchmarkTenants lists 100 tenants of 50 users each, as the operator's page does.
func BenchmarkTenants(b *testing.B) {
	e := crowd(b)
	for b.Loop() {
		if got := e.do("root", http.MethodGet, "/api/v1/tenants", ""); got.status != http.StatusOK {
			b.Fatal(got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/list")
}
