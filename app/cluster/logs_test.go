package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

// A listener takes what a reader of logs is sent.
type listener struct {
	tb      testing.TB
	batches chan LogBatch
	done    chan error
	stop    context.CancelFunc
	sources map[int]LogSource
	lines   map[int][]string // by source
	dropped int
	ended   bool
}

// listen follows logs until the test ends, or stop is called.
func (b *station) listen(q LogQuery) *listener {
	b.tb.Helper()
	logs, err := b.service.Logs(b.tb.Context(), b.acme, q)
	if err != nil {
		b.tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.tb.Context())
	l := &listener{tb: b.tb, batches: make(chan LogBatch), done: make(chan error, 1), stop: cancel, sources: map[int]LogSource{}, lines: map[int][]string{}}
	go func() {
		l.done <- logs.Run(ctx, func(v LogBatch) error {
			select {
			case l.batches <- v:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		close(l.batches)
	}()
	b.tb.Cleanup(func() {
		cancel()
		for range l.batches { // until all that it began has ended
		}
	})
	return l
}

// until takes batches until what came is as it should be.
func (l *listener) until(what string, is func() bool) {
	l.tb.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for !is() {
		select {
		case v, open := <-l.batches:
			if !open {
				l.tb.Fatalf("it ended before %s: %v, %+v", what, <-l.done, l.sources)
			}
			l.take(v)
		case <-late.C:
			l.tb.Fatalf("it is never so that %s: %+v, %d lines", what, l.sources, l.count())
		}
	}
}

func (l *listener) take(v LogBatch) {
	l.tb.Helper()
	for _, s := range v.Sources {
		l.sources[s.Index] = s
	}
	for _, line := range v.Lines {
		if _, known := l.sources[line.Source]; !known {
			l.tb.Fatalf("a line of source %d, which nobody named", line.Source)
		}
		l.lines[line.Source] = append(l.lines[line.Source], line.Text)
	}
	l.dropped += v.Dropped
	l.ended = v.Ended
}

func (l *listener) count() (n int) {
	for _, lines := range l.lines {
		n += len(lines)
	}
	return n
}

// named returns the source of a container, or of a target.
func (l *listener) named(name, container string) LogSource {
	for _, s := range l.sources {
		if s.Name == name && s.Container == container {
			return s
		}
	}
	return LogSource{Index: -1}
}

// whole fails unless the lines of a source follow each other from its first on.
func (l *listener) whole(s LogSource) {
	l.tb.Helper()
	var first int
	for i, text := range l.lines[s.Index] {
		var n int
		if _, err := fmt.Sscanf(text, s.Namespace+"/"+s.Name+"["+s.Container+"] line %d", &n); err != nil {
			l.tb.Fatalf("%q: %v", text[:min(len(text), 100)], err)
		}
		if i == 0 {
			first = n
		}
		if n != first+i {
			l.tb.Fatalf("line %d of %s is number %d, after %d", i, s.Name, n, first+i-1)
		}
	}
}

func of(cluster, kind, namespace, name string) LogTarget {
	return LogTarget{cluster, Ref{kind, namespace, name}}
}

func rated(namespace, name string, annotations map[string]string) corev1.Pod {
	if annotations["sim.test/log-rate"] == "" {
		annotations = maps.Clone(annotations)
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations["sim.test/log-rate"] = "20" // lines a second
	}
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}, Annotations: annotations}}
}

func TestLogsOfAPodAreFollowed(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	pod := rated(ns, "web", nil)
	pod.Spec.InitContainers = []corev1.Container{{Name: "before", Image: "i"}}
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}, {Name: "d", Image: "i"}}
	p.Pod(t, pod)
	l := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "web")}, Follow: true, Tail: 5})
	l.until("each container said much", func() bool {
		return len(l.sources) == 3 && l.named("web", "before").State == logEnded && len(l.lines[l.named("web", "before").Index]) > 0 && len(l.lines[l.named("web", "c").Index]) > 10 && len(l.lines[l.named("web", "d").Index]) > 10
	})
	for _, s := range l.sources {
		l.whole(s)
	}
	if l.dropped > 0 {
		t.Errorf("%d dropped", l.dropped)
	}
	one := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "web")}, Container: "d", Tail: 3})
	one.until("it ended", func() bool { return one.ended })
	if got := one.lines[one.named("web", "d").Index]; len(one.sources) != 1 || len(got) < 1 || len(got) > 3 || one.named("web", "d").State != logEnded {
		t.Errorf("%+v: %q", one.sources, got)
	}
	if err := p.Client().CoreV1().Pods(ns).Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	l.until("it ended with its pod", func() bool { return l.ended })
}

func TestPodsOfAWorkloadJoinAndLeave(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	two, labels := int32(2), map[string]string{"app": "web"}
	spec := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	apps := p.Client().AppsV1()
	_, err := apps.Deployments(ns).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{Replicas: &two, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: spec},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := b.listen(LogQuery{Of: []LogTarget{of(id, "deployments.apps", ns, "web")}, Follow: true, Tail: 10})
	talking := func(n int) func() bool {
		return func() bool {
			have := 0
			for _, s := range l.sources {
				if s.State == logOpen && len(l.lines[s.Index]) > 0 {
					have++
				}
			}
			return have == n
		}
	}
	l.until("two talk", talking(2))
	for n := range int32(2) {
		scale, err := apps.Deployments(ns).GetScale(t.Context(), "web", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		scale.Spec.Replicas = 3 - 2*n
		if _, err := apps.Deployments(ns).UpdateScale(t.Context(), "web", scale, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		l.until("as many talk as there are", talking(int(3-2*n)))
	}
}

func TestWhatHasPods(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id, again := b.register("one", p.Kubeconfig()), b.register("two", p.Kubeconfig())
	one := int32(1)
	template := func(name string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}}, Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "c", Image: "i"}},
		}}
	}
	selects := func(name string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "In", Values: []string{name}}}}
	}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	c, ctx := p.Client(), t.Context()
	_, err1 := c.AppsV1().StatefulSets(ns).Create(ctx, &appsv1.StatefulSet{ObjectMeta: meta("set"), Spec: appsv1.StatefulSetSpec{Replicas: &one, Selector: selects("set"), Template: template("set")}}, metav1.CreateOptions{})
	_, err2 := c.AppsV1().DaemonSets(ns).Create(ctx, &appsv1.DaemonSet{ObjectMeta: meta("daemon"), Spec: appsv1.DaemonSetSpec{Selector: selects("daemon"), Template: template("daemon")}}, metav1.CreateOptions{})
	_, err3 := c.AppsV1().ReplicaSets(ns).Create(ctx, &appsv1.ReplicaSet{ObjectMeta: meta("replica"), Spec: appsv1.ReplicaSetSpec{Replicas: &one, Selector: selects("replica"), Template: template("replica")}}, metav1.CreateOptions{})
	work := template("work")
	work.Spec.RestartPolicy = corev1.RestartPolicyNever
	cron, err4 := c.BatchV1().CronJobs(ns).Create(ctx, &batchv1.CronJob{ObjectMeta: meta("cron"), Spec: batchv1.CronJobSpec{Schedule: "0 0 1 1 *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: work}}}}, metav1.CreateOptions{})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	job := func(name string, owner ...metav1.OwnerReference) error {
		_, err := c.BatchV1().Jobs(ns).Create(ctx, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: owner}, Spec: batchv1.JobSpec{Template: work}}, metav1.CreateOptions{})
		return err
	}
	_, err5 := c.CoreV1().Services(ns).Create(ctx, &corev1.Service{ObjectMeta: meta("front"), Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "set"}, Ports: []corev1.ServicePort{{Port: 80}}}}, metav1.CreateOptions{})
	_, err6 := c.CoreV1().Services(ns).Create(ctx, &corev1.Service{ObjectMeta: meta("nobody"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}, metav1.CreateOptions{})
	if err := errors.Join(err5, err6, job("job"), job("cron-1", *metav1.NewControllerRef(cron, batchv1.SchemeGroupVersion.WithKind("CronJob")))); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cluster, kind, name string
		pods                int
	}{
		{id, "statefulsets.apps", "set", 1},
		{id, "daemonsets.apps", "daemon", 3},
		{id, "replicasets.apps", "replica", 1},
		{id, "jobs.batch", "job", 1},
		{id, "cronjobs.batch", "cron", 1},
		{again, "services", "front", 1},
	} {
		l := b.listen(LogQuery{Of: []LogTarget{of(tt.cluster, tt.kind, ns, tt.name)}, Follow: true, Tail: 3})
		l.until(tt.kind+" are read", func() bool { return len(l.lines) == tt.pods })
		if tt.kind == "cronjobs.batch" {
			for _, s := range l.sources {
				if !strings.HasPrefix(s.Name, "cron-1-") {
					t.Errorf("%s is not the cron job's", s.Name)
				}
			}
		}
		l.stop()
	}
	both := b.listen(LogQuery{Of: []LogTarget{of(id, "statefulsets.apps", ns, "set"), of(again, "services", ns, "front"), of(id, "services", ns, "front")}, Follow: true, Tail: 1})
	both.until("both clusters are read", func() bool { return len(both.lines) == 2 })
	if len(both.sources) != 2 {
		t.Errorf("a container is read twice: %+v", both.sources)
	}
	for kind, want := range map[string]string{"services/nobody": "logs.no_pods", "configmaps/kube-root-ca.crt": "logs.no_pods", "pods/none": "cluster.object_gone", "things.test/x": "cluster.kind_unknown", "jobs.batch/none": "cluster.object_gone"} {
		kind, name, _ := strings.Cut(kind, "/")
		l := b.listen(LogQuery{Of: []LogTarget{of(id, kind, ns, name)}, Follow: true})
		l.until("it ended", func() bool { return l.ended })
		if s := l.named(name, ""); s.State != logFailed || s.Code != want || s.Reason == "" {
			t.Errorf("%s: %+v", kind, s)
		}
	}
}

func TestABrokenLogGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns, door := newStation(t), p.Namespace(t), p.Door(t)
	id := b.register("one", door.Kubeconfig())
	p.Pod(t, rated(ns, "web", map[string]string{"sim.test/log-rate": "100"}))
	l := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "web")}, Follow: true, Tail: -1})
	for n := range 3 {
		have := l.count()
		l.until("more came", func() bool { return l.count() > have+20 })
		if n == 2 {
			door.Shut()
			door.Open()
		} else {
			door.Cut("/log[?]")
		}
	}
	have := l.count()
	l.until("more came", func() bool { return l.count() > have+20 })
	l.whole(l.named("web", "c"))
	if n := door.Count("/log[?].*sinceTime"); n == 0 {
		t.Error("nothing was resumed")
	}
}

func TestWhatCannotBeReadIsSaidAndTakesNothingElseWithIt(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns, door := newStation(t), p.Namespace(t), p.Door(t)
	id, viewer := b.register("one", door.Kubeconfig()), b.register("viewer", p.Viewer())
	p.Pod(t, rated(ns, "talks", nil))
	waits := rated(ns, "waits", map[string]string{"sim.test/waiting": "ContainerCreating"})
	waits.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
	if _, err := p.Client().CoreV1().Pods(ns).Create(t.Context(), &waits, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	p.Pod(t, rated(ns, "crashes", map[string]string{"sim.test/crash": "true"}))
	p.Pod(t, rated(ns, "refused", nil))
	door.Refuse("/refused/log", 403)
	l := b.listen(LogQuery{Of: []LogTarget{
		of(id, "pods", ns, "talks"), of(id, "pods", ns, "waits"), of(id, "pods", ns, "refused"), of(id, "pods", ns, "none"), of(viewer, "pods", ns, "talks"),
	}, Follow: true})
	l.until("each has said what it has", func() bool {
		return len(l.lines[l.named("talks", "c").Index]) > 5 && l.named("waits", "c").State == logWaiting && l.named("refused", "c").State == logFailed &&
			l.named("none", "").State == logFailed && l.named("talks", "").State == logFailed
	})
	for name, want := range map[string]LogSource{
		"waits": {Code: "logs.waiting", Reason: "ContainerCreating"}, "refused": {Code: "cluster.forbidden", Reason: "forbidden"},
	} {
		if got := l.named(name, "c"); got.Code != want.Code || !strings.Contains(got.Reason, want.Reason) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := l.named("talks", ""); got.Code != "cluster.forbidden" || got.Cluster != viewer {
		t.Errorf("%+v", got)
	}
	patch := []byte(`{"metadata":{"annotations":{"sim.test/waiting":null}}}`)
	if _, err := p.Client().CoreV1().Pods(ns).Patch(t.Context(), "waits", "application/merge-patch+json", patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	l.until("who waited talks", func() bool { return len(l.lines[l.named("waits", "c").Index]) > 0 })

	previous := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "talks"), of(id, "pods", ns, "crashes")}, Follow: true, Previous: true, Tail: 5})
	previous.until("it ended", func() bool { return previous.ended })
	if got := previous.named("talks", "c"); got.State != logFailed || !strings.Contains(got.Reason, "previous terminated container") {
		t.Errorf("%+v", got)
	}
	if got := previous.named("crashes", "c"); got.State != logEnded || len(previous.lines[got.Index]) == 0 {
		t.Errorf("%+v", got)
	}
	other := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "talks")}, Container: "x"})
	other.until("it ended", func() bool { return other.ended })
	if got := other.named("talks", ""); got.Code != "logs.no_container" {
		t.Errorf("%+v", got)
	}
}

// TestAReaderThatStopsLosesTheOldest stops reading while a pod goes on, and reads again.
func TestAReaderThatStopsLosesTheOldest(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns, door := newStation(t), p.Namespace(t), p.Door(t)
	id := b.register("one", door.Kubeconfig())
	p.Pod(t, rated(ns, "loud", map[string]string{"sim.test/log-rate": "400", "sim.test/log-size": "10000"}))
	l := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "loud")}, Follow: true})
	l.until("it talks", func() bool { return l.count() > 0 })
	tick := time.NewTicker(3 * time.Second) // of 12 MB, where the backlog has 4
	defer tick.Stop()
	<-tick.C
	have := l.count()
	l.until("it says what was dropped", func() bool { return l.dropped > 0 && l.count() > have+300 })
	lines := l.lines[l.named("loud", "c").Index]
	var first, last int
	fmt.Sscanf(lines[0], ns+"/loud[c] line %d", &first)
	fmt.Sscanf(lines[len(lines)-1], ns+"/loud[c] line %d", &last)
	if last-first+1 != len(lines)+l.dropped {
		t.Errorf("%d lines and %d dropped of %d", len(lines), l.dropped, last-first+1)
	}
	if n := door.Count("/log[?]"); n != 1 {
		t.Errorf("the cluster was asked %d times", n)
	}
}

func TestALongLineIsCut(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	p.Pod(t, rated(ns, "long", map[string]string{"sim.test/log-rate": "1", "sim.test/log-size": "300000"}))
	logs, err := b.service.Logs(t.Context(), b.acme, LogQuery{Of: []LogTarget{of(id, "pods", ns, "long")}, Tail: 2})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = logs.Run(t.Context(), func(v LogBatch) error {
		for _, l := range v.Lines {
			if n++; !l.Cut || len(l.Text) < maxLine || len(l.Text) > maxLine+80 || !strings.HasPrefix(l.Text, ns+"/long[c] line ") {
				t.Errorf("%d bytes, cut %v", len(l.Text), l.Cut)
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestLinesAreCutWhereTheyEnd(t *testing.T) {
	t.Parallel()
	text := "2026-01-02T03:04:05.5Z one\n2026-01-02T05:04:05.500000001+02:00 two \r\nwithout a time\n\n2026-01-02T03:04:06Z no end"
	l := newLines(strings.NewReader(text))
	var got []string
	for {
		v, err := l.next()
		if err != nil {
			break
		}
		got = append(got, v.At.UTC().Format(time.RFC3339Nano)+"|"+v.Text)
	}
	want := []string{
		"2026-01-02T03:04:05.5Z|one", "2026-01-02T03:04:05.500000001Z|two ", "2026-01-02T03:04:05.500000001Z|without a time",
		"2026-01-02T03:04:05.500000001Z|", "2026-01-02T03:04:06Z|no end",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestLogsOfAnotherTenantAreNotFound(t *testing.T) {
	t.Parallel()
	b := newStation(t)
	id := b.register("one", clustertest.Shared(t).Kubeconfig())
	q := LogQuery{Of: []LogTarget{of(id, "pods", "default", "x")}}
	_, err1 := b.service.Logs(t.Context(), b.globex, q)
	_, err2 := b.service.LogFile(t.Context(), b.globex, q)
	if !errors.Is(err1, store.ErrNotFound) || !errors.Is(err2, store.ErrNotFound) {
		t.Errorf("%v, %v", err1, err2)
	}
	for _, text := range []string{"", "a", "a|pods|ns|", "a|pods|ns|x|y", "|pods|ns|x"} {
		if _, err := ParseLogTarget(text); !errors.Is(err, errTargets) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, n := range []int{0, maxTargets + 1} {
		if _, err := b.service.Logs(t.Context(), b.acme, LogQuery{Of: slices.Repeat(q.Of, n)}); !errors.Is(err, errTargets) {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestAFileOfLogs(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	for _, name := range []string{"a", "b"} {
		p.Pod(t, rated(ns, name, map[string]string{"sim.test/log-size": "2000"}))
	}
	f, err := b.service.LogFile(t.Context(), b.acme, LogQuery{Of: []LogTarget{of(id, "pods", ns, "a"), of(id, "pods", ns, "none"), of(id, "pods", ns, "b")}, Follow: true, Tail: 100, Timestamps: true})
	if err != nil {
		t.Fatal(err)
	}
	var all, piece bytes.Buffer
	for more := true; more; {
		if more, err = f.Next(t.Context(), &piece); err != nil {
			t.Fatal(err)
		}
		if piece.Len() > filePiece+maxLine {
			t.Errorf("a piece of %d bytes", piece.Len())
		}
		_, _ = piece.WriteTo(&all)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(all.String()) {
		seen[strings.Join(strings.Fields(line)[:2], " ")]++
	}
	if keys := slices.Sorted(maps.Keys(seen)); !slices.Equal(keys, []string{"# pods", "[a c]", "[b c]"}) {
		t.Errorf("%v", seen)
	}
}
