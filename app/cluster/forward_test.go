package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// storefront makes a pod that serves, with a named port, and a service before it.
func storefront(t *testing.T, p *clustertest.Plane, namespace string) {
	t.Helper()
	pod := rated(namespace, "shop", nil)
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "i", Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}}}
	p.Pod(t, pod)
	for name, ports := range map[string][]corev1.ServicePort{
		"front": {{Name: "http", Port: 80, TargetPort: intstr.FromString("web")}, {Name: "other", Port: 81, TargetPort: intstr.FromString("none")}},
	} {
		_, err := p.Client().CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "shop"}, Ports: ports},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPortIsReachedByWebSocketAndBySPDY(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	storefront(t, p, ns)
	for _, way := range []string{"WebSocket", "SPDY"} {
		door := p.Door(t)
		if way == "SPDY" {
			door.Refuse("^GET .*/portforward", 400)
		}
		id := b.register(way, door.Kubeconfig())
		for _, q := range []ForwardQuery{{ns, "pods", "shop", "8080"}, {ns, "pods", "shop", "web"}, {ns, "services", "front", "http"}, {ns, "services", "front", "80"}} {
			f, err := b.service.Forward(t.Context(), b.acme, id, q)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return f.Dial(ctx) }}
			client := &http.Client{Transport: transport}
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					sent := strings.Repeat("żółw ", 20_000)
					res, err := client.Post("http://shop/echo", "text/plain", strings.NewReader(sent))
					if err != nil {
						t.Errorf("%s %+v: %v", way, q, err)
						return
					}
					defer res.Body.Close()
					var got struct{ Body string }
					if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Body != sent {
						t.Errorf("%s %+v: %d of %d bytes, %v", way, q, len(got.Body), len(sent), err)
					}
				})
			}
			all.Wait()
			transport.CloseIdleConnections()
			if err := f.Close(t.Context(), "closed"); err != nil {
				t.Error(err)
			}
		}
		if post := door.Count("^POST .*/portforward"); (way == "SPDY") != (post > 0) {
			t.Errorf("%s: %d by SPDY", way, post)
		}
		rows, err := b.acme.AuditRows(t.Context(), store.AuditList{Thing: id, List: store.List{Limit: 20}})
		if err != nil || len(rows.Items) != 9 || rows.Items[0].Action != "pods.forward_end" || rows.Items[1].Action != "pods.forward" {
			t.Errorf("%v, %+v", err, rows.Items)
		}
	}
}

func TestWhatCannotBeForwardedIsSaid(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id, viewer := b.register("one", p.Kubeconfig()), b.register("viewer", p.Viewer())
	storefront(t, p, ns)
	p.Pod(t, rated(ns, "closed", nil))
	for _, tt := range []struct{ cluster, kind, name, port, want string }{
		{id, "pods", "none", "80", "cluster.object_gone"},
		{id, "services", "none", "80", "cluster.object_gone"},
		{id, "deployments.apps", "shop", "80", "forward.kind"},
		{id, "pods", "shop", "0", "forward.no_port"},
		{id, "pods", "shop", "65536", "forward.no_port"},
		{id, "pods", "shop", "x", "forward.no_port"},
		{id, "pods", "shop", "", "forward.no_port"},
		{id, "services", "front", "8080", "forward.no_port"},
		{id, "services", "front", "other", "forward.no_port"},
		{id, "services", "front", "", "forward.no_port"},
		{viewer, "pods", "shop", "80", "cluster.forbidden"},
	} {
		if _, err := b.service.Forward(t.Context(), b.acme, tt.cluster, ForwardQuery{ns, tt.kind, tt.name, tt.port}); fault.From(err).Code != tt.want {
			t.Errorf("%s %s %s: %v, want %s", tt.kind, tt.name, tt.port, err, tt.want)
		}
	}
	if _, err := b.service.Forward(t.Context(), b.globex, id, ForwardQuery{ns, "pods", "shop", "80"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
	f, err := b.service.Forward(t.Context(), b.acme, id, ForwardQuery{ns, "pods", "closed", "81"})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := f.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, errNoAnswer) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
}
