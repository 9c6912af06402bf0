package cluster

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A station is the service over a real store and vault, with the tenants acme and globex.
type station struct {
	tb           testing.TB
	service      *Service
	store        *store.Store
	acme, globex store.Tenant
}

func newStation(tb testing.TB, change ...func(*Options)) *station {
	tb.Helper()
	v := &vault.Vault{}
	s := storetest.Open(tb, store.WithSigner(v.Sign))
	ctx := tb.Context()
	if err := v.Attach(ctx, s, vault.Source{Dir: tb.TempDir()}); err != nil {
		tb.Fatal(err)
	}
	storetest.Tenants(tb, s, "acme", "globex")
	if err := errors.Join(v.AddTenant(ctx, "acme"), v.AddTenant(ctx, "globex")); err != nil {
		tb.Fatal(err)
	}
	o := Options{
		Tenants: s.System().Tenants, Vault: v, Dial: (&net.Dialer{}).DialContext, Eased: func() {}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Household: func(store.TenantID) bool { return false },
		Publish:   func(store.TenantID, string, string, int64) {},
		Moved:     func(store.TenantID, string, string, []string) {},
		Take:      func(context.Context, store.Tenant, store.Batch) error { return nil },
	}
	for _, c := range change {
		c(&o)
	}
	return &station{tb, New(o), s, s.Tenant("acme").By("ann", "192.0.2.1"), s.Tenant("globex").By("gus", "192.0.2.2")}
}

// register registers a cluster of acme and returns its id.
func (b *station) register(name, kubeconfig string) string {
	b.tb.Helper()
	v, err := b.service.Create(b.tb.Context(), b.acme, Draft{Name: name, Kubeconfig: kubeconfig})
	if err != nil {
		b.tb.Fatal(err)
	}
	return v.ID
}
