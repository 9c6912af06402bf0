package cluster

import (
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/fault"

	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

// A rig is the service over a real store and a real Kubernetes, which the tenant
// acme has registered; globex has none.
type rig struct {
	tb    testing.TB
	plane *clustertest.Plane
	*Service
	store *store.Store
	acme  store.Tenant
	id    string
}

func newRig(tb testing.TB) *rig {
	tb.Helper()
	return newRigOn(tb, clustertest.Shared(tb))
}

// newRigOn is newRig with a plane of the test's own.
func newRigOn(tb testing.TB, p *clustertest.Plane) *rig {
	tb.Helper()
	s := newStation(tb)
	r := &rig{tb: tb, plane: p, Service: s.service, store: s.store, acme: s.acme}
	r.id = r.register(p.Kubeconfig())
	return r
}

// register adds a cluster to acme and returns its id.
func (r *rig) register(kubeconfig string) string {
	r.tb.Helper()
	v, err := r.Create(r.tb.Context(), r.acme, Draft{Name: store.NewID(), Kubeconfig: kubeconfig})
	if err != nil {
		r.tb.Fatal(err)
	}
	return v.ID
}

// A told row of the audit, newest first.
type told struct {
	Action, Result string
	Detail         map[string]any
}

// audit returns what the audit says of the cluster, newest first.
func (r *rig) audit() []told {
	r.tb.Helper()
	p, err := r.acme.AuditRows(r.tb.Context(), store.AuditList{List: store.List{Limit: 200}, Thing: r.id})
	if err != nil {
		r.tb.Fatal(err)
	}
	var all []told
	for _, a := range p.Items {
		var detail map[string]any
		if err := json.Unmarshal(a.Detail.(json.RawMessage), &detail); err != nil {
			r.tb.Fatal(err)
		}
		all = append(all, told{a.Action, a.Result, detail})
	}
	return all
}

// deployment makes the deployment web in ns and waits until its pods run.
func (r *rig) deployment(ns string, replicas int32) *appsv1.Deployment {
	r.tb.Helper()
	const name = "web"
	labels := map[string]string{"app": name}
	_, err := r.plane.Client().AppsV1().Deployments(ns).Create(r.tb.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.test/app:1"}}},
			},
		},
	}, metav1.CreateOptions{FieldManager: "somebody"})
	if err != nil {
		r.tb.Fatal(err)
	}
	return r.awaitDeployment(ns, func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration == d.Generation && d.Status.ReadyReplicas == replicas
	})
}

func (r *rig) awaitDeployment(ns string, is func(*appsv1.Deployment) bool) *appsv1.Deployment {
	r.tb.Helper()
	watched, err := r.plane.Client().AppsV1().Deployments(ns).Watch(r.tb.Context(), metav1.ListOptions{FieldSelector: "metadata.name=web"})
	if err != nil {
		r.tb.Fatal(err)
	}
	return clustertest.Await(r.tb, watched, is)
}

// code returns what a program would read of a failure.
func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}
