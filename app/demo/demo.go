// Package demo fills a new appliance with a household and a sailing club that do
// not exist, and simulates their machines. It goes through the store and the
// services as people and polls would have, under a clock that it sets back, so
// that what it leaves is no different from what an appliance gathers in weeks.
// It knows nothing of a running appliance.
package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/app/metric"
	"unity.internal/app/notify"
	"unity.internal/app/notify/ntfy"
	"unity.internal/app/notify/webhook"
	"unity.internal/app/server"
	"unity.internal/app/server/farm"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// Password is everybody's.
const Password = "harbour lantern 42"

// Harbour is the tenant beside the household.
const Harbour store.TenantID = "harbour"

const days = 24 * time.Hour

// A World is what is simulated.
type World struct {
	now   time.Time // when it began
	clock atomic.Int64
	homes map[store.TenantID][]machine
	farm  *farm.Farm
	place map[string]int // in the farm, by host
}

// New starts every machine. Close ends them.
func New() (*World, error) {
	now := time.Now().UTC().Truncate(time.Second)
	w := &World{now: now, place: map[string]int{}, homes: map[store.TenantID][]machine{store.DefaultTenant: home(now), Harbour: harbour(now)}}
	w.ago(64 * days) // when the appliance was set up
	var boxes []farm.Machine
	for _, tenant := range tenants {
		for i, m := range w.homes[tenant] {
			m.box.Name, _, _ = strings.Cut(m.Host, ".")
			m.box.Booted = now.Add(-m.added/3 - time.Duration(i)*(7*time.Hour+13*time.Minute+7*time.Second))
			m.box.Patched = now.Add(-30 * time.Hour)
			w.place[m.Host] = len(boxes)
			boxes = append(boxes, m.box)
		}
	}
	var err error
	w.farm, err = farm.Of(boxes...)
	return w, err
}

// tenants is the order in which machines stand in the farm.
var tenants = []store.TenantID{store.DefaultTenant, Harbour}

// Close ends every machine.
func (w *World) Close() { w.farm.Close() }

// Dial connects to a machine of the world; others are not known.
func (w *World) Dial(ctx context.Context, host string) (conn net.Conn, known bool, err error) {
	i, known := w.place[host]
	if !known {
		return nil, false, nil
	}
	conn, err = w.farm.Dial(ctx, i)
	return conn, true, err
}

// Now is the clock for the store that Fill gets: wherever Fill has come to.
func (w *World) Now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

func (w *World) at(t time.Time) { w.clock.Store(t.UnixMilli()) }

func (w *World) ago(d time.Duration) { w.at(w.now.Add(-d)) }

// A filling is the work of Fill.
type filling struct {
	*World
	store   *store.Store
	vault   *vault.Vault
	auth    *auth.Service
	servers *server.Service
	metrics *metric.Service
	alerts  *alert.Service
	notify  *notify.Service
	people  map[string]string // ids by name
}

// Fill writes the past into a new store, whose clock is Now, and its vault.
func (w *World) Fill(ctx context.Context, s *store.Store, v *vault.Vault) error {
	log := slog.New(slog.DiscardHandler) // what is over is no news
	nobody := func(store.TenantID, string, string, int64) {}
	f := &filling{
		World: w, store: s, vault: v, people: map[string]string{},
		auth:    auth.New(s, v),
		servers: server.New(server.Parts{Store: s, Vault: v, Log: log, Publish: nobody, Hostname: "unity"}),
		metrics: metric.New(s, log),
		alerts: &alert.Service{
			Tenants: s.System().Tenants, Publish: nobody, Wake: func() {}, Voice: func(id store.TenantID) store.TenantID { return id },
			Now: w.Now, Log: log,
		},
		notify: notify.New(notify.Options{
			Tenants: s.System().Tenants, Sealer: v, Kinds: []notify.Kind{webhook.Kind(nil), ntfy.Kind(nil)}, Publish: nobody, Now: w.Now, Log: log,
		}),
	}
	f.auth.Always = true // else the club would rest
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"people", f.settle}, {"servers", f.move}, {"rules", f.agree}, {"work", f.work}, {"history", f.live}, {"states", f.leave},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("fill the demo with %s: %w", step.what, err)
		}
	}
	return nil
}
