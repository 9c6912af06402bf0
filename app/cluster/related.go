package cluster

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"unity.internal/store"
)

const (
	maxRelated = 100 // nodes of a graph
	maxAlike   = 20  // nodes that one node is related to in the same way
)

// A Graph is what an object has to do with others.
type Graph struct {
	Nodes   []GraphNode `json:"nodes" nullable:"false" doc:"The object itself is the first"`
	Edges   []GraphEdge `json:"edges" nullable:"false"`
	More    []GraphMore `json:"more" nullable:"false" doc:"What is left out"`
	Missing []string    `json:"missing" nullable:"false" doc:"What could not be read, and why"`
}

// A GraphNode is one object of a graph.
type GraphNode struct {
	Ref    Ref    `json:"ref"`
	Status string `json:"status" enum:"none,ok,progress,warning,critical"`
	Phase  string `json:"phase" doc:"Missing: it is named by another object, but it is not there"`
}

// A GraphEdge is how two objects are related, as indexes of nodes.
type GraphEdge struct {
	From  int    `json:"from"`
	To    int    `json:"to"`
	Label string `json:"label" enum:"owns,selects,routes to,uses,runs as,runs on,bound to,class,scales,guards,filters,gives,certificate"`
}

// A GraphMore is how many objects are related in a way beside those that are shown.
type GraphMore struct {
	Node  int    `json:"node" doc:"The index of the node that they are related to"`
	Label string `json:"label"`
	Count int    `json:"count"`
}

// Related returns what an object has to do with others, as it is in memory.
func (s *Service) Related(ctx context.Context, t store.Tenant, id string, ref Ref) (Graph, error) {
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return Graph{}, err
	}
	m := s.member(t, v)
	l, err := m.linked(ctx, v)
	if err != nil {
		return Graph{}, err
	}
	w := newWorld(m, m.kindNamed, m.watchedKinds())
	missing := w.widen(ctx, l, ref)
	o, there := w.one(ref)
	if !there {
		if o, ref, err = l.compact(ctx, ref); err != nil {
			return Graph{}, err
		}
	}
	if !m.complete("pods") {
		missing = append(missing, "Not everything in this cluster is up to date yet.")
	}
	g := w.relate(ref, o)
	g.Missing = append(g.Missing, missing...)
	return g, nil
}

// watchedKinds returns the kinds that are in memory.
func (m *member) watchedKinds() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]string, 0, len(m.tables))
	for name := range m.tables {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// complete reports whether all objects of a kind are in memory.
func (m *member) complete(kind string) bool {
	t := m.table(kind)
	if t == nil {
		return false
	}
	_, state, _, _ := t.count()
	return state == tableSynced
}

// compact reads an object that is not in memory.
func (l *link) compact(ctx context.Context, ref Ref) (*Object, Ref, error) {
	_, ref, raw, err := l.read(ctx, ref)
	if err != nil {
		return nil, ref, err
	}
	e, err := decode[envelope](raw)
	if err != nil {
		return nil, ref, err
	}
	return bare(&e.Metadata), ref, nil
}

const (
	routeKind   = "httproutes.gateway.networking.k8s.io"
	accountKind = "serviceaccounts"
	claimKind   = "persistentvolumeclaims"
	volumeKind  = "persistentvolumes"
	classKind   = "storageclasses.storage.k8s.io"
	policyKind  = "networkpolicies.networking.k8s.io"
	budgetKind  = "poddisruptionbudgets.policy"
	scalerKind  = "horizontalpodautoscalers.autoscaling"
	ingressKind = "ingresses.networking.k8s.io"
)

// widen reads what is in memory by its metadata only: routes of the Gateway API
// and who has which rights. It returns what could not be read.
func (w *world) widen(ctx context.Context, l *link, ref Ref) (missing []string) {
	k, err := l.kinds(ctx)
	if err != nil {
		return []string{message(err)}
	}
	if kind, err := k.named(routeKind); err == nil {
		routes, err := list[httpRouteItem](ctx, l, kind, ref.Namespace, "", "", 500)
		if err != nil {
			missing = append(missing, "Routes: "+message(err))
		}
		for _, r := range routes {
			w.add(routeKind, r.object(k))
		}
	}
	if !strings.HasSuffix(ref.Kind, rbacGroup) && ref.Kind != accountKind && ref.Kind != "pods" && !makesPods[ref.Kind] {
		return missing
	}
	all, err := bindings(ctx, l, k, ref.Namespace)
	if err != nil {
		missing = append(missing, "Bindings: "+message(err))
	}
	for _, b := range all {
		w.add(b.ref().Kind, b.object())
	}
	return missing
}

// makesPods are the kinds with a template of pods.
var makesPods = map[string]bool{
	"deployments.apps": true, "replicasets.apps": true, "statefulsets.apps": true, "daemonsets.apps": true, "jobs.batch": true, "cronjobs.batch": true,
}

// An httpRouteItem is a route in a list.
type httpRouteItem struct {
	Metadata struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		UID       string `json:"uid"`
	} `json:"metadata"`
	httpRoute
}

func (r httpRouteItem) object(k kinds) *Object {
	o := &Object{Namespace: r.Metadata.Namespace, Name: r.Metadata.Name, UID: r.Metadata.UID}
	for _, rule := range r.Spec.Rules {
		for _, b := range rule.BackendRefs {
			if to := b.ref(k, o.Namespace, "", "Service"); !slices.Contains(o.Refs, to) {
				o.Refs = append(o.Refs, to)
			}
		}
	}
	return o
}

// object returns the binding with whom it gives what.
func (b binding) object() *Object {
	o := &Object{Namespace: b.Metadata.Namespace, Name: b.Metadata.Name, UID: b.Metadata.UID, Refs: []Ref{b.role()}}
	for _, s := range b.Subjects {
		if s.Kind == "ServiceAccount" {
			o.Refs = append(o.Refs, Ref{accountKind, s.Namespace, s.Name})
		}
	}
	return o
}

// A world is what relations are looked for in. What it has of a kind is a
// snapshot, taken when it is first looked at.
type world struct {
	near   near
	named  func(string) string // the name of a kind for "Deployment.apps"
	kinds  []string
	seen   map[string][]*Object
	better map[Ref]*Object
}

func newWorld(n near, named func(string) string, kinds []string) *world {
	return &world{near: n, named: named, kinds: kinds, seen: map[string][]*Object{}, better: map[Ref]*Object{}}
}

// all returns the objects of a kind.
func (w *world) all(kind string) []*Object {
	all, ok := w.seen[kind]
	if !ok {
		all = w.near.all(kind)
		w.seen[kind] = all
	}
	return all
}

// add puts an object into the world that is known better than in memory.
func (w *world) add(kind string, o *Object) {
	w.better[o.ref(kind)] = o
	all := w.all(kind)
	at := slices.IndexFunc(all, func(old *Object) bool { return old.key() == o.key() })
	if at >= 0 {
		all[at] = o
		return
	}
	if !slices.Contains(w.kinds, kind) {
		w.kinds = append(w.kinds, kind)
	}
	w.seen[kind] = append(all, o)
}

// one returns an object.
func (w *world) one(r Ref) (*Object, bool) {
	if o, ok := w.better[r]; ok {
		return o, true
	}
	return w.near.one(r)
}

// clusterWide are the kinds that objects name and that are in no namespace.
var clusterWide = map[string]bool{
	volumeKind: true, classKind: true, "nodes": true, "clusterroles" + rbacGroup: true, "clusterrolebindings" + rbacGroup: true, "namespaces": true,
}

// refs returns what an object uses, named in full.
func (w *world) refs(o *Object) []Ref {
	all := make([]Ref, 0, len(o.Refs)+1)
	for _, r := range o.Refs {
		all = append(all, w.full(r, o.Namespace))
	}
	if o.Node != "" {
		all = append(all, Ref{Kind: "nodes", Name: o.Node})
	}
	return all
}

// full names an object in full: its kind as lists have it, and its namespace.
func (w *world) full(r Ref, namespace string) Ref {
	if r.Kind != "" && r.Kind[0] >= 'A' && r.Kind[0] <= 'Z' {
		r.Kind = w.named(r.Kind)
	}
	if r.Namespace == "" && !clusterWide[r.Kind] {
		r.Namespace = namespace
	}
	return r
}

// points reports whether an object uses another one. It makes nothing: it is
// asked of every pod.
func (w *world) points(o *Object, to Ref) bool {
	if to.Kind == "nodes" {
		return o.Node == to.Name
	}
	for _, r := range o.Refs {
		if r.Name == to.Name && w.full(r, o.Namespace) == to {
			return true
		}
	}
	return false
}

// selector returns which pods of its namespace an object selects.
func selector(kind string, o *Object) labels.Selector {
	cell := ""
	switch {
	case kind == "services" && len(o.Selector) > 0:
		return labels.SelectorFromSet(o.Selector)
	case kind == policyKind && len(o.Cells) > 0:
		cell = o.Cells[0]
	case kind == budgetKind && len(o.Cells) > 2:
		cell = o.Cells[2]
	}
	switch cell {
	case "":
		return labels.Nothing()
	case "*":
		return labels.Everything()
	}
	s, err := labels.Parse(cell)
	if err != nil {
		return labels.Nothing()
	}
	return s
}

// selecting are the kinds that select pods by labels, and what that means.
var selecting = map[string]string{"services": "selects", policyKind: "filters", budgetKind: "guards"}
