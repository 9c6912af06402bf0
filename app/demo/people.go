package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"unity.internal/store"
)

// everybody is who may sign in, and what they are where.
var everybody = []struct {
	name, email, address string
	admin                bool
	roles                map[store.TenantID]string
}{
	{"demo", "demo@" + homeDomain, "192.168.10.70", true, map[store.TenantID]string{store.DefaultTenant: "owner", Harbour: "owner"}},
	{"anna", "anna@" + harbourDomain, "192.168.77.101", false, map[store.TenantID]string{Harbour: "admin"}},
	{"ben", "ben@" + harbourDomain, "192.168.77.102", false, map[store.TenantID]string{Harbour: "member"}},
	{"vera", "vera@" + harbourDomain, "192.168.77.103", false, map[store.TenantID]string{Harbour: "viewer"}},
}

// Names returns who may sign in, with what they are.
func Names() []string {
	return []string{"demo (administrator)", "anna (admin of the club)", "ben (member)", "vera (viewer)"}
}

// settle makes the tenants and the people, as an administrator would.
func (f *filling) settle(ctx context.Context) error {
	f.ago(63 * days)
	if err := f.person(ctx, 0); err != nil {
		return err
	}
	f.ago(53 * days)
	y := f.store.System().By(f.people["demo"], everybody[0].address)
	if err := errors.Join(y.CreateTenant(ctx, Harbour, "Harbour Sailing Club"), f.vault.AddTenant(ctx, Harbour)); err != nil {
		return err
	}
	for i := range everybody[1:] {
		if err := f.person(ctx, i+1); err != nil {
			return err
		}
	}
	for _, p := range everybody {
		for tenant, role := range p.roles {
			if err := y.Tenant(tenant).SetMember(ctx, store.Membership{User: f.people[p.name], Role: role}); err != nil {
				return err
			}
		}
	}
	return nil
}

// person makes the i-th of everybody.
func (f *filling) person(ctx context.Context, i int) error {
	p := everybody[i]
	y := f.store.System()
	if i > 0 {
		y = y.By(f.people[everybody[0].name], everybody[0].address)
	}
	u, err := f.auth.CreateUser(ctx, y, store.User{Username: p.name, Email: p.email, Admin: p.admin}, Password)
	f.people[p.name] = u.ID
	return err
}

// as returns a tenant as one of everybody changes it.
func (f *filling) as(name string, tenant store.TenantID) store.Tenant {
	for _, p := range everybody {
		if p.name == name {
			return f.store.Tenant(tenant).By(f.people[name], p.address)
		}
	}
	return f.store.Tenant(tenant)
}

// agree makes the rules by which the tenants live: thresholds, channels and a silence.
func (f *filling) agree(ctx context.Context) error {
	f.ago(18 * days)
	hot, calm := 76.0, 80.0
	rules := []struct {
		by   store.Tenant
		rule store.Threshold
	}{
		{f.as("demo", store.DefaultTenant), store.Threshold{Name: "Too hot", Metric: "temperature_c", Value: 80, Clear: &hot, For: 120}},
		{f.as("demo", store.DefaultTenant), store.Threshold{Name: "Processor busy", Metric: "cpu_percent", Value: 90, Clear: &calm, For: 300}},
		{f.as("anna", Harbour), store.Threshold{Name: "Processor busy", Metric: "cpu_percent", Value: 90, Clear: &calm, For: 300}},
		{f.as("anna", Harbour), store.Threshold{Name: "Mail boxes nearly full", Tag: "mail", Metric: "disk_percent", Value: 85, For: 60}},
	}
	for _, v := range rules {
		if err := f.alerts.Ready(ctx, f.store.Tenant(v.by.ID)); err != nil {
			return err
		}
		r := v.rule
		r.ID, r.Condition, r.Severity, r.Enabled = store.NewID(), "gt", "warning", true
		if _, err := v.by.CreateThreshold(ctx, r); err != nil {
			return err
		}
		if err := f.alerts.Changed(ctx, f.store.Tenant(v.by.ID)); err != nil {
			return err
		}
	}
	// Disabled, and of names that nobody can own: nothing ever leaves the demo.
	_, err := f.notify.Create(ctx, f.as("demo", store.DefaultTenant), store.Channel{
		Name: "Family phones", Type: "ntfy", Config: map[string]any{"server": "https://ntfy." + homeDomain, "topic": "home-alerts"},
	})
	if err != nil {
		return err
	}
	_, err = f.notify.Create(ctx, f.as("anna", Harbour), store.Channel{
		Name: "Club chat", Type: "webhook", Config: map[string]any{"url": "https://chat." + harbourDomain + "/hooks/alerts", "secret": "not a secret"},
	})
	if err != nil {
		return err
	}
	_, err = f.as("anna", Harbour).CreateSilence(ctx, store.Silence{
		ID: store.NewID(), Source: "maintenance", Tag: "bar", Comment: "The electrician works in the bar.", Actor: f.people["anna"],
		Starts: f.now.Add(days), Ends: f.now.Add(days + 4*time.Hour),
	})
	return err
}

// move has each server added by somebody of its tenant.
func (f *filling) move(ctx context.Context) error {
	for _, tenant := range tenants {
		f.ago(f.homes[tenant][0].added)
		if _, err := f.servers.PublicKey(ctx, f.as("demo", tenant)); err != nil {
			return err
		}
	}
	for _, v := range f.byAge() {
		f.ago(v.added)
		who := "demo"
		if v.tenant == Harbour {
			who = "anna"
		}
		err := f.as(who, v.tenant).Tx(ctx, func(t store.Tenant) error { return f.add(ctx, t, v.machine) })
		if err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	return nil
}
