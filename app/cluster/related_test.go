package cluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A shelf is what is in memory, for tests: tables without a cluster.
type shelf map[string][]*Object

func (s shelf) all(kind string) []*Object { return slices.Clone(s[kind]) }

func (s shelf) one(r Ref) (*Object, bool) {
	for _, o := range s[r.Kind] {
		if o.Namespace == r.Namespace && o.Name == r.Name {
			return o, true
		}
	}
	return nil, false
}

func (s shelf) complete(kind string) bool { return s[kind] != nil }

func (s shelf) put(kind, namespace, name string, change func(*Object)) {
	o := &Object{Namespace: namespace, Name: name, UID: kind + "/" + name, Status: StatusOK}
	if change != nil {
		change(o)
	}
	s[kind] = append(s[kind], o)
	slices.SortFunc(s[kind], byName)
}

func ownedBy(kind, name string) *Owner { return &Owner{Kind: kind, Name: name, UID: kind + "/" + name} }

// shop is a small shop: a deployment with two pods behind an ingress.
func shop() shelf {
	s, app := shelf{}, map[string]string{"app": "web"}
	uses := []Ref{{Kind: "configmaps", Name: "conf"}, {Kind: accountKind, Name: "bot"}}
	s.put("configmaps", "shop", "conf", nil)
	s.put("secrets", "shop", "cert", nil)
	s.put(accountKind, "shop", "bot", nil)
	s.put("deployments.apps", "shop", "web", func(o *Object) { o.Refs, o.Selector = uses, app })
	s.put("replicasets.apps", "shop", "web-1", func(o *Object) {
		o.Owner, o.Refs, o.Want = ownedBy("deployments.apps", "web"), uses, 2
	})
	s.put("replicasets.apps", "shop", "web-0", func(o *Object) { o.Owner, o.Refs = ownedBy("deployments.apps", "web"), uses })
	for _, name := range []string{"web-1-a", "web-1-b"} {
		s.put("pods", "shop", name, func(o *Object) {
			o.Owner, o.Labels, o.Node = ownedBy("replicasets.apps", "web-1"), app, "n1"
			o.Refs = append(slices.Clone(uses), Ref{Kind: claimKind, Name: "data"})
		})
	}
	s.put("pods", "other", "web-1-a", func(o *Object) { o.Labels = app })
	s.put("nodes", "", "n1", nil)
	s.put("services", "shop", "web", func(o *Object) { o.Selector = app })
	s.put("services", "shop", "headless", nil)
	s.put(ingressKind, "shop", "web", func(o *Object) { o.Refs = []Ref{{Kind: "services", Name: "web"}, {Kind: "secrets", Name: "cert"}} })
	s.put(claimKind, "shop", "data", func(o *Object) { o.Refs = []Ref{{Kind: volumeKind, Name: "pv1"}, {Kind: classKind, Name: "fast"}} })
	s.put(volumeKind, "", "pv1", func(o *Object) { o.Refs = []Ref{{claimKind, "shop", "data"}} })
	s.put(classKind, "", "fast", nil)
	s.put(scalerKind, "shop", "web", func(o *Object) { o.Refs = []Ref{{Kind: "Deployment.apps", Name: "web"}} })
	s.put(budgetKind, "shop", "web", func(o *Object) { o.Cells = []string{"at least 1", "1", "app in (web)"} })
	s.put(policyKind, "shop", "all", func(o *Object) { o.Cells = []string{"*"} })
	s.put(policyKind, "shop", "none", func(o *Object) { o.Cells = []string{"app=db"} })
	s.put("rolebindings"+rbacGroup, "shop", "bot", func(o *Object) {
		o.Refs = []Ref{{"roles" + rbacGroup, "shop", "reads"}, {accountKind, "shop", "bot"}}
	})
	s.put("roles"+rbacGroup, "shop", "reads", nil)
	return s
}

func graphOf(s shelf, ref Ref) Graph {
	kinds := []string{}
	for kind := range s {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	o, _ := s.one(ref)
	named := func(text string) string {
		if text == "Deployment.apps" {
			return "deployments.apps"
		}
		return text
	}
	return newWorld(s, named, kinds).relate(ref, o)
}

// lines writes a graph's edges as people read them, in order.
func (g Graph) lines() []string {
	name := func(n int) string {
		r := g.Nodes[n].Ref
		kind, _, _ := strings.Cut(r.Kind, ".")
		return kind + "/" + r.Name
	}
	all := []string{}
	for _, e := range g.Edges {
		all = append(all, name(e.From)+" "+e.Label+" "+name(e.To))
	}
	slices.Sort(all)
	return all
}

func TestRelated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ref  Ref
		want []string
	}{
		{"a deployment: what it makes, needs, and is behind", Ref{"deployments.apps", "shop", "web"}, []string{
			"deployments/web owns replicasets/web-1", "deployments/web runs as serviceaccounts/bot", "deployments/web uses configmaps/conf", "horizontalpodautoscalers/web scales deployments/web",
			"ingresses/web routes to services/web", "networkpolicies/all filters pods/web-1-a", "networkpolicies/all filters pods/web-1-b",
			"persistentvolumeclaims/data bound to persistentvolumes/pv1", "persistentvolumeclaims/data class storageclasses/fast",
			"poddisruptionbudgets/web guards pods/web-1-a", "poddisruptionbudgets/web guards pods/web-1-b",
			"pods/web-1-a runs on nodes/n1", "pods/web-1-a uses persistentvolumeclaims/data", "pods/web-1-b runs on nodes/n1", "pods/web-1-b uses persistentvolumeclaims/data",
			"replicasets/web-1 owns pods/web-1-a", "replicasets/web-1 owns pods/web-1-b",
			"rolebindings/bot gives roles/reads", "rolebindings/bot gives serviceaccounts/bot", "services/web selects pods/web-1-a", "services/web selects pods/web-1-b",
		}},
		{"a pod: up, and only its own", Ref{"pods", "shop", "web-1-a"}, []string{
			"deployments/web owns replicasets/web-1", "horizontalpodautoscalers/web scales deployments/web", "ingresses/web routes to services/web", "networkpolicies/all filters pods/web-1-a",
			"persistentvolumeclaims/data bound to persistentvolumes/pv1", "persistentvolumeclaims/data class storageclasses/fast", "poddisruptionbudgets/web guards pods/web-1-a",
			"pods/web-1-a runs as serviceaccounts/bot", "pods/web-1-a runs on nodes/n1", "pods/web-1-a uses configmaps/conf", "pods/web-1-a uses persistentvolumeclaims/data",
			"replicasets/web-1 owns pods/web-1-a", "rolebindings/bot gives roles/reads", "rolebindings/bot gives serviceaccounts/bot", "services/web selects pods/web-1-a",
		}},
		{"an ingress: service, pods, workload", Ref{ingressKind, "shop", "web"}, []string{
			"deployments/web owns replicasets/web-1", "ingresses/web certificate secrets/cert", "ingresses/web routes to services/web",
			"replicasets/web-1 owns pods/web-1-a", "replicasets/web-1 owns pods/web-1-b", "services/web selects pods/web-1-a", "services/web selects pods/web-1-b",
		}},
		{"a config map: the topmost user", Ref{"configmaps", "shop", "conf"}, []string{"deployments/web uses configmaps/conf"}},
		{"a claim", Ref{claimKind, "shop", "data"}, []string{
			"deployments/web owns replicasets/web-1", "persistentvolumeclaims/data bound to persistentvolumes/pv1", "persistentvolumeclaims/data class storageclasses/fast",
			"pods/web-1-a uses persistentvolumeclaims/data", "pods/web-1-b uses persistentvolumeclaims/data", "replicasets/web-1 owns pods/web-1-a", "replicasets/web-1 owns pods/web-1-b",
		}},
		{"a class: its claims and who uses those", Ref{Kind: classKind, Name: "fast"}, []string{
			"persistentvolumeclaims/data class storageclasses/fast", "pods/web-1-a uses persistentvolumeclaims/data", "pods/web-1-b uses persistentvolumeclaims/data",
			"replicasets/web-1 owns pods/web-1-a", "replicasets/web-1 owns pods/web-1-b", "deployments/web owns replicasets/web-1",
		}},
		{"a node: its pods", Ref{Kind: "nodes", Name: "n1"}, []string{"pods/web-1-a runs on nodes/n1", "pods/web-1-b runs on nodes/n1"}},
		{"a budget", Ref{budgetKind, "shop", "web"}, []string{
			"deployments/web owns replicasets/web-1", "poddisruptionbudgets/web guards pods/web-1-a", "poddisruptionbudgets/web guards pods/web-1-b",
			"replicasets/web-1 owns pods/web-1-a", "replicasets/web-1 owns pods/web-1-b",
		}},
		{"a policy for nobody", Ref{policyKind, "shop", "none"}, []string{}},
		{"a service without a selector", Ref{"services", "shop", "headless"}, []string{}},
		{"a role", Ref{"roles" + rbacGroup, "shop", "reads"}, []string{"rolebindings/bot gives roles/reads", "rolebindings/bot gives serviceaccounts/bot"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			slices.Sort(tt.want)
			if got := graphOf(shop(), tt.ref).lines(); !slices.Equal(got, tt.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

func TestAGraphIsBounded(t *testing.T) {
	t.Parallel()
	s := shelf{}
	s.put("services", "big", "web", func(o *Object) { o.Selector = map[string]string{"app": "web"} })
	for i := range 1000 {
		s.put("replicasets.apps", "big", fmt.Sprint("r", i), func(o *Object) { o.Want = 1 })
	}
	for i := range 1000 {
		s["pods"] = append(s["pods"], &Object{Namespace: "big", Name: fmt.Sprintf("p%04d", i), Labels: map[string]string{"app": "web"}, Owner: ownedBy("replicasets.apps", fmt.Sprint("r", i))})
	}
	g := graphOf(s, Ref{"services", "big", "web"})
	if len(g.Nodes) != 1+2*maxAlike || !slices.Equal(g.More, []GraphMore{{0, "selects", 1000 - maxAlike}}) {
		t.Errorf("%d nodes, more %+v", len(g.Nodes), g.More)
	}
	for i := range 10 { // ten services with pods of their own behind one ingress
		app := map[string]string{"app": strconv.Itoa(i)}
		s.put("services", "wide", fmt.Sprint("s", i), func(o *Object) { o.Selector = app })
		for j := range 30 {
			s.put("pods", "wide", fmt.Sprintf("p%d-%d", i, j), func(o *Object) { o.Labels = app })
		}
	}
	s.put(ingressKind, "wide", "in", func(o *Object) {
		for i := range 10 {
			o.Refs = append(o.Refs, Ref{Kind: "services", Name: fmt.Sprint("s", i)})
		}
	})
	g = graphOf(s, Ref{ingressKind, "wide", "in"})
	left := 0
	for _, m := range g.More {
		left += m.Count
	}
	if len(g.Nodes) != maxRelated || len(g.Nodes)+left != 1+10+300 {
		t.Errorf("%d nodes, %d left out", len(g.Nodes), left)
	}
}

func TestOwnersInACircleEnd(t *testing.T) {
	t.Parallel()
	s := shelf{}
	s.put("configmaps", "a", "x", func(o *Object) { o.Owner = ownedBy("configmaps", "y") })
	s.put("configmaps", "a", "y", func(o *Object) { o.Owner = ownedBy("configmaps", "x") })
	s.put("configmaps", "a", "self", func(o *Object) { o.Owner = ownedBy("configmaps", "self") })
	s.put("configmaps", "a", "lost", func(o *Object) { o.Owner = ownedBy("configmaps", "gone") })
	if got := graphOf(s, Ref{"configmaps", "a", "x"}).lines(); len(got) != 2 {
		t.Errorf("%q", got)
	}
	if got := graphOf(s, Ref{"configmaps", "a", "self"}); len(got.Nodes) != 1 || len(got.Edges) != 0 {
		t.Errorf("%+v", got)
	}
	if got := graphOf(s, Ref{"configmaps", "a", "lost"}); len(got.Nodes) != 2 || got.Nodes[1].Phase != "Missing" || got.Nodes[1].Status != "warning" {
		t.Errorf("%+v", got)
	}
}

func TestRelatedLive(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id, c := b.register(t, plane(t).Kubeconfig()), plane(t).Client()
	deployment(t, ns, 1)
	one := intstr.FromInt32(1)
	must[*policyv1.PodDisruptionBudget](t)(c.PolicyV1().PodDisruptionBudgets(ns).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"web", "other"}},
		}}},
	}, metav1.CreateOptions{}))
	must[*corev1.Service](t)(c.CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{}))
	must[*rbacv1.RoleBinding](t)(c.RbacV1().RoleBindings(ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "default-views"}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "view"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: ns, Name: "default"}},
	}, metav1.CreateOptions{}))
	b.watch(t)
	var got []string
	until(t, "the whole graph", func() bool {
		g, err := b.Related(t.Context(), b.tenant, id, Ref{"deployments.apps", ns, "web"})
		if err != nil {
			return false
		}
		got = g.lines()
		text := strings.Join(got, "\n")
		return strings.Contains(text, "guards pods/web-") && strings.Contains(text, "services/web selects pods/web-") && strings.Contains(text, " uses configmaps/conf") && strings.Contains(text, "runs on nodes/")
	})
	g := must[Graph](t)(b.Related(t.Context(), b.tenant, id, Ref{accountKind, ns, "default"}))
	if want := []string{"rolebindings/default-views gives clusterroles/view", "rolebindings/default-views gives serviceaccounts/default"}; !slices.Equal(g.lines(), want) {
		t.Errorf("service account: %q %q", g.lines(), g.Missing)
	}
}

func TestRoutesOfTheGatewayAPI(t *testing.T) {
	t.Parallel()
	k := newKinds([]Kind{{Name: "services", Kind: "Service"}, {Name: "gateways.gateway.networking.k8s.io", Group: "gateway.networking.k8s.io", Kind: "Gateway"}})
	const text = `{"kind":"HTTPRoute","metadata":{"namespace":"shop","name":"www"},"spec":{"hostnames":["shop.example"],"parentRefs":[{"name":"edge","namespace":"infra"}],"rules":[
		{"matches":[{"path":{"type":"Exact","value":"/pay"}}],"backendRefs":[{"name":"web","port":80,"weight":9},{"name":"web","namespace":"other","port":81,"weight":1}]},
		{"backendRefs":[{"name":"bucket","kind":"Bucket","group":"example.com"},{"name":"web","port":80}]}]}}`
	route := must[httpRouteItem](t)(decode[httpRouteItem]([]byte(text)))
	s := shop()
	w := newWorld(s, func(text string) string { return text }, []string{"services", "pods"})
	w.add(routeKind, route.object(k))
	ref := Ref{routeKind, "shop", "www"}
	o, _ := w.one(ref)
	want := []Ref{{"services", "shop", "web"}, {"services", "other", "web"}, {"Bucket", "shop", "bucket"}}
	if !slices.Equal(o.Refs, want) {
		t.Errorf("refs: %+v", o.Refs)
	}
	got := w.relate(ref, o).lines()
	for _, edge := range []string{"httproutes/www routes to services/web", "services/web selects pods/web-1-a", "httproutes/www uses Bucket/bucket"} {
		if !slices.Contains(got, edge) {
			t.Errorf("no %s in %q", edge, got)
		}
	}
	out := newLook(Kind{}, ref)
	v := &viewer{kinds: k, ref: ref, raw: []byte(text), out: &out}
	if err := lookHTTPRoute(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	first := RouteLine{Host: "shop.example", Path: "/pay", Match: "Exact", To: want[0], Port: "80", Weight: 9}
	if len(out.Routes) != 4 || out.Routes[0] != first || out.say("Gateway") != "edge" {
		t.Errorf("routes: %+v %+v", out.Routes, out.Facts)
	}
}
