package cluster

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A member is one cluster that is watched: its tables, and how it is.
type member struct {
	service *Service
	tenant  store.Tenant
	share   *interner
	poke    chan struct{} // holds a token when the cluster is to be asked now
	learn   chan struct{} // holds a token when its kinds may have changed
	notify  chan struct{} // holds a token when objects changed
	peak    atomic.Uint64 // the highest version of an object that was seen
	usage   *usage        // of pods and nodes in the last minutes

	running sync.WaitGroup
	life    sync.Mutex // of start and halt
	end     context.CancelFunc

	mu       sync.Mutex
	row      store.Cluster
	link     *link // nil: its credential could not be opened yet
	tables   map[string]*table
	follows  map[string]context.CancelFunc // by kind
	names    map[schema.GroupKind]string
	up       chan struct{} // closed while the cluster answers
	answers  bool
	trouble  error     // why it does not
	lost     time.Time // since when
	latency  time.Duration
	state    store.ClusterState
	restored bool
	changed  map[string][]key // not told yet, by kind
	whole    map[string]bool  // kinds of which everything changed

	health health
}

func newMember(s *Service, t store.Tenant, v store.Cluster) *member {
	return &member{
		service: s, tenant: t, row: v, share: newInterner(), state: v.ClusterState,
		poke: make(chan struct{}, 1), learn: make(chan struct{}, 1), notify: make(chan struct{}, 1),
		tables: map[string]*table{}, follows: map[string]context.CancelFunc{}, names: map[schema.GroupKind]string{},
		up: make(chan struct{}), changed: map[string][]key{}, whole: map[string]bool{}, end: func() {},
		health: newHealth(), usage: newUsage(),
	}
}

// linked returns the way to the cluster as v says it is now.
func (m *member) linked(ctx context.Context, v store.Cluster) (*link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.link != nil && m.row.Rev == v.Rev {
		return m.link, nil
	}
	l, err := m.service.connect(ctx, m.tenant, v)
	if err != nil {
		return nil, err
	}
	if m.link != nil {
		m.link.close()
	}
	m.row, m.link = v, l
	return l, nil
}

// start watches the cluster, and anew if its credential changed.
func (m *member) start(ctx context.Context, v store.Cluster) {
	m.life.Lock()
	defer m.life.Unlock()
	m.mu.Lock()
	same := m.restored && m.row.Rev == v.Rev
	m.mu.Unlock()
	if same {
		return
	}
	m.end()
	m.running.Wait()
	m.mu.Lock()
	m.row.Rev, m.restored = 0, true // so that the link is made anew
	m.mu.Unlock()
	run, end := context.WithCancel(ctx)
	m.end = end
	m.running.Go(func() { m.run(run, v) })
}

// cancel asks the watch to end.
func (m *member) cancel() {
	m.life.Lock()
	defer m.life.Unlock()
	m.end()
}

// halt ends the watch and waits for it.
func (m *member) halt() {
	m.cancel()
	m.running.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.link != nil {
		m.link.close()
	}
}

// table returns the table of a kind, or nil.
func (m *member) table(kind string) *table {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tables[kind]
}

// all returns the objects of a kind, by namespace and name; nil if it is not watched.
func (m *member) all(kind string) []*Object {
	if t := m.table(kind); t != nil {
		return t.all()
	}
	return nil
}

// one returns an object as it was seen last.
func (m *member) one(r Ref) (*Object, bool) {
	if t := m.table(r.Kind); t != nil {
		return t.one(key{r.Namespace, r.Name})
	}
	return nil, false
}

// kindNamed makes "Deployment.apps" the name of a kind. What the cluster does
// not serve stays as it is.
func (m *member) kindNamed(text string) string {
	gk := schema.ParseGroupKind(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if name, ok := m.names[gk]; ok {
		return name
	}
	return gk.Kind
}

// reachable waits until the cluster answers.
func (m *member) reachable(ctx context.Context) error {
	m.mu.Lock()
	up := m.up
	m.mu.Unlock()
	select {
	case <-up:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// doubt has the cluster asked whether it answers, now.
func (m *member) doubt() { token(m.poke) }

// relearn has the cluster asked for its kinds.
func (m *member) relearn() { token(m.learn) }

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is there
	}
}

// heard takes in how a table is. Who shows its objects says how up to date they are.
func (m *member) heard(t *table, state, why string) {
	if t.set(state, why, m.service.Now()) {
		m.moved(t.kind.Name)
	}
}

// moved takes in that objects changed. The browser is told of them together.
func (m *member) moved(kind string, keys ...key) {
	m.mu.Lock()
	if len(keys) == 0 || len(m.changed[kind]) > maxKeys {
		m.whole[kind] = true
		delete(m.changed, kind)
	}
	if !m.whole[kind] {
		m.changed[kind] = append(m.changed[kind], keys...)
	}
	m.mu.Unlock()
	token(m.notify)
	if m.health.about(kind) {
		token(m.health.poke)
	}
	if kind == "customresourcedefinitions.apiextensions.k8s.io" || kind == "apiservices.apiregistration.k8s.io" {
		m.relearn()
	}
}

// message says in a sentence why a call failed.
func message(err error) string { return fault.From(reason(err)).Msg }
