package cluster

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

func deploymentRef(ns, name string) Ref {
	return Ref{Kind: "deployments.apps", Namespace: ns, Name: name}
}

func TestScaleSaysWhatItWasAndIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.deployment(ns, 2)
	ref := deploymentRef(ns, "web")
	tried, err := r.Scale(t.Context(), r.acme, r.id, ref, Scaling{Replicas: 3, DryRun: true})
	if err != nil || tried.Changes["spec.replicas"] != [2]any{int64(2), int64(3)} || len(r.audit()) != 1 {
		t.Fatalf("a try: %+v, %v, %v", tried, err, r.audit())
	}
	got, err := r.Scale(t.Context(), r.acme, r.id, ref, Scaling{Replicas: 3})
	if err != nil || got.Changes["spec.replicas"] != [2]any{int64(2), int64(3)} {
		t.Fatalf("%+v, %v", got, err)
	}
	r.awaitDeployment(ns, func(d *appsv1.Deployment) bool { return d.Status.ReadyReplicas == 3 })
	rows := r.audit()
	if len(rows) != 3 || rows[0].Action != "clusters.scale" || rows[0].Result != "done" || rows[0].Detail["object"] != ref.String() ||
		rows[1].Action != "clusters.try" || rows[1].Detail["action"] != "clusters.scale" {
		t.Fatalf("%+v", rows)
	}
	if c := rows[0].Detail["changes"].(map[string]any)["spec.replicas"].([]any); c[0] != 2.0 || c[1] != 3.0 {
		t.Fatal(c)
	}
	again, err := r.Scale(t.Context(), r.acme, r.id, ref, Scaling{Replicas: 3})
	if err != nil || len(again.Changes) != 0 || len(again.Notes) != 1 || len(r.audit()) != 3 {
		t.Fatalf("nothing to do: %+v, %v", again, err)
	}
}

func TestTwoPeopleScaleAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.deployment(ns, 1)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			from := int64(1)
			_, errs[i] = r.Scale(t.Context(), r.acme, r.id, deploymentRef(ns, "web"), Scaling{Replicas: int64(2 + i), From: &from})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d won: %v", won, errs)
	}
}

// TestAStatusIsNoChange changes a deployment again and again while its status is
// written all the time: what controllers write is no conflict.
func TestAStatusIsNoChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.deployment(ns, 1)
	for i := range 6 {
		if _, err := r.Scale(t.Context(), r.acme, r.id, deploymentRef(ns, "web"), Scaling{Replicas: int64(2 + i%2)}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Restart(t.Context(), r.acme, r.id, deploymentRef(ns, "web"), false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestScaleSaysWhoUndoesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.deployment(ns, 1)
	least := int32(1)
	_, err := r.plane.Client().AutoscalingV2().HorizontalPodAutoscalers(ns).Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "busy"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}, MinReplicas: &least, MaxReplicas: 4,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Scale(t.Context(), r.acme, r.id, deploymentRef(ns, "web"), Scaling{Replicas: 2, DryRun: true})
	if err != nil || !strings.Contains(strings.Join(got.Notes, " "), "autoscaler busy keeps between 1 and 4") {
		t.Fatalf("%+v, %v", got, err)
	}
	sets, err := r.plane.Client().AppsV1().ReplicaSets(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(sets.Items) == 0 {
		t.Fatal(err)
	}
	got, err = r.Scale(t.Context(), r.acme, r.id, Ref{Kind: "replicasets.apps", Namespace: ns, Name: sets.Items[0].Name}, Scaling{Replicas: 2, DryRun: true})
	if err != nil || !strings.Contains(strings.Join(got.Notes, " "), "Deployment web made it") {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestWhatCannotBeDoneIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.deployment(ns, 0)
	if _, err := r.plane.Client().CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, conf, web := t.Context(), Ref{Kind: "configmaps", Namespace: ns, Name: "c"}, deploymentRef(ns, "web")
	if _, err := r.Pause(ctx, r.acme, r.id, web, false, false); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		want string
		do   func() error
	}{
		"scale of a config map":   {"cluster.not_scalable", func() error { _, err := r.Scale(ctx, r.acme, r.id, conf, Scaling{}); return err }},
		"restart of a config map": {"cluster.not_restartable", func() error { _, err := r.Restart(ctx, r.acme, r.id, conf, false); return err }},
		"restart while paused":    {"cluster.paused", func() error { _, err := r.Restart(ctx, r.acme, r.id, web, false); return err }},
		"rollback while paused":   {"cluster.paused", func() error { _, err := r.Rollback(ctx, r.acme, r.id, web, 1, false); return err }},
		"pause of a config map":   {"cluster.not_pausable", func() error { _, err := r.Pause(ctx, r.acme, r.id, conf, false, false); return err }},
		"suspend of a deployment": {"cluster.not_suspendable", func() error { _, err := r.Suspend(ctx, r.acme, r.id, web, false, false); return err }},
		"run of a deployment":     {"cluster.not_runnable", func() error { _, err := r.RunCronJob(ctx, r.acme, r.id, web, false); return err }},
		"revisions of a map":      {"cluster.no_revisions", func() error { _, err := r.Revisions(ctx, r.acme, r.id, conf); return err }},
		"no such object": {"cluster.object_gone", func() error {
			_, err := r.Restart(ctx, r.acme, r.id, deploymentRef(ns, "none"), false)
			return err
		}},
		"no such kind": {"cluster.kind_unknown", func() error {
			_, err := r.Label(ctx, r.acme, r.id, Ref{Kind: "things.example.org", Namespace: ns, Name: "a"}, map[string]string{"a": "b"}, nil, false)
			return err
		}},
		"no namespace": {"cluster.namespace_missing", func() error { _, err := r.Restart(ctx, r.acme, r.id, deploymentRef("", "web"), false); return err }},
		"a bad label": {"cluster.object_invalid", func() error {
			_, err := r.Label(ctx, r.acme, r.id, web, map[string]string{"a b": "c"}, nil, false)
			return err
		}},
	} {
		before := len(r.audit())
		if err := try.do(); code(err) != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
		if rows := r.audit(); name != "revisions of a map" && (len(rows) == before || rows[0].Result != "refused" || rows[0].Detail["why"] != try.want) {
			t.Errorf("%s: the audit says %+v", name, rows[:len(rows)-before])
		}
	}
}

func TestAnotherTenantsClusterIsNotFound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	globex, ref := r.store.Tenant("globex"), deploymentRef(ns, "web")
	for name, do := range map[string]func() error{
		"scale":      func() error { _, err := r.Scale(t.Context(), globex, r.id, ref, Scaling{}); return err },
		"restart":    func() error { _, err := r.Restart(t.Context(), globex, r.id, ref, false); return err },
		"pause":      func() error { _, err := r.Pause(t.Context(), globex, r.id, ref, false, false); return err },
		"suspend":    func() error { _, err := r.Suspend(t.Context(), globex, r.id, ref, false, false); return err },
		"run":        func() error { _, err := r.RunCronJob(t.Context(), globex, r.id, ref, false); return err },
		"revisions":  func() error { _, err := r.Revisions(t.Context(), globex, r.id, ref); return err },
		"rollback":   func() error { _, err := r.Rollback(t.Context(), globex, r.id, ref, 1, false); return err },
		"cordon":     func() error { _, err := r.Cordon(t.Context(), globex, r.id, "n", false, false); return err },
		"taint":      func() error { _, err := r.Taint(t.Context(), globex, r.id, "n", nil, nil, false); return err },
		"label":      func() error { _, err := r.Label(t.Context(), globex, r.id, ref, nil, nil, false); return err },
		"annotate":   func() error { _, err := r.Annotate(t.Context(), globex, r.id, ref, nil, nil, false); return err },
		"delete":     func() error { _, err := r.DeleteObject(t.Context(), globex, r.id, ref, Deleting{}); return err },
		"finalizers": func() error { _, err := r.RemoveFinalizers(t.Context(), globex, r.id, ref, nil, ""); return err },
	} {
		if err := do(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRollbackGivesTheOldTemplate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	d := r.deployment(ns, 1)
	d.Spec.Template.Spec.Containers[0].Image = "registry.test/app:2"
	d.Annotations[changeCause] = "second"
	if _, err := r.plane.Client().AppsV1().Deployments(ns).Update(ctx, d, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	r.awaitDeployment(ns, func(d *appsv1.Deployment) bool {
		return d.Annotations[revisionOf] == "2" && d.Status.ObservedGeneration == d.Generation && d.Status.UpdatedReplicas == 1
	})
	ref := deploymentRef(ns, "web")
	all, err := r.Revisions(ctx, r.acme, r.id, ref)
	if err != nil || len(all) != 2 || all[0].Number != 2 || !all[0].Current || all[0].Cause != "second" || all[1].Images[0] != "registry.test/app:1" || all[1].Current {
		t.Fatalf("%+v, %v", all, err)
	}
	tried, err := r.Rollback(ctx, r.acme, r.id, ref, 1, true)
	if err != nil || !strings.Contains(tried.Diff, "-      - image: registry.test/app:2\n+      - image: registry.test/app:1\n") {
		t.Fatalf("%s, %v", tried.Diff, err)
	}
	got, err := r.Rollback(ctx, r.acme, r.id, ref, 0, false)
	if err != nil || got.Changes["spec.template.spec.containers[c].image"] != [2]any{"registry.test/app:2", "registry.test/app:1"} {
		t.Fatalf("%+v, %v", got, err)
	}
	now := r.awaitDeployment(ns, func(d *appsv1.Deployment) bool { return d.Annotations[revisionOf] == "3" })
	if now.Annotations[changeCause] != "" || now.Spec.Template.Labels[hashLabel] != "" {
		t.Fatalf("%+v", now)
	}
	if _, err := r.Rollback(ctx, r.acme, r.id, ref, 9, false); code(err) != "cluster.revision_unknown" {
		t.Fatal(err)
	}
}

func TestRollbackOfADaemonSet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	sets := r.plane.Client().AppsV1().DaemonSets(ns)
	labels := map[string]string{"app": "agent"}
	made, err := sets.Create(ctx, &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent"}, Spec: appsv1.DaemonSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"none": "such"}, Containers: []corev1.Container{{Name: "c", Image: "registry.test/agent:1"}},
		}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	await := func(generation int64) *appsv1.DaemonSet {
		watched, err := sets.Watch(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return clustertest.Await(t, watched, func(d *appsv1.DaemonSet) bool { return d.Status.ObservedGeneration == generation })
	}
	made = await(made.Generation)
	made.Spec.Template.Spec.Containers[0].Image = "registry.test/agent:2"
	if made, err = sets.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(made.Generation)
	ref := Ref{Kind: "daemonsets.apps", Namespace: ns, Name: "agent"}
	got, err := r.Rollback(ctx, r.acme, r.id, ref, 1, false)
	if err != nil || got.Changes["spec.template.spec.containers[c].image"] != [2]any{"registry.test/agent:2", "registry.test/agent:1"} {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestACronJobIsSuspendedAndRun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	name := strings.Repeat("n", 52)
	made, err := r.plane.Client().BatchV1().CronJobs(ns).Create(ctx, &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: batchv1.CronJobSpec{
		Schedule: "0 0 1 1 *",
		JobTemplate: batchv1.JobTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: batchv1.JobSpec{
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: "Never", Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
		}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ref := Ref{Kind: "cronjobs.batch", Namespace: ns, Name: name}
	if got, err := r.Suspend(ctx, r.acme, r.id, ref, false, false); err != nil || got.Changes["spec.suspend"] != [2]any{false, true} {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := r.Suspend(ctx, r.acme, r.id, ref, true, false); err != nil || got.Changes["spec.suspend"] != [2]any{true, false} {
		t.Fatalf("%+v, %v", got, err)
	}
	got, err := r.RunCronJob(ctx, r.acme, r.id, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	job, err := r.plane.Client().BatchV1().Jobs(ns).Get(ctx, got.Object.Name, metav1.GetOptions{})
	if err != nil || !metav1.IsControlledBy(job, made) || job.Annotations["cronjob.kubernetes.io/instantiate"] != "manual" || job.Labels["a"] != "b" {
		t.Fatalf("%+v, %v", job, err)
	}
}

func TestNodesAreCordonedAndTainted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, node := t.Context(), "sim-0002"
	if got, err := r.Cordon(ctx, r.acme, r.id, node, false, false); err != nil || got.Changes["spec.unschedulable"] != [2]any{nil, true} {
		t.Fatalf("%+v, %v", got, err)
	}
	taint := Taint{Key: "example.org/ü", Effect: "NoSchedule"}
	if _, err := r.Taint(ctx, r.acme, r.id, node, []Taint{taint}, nil, false); code(err) != "cluster.object_invalid" || len(fault.From(err).Fields) == 0 {
		t.Fatalf("%v", err)
	}
	taint = Taint{Key: "example.org/gpu", Value: "no", Effect: "PreferNoSchedule"}
	if _, err := r.Taint(ctx, r.acme, r.id, node, []Taint{taint}, nil, false); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Taint(ctx, r.acme, r.id, node, nil, []Taint{{Key: "example.org/gpu"}}, false); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Cordon(ctx, r.acme, r.id, node, true, false); err != nil || got.Changes["spec.unschedulable"] != [2]any{true, nil} {
		t.Fatalf("%+v, %v", got, err)
	}
	n, err := r.plane.Client().CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil || n.Spec.Unschedulable {
		t.Fatalf("%+v, %v", n.Spec, err)
	}
	for _, v := range n.Spec.Taints {
		if v.Key == "example.org/gpu" {
			t.Fatal(v)
		}
	}
}

func TestLabelsAndSecretsInTheAudit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	_, err := r.plane.Client().CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s", Annotations: map[string]string{lastKubect: `{"stringData":{"p":"geheim"}}`}}, StringData: map[string]string{"p": "geheim"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ref := Ref{Kind: "secrets", Namespace: ns, Name: "s"}
	if _, err := r.Label(ctx, r.acme, r.id, ref, map[string]string{"example.org/a": "b"}, []string{"none"}, false); err != nil {
		t.Fatal(err)
	}
	got, err := r.Annotate(ctx, r.acme, r.id, ref, map[string]string{"grüße": "世界"}, nil, false)
	if code(err) != "cluster.object_invalid" { // keys are ASCII, values are not
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = r.Annotate(ctx, r.acme, r.id, ref, map[string]string{"greetings": "世界"}, nil, false); err != nil || got.Changes["metadata.annotations.greetings"] != [2]any{nil, "世界"} {
		t.Fatalf("%+v, %v", got, err)
	}
	gone, err := r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{})
	if err != nil || gone.State != "gone" {
		t.Fatalf("%+v, %v", gone, err)
	}
	rows := r.audit()
	if rows[0].Action != "clusters.delete_object" || rows[0].Detail["changes"].(map[string]any)["data.p"] == nil {
		t.Fatalf("%+v", rows[0])
	}
	for _, row := range rows {
		if text := fmt.Sprint(row); strings.Contains(text, "geheim") || strings.Contains(text, "Z2VoZWlt") {
			t.Errorf("the audit holds a secret: %s", text)
		}
	}
}

func TestTheAttemptStandsWhenTheClusterIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.deployment(ns, 0)
	door := r.plane.Door(t)
	r.id = r.register(door.Kubeconfig())
	door.Slow(300 * time.Millisecond)
	said := make(chan error, 1)
	go func() {
		_, err := r.Restart(t.Context(), r.acme, r.id, deploymentRef(ns, "web"), false)
		said <- err
	}()
	door.Await("^PATCH", 1)
	door.Cut("^PATCH")
	if err := <-said; code(err) != "cluster.unreachable" {
		t.Fatal(err)
	}
	rows := r.audit()
	if len(rows) < 2 || rows[0].Action != "clusters.restart" || rows[0].Result != "failed" || rows[1].Action != "clusters.try" {
		t.Fatalf("%+v", rows)
	}
}
