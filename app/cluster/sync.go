package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	askEvery   = 20 * time.Second       // whether a cluster answers
	askWithin  = 10 * time.Second       // then it does not
	backOff    = time.Second            // after the first failure; it doubles
	backOffMax = 30 * time.Second       // and no more
	learnEvery = 10 * time.Minute       // which kinds there are, beside when definitions change
	tellEvery  = 100 * time.Millisecond // browsers, of changes of one cluster
	stateEvery = time.Second            // how often the state of a cluster is written at most
	saveEvery  = 15 * time.Minute       // the objects of a cluster, if any changed
	saveFirst  = time.Minute            // after the first sync
	saveWithin = 10 * time.Second       // at the end
	maxKeys    = 100                    // of objects that one event names
)

// unwatched are kinds that are read when somebody asks for them: they change all
// the time, or say again what another kind says.
var unwatched = map[string]bool{
	"leases.coordination.k8s.io": true, "events.events.k8s.io": true, "endpoints": true, "componentstatuses": true,
}

// run watches the cluster until ctx ends.
func (m *member) run(ctx context.Context, v store.Cluster) { //nolint:cyclop // what it waits for, in order
	m.restore(ctx)
	m.running.Go(func() { m.tellAll(ctx) })
	m.running.Go(func() { m.keep(ctx) })
	m.running.Go(func() { m.watchHealth(ctx) })
	m.running.Go(func() { m.pollUsage(ctx) })
	defer m.unfollow()
	failures, learned, doubted := 0, time.Time{}, false
	for {
		l, err := m.ask(ctx, v)
		if err == nil && (failures > 0 || doubted) && m.setBack(ctx, l) {
			m.service.Log.WarnContext(ctx, "the versions of a cluster went back, it is read anew", "tenant", m.tenant.ID, "cluster", v.ID)
			m.unfollow()
			m.peak.Store(0)
			learned = time.Time{}
		}
		if err == nil && (failures > 0 || time.Since(learned) > learnEvery) {
			if err = m.follow(ctx, l); err == nil {
				learned = time.Now()
			}
		}
		if ctx.Err() != nil {
			return
		}
		m.answered(err)
		failures++
		wait := pause(failures)
		if err == nil {
			failures, wait = 0, askEvery
		}
		timer := time.NewTimer(wait)
		doubted = false
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-m.poke:
			timer.Stop()
			doubted = true
		case <-m.learn:
			timer.Stop()
			learned = time.Time{}
		}
	}
}

// pause is how long to wait after so many failures in a row: longer each time,
// and not the same for all who lost a cluster at once.
func pause(failures int) time.Duration {
	d := min(backOff<<min(failures-1, 10), backOffMax)
	return d/2 + rand.N(d) //nolint:gosec // no secret
}

// ask asks the cluster whether it answers.
func (m *member) ask(ctx context.Context, v store.Cluster) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	l, err := m.linked(ctx, v)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	version, err := l.version(ctx)
	if err != nil {
		return l, err
	}
	m.mu.Lock()
	m.latency = time.Since(began)
	m.state.Facts.Version, m.state.Facts.Platform = version, platform(version)
	m.mu.Unlock()
	return l, nil
}

// answered takes in whether the cluster answers.
func (m *member) answered(err error) {
	m.mu.Lock()
	switch {
	case err == nil && !m.answers:
		close(m.up)
	case err != nil && m.answers:
		m.up = make(chan struct{})
	}
	if (err == nil) != m.answers { // who shows objects says since when they are stale
		for name := range m.tables {
			m.whole[name] = true
			delete(m.changed, name)
		}
	}
	if err != nil && m.trouble == nil {
		m.lost = m.service.Now()
	}
	m.answers, m.trouble = err == nil, err
	m.mu.Unlock()
	token(m.notify)
}

// follow sees to it that every kind that the cluster serves is followed, and no
// other. What is looked at most comes first.
func (m *member) follow(ctx context.Context, l *link) error {
	ask, cancel := context.WithTimeout(ctx, 3*askWithin)
	defer cancel()
	served, err := l.relearn(ask)
	if err != nil {
		return err
	}
	names := make(map[schema.GroupKind]string, len(served.all))
	for _, k := range served.all {
		names[schema.GroupKind{Group: k.Group, Kind: k.Kind}] = k.Name
	}
	m.mu.Lock()
	m.names = names
	m.mu.Unlock()
	there := map[string]bool{}
	for _, first := range []bool{true, false} {
		for _, k := range served.all {
			if unwatched[k.Name] || !k.can("watch") || first != (k.Name == "pods" || k.Name == "nodes") {
				continue
			}
			there[k.Name] = true
			if err := m.followKind(ctx, l, k); err != nil {
				return err
			}
		}
	}
	m.dropOthers(ctx, there)
	return nil
}

// followKind follows one kind, unless it is followed already.
func (m *member) followKind(ctx context.Context, l *link, k Kind) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tables[k.Name]
	if m.follows[k.Name] != nil && t.kind.Version == k.Version {
		return nil
	}
	if end := m.follows[k.Name]; end != nil {
		end()
	}
	if t == nil {
		t = newTable(k, m.share, m.moved)
		if k.Name == "events" {
			t.cap = maxEvents
		}
		m.tables[k.Name] = t
	}
	t.kind = k
	from, read, err := l.sourceOf(k)
	if err != nil {
		return err
	}
	f := &follower{member: m, table: t, from: from, read: read}
	run, end := context.WithCancel(ctx)
	m.follows[k.Name] = end
	m.running.Go(func() { f.follow(run) })
	return nil
}

// dropOthers lets go of the kinds that the cluster serves no more.
func (m *member) dropOthers(ctx context.Context, there map[string]bool) {
	m.mu.Lock()
	var gone []string
	for name := range m.tables {
		if !there[name] {
			gone = append(gone, name)
			if end := m.follows[name]; end != nil {
				end()
			}
			delete(m.follows, name)
			delete(m.tables, name)
		}
	}
	m.mu.Unlock()
	for _, name := range gone {
		m.moved(name)
		if err := m.tenant.DropClusterObjects(ctx, m.row.ID, name); err != nil && ctx.Err() == nil {
			m.service.Log.ErrorContext(ctx, "forget a kind", "cluster", m.row.ID, "kind", name, "err", err)
		}
	}
}

// unfollow ends all that follow. What they found stays.
func (m *member) unfollow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, end := range m.follows {
		end()
		delete(m.follows, name)
	}
	if m.answers {
		m.up, m.answers = make(chan struct{}), false
	}
}

// tellAll tells browsers what changed, until ctx ends: the first change at once,
// the next ones together.
func (m *member) tellAll(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.notify:
		}
		m.mu.Lock()
		changed, whole := m.changed, m.whole
		m.changed, m.whole = map[string][]key{}, map[string]bool{}
		m.mu.Unlock()
		for kind := range whole {
			m.service.Moved(m.tenant.ID, m.row.ID, kind, nil)
		}
		for kind, keys := range changed {
			names := make([]string, len(keys))
			for i, k := range keys {
				names[i] = k.String()
			}
			m.service.Moved(m.tenant.ID, m.row.ID, kind, names)
		}
		m.settle(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// standing says how the cluster is as a whole.
func (m *member) standing() (state, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.answers && m.trouble != nil {
		f := fault.From(reason(m.trouble))
		if errors.Is(f, ErrUnauthorized) || errors.Is(f, ErrForbidden) {
			return store.ClusterForbidden, f.Msg
		}
		return store.ClusterUnreachable, f.Msg
	}
	if !m.answers {
		return store.ClusterSyncing, ""
	}
	return m.followed()
}

// followed says how far the tables are; m.mu is held.
func (m *member) followed() (state, why string) {
	watched := 0
	state = store.ClusterSynced
	for _, t := range m.tables {
		n, is, said, seen := t.count()
		switch {
		case is == tableSynced:
			watched++
		case is == tableSyncing && (n > 0 || !seen.IsZero()):
			state, why = store.ClusterStale, said
		case is == tableSyncing && state == store.ClusterSynced:
			state, why = store.ClusterSyncing, said
		}
	}
	if state == store.ClusterSynced && watched == 0 && len(m.tables) > 0 {
		return store.ClusterForbidden, "The credential may not list anything. Give its user the right to see what is in the cluster."
	}
	return state, why
}

// settle stores and tells how the cluster is, when that changed.
func (m *member) settle(ctx context.Context) {
	state, why := m.standing()
	nodes, ready := m.nodes()
	pods := m.howMany("pods")
	now := m.service.Now().UTC().Truncate(time.Millisecond)
	m.mu.Lock()
	old := m.state
	if m.state.State != state {
		m.state.Since = now
	}
	if state == store.ClusterSynced {
		m.state.Synced = &now
	}
	m.state.State, m.state.Reason = state, why
	if state == store.ClusterSynced || pods+nodes > 0 {
		m.state.Facts.Pods, m.state.Facts.Nodes, m.state.Facts.Ready = pods, nodes, ready
	}
	ms := m.latency.Milliseconds()
	if m.latency > 0 {
		m.state.Facts.Latency = &ms
	}
	next := m.state
	m.mu.Unlock()
	if !differs(old, next) {
		return
	}
	m.keepState(ctx)
	if old.State != store.ClusterSynced && next.State == store.ClusterSynced {
		m.service.Eased()
	}
	if old.State != next.State {
		m.service.Log.InfoContext(ctx, "cluster changed", "tenant", m.tenant.ID, "cluster", m.row.ID, "state", next.State, "reason", next.Reason)
	}
	m.service.Publish(m.tenant.ID, "clusters", m.row.ID, m.row.Rev)
}

// keepState stores how the cluster is.
func (m *member) keepState(ctx context.Context) {
	m.mu.Lock()
	id, state := m.row.ID, m.state
	m.mu.Unlock()
	if err := m.tenant.SaveClusterState(ctx, id, state); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) {
		m.service.Log.ErrorContext(ctx, "keep the state of a cluster", "cluster", id, "err", err)
	}
}

// differs reports whether two states say something else; how long a call took is
// told with what else changed.
func differs(a, b store.ClusterState) bool {
	af, bf := a.Facts, b.Facts
	af.Latency, bf.Latency = nil, nil
	first := a.Synced == nil != (b.Synced == nil)
	return first || a.State != b.State || a.Reason != b.Reason || af != bf
}

// nodes counts nodes, and those that are ready.
func (m *member) nodes() (all, ready int64) {
	t := m.table("nodes")
	if t == nil {
		return 0, 0
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, o := range t.order {
		ready += int64(o.Ready)
	}
	return int64(len(t.order)), ready
}

// howMany returns how many objects of a kind there are.
func (m *member) howMany(kind string) int64 {
	t := m.table(kind)
	if t == nil {
		return 0
	}
	n, _, _, _ := t.count()
	return int64(n)
}
