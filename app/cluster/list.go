package cluster

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Query asks for objects of one kind in one cluster, several, or all.
type Query struct {
	Kind       string
	Clusters   []string // ids; empty: every cluster of the tenant
	Namespaces []string // empty: all
	Q          string   // words, each of which the name, the namespace or another text has
	Labels     string   // a selector, as kubectl takes it
	Fields     string   // as in status=critical,node!=a,restarts>3
	Sort       string   // name, age, status, restarts, node, cpu, memory
	Descending bool
	Cursor     string
	Offset     int
	Limit      int
}

// A Row is an object and the cluster that it is in.
type Row struct {
	Cluster string
	*Object
}

// A Found is one page of what a query asks for.
type Found struct {
	Rows    []Row
	Total   int    // how many there are on all pages
	Next    string // the cursor of the next page
	Sources []Source
	Columns []string // what the cells of the rows are
}

// A Source says how up to date the rows of one cluster are.
type Source struct {
	Cluster string     `json:"cluster_id"`
	State   string     `json:"state" enum:"syncing,synced,stale,forbidden,failed,unreachable,missing" doc:"missing: the cluster does not serve the kind"`
	Reason  string     `json:"reason,omitempty"`
	Stale   *time.Time `json:"stale_since,omitempty" doc:"Since when the rows are not up to date"`
	Count   int        `json:"count" doc:"Objects of the kind, before any filter"`
}

var (
	errSelector = fault.New(fault.Invalid, "objects.labels_invalid", "This is not a label selector. Write it as kubectl does: app=web, tier!=cache, env in (a, b).")
	errFields   = fault.New(fault.Invalid, "objects.fields_invalid", "This is not a field filter. Write status=critical, phase=Running, node=a, owner=web, restarts>3, with commas between.")
)

// Objects returns one page of the objects of a kind, as they were seen last. A
// cluster that does not answer shows what was there, and says since when.
func (s *Service) Objects(ctx context.Context, t store.Tenant, q Query) (Found, error) {
	f, err := newFilter(q)
	if err != nil {
		return Found{}, err
	}
	all, err := s.asked(ctx, t, q.Clusters)
	if err != nil {
		return Found{}, err
	}
	out := Found{Rows: []Row{}, Sources: []Source{}, Columns: cells(q.Kind)}
	var rows []Row
	for _, m := range all {
		from, matching := m.rows(ctx, q, f)
		out.Sources = append(out.Sources, from)
		rows = append(rows, matching...)
	}
	err = out.page(rows, q, len(all) == 1)
	return out, err
}

// asked returns the clusters that a query is about. All of them must be the tenant's.
func (s *Service) asked(ctx context.Context, t store.Tenant, ids []string) ([]*member, error) {
	if len(ids) == 0 {
		all := make([]*member, 0, 4)
		for _, m := range s.watched(t.ID) {
			all = append(all, m)
		}
		slices.SortFunc(all, func(a, b *member) int { return strings.Compare(a.id(), b.id()) })
		return all, nil
	}
	watched := s.watched(t.ID)
	all := make([]*member, 0, len(ids))
	for _, id := range ids {
		m := watched[id]
		if m == nil { // just registered, or nobody's, or somebody else's
			v, err := t.Cluster(ctx, id)
			if err != nil {
				return nil, err
			}
			m = s.member(t, v)
		}
		all = append(all, m)
	}
	return all, nil
}

// rows returns the objects of one cluster that match.
func (m *member) rows(ctx context.Context, q Query, f *filter) (Source, []Row) {
	from := Source{Cluster: m.id()}
	t := m.table(q.Kind)
	if t == nil {
		return m.demanded(ctx, q, f)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	from.Count, from.State, from.Reason = len(t.order), t.state, t.reason
	if t.state != tableSynced && !t.seen.IsZero() {
		from.Stale = &t.seen
		if t.state == tableSyncing {
			from.State = store.ClusterStale
		}
	}
	if state, why, since := m.reachState(); state != "" {
		from.State, from.Reason = state, why
		if from.Stale == nil {
			from.Stale = &since
		}
	}
	var rows []Row
	for _, o := range t.order {
		if f.matches(o) {
			rows = append(rows, Row{from.Cluster, o})
		}
	}
	return from, rows
}

// id returns the id of the cluster.
func (m *member) id() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.row.ID
}

// reachState says why nothing of the cluster is up to date; nothing: it answers.
func (m *member) reachState() (state, why string, since time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers || m.trouble == nil {
		return "", "", since
	}
	return store.ClusterUnreachable, message(m.trouble), m.lost
}

// A place is where a page ended: enough of its last row to find the next.
type place struct {
	Cluster   string `json:"c"`
	Namespace string `json:"ns"`
	Name      string `json:"n"`
	Created   int64  `json:"a,omitempty"`
	Status    Status `json:"s,omitempty"`
	Restarts  int32  `json:"r,omitempty"`
	Node      string `json:"no,omitempty"`
	CPU       int32  `json:"cpu,omitempty"`
	Memory    int64  `json:"m,omitempty"`
}

func placeOf(r Row) place {
	cpu, memory, _ := r.Usage()
	return place{r.Cluster, r.Namespace, r.Name, r.Created, r.Status, r.Restarts, r.Node, cpu, memory}
}

func (p place) row() Row {
	o := &Object{Namespace: p.Namespace, Name: p.Name, Created: p.Created, Status: p.Status, Restarts: p.Restarts, Node: p.Node, use: &use{}}
	o.setUsage(p.CPU, p.Memory)
	return Row{p.Cluster, o}
}

// page chooses the rows that are asked for. The rows of one cluster come by name.
func (f *Found) page(rows []Row, q Query, sorted bool) error {
	f.Total = len(rows)
	less := order(q)
	skip := q.Offset
	if q.Cursor != "" {
		var p place
		raw, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err == nil {
			err = json.Unmarshal(raw, &p)
		}
		if err != nil {
			return store.ErrCursor.Because(err)
		}
		after := p.row()
		rows = slices.DeleteFunc(rows, func(r Row) bool { return less(after, r) >= 0 })
	}
	if !sorted || q.Sort != "" && q.Sort != "name" || q.Descending {
		rows = first(rows, skip+q.Limit+1, less)
	}
	rows = rows[min(skip, len(rows)):]
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		raw, err := json.Marshal(placeOf(rows[q.Limit-1]))
		if err != nil {
			return err
		}
		f.Next = base64.RawURLEncoding.EncodeToString(raw)
	}
	f.Rows = append(f.Rows, rows...)
	return nil
}

// order returns how the rows of a query are compared: by what it says, then by
// name and cluster, so that no two are the same.
func order(q Query) func(a, b Row) int {
	by := sorts[q.Sort]
	return func(a, b Row) int {
		c := 0
		if by != nil {
			c = by(a.Object, b.Object)
		}
		if c == 0 {
			c = byName(a.Object, b.Object)
		}
		if c == 0 {
			c = strings.Compare(a.Cluster, b.Cluster)
		}
		if q.Descending {
			return -c
		}
		return c
	}
}

// sorts are the orders beside that by name. What people look for comes first:
// the worst, the youngest, what restarts and takes most.
var sorts = map[string]func(a, b *Object) int{
	"age":      func(a, b *Object) int { return cmp.Compare(b.Created, a.Created) },
	"status":   func(a, b *Object) int { return int(b.Status) - int(a.Status) },
	"restarts": func(a, b *Object) int { return cmp.Compare(b.Restarts, a.Restarts) },
	"node":     func(a, b *Object) int { return strings.Compare(a.Node, b.Node) },
	"cpu": func(a, b *Object) int {
		x, _, _ := a.Usage()
		y, _, _ := b.Usage()
		return cmp.Compare(y, x)
	},
	"memory": func(a, b *Object) int {
		_, x, _ := a.Usage()
		_, y, _ := b.Usage()
		return cmp.Compare(y, x)
	},
}

// first returns the first n rows in an order. For a page near the beginning of
// many it keeps only those, instead of sorting all.
func first(rows []Row, n int, less func(a, b Row) int) []Row {
	if n > 1000 || n*4 > len(rows) {
		slices.SortFunc(rows, less)
		return rows[:min(n, len(rows))]
	}
	kept := make([]Row, 0, n+1)
	for _, r := range rows {
		if len(kept) == n && less(r, kept[n-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(kept, r, less)
		kept = slices.Insert(kept, at, r)
		kept = kept[:min(n, len(kept))]
	}
	return kept
}

// A filter tells the objects that a query asks for.
type filter struct {
	namespaces []string
	words      []string
	labels     labels.Selector // nil: any
	fields     []fieldTest
}

func newFilter(q Query) (*filter, error) {
	f := &filter{namespaces: q.Namespaces, words: strings.Fields(strings.ToLower(q.Q))}
	if q.Labels != "" {
		s, err := labels.Parse(q.Labels)
		if err != nil {
			return nil, errSelector.Because(err)
		}
		f.labels = s
	}
	var err error
	f.fields, err = parseFields(q.Fields)
	return f, err
}

// matches reports whether a query asks for o. The cheap questions come first.
func (f *filter) matches(o *Object) bool {
	if len(f.namespaces) > 0 && !slices.Contains(f.namespaces, o.Namespace) {
		return false
	}
	for _, t := range f.fields {
		if !t.holds(o) {
			return false
		}
	}
	if f.labels != nil && !f.labels.Matches(labels.Set(o.Labels)) {
		return false
	}
	for _, w := range f.words {
		if !has(o, w) {
			return false
		}
	}
	return true
}

// has reports whether a text of o has a word, which is in lower case.
func has(o *Object, w string) bool {
	return contains(o.Name, w) || contains(o.Namespace, w) || contains(o.Phase, w) || contains(o.Node, w) ||
		slices.ContainsFunc(o.Cells, func(c string) bool { return contains(c, w) })
}

// contains is strings.Contains without regard to case: names of Kubernetes are
// in lower case, so most are found without making another string.
func contains(s, w string) bool {
	if strings.Contains(s, w) {
		return true
	}
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' || c >= 0x80 {
			return strings.Contains(strings.ToLower(s), w)
		}
	}
	return false
}

// A KindState is a kind of a cluster, and how many of it there are.
type KindState struct {
	Kind
	Count   int      `json:"count"`
	State   string   `json:"state" enum:"syncing,synced,forbidden,failed,on_demand" doc:"on_demand: it is listed when somebody looks"`
	Reason  string   `json:"reason,omitempty"`
	Columns []string `json:"columns" nullable:"false" doc:"What the cells of its objects are"`
}

// Kinds returns what a cluster serves, by name.
func (s *Service) Kinds(ctx context.Context, t store.Tenant, id string) ([]KindState, error) {
	of, err := s.asked(ctx, t, []string{id})
	if err != nil {
		return nil, err
	}
	m := of[0]
	m.mu.Lock()
	tables, l := maps.Clone(m.tables), m.link
	m.mu.Unlock()
	all := make([]KindState, 0, len(tables))
	for _, t := range tables {
		n, state, why, _ := t.count()
		all = append(all, KindState{t.kind, n, state, why, cells(t.kind.Name)})
	}
	if l != nil {
		for _, k := range l.known() {
			if tables[k.Name] == nil {
				all = append(all, KindState{k, 0, "on_demand", "", cells(k.Name)})
			}
		}
	}
	slices.SortFunc(all, func(a, b KindState) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func cells(kind string) []string { return append([]string{}, columns[kind]...) }
