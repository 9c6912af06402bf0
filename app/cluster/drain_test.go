package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A journal keeps what a drain tells, and lets a test wait for it.
type journal struct {
	mu    sync.Mutex
	lines []string
	news  chan struct{}
}

func newJournal() *journal { return &journal{news: make(chan struct{}, 1000)} }

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	select {
	case j.news <- struct{}{}:
	default:
	}
}

func (j *journal) steps() Steps {
	return Steps{
		Step: func(_ context.Context, name string, done, total int) {
			j.add(fmt.Sprintf("%s %d/%d", name, done, total))
		},
		Say: func(_ context.Context, line string) { j.add(line) },
	}
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, "\n")
}

// await waits until the journal says something.
func (j *journal) await(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(j.text(), text) {
		select {
		case <-j.news:
		case <-t.Context().Done():
			t.Fatalf("never said %q:\n%s", text, j.text())
		}
	}
}

// onNode puts a pod on a node, by name, so that a drain of another test does not meet it.
func (r *rig) onNode(ns, name, node string, change func(*corev1.Pod)) {
	r.tb.Helper()
	pod := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "c", Image: "i"}}},
	}
	change(&pod)
	r.plane.Pod(r.tb, pod)
}

// TestADrainRespectsWhatMayNotBeDisrupted empties a node of a plane of its own:
// what other tests have would be on it.
func TestADrainRespectsWhatMayNotBeDisrupted(t *testing.T) {
	t.Parallel()
	r := newRigOn(t, clustertest.Start(t, "-nodes", "2"))
	ns, ctx, node := r.plane.Namespace(t), t.Context(), "sim-0000"
	client := r.plane.Client()
	labels := map[string]string{"app": "web"}
	d := r.deployment(ns, 2)
	_, err := client.PolicyV1().PodDisruptionBudgets(ns).Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "all"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &intstr.IntOrString{IntVal: 2}, Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	budgets, err := client.PolicyV1().PodDisruptionBudgets(ns).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, budgets, func(b *policyv1.PodDisruptionBudget) bool { return b.Status.CurrentHealthy == 2 })
	_, err = client.AppsV1().DaemonSets(ns).Create(ctx, &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent"}, Spec: appsv1.DaemonSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "agent"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "agent"}}, Spec: d.Spec.Template.Spec},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sets, err := client.AppsV1().DaemonSets(ns).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, sets, func(d *appsv1.DaemonSet) bool { return d.Status.NumberReady == 2 })
	r.onNode(ns, "alone", node, func(*corev1.Pod) {})
	r.onNode(ns, "keeps", node, func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	})
	// Nobody said that they may be lost.
	j := newJournal()
	err = r.Drain(ctx, r.acme, r.id, node, Draining{Unmanaged: true}, j.steps())
	if msg := fault.From(err).Msg; code(err) != "cluster.drain_refused" || !strings.Contains(msg, ns+"/keeps") || strings.Contains(msg, "/alone") || !strings.Contains(j.text(), "stays cordoned") {
		t.Fatalf("%v\n%s", fault.From(err).Msg, j.text())
	}
	if err = r.Drain(ctx, r.acme, r.id, node, Draining{EmptyDir: true}, j.steps()); !strings.Contains(fault.From(err).Msg, ns+"/alone") {
		t.Fatal(fault.From(err).Msg)
	}
	// Everything may go, but a budget keeps what is on the node of the deployment.
	web, err := client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(web.Items, func(p corev1.Pod) bool { return p.Spec.NodeName == node }) {
		t.Fatal("the scheduler put both pods on the other node")
	}
	j = newJournal()
	short, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	zero := int64(0)
	all := Draining{Unmanaged: true, EmptyDir: true, Grace: &zero}
	go func() { ended <- r.Drain(short, r.acme, r.id, node, all, j.steps()) }()
	j.await(t, "The disruption budget all allows 0 disruptions (2 of 2 pods are healthy, 2 must be)")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || !strings.Contains(j.text(), "stays cordoned") || !strings.Contains(j.text(), "Evicted until then: ") {
		t.Fatalf("%v\n%s", err, j.text())
	}
	if rows := r.audit(); rows[0].Action != "clusters.drain" || rows[0].Result != "failed" || rows[0].Detail["why"] != "cluster.drain_cancelled" {
		t.Fatalf("%+v", rows[0])
	}
	all.Timeout = 1
	if err := r.Drain(ctx, r.acme, r.id, node, all, newJournal().steps()); code(err) != "cluster.drain_timeout" || !strings.Contains(fault.From(err).Msg, ns+"/web-") {
		t.Fatal(fault.From(err).Msg)
	}
	// The budget lets one go at a time: the drain goes on by itself.
	all.Timeout = 0
	j = newJournal()
	go func() { ended <- r.Drain(ctx, r.acme, r.id, node, all, j.steps()) }()
	j.await(t, "stays for now")
	if _, err = client.PolicyV1().PodDisruptionBudgets(ns).Patch(ctx, "all", "application/merge-patch+json", []byte(`{"spec":{"minAvailable":1}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || !strings.Contains(j.text(), "Done ") || !strings.Contains(j.text(), "Left, since they belong to the node: "+ns+"/agent-") {
		t.Fatalf("%v\n%s", err, j.text())
	}
	left, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil || len(left.Items) != 1 || !strings.HasPrefix(left.Items[0].Name, "agent-") {
		t.Fatalf("%+v, %v", left, err)
	}
	if rows := r.audit(); rows[0].Result != "done" || len(rows[0].Detail["evicted"].([]any)) == 0 {
		t.Fatalf("%+v", rows[0])
	}
}

func TestADrainOfNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.Drainable(t.Context(), r.acme, r.id, "none"); code(err) != "cluster.object_gone" {
		t.Fatal(err)
	}
	if err := r.Drainable(t.Context(), r.store.Tenant("globex"), r.id, "sim-0000"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if err := r.Drain(t.Context(), r.store.Tenant("globex"), r.id, "sim-0000", Draining{}, newJournal().steps()); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}
