package main

import (
	"context"
	"net"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	apiregv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

var (
	metricsType = metav1.TypeMeta{APIVersion: "metrics.k8s.io/v1beta1"}
	window      = metav1.Duration{Duration: 15 * time.Second}
)

// use returns what something says that it uses.
func use(o metav1.Object, cpu, memory string) corev1.ResourceList {
	if v := o.GetAnnotations()[annCPU]; v != "" {
		cpu = v
	}
	if v := o.GetAnnotations()[annMemory]; v != "" {
		memory = v
	}
	l := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if q, err := resource.ParseQuantity(text); err == nil {
			l[name] = q
		}
	}
	return l
}

// selector returns the one of a request.
func selector(r *http.Request) labels.Selector {
	s, err := labels.Parse(r.FormValue("labelSelector"))
	if err != nil {
		return labels.Nothing()
	}
	return s
}

func (s *sim) podMetrics(w http.ResponseWriter, r *http.Request) {
	l := metricsv1beta1.PodMetricsList{TypeMeta: metricsType, Items: []metricsv1beta1.PodMetrics{}}
	l.Kind = "PodMetricsList"
	ns, sel := r.PathValue("namespace"), selector(r)
	for _, o := range s.pods.GetStore().List() {
		p := o.(*corev1.Pod)
		if ns != "" && p.Namespace != ns || p.Status.Phase != corev1.PodRunning || !sel.Matches(labels.Set(p.Labels)) {
			continue
		}
		m := metricsv1beta1.PodMetrics{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: p.Labels}, Timestamp: metav1.Now(), Window: window}
		for _, c := range p.Spec.Containers {
			m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{Name: c.Name, Usage: use(p, "15m", "64Mi")})
		}
		l.Items = append(l.Items, m)
	}
	answer(w, l)
}

func (s *sim) nodeMetrics(w http.ResponseWriter, r *http.Request) {
	l := metricsv1beta1.NodeMetricsList{TypeMeta: metricsType, Items: []metricsv1beta1.NodeMetrics{}}
	l.Kind = "NodeMetricsList"
	sel := selector(r)
	for _, o := range s.nodes.GetStore().List() {
		n := o.(*corev1.Node)
		if sel.Matches(labels.Set(n.Labels)) {
			l.Items = append(l.Items, metricsv1beta1.NodeMetrics{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}, Timestamp: metav1.Now(), Window: window, Usage: use(n, "1500m", "8Gi")})
		}
	}
	answer(w, l)
}

// serveMetrics serves metrics.k8s.io, and registers it through an ExternalName
// Service, which lets the API server call localhost.
func (s *sim) serveMetrics(ctx context.Context, rc *rest.Config) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.serve(ctx, l, s.metricsAPI())
	port := int32(l.Addr().(*net.TCPAddr).Port)
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "sim-metrics", Namespace: "kube-system"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost", Ports: []corev1.ServicePort{{Port: port}}},
	}
	if err := again(ctx, func() error { // the API server makes the namespace after it is ready
		_, err := s.client.CoreV1().Services(service.Namespace).Create(ctx, service, metav1.CreateOptions{})
		return err
	}); err != nil {
		return err
	}
	c, err := aggclient.NewForConfig(rc)
	if err != nil {
		return err
	}
	_, err = c.ApiregistrationV1().APIServices().Create(ctx, &apiregv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1beta1.metrics.k8s.io"},
		Spec: apiregv1.APIServiceSpec{
			Group: "metrics.k8s.io", Version: "v1beta1", GroupPriorityMinimum: 100, VersionPriority: 100,
			InsecureSkipTLSVerify: true, Service: &apiregv1.ServiceReference{Namespace: service.Namespace, Name: service.Name, Port: &port},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return again(ctx, func() error {
		return s.client.RESTClient().Get().AbsPath("/apis/" + metricsType.APIVersion).Do(ctx).Error()
	})
}

func (s *sim) metricsAPI() http.Handler {
	fixed := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { answer(w, v) }
	}
	version := metav1.GroupVersionForDiscovery{GroupVersion: metricsType.APIVersion, Version: "v1beta1"}
	group := metav1.APIGroup{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: "metrics.k8s.io",
		Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version,
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /apis", fixed(metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{group}}))
	m.HandleFunc("GET /apis/metrics.k8s.io", fixed(group))
	m.HandleFunc("GET /apis/metrics.k8s.io/v1beta1", fixed(metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metricsType.APIVersion,
		APIResources: []metav1.APIResource{
			{Name: "nodes", Kind: "NodeMetrics", Verbs: metav1.Verbs{"get", "list"}},
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: metav1.Verbs{"get", "list"}},
		},
	}))
	m.HandleFunc("GET /apis/metrics.k8s.io/v1beta1/nodes", s.nodeMetrics)
	m.HandleFunc("GET /apis/metrics.k8s.io/v1beta1/pods", s.podMetrics)
	m.HandleFunc("GET /apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods", s.podMetrics)
	// Without these the API server asks, and complains, for ever.
	m.HandleFunc("GET /openapi/v2", fixed(map[string]any{"swagger": "2.0", "info": map[string]string{"title": "metrics", "version": "v1"}, "paths": map[string]any{}}))
	m.HandleFunc("GET /openapi/v3", fixed(map[string]any{"paths": map[string]any{}}))
	return m
}
