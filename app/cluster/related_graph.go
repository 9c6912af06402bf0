package cluster

import (
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// The ways by which a node came into a graph: they say where to look further.
type way uint8

const (
	wayFocus  way = iota // it is what was asked for
	wayOwner             // it owns the focus
	wayOwned             // the focus owns it
	wayUsed              // somebody uses it
	wayUser              // it uses somebody
	wayPicked            // it is a pod that somebody selects
	wayPicks             // it selects pods
)

// A grower makes a graph, nearest relations first.
type grower struct {
	*world
	graph   Graph
	at      map[Ref]int
	objects []*Object // of the nodes; nil: it is not there
	ways    []way
	edges   map[GraphEdge]bool
	used    map[Ref]bool // what the focus uses itself
}

// relate returns what an object has to do with others. It asks nobody.
func (w *world) relate(ref Ref, o *Object) Graph {
	g := &grower{world: w, at: map[Ref]int{}, edges: map[GraphEdge]bool{}, used: map[Ref]bool{}}
	g.graph = Graph{Nodes: []GraphNode{}, Edges: []GraphEdge{}, More: []GraphMore{}, Missing: []string{}}
	g.node(ref, o, wayFocus)
	for _, r := range w.refs(o) {
		g.used[r] = true
	}
	for n := 0; n < len(g.graph.Nodes); n++ {
		if g.objects[n] != nil {
			g.expand(n)
		}
	}
	return g.graph
}

// expand adds what is related to a node, as far as the way to it wants.
func (g *grower) expand(n int) {
	switch g.ways[n] {
	case wayFocus:
		g.owners(n)
		g.owned(n)
		g.uses(n)
		g.picks(n)
		g.pickedBy(n)
		g.users(n)
	case wayOwner:
		g.owners(n)
		g.usersOf(n, scalerKind)
	case wayOwned:
		g.owned(n)
		g.uses(n)
		g.pickedBy(n)
	case wayUsed:
		g.onward(n)
	case wayUser:
		g.backward(n)
	case wayPicked:
		g.owners(n)
	case wayPicks:
		g.usersOf(n, ingressKind)
		g.usersOf(n, routeKind)
	}
}

// onward follows from what somebody uses to what that needs itself.
func (g *grower) onward(n int) {
	switch kind := g.kind(n); kind {
	case claimKind, volumeKind:
		g.uses(n)
	case accountKind:
		if strings.HasSuffix(g.kind(0), rbacGroup) {
			return // it was asked for what gives, not for all that is given
		}
		g.usersOf(n, "rolebindings"+rbacGroup)
		g.usersOf(n, "clusterrolebindings"+rbacGroup)
	case "services":
		g.picks(n)
	default:
		if makesPods[kind] && g.kind(0) == scalerKind {
			g.owned(n)
		}
	}
}

// backward follows from what uses somebody to whom that is for.
func (g *grower) backward(n int) {
	switch kind := g.kind(n); {
	case strings.HasSuffix(kind, rbacGroup):
		g.uses(n)
	case kind == claimKind && g.kind(0) != "pods":
		g.users(n)
	case kind == "pods" && g.kind(0) != "nodes":
		g.owners(n)
	}
}

func (g *grower) kind(n int) string { return g.graph.Nodes[n].Ref.Kind }

// node returns the index of an object's node, which it makes if there is room.
func (g *grower) node(ref Ref, o *Object, by way) (int, bool) {
	if n, ok := g.at[ref]; ok {
		return n, true
	}
	if len(g.graph.Nodes) == maxRelated {
		return 0, false
	}
	node := GraphNode{Ref: ref, Status: StatusNone.String()}
	switch {
	case o != nil:
		node.Status, node.Phase = o.Status.String(), o.Phase
	case g.near.complete(ref.Kind):
		node.Status, node.Phase = StatusWarning.String(), "Missing"
	}
	n := len(g.graph.Nodes)
	g.at[ref] = n
	g.graph.Nodes, g.objects, g.ways = append(g.graph.Nodes, node), append(g.objects, o), append(g.ways, by)
	return n, true
}

// A group adds nodes that are related to one node in the same way, the first few
// of them, and counts the others.
type group struct {
	*grower
	n     int
	label string
	out   bool // the edge goes from the node
	by    way
	shown int
	more  int
}

func (g *group) add(ref Ref, o *Object) {
	_, known := g.at[ref]
	if !known && g.shown == maxAlike {
		g.more++
		return
	}
	to, ok := g.node(ref, o, g.by)
	if !ok {
		g.more++
		return
	}
	if !known {
		g.shown++
	}
	e := GraphEdge{g.n, to, g.label}
	if !g.out {
		e.From, e.To = to, g.n
	}
	if !g.edges[e] && e.From != e.To {
		g.edges[e] = true
		g.graph.Edges = append(g.graph.Edges, e)
	}
}

func (g *group) end() {
	if g.more > 0 {
		g.graph.More = append(g.graph.More, GraphMore{g.n, g.label, g.more})
	}
}

// owners adds what the node belongs to.
func (g *grower) owners(n int) {
	o := g.objects[n]
	if o.Owner == nil {
		return
	}
	ref := g.full(Ref{Kind: o.Owner.Kind, Name: o.Owner.Name}, o.Namespace)
	owner, there := g.one(ref)
	if !there && ref.Namespace != "" { // an owner may be in no namespace
		if wide, ok := g.one(Ref{Kind: ref.Kind, Name: ref.Name}); ok {
			owner, ref.Namespace = wide, ""
		}
	}
	by := wayOwner
	if g.ways[n] == wayPicked || g.ways[n] == wayUser {
		by = wayPicked
	}
	in := group{grower: g, n: n, label: "owns", by: by}
	in.add(ref, owner)
}

// owned adds what belongs to the node.
func (g *grower) owned(n int) {
	uid := g.objects[n].UID
	out := group{grower: g, n: n, label: "owns", out: true, by: wayOwned}
	for _, kind := range g.kinds {
		if kind == "events" {
			continue
		}
		for _, o := range g.all(kind) {
			if o.Owner != nil && o.Owner.UID == uid && uid != "" && !spent(kind, o) {
				out.add(o.ref(kind), o)
			}
		}
	}
	out.end()
}

// spent reports whether an object is kept for its history only: a replica set of
// an old revision.
func spent(kind string, o *Object) bool {
	return kind == "replicasets.apps" && o.Want == 0 && o.Ready == 0
}

// uses adds what the node uses. What pods use that the focus names itself is
// shown once.
func (g *grower) uses(n int) {
	kind, o := g.kind(n), g.objects[n]
	for _, r := range g.refs(o) {
		if g.ways[n] == wayOwned && g.used[r] && r.Kind != "nodes" {
			continue
		}
		if kind == volumeKind && r.Kind == claimKind {
			in := group{grower: g, n: n, label: "bound to", by: wayUser}
			used, _ := g.one(r)
			in.add(r, used)
			continue
		}
		out := group{grower: g, n: n, label: meansBy(kind, r.Kind), out: true, by: wayUsed}
		used, _ := g.one(r)
		out.add(r, used)
	}
}

// meansBy says what it means that an object of one kind names one of another.
func meansBy(from, to string) string {
	switch {
	case from == scalerKind:
		return "scales"
	case strings.HasSuffix(from, rbacGroup):
		return "gives"
	case to == "services":
		return "routes to"
	case to == accountKind:
		return "runs as"
	case to == "nodes":
		return "runs on"
	case to == volumeKind:
		return "bound to"
	case to == classKind:
		return "class"
	case from == ingressKind:
		return "certificate"
	}
	return "uses"
}

// pointing are the kinds whose objects name others.
var pointing = []string{
	"deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "jobs.batch", "replicasets.apps", "pods", ingressKind, routeKind, claimKind, volumeKind,
	scalerKind, "rolebindings" + rbacGroup, "clusterrolebindings" + rbacGroup,
}

// users adds what uses the node.
func (g *grower) users(n int) {
	for _, kind := range pointing {
		g.usersOf(n, kind)
	}
}

// usersOf adds what uses the node and is of a kind. Of a workload and its pods,
// the topmost that names it is enough.
func (g *grower) usersOf(n int, kind string) {
	to := g.graph.Nodes[n].Ref
	in := group{grower: g, n: n, label: meansBy(kind, to.Kind), by: wayUser}
	for _, o := range g.all(kind) {
		if g.points(o, to) && !g.spoken(kind, o, to) {
			if kind == volumeKind && to.Kind == claimKind {
				continue // the claim names the volume
			}
			in.add(o.ref(kind), o)
		}
	}
	in.end()
}

// spoken reports whether an owner of the object names the same.
func (g *grower) spoken(kind string, o *Object, to Ref) bool {
	if o.Owner == nil || to.Kind == "nodes" || kind != "pods" && !makesPods[kind] {
		return false
	}
	owner, ok := g.one(g.full(Ref{Kind: o.Owner.Kind, Name: o.Owner.Name}, o.Namespace))
	return ok && (g.points(owner, to) || spent(kind, o))
}

// picks adds the pods that the node selects.
func (g *grower) picks(n int) {
	kind, o := g.kind(n), g.objects[n]
	label := selecting[kind]
	if label == "" {
		return
	}
	s := selector(kind, o)
	out := group{grower: g, n: n, label: label, out: true, by: wayPicked}
	for _, p := range g.inNamespace("pods", o.Namespace) {
		if s.Matches(labels.Set(p.Labels)) {
			out.add(p.ref("pods"), p)
		}
	}
	out.end()
}

// pickedBy adds what selects the node, if it is a pod.
func (g *grower) pickedBy(n int) {
	if g.kind(n) != "pods" {
		return
	}
	o := g.objects[n]
	for _, kind := range []string{"services", policyKind, budgetKind} {
		in := group{grower: g, n: n, label: selecting[kind], by: wayPicks}
		for _, s := range g.inNamespace(kind, o.Namespace) {
			if selector(kind, s).Matches(labels.Set(o.Labels)) {
				in.add(s.ref(kind), s)
			}
		}
		in.end()
	}
}

// inNamespace returns the objects of a kind in a namespace.
func (g *grower) inNamespace(kind, namespace string) []*Object {
	all := g.all(kind)
	from, to := spanOf(all, namespace)
	return all[from:to]
}
