package cluster

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/fault"
	"unity.internal/store"
)

func TestUsageOfPodsNodesAndWorkloads(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id := b.register(t, plane(t).Kubeconfig())
	deployment(t, ns, 2)
	b.watch(t)
	m := b.member(b.tenant, must[store.Cluster](t)(b.tenant.Cluster(t.Context(), id)))
	until(t, "two pods that run", func() bool {
		o, ok := m.one(Ref{"deployments.apps", ns, "web"})
		return ok && o.Ready == 2 && m.complete("pods")
	})
	var sum ObjectUsage
	until(t, "their usage", func() bool {
		m.measure(t.Context())
		sum = must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, Ref{"deployments.apps", ns, "web"}))
		return sum.Available && sum.Pods == 2
	})
	if sum.Now.Memory != 2*64<<20 || sum.Now.CPU < 10 || len(sum.Points) == 0 {
		t.Errorf("sum: %+v", sum)
	}
	pod := m.all("pods")[0]
	for _, o := range m.all("pods") {
		if o.Namespace == ns {
			pod = o
		}
	}
	if cpu, memory, known := pod.Usage(); !known || memory != 64<<20 || cpu < 5 {
		t.Errorf("the list does not have it: %d %d %v", cpu, memory, known)
	}
	one := must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, pod.ref("pods")))
	if len(one.Containers) != 1 || one.Containers[0].Name != "web" || one.Containers[0].Memory != 64<<20 || one.Containers[0].At.IsZero() {
		t.Errorf("pod: %+v", one)
	}
	node := must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, Ref{Kind: "nodes", Name: pod.Node}))
	if node.Now == nil || node.Now.CPU != 1500 || node.CPU == nil || *node.CPU < 1500 || node.Memory == nil {
		t.Errorf("node: %+v", node)
	}
	if all := must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, Ref{Kind: "namespaces", Name: ns})); all.Pods != 2 {
		t.Errorf("namespace: %+v", all)
	}
	if no := must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, Ref{"configmaps", ns, "conf"})); no.Available || no.Reason == "" {
		t.Errorf("config map: %+v", no)
	}
	if _, err := b.ObjectUsage(t.Context(), b.other, id, pod.ref("pods")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestAMetricsServerThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	b, door := newBench(t), plane(t).Door(t)
	id := b.register(t, door.Kubeconfig())
	b.watch(t)
	m := b.member(b.tenant, must[store.Cluster](t)(b.tenant.Cluster(t.Context(), id)))
	until(t, "nodes", func() bool { return len(m.all("nodes")) > 0 })
	node := m.all("nodes")[0].ref("nodes")
	until(t, "a reading", func() bool {
		m.measure(t.Context())
		return must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, node)).Available
	})
	door.Refuse("GET /apis/metrics.k8s.io/v1beta1/", 503)
	m.measure(t.Context())
	u := must[ObjectUsage](t)(b.ObjectUsage(t.Context(), b.tenant, id, node))
	if u.Available || u.Reason == "" || len(u.Points) == 0 {
		t.Errorf("away: %+v", u)
	}
	if got := fault.From(m.noMetrics(ErrKind)).Msg; !strings.Contains(got, "does not answer") {
		t.Errorf("registered: %s", got)
	}
	lone := newMember(b.Service, b.tenant, store.Cluster{})
	if got := fault.From(lone.noMetrics(ErrKind)).Msg; got != "This cluster has no metrics server." {
		t.Errorf("never registered: %s", got)
	}
}

func TestRingsKeepFifteenMinutes(t *testing.T) {
	t.Parallel()
	u, a, gone := newUsage(), key{"shop", "a"}, key{"shop", "gone"}
	start := time.UnixMilli(1_000_000)
	for i := range 2*ringPoints + 3 {
		u.begin(start.Add(time.Duration(i) * measureEvery))
		u.put("pods", a, int64(i), int64(i)<<20)
		if i < 5 {
			u.put("pods", gone, 1, 1024)
		}
		if i == 40 && len(u.kinds["pods"].slots) != 1 {
			t.Errorf("what is gone is kept: %d", len(u.kinds["pods"].slots))
		}
	}
	points, last := u.sum("pods", []key{a, gone})
	if len(points) != ringPoints || last != 1 || points[0].CPU != ringPoints+3 || points[ringPoints-1].CPU != 2*ringPoints+2 || points[0].Memory != (ringPoints+3)<<20 {
		t.Errorf("%d points: %+v", len(points), points)
	}
	for i := 1; i < len(points); i++ {
		if points[i].At-points[i-1].At != measureEvery.Milliseconds() {
			t.Errorf("point %d at %d", i, points[i].At)
		}
	}
	u.begin(start)
	if _, last := u.sum("pods", []key{a}); last != 0 {
		t.Errorf("measured %d without a reading", last)
	}
	u.put("pods", a, 1<<40, 1<<50) // more than there is room for
	if points, _ := u.sum("pods", []key{a}); points[len(points)-1].CPU != unknown-1 {
		t.Errorf("%+v", points[len(points)-1])
	}
}

func TestRingsOfTenThousandPodsAreSmall(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	u := newUsage()
	for i := range ringPoints {
		u.begin(time.UnixMilli(int64(i+1) * 30_000))
		for p := range 10_000 {
			u.put("pods", key{"shop", fmt.Sprint("pod-", p)}, 5, 64<<20)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if used > 3<<20 {
		t.Errorf("%d bytes", used)
	}
	t.Logf("%.2f MB", float64(used)/(1<<20))
	runtime.KeepAlive(u)
}

func TestListsAreReadAsTheyArrive(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{"kind":"L","metadata":{"a":[1]},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`: 2,
		`{"items":null}`: 0, `{"items":[]}`: 0, `{}`: -1, ``: -1, `{"items":[{"metadata":1}]}`: -1, `[]`: -1, `{"items":[{"metadata":{"name":"a"}}`: 1,
	} {
		n := 0
		err := eachItem(strings.NewReader(text), func(measured) { n++ })
		if want < 0 != (err != nil) || want >= 0 && n != want {
			t.Errorf("%s: %d, %v", text, n, err)
		}
	}
}

func TestEventsOfAnObjectAndWhatItOwns(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id, c := b.register(t, plane(t).Kubeconfig()), plane(t).Client()
	deployment(t, ns, 1)
	b.watch(t)
	m := b.member(b.tenant, must[store.Cluster](t)(b.tenant.Cluster(t.Context(), id)))
	ref := Ref{"deployments.apps", ns, "web"}
	pod := &Object{}
	until(t, "a pod", func() bool {
		for _, o := range m.all("pods") {
			if o.Namespace == ns {
				pod = o
				return true
			}
		}
		return false
	})
	at := time.Now().Truncate(time.Second)
	for i := range 3 {
		must[*corev1.Event](t)(c.CoreV1().Events(ns).Create(t.Context(), &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("e", i)}, Type: "Warning", Reason: "BackOff", Message: "Zurück zum Anfang", Count: 2,
			InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: ns, Name: pod.Name}, LastTimestamp: metav1.NewTime(at.Add(time.Hour + time.Duration(i)*time.Second)),
		}, metav1.CreateOptions{}))
	}
	must[*corev1.Event](t)(c.CoreV1().Events(ns).Create(t.Context(), &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "other"}, Type: "Normal", Reason: "Else", InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: ns, Name: "other"},
	}, metav1.CreateOptions{}))
	var log EventLog
	until(t, "the events", func() bool {
		log = must[EventLog](t)(b.Events(t.Context(), b.tenant, id, ref))
		return len(log.Items) > 1 && log.Items[0].Count == 6
	})
	first := log.Items[0]
	if first.Type != "Warning" || first.Ref != pod.ref("pods") || !first.Last.Equal(at.Add(time.Hour+2*time.Second)) || log.Stale != nil {
		t.Errorf("first: %+v", first)
	}
	for _, e := range log.Items {
		if e.Reason == "Else" {
			t.Errorf("another pod's: %+v", e)
		}
	}
	// Without what is in memory, of the pod itself.
	live := newBench(t)
	id = live.register(t, plane(t).Kubeconfig())
	log = must[EventLog](t)(live.Events(t.Context(), live.tenant, id, pod.ref("pods")))
	if len(log.Items) == 0 || log.Items[0].Count != 6 {
		t.Errorf("live: %+v", log)
	}
	if _, err := live.Events(t.Context(), live.other, id, ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}
