package cluster

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	diagnoseEvery = 30 * time.Second // and when something changes that matters, but
	diagnoseAfter = time.Second      // not at once: changes come in groups
	volumesEvery  = 5 * time.Minute
	certifyEvery  = time.Hour
	certifyAgain  = 10 * time.Minute // after a secret changed, or nothing was found out
	probeEvery    = 5 * time.Second  // what is due is asked for
	probeWithin   = 30 * time.Second
)

// A Health says how a cluster is, and what is wrong in it.
type Health struct {
	State        string        `json:"state" enum:"syncing,synced,stale,unreachable,forbidden"`
	Reason       string        `json:"reason"`
	Since        time.Time     `json:"state_since"`
	Version      string        `json:"version"`
	Latency      *int64        `json:"latency_ms" nullable:"true"`
	Certificates []Certificate `json:"certificates" nullable:"false" doc:"Those that end first"`
	Findings     []Finding     `json:"findings" nullable:"false" doc:"The worst and newest first"`
	More         int           `json:"more" doc:"Findings that are left out"`
	Unwatched    []Unwatched   `json:"unwatched" nullable:"false" doc:"Kinds that are not seen"`
}

// An Unwatched is a kind of object that the appliance does not see, and why.
type Unwatched struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	Costs  string `json:"costs,omitempty" doc:"What does not work without it"`
}

// A FindingOf is a finding, with the cluster that has it.
type FindingOf struct {
	Cluster string `json:"cluster_id"`
	Name    string `json:"cluster_name"`
	Finding
}

// health is what is known of how a cluster is, beside its objects.
type health struct {
	poke chan struct{} // holds a token when something changed that matters

	mu           sync.Mutex
	found        []Finding
	since        map[string]time.Time
	told         string // the ids of found, for browsers
	certificates certificates
	volumes      volumes
	certified    time.Time // when that was asked last
	measured     time.Time
	stale        bool // a secret changed meanwhile
}

func newHealth() health {
	return health{poke: make(chan struct{}, 1), since: map[string]time.Time{}}
}

// matters are the kinds that a diagnosis looks at.
var matters = map[string]bool{
	"pods": true, "nodes": true, "deployments.apps": true, "statefulsets.apps": true, "daemonsets.apps": true, "replicasets.apps": true,
	"jobs.batch": true, "persistentvolumeclaims": true, "persistentvolumes": true, "resourcequotas": true,
	"horizontalpodautoscalers.autoscaling": true,
}

// about reports whether a change of a kind matters, and takes in that secrets changed.
func (h *health) about(kind string) bool {
	if kind == "secrets" {
		h.mu.Lock()
		h.stale = true
		h.mu.Unlock()
	}
	return matters[kind]
}

// watchHealth says again and again how the cluster is, until ctx ends.
func (m *member) watchHealth(ctx context.Context) {
	m.running.Go(func() { m.probeAll(ctx) })
	tick := time.NewTicker(diagnoseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.diagnose(ctx)
			m.report(ctx)
			continue
		case <-m.health.poke:
		}
		timer := time.NewTimer(diagnoseAfter)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			m.diagnose(ctx)
		}
	}
}

// diagnose finds out what is wrong now, and tells browsers if that changed.
func (m *member) diagnose(ctx context.Context) {
	v := m.view()
	found, since := findings(v)
	ids := make([]string, 0, len(found))
	var n int64
	for _, f := range found {
		ids = append(ids, f.Severity+f.id()+f.Title)
		if f.Severity != info {
			n++
		}
	}
	told := strings.Join(ids, "\n")
	m.health.mu.Lock()
	moved := m.health.told != told
	m.health.found, m.health.since, m.health.told = found, since, told
	m.health.mu.Unlock()
	if moved {
		m.count(ctx, n)
	}
}

// count keeps how many findings there are, and tells browsers.
func (m *member) count(ctx context.Context, n int64) {
	m.mu.Lock()
	moved := m.state.Facts.Findings != n
	m.state.Facts.Findings = n
	state, id, rev := m.state.State, m.row.ID, m.row.Rev
	m.mu.Unlock()
	if moved && state != "" {
		m.keepState(ctx)
	}
	m.service.Publish(m.tenant.ID, "clusters", id, rev)
}

// view returns what is known of the cluster now.
func (m *member) view() view {
	m.mu.Lock()
	v := view{now: m.service.Now(), all: m.all, one: m.one, latency: m.latency}
	if !m.answers && m.trouble != nil {
		v.trouble = fault.From(reason(m.trouble)).Msg
	}
	m.mu.Unlock()
	v.unwatched = m.unwatched()
	m.health.mu.Lock()
	v.since, v.certificates, v.volumes = m.health.since, m.health.certificates, m.health.volumes
	m.health.mu.Unlock()
	return v
}

// unwatched returns the kinds that the cluster has and does not show.
func (m *member) unwatched() []Unwatched {
	m.mu.Lock()
	tables := make([]*table, 0, len(m.tables))
	for _, t := range m.tables {
		tables = append(tables, t)
	}
	m.mu.Unlock()
	all := []Unwatched{}
	for _, t := range tables {
		if _, state, why, _ := t.count(); state == tableForbidden {
			all = append(all, Unwatched{t.kind.Name, why, costs(t.kind.Name)})
		}
	}
	slices.SortFunc(all, func(a, b Unwatched) int { return strings.Compare(a.Kind, b.Kind) })
	return all
}

// costs says what does not work where a kind cannot be seen.
func costs(kind string) string {
	for _, r := range rights {
		if r.Kind == kind && r.Verb == "watch" {
			return r.Costs
		}
	}
	return ""
}

// probeAll asks the cluster, until ctx ends, for what no table has: how full
// volumes are, and when certificates end.
func (m *member) probeAll(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		if m.reachable(ctx) != nil {
			return
		}
		m.probe(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// probe asks what is due.
func (m *member) probe(ctx context.Context) {
	m.mu.Lock()
	l := m.link
	m.mu.Unlock()
	now := m.service.Now()
	m.health.mu.Lock()
	certify := now.Sub(m.health.certified) >= certifyEvery ||
		(m.health.stale || m.health.certificates.why != "") && now.Sub(m.health.certified) >= certifyAgain
	measure := now.Sub(m.health.measured) >= volumesEvery
	m.health.mu.Unlock()
	if l == nil || !certify && !measure {
		return
	}
	if certify {
		within, cancel := context.WithTimeout(ctx, probeWithin)
		found := m.service.certificates(within, l)
		cancel()
		m.health.mu.Lock()
		m.health.certificates, m.health.certified, m.health.stale = found, now, false
		m.health.mu.Unlock()
	}
	if nodes := m.readyNodes(); measure && len(nodes) > 0 {
		within, cancel := context.WithTimeout(ctx, probeWithin)
		found := l.volumes(within, nodes)
		cancel()
		m.health.mu.Lock()
		m.health.volumes, m.health.measured = found, now
		m.health.mu.Unlock()
	}
	token(m.health.poke)
}

// readyNodes returns the names of nodes whose kubelets answer.
func (m *member) readyNodes() []string {
	var names []string
	for _, o := range m.all("nodes") {
		if o.Ready == 1 {
			names = append(names, o.Name)
		}
	}
	return names
}

// maxCertificatesShown bounds the certificates of an answer.
const maxCertificatesShown = 50

// Health says how a cluster is now.
func (s *Service) Health(ctx context.Context, t store.Tenant, id string) (Health, error) {
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return Health{}, err
	}
	m := s.member(t, v)
	m.mu.Lock()
	state := m.state
	if m.latency > 0 {
		ms := m.latency.Milliseconds()
		state.Facts.Latency = &ms
	}
	m.mu.Unlock()
	m.health.mu.Lock()
	found, certs := m.health.found, slices.Clone(m.health.certificates.all)
	m.health.mu.Unlock()
	slices.SortFunc(certs, func(a, b Certificate) int { return a.Ends.Compare(b.Ends) })
	certs = certs[:min(len(certs), maxCertificatesShown)]
	shown := found[:min(len(found), maxFindings)]
	return Health{
		State: state.State, Reason: state.Reason, Since: state.Since, Version: state.Facts.Version, Latency: state.Facts.Latency,
		Certificates: append([]Certificate{}, certs...), Findings: append([]Finding{}, shown...), More: len(found) - len(shown), Unwatched: m.unwatched(),
	}, nil
}

// Findings returns what is wrong in all clusters of a tenant, the worst and newest
// first, at most n of it, and how much is left out.
func (s *Service) Findings(t store.TenantID, n int) (all []FindingOf, more int) {
	all = []FindingOf{}
	for id, m := range s.watched(t) {
		m.mu.Lock()
		name := m.row.Name
		m.mu.Unlock()
		m.health.mu.Lock()
		for _, f := range m.health.found {
			all = append(all, FindingOf{id, name, f})
		}
		m.health.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b FindingOf) int {
		if c := worst(a.Finding, b.Finding); c != 0 {
			return c
		}
		return strings.Compare(a.Cluster, b.Cluster)
	})
	more = max(0, len(all)-n)
	return all[:len(all)-more], more
}
