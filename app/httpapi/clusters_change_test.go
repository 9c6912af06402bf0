package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

// deploy makes a deployment without pods, unless another test did.
func deploy(t *testing.T, namespace, name string) {
	t.Helper()
	none, labels := int32(0), map[string]string{"app": name}
	_, err := clustertest.Shared(t).Client().AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

func TestAClusterIsChangedOverHTTP(t *testing.T) {
	t.Parallel()
	plane := clustertest.Shared(t)
	ns := plane.Namespace(t)
	deploy(t, ns, "web")
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- b.parts.Jobs.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	draft, err := json.Marshal(map[string]string{"name": "home", "kubeconfig": plane.Kubeconfig()})
	if err != nil {
		t.Fatal(err)
	}
	at := "/clusters/" + b.want(201, "ann", http.MethodPost, "/clusters", string(draft))["id"].(string)
	web := `"kind":"deployments.apps","namespace":"` + ns + `","name":"web"`

	b.want(403, "vic", http.MethodPost, at+"/scale", "{"+web+`,"replicas":3}`)
	b.want(404, "gus", http.MethodPost, at+"/scale", "{"+web+`,"replicas":3}`)
	got := b.want(200, "ann", http.MethodPost, at+"/scale", "{"+web+`,"replicas":3,"from":0}`)
	if c := got["changes"].(map[string]any)["spec.replicas"].([]any); c[0] != 0.0 || c[1] != 3.0 {
		t.Fatal(got)
	}
	if p := b.want(409, "ann", http.MethodPost, at+"/scale", "{"+web+`,"replicas":5,"from":0}`); p["code"] != "cluster.object_changed" {
		t.Fatal(p)
	}
	p := b.want(422, "ann", http.MethodPost, at+"/label", "{"+web+`,"set":{"not a key":"x"}}`)
	if p["code"] != "cluster.object_invalid" || len(p["errors"].([]any)) == 0 {
		t.Fatal(p)
	}
	if got := b.want(200, "ann", http.MethodPost, at+"/delete", "{"+web+`,"dry_run":true}`); got["state"] != "there" {
		t.Fatal(got)
	}

	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  x: '" + strings.Repeat("ä", 450_000) + "'\n"
	paste := func(text string) string {
		raw, err := json.Marshal(map[string]any{"text": text, "namespace": ns})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := b.want(200, "ann", http.MethodPost, at+"/apply", paste(text)); got["outcome"] != "applied" {
		t.Fatalf("%.500v", got)
	}
	b.want(422, "ann", http.MethodPost, at+"/apply", paste(text+strings.Repeat("#\n", 2<<20)))

	b.want(404, "ann", http.MethodPost, at+"/drain", `{"name":"none"}`)
	pod := plane.Pod(t, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "alone"}, Spec: corev1.PodSpec{NodeName: "sim-0002"}})
	j := b.want(202, "ann", http.MethodPost, at+"/drain", `{"name":"sim-0002"}`)
	done := awaitJob(t, b, j["id"].(string))
	if done.State != "failed" || !strings.Contains(done.Error, ns+"/"+pod.Name) || !strings.Contains(strings.Join(done.Log, " "), "stays cordoned") {
		t.Fatalf("%+v", done)
	}
	b.want(200, "ann", http.MethodPost, at+"/uncordon", `{"name":"sim-0002"}`)
}

// awaitJob waits until a job of acme ended.
func awaitJob(t *testing.T, b *bench, id string) store.Job {
	t.Helper()
	heard, _, _ := b.bus.Read("acme", "")
	defer heard.Close()
	for {
		j, err := b.store.Tenant("acme").Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if j.Ended != nil {
			return j
		}
		select {
		case <-heard.C:
		case <-t.Context().Done():
			t.Fatalf("it does not end: %+v", j)
		}
	}
}
