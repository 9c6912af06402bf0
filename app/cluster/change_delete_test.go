package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/app/fault"
)

func (r *rig) configMap(ns, name string, finalizers ...string) Ref {
	r.tb.Helper()
	_, err := r.plane.Client().CoreV1().ConfigMaps(ns).Create(r.tb.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Finalizers: finalizers}, Data: map[string]string{"a": "1", "b": "2"},
	}, metav1.CreateOptions{FieldManager: "somebody"})
	if err != nil {
		r.tb.Fatal(err)
	}
	return Ref{Kind: "configmaps", Namespace: ns, Name: name}
}

func TestWhatHangsInDeletionIsExplained(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	ref := r.configMap(ns, "held", "example.org/theirs", "foregroundDeletion")
	if _, err := r.RemoveFinalizers(ctx, r.acme, r.id, ref, []string{"example.org/theirs"}, "held"); code(err) != "cluster.not_deleting" {
		t.Fatal(err)
	}
	got, err := r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{UID: "another"})
	if code(err) != "cluster.object_changed" {
		t.Fatalf("%+v, %v", got, err)
	}
	got, err = r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{Propagation: "foreground"})
	if err != nil || got.State != "deleting" || !slices.ContainsFunc(got.Finalizers, func(f Finalizer) bool { return f.Name == "example.org/theirs" && f.Waits != "" }) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := r.RemoveFinalizers(ctx, r.acme, r.id, ref, []string{"example.org/theirs"}, "another"); code(err) != "cluster.not_confirmed" {
		t.Fatal(err)
	}
	if _, err := r.RemoveFinalizers(ctx, r.acme, r.id, ref, []string{"none"}, "held"); code(err) != "cluster.finalizer_unknown" {
		t.Fatal(err)
	}
	got, err = r.RemoveFinalizers(ctx, r.acme, r.id, ref, []string{"example.org/theirs", "foregroundDeletion"}, "held")
	if err != nil || got.State != "gone" {
		t.Fatalf("%+v, %v", got, err)
	}
	rows := r.audit()
	if rows[0].Action != "clusters.finalizers" || !strings.Contains(fmt.Sprint(rows[0].Detail["changes"]), "example.org/theirs") {
		t.Fatalf("%+v", rows[0])
	}
}

func TestANamespaceSaysWhatGoesWithIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	ref := Ref{Kind: "namespaces", Name: ns}
	for _, name := range []string{"one", "two"} {
		r.configMap(ns, name)
	}
	held := r.configMap(ns, "held", "example.org/theirs")
	r.deployment(ns, 2)
	got, err := r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{DryRun: true})
	if err != nil || got.State != "there" {
		t.Fatalf("%+v, %v", got, err)
	}
	count := func(kind string) int64 {
		for _, c := range got.Counts {
			if c.Kind == kind {
				return c.Count
			}
		}
		return -1
	}
	if count("pods") != 2 || count("deployments.apps") != 1 || count("configmaps") != 4 { // one is the cluster's own
		t.Fatalf("%+v", got.Counts)
	}
	if got, err = r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{}); err != nil || got.State != "deleting" || got.Finalizers[0].Name != "kubernetes" {
		t.Fatalf("%+v, %v", got, err)
	}
	watched, err := r.plane.Client().CoreV1().Namespaces().Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + ns})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, watched, func(n *corev1.Namespace) bool {
		return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NamespaceCondition) bool {
			return c.Type == corev1.NamespaceFinalizersRemaining && c.Status == corev1.ConditionTrue
		})
	})
	got, err = r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{DryRun: true})
	if err != nil || !strings.Contains(strings.Join(got.Messages, " "), "example.org/theirs") {
		t.Fatalf("%+v, %v", got, err)
	}
	// The namespace goes by force, whatever is left in it.
	got, err = r.RemoveFinalizers(ctx, r.acme, r.id, ref, []string{"kubernetes"}, ns)
	if err != nil || got.State != "gone" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := r.RemoveFinalizers(ctx, r.acme, r.id, held, []string{"example.org/theirs"}, "held"); err != nil {
		t.Fatal(err)
	}
}

func TestAVolumeSaysWhoUsesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	_, err := r.plane.Client().CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: ns},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{"storage": resource.MustParse("1Gi")}, AccessModes: []corev1.PersistentVolumeAccessMode{"ReadWriteOnce"},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/data"}},
			PersistentVolumeReclaimPolicy: "Retain", ClaimRef: &corev1.ObjectReference{Namespace: ns, Name: "data"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.DeleteObject(ctx, r.acme, r.id, Ref{Kind: "persistentvolumes", Name: ns}, Deleting{DryRun: true})
	if notes := strings.Join(got.Notes, " "); err != nil || !strings.Contains(notes, "claim data in "+ns) || !strings.Contains(notes, "Retain") {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := r.DeleteObject(ctx, r.acme, r.id, Ref{Kind: "persistentvolumes", Name: ns}, Deleting{}); err != nil {
		t.Fatal(err)
	}
}

// TestARestrictedAccountIsToldWhatItMayNot gives the viewer the right to read
// deployments, and waits until the API server knows that.
func TestARestrictedAccountIsToldWhatItMayNot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	r.deployment(ns, 0)
	roles := r.plane.Client().RbacV1()
	_, err := roles.Roles(ns).Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "reads"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"apps"}, Resources: []string{"deployments", "deployments/scale"}, Verbs: []string{"get"},
	}}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = roles.RoleBindings(ns).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reads"}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "reads"},
		Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: clustertest.ViewerName}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.id = r.register(r.plane.Viewer())
	ref := deploymentRef(ns, "web")
	for missing := true; missing; { // rights take effect some ms late
		_, err := r.Revisions(ctx, r.acme, r.id, Ref{Kind: "deployments.apps", Namespace: ns, Name: "web"})
		missing = err != nil && strings.Contains(fault.From(err).Msg, `cannot get resource "deployments"`)
	}
	for name, do := range map[string]func() error{
		`cannot patch resource "deployments/scale"`: func() error { _, err := r.Scale(ctx, r.acme, r.id, ref, Scaling{Replicas: 2}); return err },
		`cannot patch resource "deployments" in`:    func() error { _, err := r.Restart(ctx, r.acme, r.id, ref, false); return err },
		`cannot delete resource "deployments"`:      func() error { _, err := r.DeleteObject(ctx, r.acme, r.id, ref, Deleting{}); return err },
		`cannot list resource "replicasets"`:        func() error { _, err := r.Revisions(ctx, r.acme, r.id, ref); return err },
	} {
		if err := do(); code(err) != "cluster.forbidden" || !strings.Contains(fault.From(err).Msg, name) {
			t.Errorf("%s: %v", name, fault.From(err).Msg)
		}
	}
	if rows := r.audit(); rows[0].Result != "refused" {
		t.Errorf("%+v", rows[0])
	}
}

// TestAQuotaIsNoMissingRight scales pods over a quota by a direct change: the
// refusal is of the object, not of who asks.
func TestAQuotaIsNoMissingRight(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	quotas := r.plane.Client().CoreV1().ResourceQuotas(ns)
	maps, err := r.plane.Client().CoreV1().ConfigMaps(ns).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, maps, func(m *corev1.ConfigMap) bool { return m.Name == "kube-root-ca.crt" }) // the controllers make one
	_, err = quotas.Create(ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "few"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/configmaps": resource.MustParse("1")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	watched, err := quotas.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, watched, func(q *corev1.ResourceQuota) bool { u := q.Status.Used["count/configmaps"]; return u.Value() == 1 })
	_, err = r.plane.Client().CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "more"}}, metav1.CreateOptions{})
	err = denial(err)
	if code(err) != "cluster.object_invalid" || !strings.Contains(fault.From(err).Msg, "exceeded quota: few") {
		t.Fatal(fault.From(err).Msg)
	}
}
