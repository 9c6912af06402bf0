package cluster_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"unity.internal/app/cluster"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// healthy registers a cluster and waits until it is known.
func (b *bench) healthy(kubeconfig string) string {
	b.tb.Helper()
	id := b.add(kubeconfig)
	b.state(id, store.ClusterSynced)
	return id
}

// trouble waits for one of a kind at a place, and returns it.
func (b *bench) trouble(id, kind string, r cluster.Ref) (found cluster.Finding) {
	b.tb.Helper()
	b.until(kind+" of "+r.String(), func() bool {
		h, err := b.Health(b.tb.Context(), b.acme, id)
		if err != nil {
			b.tb.Fatal(err)
		}
		i := slices.IndexFunc(h.Findings, func(f cluster.Finding) bool { return f.Kind == kind && f.Ref == r })
		if i >= 0 {
			found = h.Findings[i]
		}
		return i >= 0
	})
	return found
}

// whole waits for a trouble of the cluster as a whole, which no change of an object tells of.
func (b *bench) whole(id, kind string) (found cluster.Finding) {
	b.tb.Helper()
	b.until(kind, func() bool {
		b.Diagnose(b.tb.Context(), b.acme.ID, id)
		h, err := b.Health(b.tb.Context(), b.acme, id)
		if err != nil {
			b.tb.Fatal(err)
		}
		i := slices.IndexFunc(h.Findings, func(f cluster.Finding) bool { return f.Kind == kind && f.Ref == cluster.Ref{} })
		if i >= 0 {
			found = h.Findings[i]
		}
		return i >= 0
	})
	return found
}

// reading returns what the cluster says of a metric now.
func (b *bench) reading(id, metric string) store.Reading {
	b.tb.Helper()
	for _, r := range b.Diagnose(b.tb.Context(), b.acme.ID, id) {
		if r.Metric == metric {
			return r
		}
	}
	b.tb.Fatalf("no reading of %s", metric)
	return store.Reading{}
}

func template(annotation, value string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "a"}, Annotations: map[string]string{annotation: value}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.test/app:1"}}},
	}
}

func TestHealthFindsWhatARealClusterHas(t *testing.T) {
	t.Parallel()
	p, b := clustertest.Shared(t), newBench(t)
	ns, ctx := p.Namespace(t), t.Context()
	id := b.healthy(p.Kubeconfig())

	replicas := int32(3)
	_, err := p.Client().AppsV1().Deployments(ns).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}, Template: template("sim.test/crash", "true"),
		},
	}, metav1.CreateOptions{})
	never := int32(0)
	job := template("sim.test/phase", "Failed")
	job.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err2 := p.Client().BatchV1().Jobs(ns).Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "import"}, Spec: batchv1.JobSpec{Template: job, BackoffLimit: &never},
	}, metav1.CreateOptions{})
	huge := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "huge"}, Spec: template("", "").Spec}
	huge.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4000")}
	_, err3 := p.Client().CoreV1().Pods(ns).Create(ctx, &huge, metav1.CreateOptions{})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}

	var f cluster.Finding
	b.until("all three pods in one crash loop", func() bool {
		f = b.trouble(id, "crash_loop", cluster.Ref{"deployments.apps", ns, "web"})
		return f.Count == 3
	})
	if f.Severity != "critical" || len(f.Objects) != 3 || f.Objects[0].Kind != "pods" || f.Title != "3 pods in a crash loop: web of "+ns || !strings.Contains(f.Text, "code 1. It was restarted 5 times.") {
		t.Errorf("%+v", f)
	}
	if f := b.trouble(id, "failed_job", cluster.Ref{"jobs.batch", ns, "import"}); f.Severity != "warning" || !strings.Contains(f.Text, "backoff limit") {
		t.Errorf("%+v", f)
	}
	if f := b.trouble(id, "unschedulable", cluster.Ref{"pods", ns, "huge"}); !strings.Contains(f.Text, "not enough CPU is free on ") {
		t.Errorf("%+v", f)
	}
	if r := b.reading(id, "kube_pods_crash_looping"); r.Value < 3 || !strings.Contains(r.Note, "web of "+ns+" (3)") {
		t.Errorf("%+v", r)
	}
	if r := b.reading(id, "kube_jobs_failed"); r.Value < 1 || !strings.Contains(r.Note, "import of "+ns) {
		t.Errorf("%+v", r)
	}
	if r := b.reading(id, "kube_pods_unschedulable"); r.Value < 1 || !strings.Contains(r.Note, "huge of "+ns) {
		t.Errorf("%+v", r)
	}
	all, _ := b.Findings(b.acme.ID, 1)
	if len(all) != 1 || all[0].Cluster != id || all[0].Severity != "critical" {
		t.Errorf("%+v", all)
	}

	if err := p.Client().AppsV1().Deployments(ns).Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	b.until("the crash loop to be over", func() bool {
		h, err := b.Health(ctx, b.acme, id)
		return err == nil && !slices.ContainsFunc(h.Findings, func(f cluster.Finding) bool { return f.Ref == cluster.Ref{"deployments.apps", ns, "web"} })
	})
	v, err := b.acme.Cluster(ctx, id)
	if err != nil || v.Facts.Findings == 0 {
		t.Errorf("findings: %+v, %v", v.Facts, err)
	}
}

func TestANodeThatIsNotReadyIsFound(t *testing.T) {
	t.Parallel()
	p, b := clustertest.Shared(t), newBench(t)
	id := b.healthy(p.Kubeconfig())
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "attic", Labels: map[string]string{"sim.test/dead": "true"}}}
	_, err := p.Client().CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Client().CoreV1().Nodes().Delete(context.WithoutCancel(t.Context()), "attic", metav1.DeleteOptions{})
	})
	down := []byte(`{"status":{"conditions":[{"type":"Ready","status":"False","reason":"KubeletNotReady","message":"container runtime is down"}]}}`)
	_, err = p.Client().CoreV1().Nodes().Patch(t.Context(), "attic", types.StrategicMergePatchType, down, metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
	b.until("its reason", func() bool {
		return strings.Contains(b.trouble(id, "node_not_ready", cluster.Ref{Kind: "nodes", Name: "attic"}).Text, "container runtime is down")
	})
	if r := b.reading(id, "kube_nodes_not_ready"); r.Value != 1 || r.Note != "1 of 4 nodes is not ready: attic" {
		t.Errorf("%+v", r)
	}
	if r := b.reading(id, "kube_cpu_allocatable_cores"); r.Value <= 0 {
		t.Errorf("%+v", r)
	}
}

// signed returns a certificate that ends after left, and its key.
func signed(tb testing.TB, left time.Duration) map[string][]byte {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(left - 365*24*time.Hour), NotAfter: time.Now().Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}
}

func TestCertificatesOfAClusterAreKnown(t *testing.T) {
	t.Parallel()
	p, b := clustertest.Shared(t), newBench(t)
	ns := p.Namespace(t)
	for name, left := range map[string]time.Duration{"soon": 5*24*time.Hour + time.Hour, "late": 90 * 24 * time.Hour} {
		_, err := p.Client().CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS, Data: signed(t, left),
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	id := b.healthy(p.Kubeconfig())
	f := b.trouble(id, "certificate", cluster.Ref{"secrets", ns, "soon"})
	if f.Severity != "warning" || !strings.Contains(f.Text, "ends in 5 days") {
		t.Errorf("%+v", f)
	}
	h, err := b.Health(t.Context(), b.acme, id)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", h.Certificates)
	for _, want := range []string{"secret soon of " + ns, "secret late of " + ns, "the certificate of the API server", "own client certificate"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	if r := b.reading(id, "kube_certificate_left_seconds"); r.Value > 5.1*86400 || r.Note != "certificate in secret soon of "+ns {
		t.Errorf("%+v", r)
	}
}

func TestAnAPIThatIsSlowIsNotGone(t *testing.T) {
	t.Parallel()
	p, b := clustertest.Shared(t), newBench(t)
	door := p.Door(t)
	id := b.healthy(door.Kubeconfig())
	if r := b.reading(id, "kube_up"); r.Value != 1 {
		t.Errorf("%+v", r)
	}
	door.Slow(5 * time.Second)
	b.Doubt(b.acme.ID, id)
	f := b.whole(id, "api_slow")
	if f.Severity != "warning" || !strings.Contains(f.Text, "took 5.") {
		t.Errorf("%+v", f)
	}
	if r := b.reading(id, "kube_up"); r.Value != 1 {
		t.Errorf("slow is taken for gone: %+v", r)
	}
	if r := b.reading(id, "kube_api_latency_seconds"); r.Value < 5 || r.Value > 10 {
		t.Errorf("%+v", r)
	}

	door.Shut()
	b.Doubt(b.acme.ID, id)
	if f := b.whole(id, "unreachable"); f.Severity != "critical" {
		t.Errorf("%+v", f)
	}
	all := b.Diagnose(t.Context(), b.acme.ID, id)
	if len(all) != 1 || all[0].Metric != "kube_up" || all[0].Value != 0 || !strings.Contains(all[0].Note, "does not answer") {
		t.Errorf("readings of a cluster that is gone: %+v", all)
	}
	door.Heal()
	door.Open()
	b.Doubt(b.acme.ID, id)
	b.until("the cluster to answer again", func() bool {
		h, err := b.Health(t.Context(), b.acme, id)
		b.Diagnose(t.Context(), b.acme.ID, id)
		return err == nil && !slices.ContainsFunc(h.Findings, func(f cluster.Finding) bool { return f.Kind == "unreachable" || f.Kind == "api_slow" })
	})
}

func TestWithoutRightsItSaysWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	p, b := clustertest.Shared(t), newBench(t)
	id := b.add(p.Viewer())
	b.until("kinds that cannot be seen", func() bool {
		h, err := b.Health(t.Context(), b.acme, id)
		return err == nil && slices.ContainsFunc(h.Unwatched, func(u cluster.Unwatched) bool { return u.Kind == "pods" && u.Costs != "" })
	})
	f := b.whole(id, "forbidden_kind")
	if f.Severity != "warning" || f.Count < 5 || !strings.Contains(f.Text, "crash loops") {
		t.Errorf("%+v", f)
	}
	if f := b.whole(id, "certificates_unknown"); f.Severity != "info" || !strings.Contains(f.Text, "list secrets") {
		t.Errorf("%+v", f)
	}
	for _, r := range b.Diagnose(t.Context(), b.acme.ID, id) {
		if strings.HasPrefix(r.Metric, "kube_pods") || strings.HasPrefix(r.Metric, "kube_nodes") {
			t.Errorf("says something of what it cannot see: %+v", r)
		}
	}
	if why, err := b.Volumes(t.Context(), b.acme, id, "a", "b"); err != nil || !strings.Contains(why, "nodes/proxy") {
		t.Errorf("%q, %v", why, err)
	}
}

func TestHealthOfAnotherTenantsClusterIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.add(clustertest.Shared(t).Kubeconfig())
	if _, err := b.Health(t.Context(), b.globex, id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
	if all, more := b.Findings(b.globex.ID, 10); len(all) != 0 || more != 0 {
		t.Errorf("%+v, %d", all, more)
	}
}

// answering stands before a plane and answers what kubelets are asked for: an API
// server lets nobody through to one on loopback, where those of the plane are.
func answering(tb testing.TB, p *clustertest.Plane, summary string) (kubeconfig string) {
	tb.Helper()
	to, err := url.Parse(p.Server)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(p.CA))
	through := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	proxy := &httputil.ReverseProxy{
		Transport: through, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
	}
	serving, end := context.WithCancel(context.WithoutCancel(tb.Context()))
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/nodes/") && strings.HasSuffix(r.URL.Path, "/proxy/stats/summary") {
			_, _ = io.WriteString(w, summary)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	front.Config.BaseContext = func(net.Listener) context.Context { return serving }
	front.Start()
	tb.Cleanup(func() {
		end() // whoever watches comes back until the test is over
		front.CloseClientConnections()
		front.Close()
		through.CloseIdleConnections()
	})
	return strings.NewReplacer(p.Server, front.URL).Replace(p.Viewer())
}

func TestAFullVolumeIsFound(t *testing.T) {
	t.Parallel()
	p, b := clustertest.Shared(t), newBench(t)
	ns := p.Namespace(t)
	text := answering(t, p, `{"pods":[{"podRef":{"name":"db-0"},"volume":[
		{"name":"v","pvcRef":{"name":"data","namespace":"`+ns+`"},"capacityBytes":1000,"usedBytes":980,"availableBytes":20},
		{"name":"kube-api-access","capacityBytes":1000,"usedBytes":1000,"availableBytes":0}]}]}`)
	text = strings.Replace(text, p.ViewerToken, p.Token, 1)
	text = regexp.MustCompile(`, certificate-authority-data: [^}]*`).ReplaceAllString(text, "")
	v, err := b.Create(t.Context(), b.acme, cluster.Draft{Name: "plain", Kubeconfig: text, Accept: []string{cluster.AcceptPlain}})
	if err != nil {
		t.Fatal(err)
	}
	id := v.ID
	f := b.trouble(id, "volume_full", cluster.Ref{"persistentvolumeclaims", ns, "data"})
	if f.Severity != "critical" || !strings.Contains(f.Text, "98 % of its space") {
		t.Errorf("%+v", f)
	}
	if r := b.reading(id, "kube_volume_used_ratio"); r.Value != 0.98 || r.Note != "data of "+ns {
		t.Errorf("%+v", r)
	}
}

func TestAfterARestartNothingIsSaidOfWhatIsNotUpToDate(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	door, ns := p.Door(t), p.Namespace(t)
	p.Pod(t, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "loops", Annotations: map[string]string{"sim.test/crash": "true"}}})
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	b := newBenchOver(t, s)
	id := b.healthy(door.Kubeconfig())
	b.trouble(id, "crash_loop", cluster.Ref{Kind: "pods", Namespace: ns, Name: "loops"})
	b.stop()

	door.Refuse(`GET /api/v1/pods\?`, http.StatusServiceUnavailable)
	b = newBenchOver(t, s)
	var all []store.Reading
	b.until("nodes to be known again", func() bool {
		all = b.Diagnose(t.Context(), b.acme.ID, id)
		return slices.ContainsFunc(all, func(r store.Reading) bool { return r.Metric == "kube_nodes" })
	})
	if i := slices.IndexFunc(all, func(r store.Reading) bool { return strings.HasPrefix(r.Metric, "kube_pods") }); i >= 0 {
		t.Errorf("says what it does not know: %+v", all[i])
	}
	b.trouble(id, "crash_loop", cluster.Ref{Kind: "pods", Namespace: ns, Name: "loops"})
	door.Heal()
	b.until("pods to be known again", func() bool {
		return slices.ContainsFunc(b.Diagnose(t.Context(), b.acme.ID, id), func(r store.Reading) bool {
			return r.Metric == "kube_pods_crash_looping" && r.Value > 0
		})
	})
}
