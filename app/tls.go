package app

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"unity.internal/app/cert"
	"unity.internal/app/job"
	"unity.internal/app/outgoing"
	"unity.internal/store"
)

// certificates builds what gives the appliance its certificates.
func (a *App) certificates(ctx context.Context) error {
	y := a.store.System()
	a.cert = cert.New(cert.Config{
		System: y, Storage: cert.NewStorage(y, a.vault), Sealer: a.vault, Hostname: a.names.hostname, Domains: cert.SearchDomains(),
		Allowed: a.names.known, Own: a.names.inherent, Public: a.names.given, Ports: a.names.ports, Fixed: a.config.Serve.TLS,
		Out: outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }, Own: a.names.listeners}), // an administrator named it
		Start: func(ctx context.Context, y store.System, kind, title string, work func(context.Context) error) (store.Job, error) {
			return a.jobs.Start(ctx, y.Own(), job.Spec{Kind: kind, Title: title}, func(ctx context.Context, _ *job.Progress) error { return work(ctx) })
		},
		Publish: func() { a.bus.Publish(store.SystemTenant, "tls", string(store.SystemTenant), 0) },
		Now:     time.Now, Log: a.log.With("part", "cert"),
	})
	return a.cert.Load(ctx)
}

// inherent returns the names and addresses that the appliance has by itself.
func (n *names) inherent() []string {
	all := []string{"localhost"}
	if n.hostname != "" {
		all = append(all, n.hostname, n.hostname+".local")
	}
	if won := n.local(); won != "" && !slices.Contains(all, won) {
		all = append(all, won)
	}
	for _, a := range n.own() {
		if !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			all = append(all, a.String())
		}
	}
	return all
}

// given returns the names that people gave it: that of the public URL comes first.
func (n *names) given() (all []string) {
	if u, err := url.Parse(n.public()); err == nil && u.Hostname() != "" {
		all = append(all, u.Hostname())
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return append(all, n.settings.PublicNames...)
}

// ports returns where plain HTTP and TLS are listened for; 0: nowhere.
func (n *names) ports() (plain, secure int) {
	of := func(a net.Addr) int {
		if a == nil {
			return 0
		}
		_, text, _ := net.SplitHostPort(a.String())
		port, err := strconv.Atoi(text)
		if err != nil {
			return 0 // a listener of ours has a port
		}
		return port
	}
	return of(n.plain), of(n.tls)
}
