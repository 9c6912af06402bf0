package cluster

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

	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

// healthy registers a cluster, watches it and waits until its tables are there.
func (b *bench) healthy(tb testing.TB, kubeconfig string) *member {
	tb.Helper()
	return b.synced(tb, b.register(tb, kubeconfig))
}

func (b *bench) synced(tb testing.TB, id string) *member {
	tb.Helper()
	b.watch(tb)
	until(tb, "the cluster to be synced", func() bool {
		m := b.watched(b.tenant.ID)[id]
		return m != nil && m.fresh("pods") && m.fresh("nodes") && m.fresh("jobs.batch") && m.fresh("deployments.apps")
	})
	return b.watched(b.tenant.ID)[id]
}

// trouble waits for one of a kind at a place, and returns it.
func (b *bench) trouble(tb testing.TB, m *member, kind string, r Ref) (found Trouble) {
	tb.Helper()
	until(tb, kind+" of "+r.String(), func() bool {
		h, err := b.Health(tb.Context(), b.tenant, m.id())
		if err != nil {
			tb.Fatal(err)
		}
		i := slices.IndexFunc(h.Findings, func(f Trouble) bool { return f.Kind == kind && f.Ref == r })
		if i >= 0 {
			found = h.Findings[i]
		}
		return i >= 0
	})
	return found
}

// reading returns what the cluster says of a metric now.
func reading(tb testing.TB, m *member, metric string) store.Reading {
	tb.Helper()
	m.diagnose(tb.Context())
	for _, r := range m.readings() {
		if r.Metric == metric {
			return r
		}
	}
	tb.Fatalf("no reading of %s", metric)
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
	p, b := plane(t), newBench(t)
	ns, ctx := p.Namespace(t), t.Context()
	m := b.healthy(t, p.Kubeconfig())

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

	var f Trouble
	until(t, "all three pods in one crash loop", func() bool {
		f = b.trouble(t, m, "crash_loop", Ref{"deployments.apps", ns, "web"})
		return f.Count == 3
	})
	if f.Severity != critical || len(f.Objects) != 3 || f.Objects[0].Kind != "pods" || f.Title != "3 pods in a crash loop: web of "+ns || !strings.Contains(f.Text, "code 1. It was restarted 5 times.") {
		t.Errorf("%+v", f)
	}
	if f := b.trouble(t, m, "failed_job", Ref{"jobs.batch", ns, "import"}); f.Severity != warning || !strings.Contains(f.Text, "backoff limit") {
		t.Errorf("%+v", f)
	}
	if f := b.trouble(t, m, "unschedulable", Ref{"pods", ns, "huge"}); !strings.Contains(f.Text, "not enough CPU is free on ") {
		t.Errorf("%+v", f)
	}
	if r := reading(t, m, "kube_pods_crash_looping"); r.Value < 3 || !strings.Contains(r.Note, "web of "+ns+" (3)") {
		t.Errorf("%+v", r)
	}
	if r := reading(t, m, "kube_jobs_failed"); r.Value < 1 || !strings.Contains(r.Note, "import of "+ns) {
		t.Errorf("%+v", r)
	}
	if r := reading(t, m, "kube_pods_unschedulable"); r.Value < 1 || !strings.Contains(r.Note, "huge of "+ns) {
		t.Errorf("%+v", r)
	}
	all, _ := b.Troubles(b.tenant.ID, 1)
	if len(all) != 1 || all[0].Cluster != m.id() || all[0].Severity != critical {
		t.Errorf("%+v", all)
	}

	if err := p.Client().AppsV1().Deployments(ns).Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the crash loop to be over", func() bool {
		h, err := b.Health(ctx, b.tenant, m.id())
		return err == nil && !slices.ContainsFunc(h.Findings, func(f Trouble) bool { return f.Ref == Ref{"deployments.apps", ns, "web"} })
	})
	v, err := b.tenant.Cluster(ctx, m.id())
	if err != nil || v.Facts.Problems == 0 {
		t.Errorf("problems: %+v, %v", v.Facts, err)
	}
}

func TestANodeThatIsNotReadyIsFound(t *testing.T) {
	t.Parallel()
	p, b := plane(t), newBench(t)
	m := b.healthy(t, p.Kubeconfig())
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "attic", Labels: map[string]string{"sim.test/dead": "true"}}}
	node, err := p.Client().CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Client().CoreV1().Nodes().Delete(context.WithoutCancel(t.Context()), "attic", metav1.DeleteOptions{})
	})
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: "container runtime is down"}}
	if _, err := p.Client().CoreV1().Nodes().UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "its reason", func() bool {
		return strings.Contains(b.trouble(t, m, "node_not_ready", Ref{Kind: "nodes", Name: "attic"}).Text, "container runtime is down")
	})
	if r := reading(t, m, "kube_nodes_not_ready"); r.Value != 1 || r.Note != "1 of 4 nodes is not ready: attic" {
		t.Errorf("%+v", r)
	}
	if r := reading(t, m, "kube_cpu_allocatable_cores"); r.Value <= 0 {
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
	p, b := plane(t), newBench(t)
	ns := p.Namespace(t)
	for name, left := range map[string]time.Duration{"soon": 5*24*time.Hour + time.Hour, "late": 90 * 24 * time.Hour} {
		_, err := p.Client().CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS, Data: signed(t, left),
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	m := b.healthy(t, p.Kubeconfig())
	f := b.trouble(t, m, "certificate", Ref{"secrets", ns, "soon"})
	if f.Severity != warning || !strings.Contains(f.Text, "ends in 5 days") {
		t.Errorf("%+v", f)
	}
	h, err := b.Health(t.Context(), b.tenant, m.id())
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", h.Certificates)
	for _, want := range []string{"secret soon of " + ns, "secret late of " + ns, "the certificate of the API server", "own client certificate"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	if r := reading(t, m, "kube_certificate_left_seconds"); r.Value > 5.1*86400 || r.Note != "certificate in secret soon of "+ns {
		t.Errorf("%+v", r)
	}
}

func TestAnAPIThatIsSlowIsNotGone(t *testing.T) {
	t.Parallel()
	p, b := plane(t), newBench(t)
	door := p.Door(t)
	m := b.healthy(t, door.Kubeconfig())
	if r := reading(t, m, "kube_up"); r.Value != 1 {
		t.Errorf("%+v", r)
	}
	door.Slow(5 * time.Second)
	m.doubt()
	f := b.whole(t, m, "api_slow")
	if f.Severity != warning || !strings.Contains(f.Text, "took 5.") {
		t.Errorf("%+v", f)
	}
	if r := reading(t, m, "kube_up"); r.Value != 1 {
		t.Errorf("slow is taken for gone: %+v", r)
	}
	if r := reading(t, m, "kube_api_latency_seconds"); r.Value < 5 || r.Value > 10 {
		t.Errorf("%+v", r)
	}

	door.Shut()
	m.doubt()
	if f := b.whole(t, m, "unreachable"); f.Severity != critical {
		t.Errorf("%+v", f)
	}
	all := m.readings()
	if len(all) != 1 || all[0].Metric != "kube_up" || all[0].Value != 0 || !strings.Contains(all[0].Note, "does not answer") {
		t.Errorf("readings of a cluster that is gone: %+v", all)
	}
	door.Heal()
	door.Open()
	m.doubt()
	until(t, "the cluster to answer again", func() bool {
		h, err := b.Health(t.Context(), b.tenant, m.id())
		m.diagnose(t.Context())
		return err == nil && !slices.ContainsFunc(h.Findings, func(f Trouble) bool { return f.Kind == "unreachable" || f.Kind == "api_slow" })
	})
}

// whole waits for a trouble of the cluster as a whole, which no change of an object tells of.
func (b *bench) whole(tb testing.TB, m *member, kind string) (found Trouble) {
	tb.Helper()
	until(tb, kind, func() bool {
		m.diagnose(tb.Context())
		h, err := b.Health(tb.Context(), b.tenant, m.id())
		if err != nil {
			tb.Fatal(err)
		}
		i := slices.IndexFunc(h.Findings, func(f Trouble) bool { return f.Kind == kind && f.Ref == Ref{} })
		if i >= 0 {
			found = h.Findings[i]
		}
		return i >= 0
	})
	return found
}

func TestWithoutRightsItSaysWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	p, b := plane(t), newBench(t)
	id := b.register(t, p.Viewer())
	b.watch(t)
	until(t, "kinds that cannot be seen", func() bool {
		h, err := b.Health(t.Context(), b.tenant, id)
		return err == nil && slices.ContainsFunc(h.Unwatched, func(u Unwatched) bool { return u.Kind == "pods" && u.Costs != "" })
	})
	m := b.watched(b.tenant.ID)[id]
	f := b.whole(t, m, "forbidden_kind")
	if f.Severity != warning || f.Count < 5 || !strings.Contains(f.Text, "crash loops") {
		t.Errorf("%+v", f)
	}
	if f := b.whole(t, m, "certificates_unknown"); f.Severity != info || !strings.Contains(f.Text, "list secrets") {
		t.Errorf("%+v", f)
	}
	for _, r := range m.readings() {
		if strings.HasPrefix(r.Metric, "kube_pods") || strings.HasPrefix(r.Metric, "kube_nodes") {
			t.Errorf("says something of what it cannot see: %+v", r)
		}
	}
	l, err := b.link(t.Context(), b.tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	if v := l.volumes(t.Context(), []string{"a", "b"}); !strings.Contains(v.why, "nodes/proxy") {
		t.Errorf("%+v", v)
	}
}

func TestHealthOfAnotherTenantsClusterIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.register(t, plane(t).Kubeconfig())
	if _, err := b.Health(t.Context(), b.other, id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
	if all, more := b.Troubles(b.other.ID, 10); len(all) != 0 || more != 0 {
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
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/nodes/") && strings.HasSuffix(r.URL.Path, "/proxy/stats/summary") {
			_, _ = io.WriteString(w, summary)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	tb.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		through.CloseIdleConnections()
	})
	return strings.NewReplacer(p.Server, front.URL).Replace(p.Viewer())
}

func TestAFullVolumeIsFound(t *testing.T) {
	t.Parallel()
	p, b := plane(t), newBench(t)
	ns := p.Namespace(t)
	text := answering(t, p, `{"pods":[{"podRef":{"name":"db-0"},"volume":[
		{"name":"v","pvcRef":{"name":"data","namespace":"`+ns+`"},"capacityBytes":1000,"usedBytes":980,"availableBytes":20},
		{"name":"kube-api-access","capacityBytes":1000,"usedBytes":1000,"availableBytes":0}]}]}`)
	text = strings.Replace(text, p.ViewerToken, p.Token, 1)
	text = regexp.MustCompile(`, certificate-authority-data: [^}]*`).ReplaceAllString(text, "")
	v, err := b.Create(t.Context(), b.tenant, Draft{Name: "plain", Kubeconfig: text, Accept: []string{AcceptPlain}})
	if err != nil {
		t.Fatal(err)
	}
	m := b.synced(t, v.ID)
	f := b.trouble(t, m, "volume_full", Ref{"persistentvolumeclaims", ns, "data"})
	if f.Severity != critical || !strings.Contains(f.Text, "98 % of its space") {
		t.Errorf("%+v", f)
	}
	if r := reading(t, m, "kube_volume_used_ratio"); r.Value != 0.98 || r.Note != "data of "+ns {
		t.Errorf("%+v", r)
	}
}
