package demo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"unity.internal/app/server"
	"unity.internal/app/server/farm"
	"unity.internal/store"
)

const (
	past      = 6 * time.Hour    // that charts show
	recent    = time.Hour        // in which polls were closer together
	unsettled = 45 * time.Minute // since when what goes away does so
	margin    = 15 * time.Second // before the first poll that is real
)

// A resident is a machine with its tenant, and what was read of it last.
type resident struct {
	*machine
	tenant store.TenantID
	server.Replay
	state string
}

// residents returns every machine.
func (w *World) residents() (all []*resident) {
	for _, tenant := range tenants {
		for i := range w.homes[tenant] {
			all = append(all, &resident{machine: &w.homes[tenant][i], tenant: tenant, state: store.ServerUp})
		}
	}
	return all
}

// byAge returns every machine, the oldest first.
func (w *World) byAge() []*resident {
	all := w.residents()
	slices.SortStableFunc(all, func(a, b *resident) int { return cmp.Compare(b.added, a.added) })
	return all
}

// add enters a machine, whose host key somebody has looked at.
func (f *filling) add(ctx context.Context, t store.Tenant, m *machine) error {
	v, err := f.servers.Create(ctx, t, m.Server, server.Credentials{}, "")
	if err != nil {
		return err
	}
	key := f.key(m)
	if m.replaced > 0 {
		key = farm.HostKey()
	}
	if err := t.OfferHostKey(ctx, v.ID, key); err != nil {
		return err
	}
	m.Server, err = t.TrustHostKey(ctx, v.ID, store.NameKey(key).Fingerprint)
	return err
}

// key returns the host key that a machine shows.
func (w *World) key(m *machine) []byte { return w.farm.Endpoints[w.place[m.Host]].HostKey }

// work leaves what people did in the last days: they signed in and asked for snapshots.
func (f *filling) work(ctx context.Context) error {
	for _, v := range []struct {
		ago    time.Duration
		tenant store.TenantID
		who    string
		result string
		asks   int // for a snapshot of which machine; -1: of none
	}{
		{4*days + 2*time.Hour, Harbour, "ben", "done", 3},
		{3*days + 5*time.Hour, store.DefaultTenant, "demo", "done", 1},
		{2*days + 11*time.Hour, Harbour, "anna", "done", 0},
		{30 * time.Hour, Harbour, "vera", "refused", -1},
		{30*time.Hour - time.Minute, Harbour, "vera", "done", -1},
		{9 * time.Hour, store.DefaultTenant, "demo", "done", 6},
	} {
		f.ago(v.ago)
		t := f.as(v.who, v.tenant)
		if err := t.Record(ctx, store.Audit{Action: "auth.login", Thing: f.people[v.who], Result: v.result}); err != nil {
			return err
		}
		if v.asks < 0 {
			continue
		}
		if err := f.asked(ctx, t, &f.homes[v.tenant][v.asks]); err != nil {
			return err
		}
	}
	return nil
}

// asked leaves a snapshot that somebody asked for.
func (f *filling) asked(ctx context.Context, t store.Tenant, m *machine) error {
	j, err := t.CreateJob(ctx, store.Job{ID: store.NewID(), Kind: "servers.snapshot", Thing: m.ID, Title: "Snapshot of " + m.Name})
	if err != nil {
		return err
	}
	at := f.Now().Add(1400 * time.Millisecond)
	j.State, j.Step, j.Done, j.Total, j.Ended = "done", "Done", 10, 10, &at
	if _, err := t.UpdateJob(ctx, j); err != nil {
		return err
	}
	_, err = f.snapshot(ctx, &resident{machine: m, tenant: t.ID}, at)
	return err
}

// snapshot keeps what a machine looked like at a time.
func (f *filling) snapshot(ctx context.Context, r *resident, at time.Time) (store.Facts, error) {
	all, facts, err := r.Snapshot(func(script string) string { return r.box.Answer(script, at) })
	if err != nil {
		return facts, err
	}
	name := store.SnapshotName{ID: store.NewID(), ServerID: r.ID, Taken: at}
	facts.BootAt = &r.box.Booted
	return facts, f.store.Tenant(r.tenant).AddSnapshot(ctx, store.Snapshot{SnapshotName: name, Sections: all})
}

// live polls every machine through the last hours: its readings are kept and
// judged, so that charts have a past, and alerts fired and ended in it.
func (f *filling) live(ctx context.Context) error {
	all := f.residents()
	end := f.now.Add(-margin)
	for at := end.Add(-past); !at.After(end); at = at.Add(every(end.Sub(at))) {
		f.at(at)
		for _, r := range all {
			if err := f.poll(ctx, r, at); err != nil {
				return err
			}
		}
		if err := f.alerts.Tick(ctx); err != nil {
			return err
		}
	}
	return f.metrics.Flush(ctx)
}

// every is the time between two polls, so long before the end.
func every(left time.Duration) time.Duration {
	if left > recent {
		return time.Minute
	}
	return 30 * time.Second
}

// poll asks one machine, as a watcher would at that time.
func (f *filling) poll(ctx context.Context, r *resident, at time.Time) error {
	t := f.store.Tenant(r.tenant)
	state, reason := f.found(r, at)
	if state != r.state {
		if state == store.ServerUntrusted {
			if err := t.OfferHostKey(ctx, r.ID, f.key(r.machine)); err != nil {
				return err
			}
			v, err := t.Server(ctx, r.ID)
			if err != nil {
				return err
			}
			r.Server = v
		}
		r.state = state
		if err := f.alerts.Reached(ctx, t, r.Server, store.ServerState{State: state, Since: at, Reason: reason}); err != nil {
			return err
		}
	}
	if state != store.ServerUp {
		return nil
	}
	readings, err := r.Poll(func(script string) string { return r.box.Answer(script, at) })
	if err != nil {
		return err
	}
	b := store.Batch{Server: r.ID, At: at, Readings: readings}
	if err := f.metrics.Append(ctx, t, b); err != nil {
		return err
	}
	return f.alerts.Observe(ctx, t, b)
}

// found says how a machine answers at a time.
func (f *filling) found(r *resident, at time.Time) (state, reason string) {
	switch {
	case r.replaced > 0 && f.now.Sub(at) <= r.replaced:
		return store.ServerUntrusted, "The key was not the one that is trusted. Nothing was sent to it."
	case f.now.Sub(at) < unsettled && !r.box.Up(at):
		return store.ServerDown, "There is no route to " + r.Host + ". Check that it is switched on and in a network that the appliance reaches."
	}
	return store.ServerUp, ""
}

// leave stores what is known of each server at the end.
func (f *filling) leave(ctx context.Context) error {
	end := f.now.Add(-margin)
	for i, r := range f.residents() {
		seen := end
		state, reason := f.found(r, end)
		v := store.ServerState{State: state, Since: latest(r.Created, r.box.Booted), Reason: reason, LastSeen: &seen}
		switch state {
		case store.ServerUntrusted:
			v.Since = f.now.Add(-r.replaced)
			seen = v.Since
		case store.ServerDown:
			v.Since = r.box.Away.First
			seen = v.Since
		}
		if _, err := f.snapshot(ctx, r, f.now.Add(-3*days)); err != nil {
			return err
		}
		var err error
		if v.Facts, err = f.snapshot(ctx, r, seen.Add(-time.Duration(i)*time.Minute)); err != nil {
			return err
		}
		if err := f.store.Tenant(r.tenant).SaveServerState(ctx, r.ID, v); err != nil {
			return err
		}
	}
	return f.acknowledge(ctx)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// acknowledge has somebody look after what is filling up at home.
func (f *filling) acknowledge(ctx context.Context) error {
	t := f.as("demo", store.DefaultTenant)
	open, err := t.Alerts(ctx, store.AlertList{List: store.List{Limit: 50}, State: store.AlertFiring, Severity: "warning"})
	if err != nil || len(open.Items) == 0 {
		return err
	}
	_, err = f.alerts.Acknowledge(ctx, t, t.Actor(), open.Items[0].ID)
	return err
}
