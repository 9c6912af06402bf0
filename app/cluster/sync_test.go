package cluster_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

// pod returns a pod that the simulator runs.
func pod(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.test/web:1"}}},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

func create(t *testing.T, plane *clustertest.Plane, namespace string, pods ...*corev1.Pod) {
	t.Helper()
	for _, p := range pods {
		if _, err := plane.Client().CoreV1().Pods(namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAClusterIsShownLive(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	ns := plane.Namespace(t)
	create(t, plane, ns, pod("first"))
	id := b.add(plane.Kubeconfig())
	v := b.state(id, store.ClusterSynced)
	if v.Facts.Version != "v1.37.2" || v.Facts.Nodes != 3 || v.Facts.Ready != 3 || v.Synced == nil || v.Reason != "" {
		t.Fatalf("%+v", v)
	}
	b.pods(id, ns, "Running", 1)
	create(t, plane, ns, pod("second"), pod("broken", func(p *corev1.Pod) { p.Annotations = map[string]string{"sim.test/crash": "true"} }))
	b.pods(id, ns, "Running", 2)
	f := b.pods(id, ns, "CrashLoopBackOff", 1)
	if r := f.Rows[0]; r.Status != cluster.StatusCritical || r.Restarts == 0 || r.Ready != 0 || r.Want != 1 || r.Reason == "" || r.Node == "" {
		t.Fatalf("%+v", r.Object)
	}
	if !b.told(id + "|pods|" + ns + "/second") {
		t.Fatal("the browser was not told of the second pod by its name")
	}
	if err := plane.Client().CoreV1().Pods(ns).Delete(t.Context(), "second", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	b.pods(id, ns, "Running", 1)
}

func TestListsAreFilteredSortedAndPaged(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	ns, id := plane.Namespace(t), b.add(plane.Kubeconfig())
	for i := range 25 {
		create(t, plane, ns, pod(fmt.Sprintf("p-%02d", i), func(p *corev1.Pod) { p.Labels["even"] = strconv.FormatBool(i%2 == 0) }))
	}
	b.pods(id, ns, "Running", 25)
	ask := func(q cluster.Query) cluster.Found {
		q.Kind, q.Namespaces = "pods", []string{ns}
		return b.list(q)
	}
	if f := ask(cluster.Query{Labels: "even=true,app in (web, api)"}); f.Total != 13 {
		t.Fatal(f.Total, "by label")
	}
	if f := ask(cluster.Query{Q: "P-1 running"}); f.Total != 10 || f.Rows[0].Name != "p-10" {
		t.Fatal(f.Total, "by words")
	}
	if f := ask(cluster.Query{Fields: "name!=p-00,restarts<1", Descending: true, Limit: 2}); f.Total != 24 || names(f)[0] != "p-24" || f.Next == "" {
		t.Fatal(names(f), f.Total)
	}
	var seen []string
	for cursor := ""; ; {
		f := ask(cluster.Query{Sort: "age", Limit: 7, Cursor: cursor})
		seen = append(seen, names(f)...)
		if cursor = f.Next; cursor == "" {
			break
		}
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 25 {
		t.Fatal("by age, page by page:", seen)
	}
	if f := ask(cluster.Query{Offset: 20, Limit: 3}); !slices.Equal(names(f), []string{"p-20", "p-21", "p-22"}) {
		t.Fatal(names(f))
	}
	for _, q := range []cluster.Query{{Labels: "=="}, {Fields: "color=red"}, {Fields: "restarts>many"}, {Cursor: "!"}} {
		q.Kind, q.Limit = "pods", 1
		if _, err := b.Objects(t.Context(), b.acme, q); err == nil {
			t.Errorf("%+v was taken", q)
		}
	}
}

func TestAnotherTenantsClusterIsNotThere(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	id := b.add(plane.Kubeconfig())
	b.state(id, store.ClusterSynced)
	ctx := t.Context()
	_, err := b.Objects(ctx, b.globex, cluster.Query{Kind: "pods", Clusters: []string{id}, Limit: 1})
	is(t, err, store.ErrNotFound)
	_, err = b.Kinds(ctx, b.globex, id)
	is(t, err, store.ErrNotFound)
	_, err = b.Test(ctx, b.globex, id)
	is(t, err, store.ErrNotFound)
	_, err = b.Update(ctx, b.globex, id, store.AnyRev, cluster.Change{})
	is(t, err, store.ErrNotFound)
	is(t, b.Delete(ctx, b.globex, id, store.AnyRev), store.ErrNotFound)
	f, err := b.Objects(ctx, b.globex, cluster.Query{Kind: "pods", Limit: 50})
	if err != nil || len(f.Rows)+len(f.Sources) != 0 {
		t.Fatal("all clusters of globex:", f, err)
	}
}

func TestAClusterThatIsAwayShowsWhatWasThere(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	door := plane.Door(t)
	ns, id := plane.Namespace(t), b.add(door.Kubeconfig())
	other := b.add(plane.Kubeconfig())
	create(t, plane, ns, pod("kept"))
	b.pods(id, ns, "Running", 1)
	b.state(id, store.ClusterSynced)
	door.Shut()
	v := b.state(id, store.ClusterUnreachable)
	if v.Facts.Nodes != 3 || v.Synced == nil || !strings.Contains(v.Reason, "does not answer") && !strings.Contains(v.Reason, "Nothing answers") {
		t.Fatalf("%+v", v)
	}
	f := b.list(cluster.Query{Kind: "pods", Clusters: []string{id}, Namespaces: []string{ns}})
	if f.Total != 1 || f.Sources[0].State != store.ClusterUnreachable || f.Sources[0].Stale == nil {
		t.Fatalf("%+v", f.Sources)
	}
	create(t, plane, ns, pod("meanwhile"))
	b.pods(other, ns, "Running", 2) // the other one goes on
	b.stop()                        // a restart, with the cluster away
	b = newBenchOver(t, b.store)
	b.until("what was kept is read", func() bool {
		f = b.list(cluster.Query{Kind: "pods", Clusters: []string{id}, Namespaces: []string{ns}})
		return f.Total > 0 && f.Sources[0].State == store.ClusterUnreachable
	})
	if !slices.Equal(names(f), []string{"kept"}) || f.Sources[0].Stale == nil || f.Rows[0].Labels["app"] != "web" {
		t.Fatalf("after a restart: %v %+v", names(f), f.Sources)
	}
	door.Open()
	b.state(id, store.ClusterSynced)
	b.pods(id, ns, "Running", 2)
}

func TestWhatAnAPIServerAnswersInTrouble(t *testing.T) {
	t.Parallel()
	plane := clustertest.Shared(t)
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInternalServerError} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			b, door := newBench(t), plane.Door(t)
			ns, id := plane.Namespace(t), b.add(door.Kubeconfig())
			b.state(id, store.ClusterSynced)
			door.Refuse("/pods", status)
			door.Cut("/pods")
			create(t, plane, ns, pod("late"))
			b.until("stale", func() bool {
				f := b.list(cluster.Query{Kind: "pods", Clusters: []string{id}})
				return f.Sources[0].State == store.ClusterStale && f.Sources[0].Stale != nil
			})
			door.Heal()
			b.pods(id, ns, "Running", 1)
			b.state(id, store.ClusterSynced)
		})
	}
	t.Run("410 on a watch", func(t *testing.T) {
		t.Parallel()
		b, door := newBench(t), plane.Door(t)
		ns, id := plane.Namespace(t), b.add(door.Kubeconfig())
		b.state(id, store.ClusterSynced)
		door.Refuse("pods.*watch=true", http.StatusGone)
		create(t, plane, ns, pod("late"))
		n := door.Count("pods.*watch=true")
		door.Cut("/pods")
		door.Await("pods.*watch=true", n+1)
		door.Heal()
		b.pods(id, ns, "Running", 1)
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		b, door := newBench(t), plane.Door(t)
		door.Slow(5 * time.Second)
		id := b.add(door.Kubeconfig())
		if v := b.state(id, store.ClusterSynced); v.Facts.Latency == nil || *v.Facts.Latency < 5000 {
			t.Fatalf("%+v", v.Facts)
		}
	})
}

func TestTheCredentialEnds(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	door := plane.Door(t)
	id := b.add(door.Kubeconfig())
	b.state(id, store.ClusterSynced)
	door.Refuse(".", http.StatusUnauthorized)
	door.Cut(".")
	if v := b.state(id, store.ClusterForbidden); !strings.Contains(v.Reason, "Paste a kubeconfig with a new one") || v.Facts.Nodes != 3 {
		t.Fatalf("%+v", v)
	}
	door.Heal()
	draft := cluster.Draft{Kubeconfig: door.Kubeconfig()}
	if _, err := b.Update(t.Context(), b.acme, id, store.AnyRev, cluster.Change{Draft: &draft}); err != nil {
		t.Fatal(err)
	}
	b.state(id, store.ClusterSynced)
}

func TestTheAuthorityOfAClusterChanges(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	door := plane.Door(t)
	id := b.add(door.Kubeconfig())
	b.state(id, store.ClusterSynced)
	door.Reissue()
	door.Cut(".")
	if v := b.state(id, store.ClusterUnreachable); !strings.Contains(v.Reason, "certificate") {
		t.Fatalf("%+v", v)
	}
	draft := cluster.Draft{Kubeconfig: door.Kubeconfig()}
	if _, err := b.Update(t.Context(), b.acme, id, store.AnyRev, cluster.Change{Draft: &draft}); err != nil {
		t.Fatal(err)
	}
	b.state(id, store.ClusterSynced)
}

// may gives the viewer of a door the right to see kinds, by a name of the test.
func may(t *testing.T, plane *clustertest.Plane, name string, resources ...string) {
	t.Helper()
	api := plane.Client().RbacV1()
	_, err := api.ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: resources, Verbs: []string{"get", "list", "watch"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: clustertest.ViewerName}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRightsAreMissingAndTakenAway has a plane of its own: rights of a user are
// the whole cluster's.
func TestRightsAreMissingAndTakenAway(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Start(t), newBench(t)
	door := plane.Door(t)
	ns := plane.Namespace(t)
	create(t, plane, ns, pod("seen"))
	may(t, plane, "sees", "pods", "nodes")
	id := b.add(door.Viewer())
	b.pods(id, ns, "Running", 1)
	b.state(id, store.ClusterSynced)
	kinds := map[string]cluster.KindState{}
	b.until("every kind is settled", func() bool {
		all, err := b.Kinds(t.Context(), b.acme, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			kinds[k.Name] = k
		}
		return kinds["secrets"].State == "forbidden"
	})
	if k := kinds["pods"]; k.State != "synced" || k.Count == 0 || kinds["secrets"].Reason == "" {
		t.Fatalf("%+v %+v", k, kinds["secrets"])
	}
	r, err := b.Test(t.Context(), b.acme, id)
	if err != nil || !r.OK || r.User != clustertest.ViewerName {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, right := range r.Rights {
		if want := right.Kind == "pods" && right.Verb == "watch" || right.Kind == "nodes" && right.Verb == "watch"; right.Allowed != want || right.Costs == "" {
			t.Errorf("%+v", right)
		}
	}
	if err := plane.Client().RbacV1().ClusterRoleBindings().Delete(t.Context(), "sees", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	door.Cut("/pods") // an API server ends watches now and again; it asks for the right then
	b.until("pods are forbidden", func() bool {
		f := b.list(cluster.Query{Kind: "pods", Clusters: []string{id}})
		door.Cut("/pods")
		return f.Sources[0].State == "forbidden" && f.Sources[0].Stale != nil && f.Total > 0
	})
}

// TestEtcdIsWiped has a plane of its own, which begins its versions anew.
func TestEtcdIsWiped(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Start(t), newBench(t)
	ns, id := plane.Namespace(t), b.add(plane.Kubeconfig())
	create(t, plane, ns, pod("old"))
	b.pods(id, ns, "Running", 1)
	plane.Wipe(t)
	b.until("the old pod is gone", func() bool {
		return b.list(cluster.Query{Kind: "pods", Clusters: []string{id}, Namespaces: []string{ns}}).Total == 0
	})
	ns = plane.Namespace(t)
	create(t, plane, ns, pod("new"))
	b.pods(id, ns, "Running", 1)
	b.state(id, store.ClusterSynced)
}

func TestOlderServers(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Start(t, "-emulate", "1.34"), newBench(t)
	ns, id := plane.Namespace(t), b.add(plane.Kubeconfig())
	create(t, plane, ns, pod("p"))
	b.pods(id, ns, "Running", 1)
	b.state(id, store.ClusterSynced)
}

func TestAnObjectOfHalfAMegabyteAndNamesOfOtherScripts(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	ns, id := plane.Namespace(t), b.add(plane.Kubeconfig())
	api := plane.Client().CoreV1()
	_, err := api.ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "large"}, Data: map[string]string{"blob": strings.Repeat("x", 1_000_000)},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	create(t, plane, ns, pod("p", func(p *corev1.Pod) { p.Annotations = map[string]string{"note": "größe 日本語 🚢"} }))
	b.pods(id, ns, "Running", 1)
	b.until("the large one is listed", func() bool {
		return b.list(cluster.Query{Kind: "configmaps", Clusters: []string{id}, Namespaces: []string{ns}, Q: "large"}).Total == 1
	})
	if f := b.list(cluster.Query{Kind: "pods", Q: "日本語"}); f.Total != 0 {
		t.Fatal(f.Total)
	}
}

func TestFiveThousandEvents(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	ns, id := plane.Namespace(t), b.add(plane.Kubeconfig())
	b.state(id, store.ClusterSynced)
	for i := range 300 {
		_, err := plane.Client().CoreV1().Events(ns).Create(t.Context(), &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("e-%04d", i)}, Type: "Warning", Reason: "BackOff", Message: fmt.Sprintf("the %d. time", i),
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: ns, Name: "web", APIVersion: "v1"}, LastTimestamp: metav1.Now(), Count: 3,
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	var f cluster.Found
	b.until("all events", func() bool {
		f = b.list(cluster.Query{Kind: "events", Clusters: []string{id}, Namespaces: []string{ns}, Sort: "age"})
		return f.Total == 300
	})
	if r := f.Rows[0]; r.Refs[0].Name != "web" || r.Cells[2] != "3" || r.Status != cluster.StatusWarning || r.Reason != "BackOff" {
		t.Fatalf("%+v", r.Object)
	}
}

func TestADefinitionComesAndGoes(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	id := b.add(plane.Kubeconfig())
	b.state(id, store.ClusterSynced)
	rest := plane.Client().RESTClient()
	at := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	body := `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"boats.harbour.test"},
		"spec":{"group":"harbour.test","scope":"Namespaced","names":{"plural":"boats","singular":"boat","kind":"Boat","shortNames":["bo"]},
		"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}`
	if err := rest.Post().AbsPath(at).SetHeader("Content-Type", "application/json").Body([]byte(body)).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	b.until("boats are served", func() bool {
		all, err := b.Kinds(t.Context(), b.acme, id)
		return err == nil && slices.ContainsFunc(all, func(k cluster.KindState) bool {
			return k.Name == "boats.harbour.test" && k.Custom && k.State == "synced"
		})
	})
	boat := `{"apiVersion":"harbour.test/v1","kind":"Boat","metadata":{"name":"dory"}}`
	err := rest.Post().AbsPath("/apis/harbour.test/v1/namespaces/default/boats").SetHeader("Content-Type", "application/json").Body([]byte(boat)).Do(t.Context()).Error()
	if err != nil {
		t.Fatal(err)
	}
	found := func() int { return b.list(cluster.Query{Kind: "boats.harbour.test", Clusters: []string{id}}).Total }
	b.until("the boat is listed", func() bool { return found() == 1 })
	if err := rest.Delete().AbsPath(at, "boats.harbour.test").Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	b.until("boats are gone", func() bool {
		f := b.list(cluster.Query{Kind: "boats.harbour.test", Clusters: []string{id}})
		return f.Total == 0 && f.Sources[0].State == "missing"
	})
}

func TestWhoRemovesAClusterStopsItsWatches(t *testing.T) {
	t.Parallel()
	plane, b := clustertest.Shared(t), newBench(t)
	door := plane.Door(t)
	id := b.add(door.Kubeconfig())
	b.state(id, store.ClusterSynced)
	if door.Underway("watch=true") == 0 {
		t.Fatal("nothing is watched")
	}
	if err := b.Delete(t.Context(), b.acme, id, store.AnyRev); err != nil {
		t.Fatal(err)
	}
	b.until("no watch is open", func() bool { return door.Underway("watch=true") == 0 })
	if _, err := b.Kinds(t.Context(), b.acme, id); err == nil {
		t.Fatal("it is still there")
	}
}
