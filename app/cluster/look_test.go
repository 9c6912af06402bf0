package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// say returns the value of a fact.
func (o ObjectLook) say(label string) string {
	for _, f := range o.Facts {
		if f.Label == label {
			return f.Value
		}
	}
	return ""
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func web(name string) (map[string]string, corev1.PodTemplateSpec) {
	labels := map[string]string{"app": name}
	return labels, corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			Volumes: []corev1.Volume{{Name: "conf", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}}}}},
			Containers: []corev1.Container{{
				Name: "web", Image: "nginx:1", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
				VolumeMounts:   []corev1.VolumeMount{{Name: "conf", MountPath: "/etc/conf", ReadOnly: true}},
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ok", Port: intstr.FromString("http")}}},
			}},
		},
	}
}

func deployment(tb testing.TB, namespace string, replicas int32) {
	tb.Helper()
	labels, template := web("web")
	must[*appsv1.Deployment](tb)(plane(tb).Client().AppsV1().Deployments(namespace).Create(tb.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template},
	}, metav1.CreateOptions{}))
}

func TestLookAtAWorkloadItsPodsAndItsService(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id, c := b.register(t, plane(t).Kubeconfig()), plane(t).Client()
	must[*corev1.ConfigMap](t)(c.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "conf"}, Data: map[string]string{"size": "äöü"}, BinaryData: map[string][]byte{"bin": {1, 2}},
	}, metav1.CreateOptions{}))
	deployment(t, ns, 2)
	must[*corev1.Service](t)(c.CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{}))

	var d ObjectLook
	until(t, "two pods", func() bool {
		d = must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"deployments.apps", ns, "web"}))
		return d.Workload.Ready == 2
	})
	if d.say("Pods") != "2 of 2 ready, 2 up to date, 2 available" || d.Workload.Images[0].Image != "nginx:1" || d.Workload.Selector != "app=web" || d.Stale != nil {
		t.Errorf("deployment: %+v %+v", d.Facts, d.Workload)
	}
	if strings.Contains(d.YAML, "managedFields") || !strings.HasPrefix(d.YAML, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n") {
		t.Errorf("YAML: %s", d.YAML)
	}
	if i := slices.IndexFunc(d.Conditions, func(c ObjectCondition) bool { return c.Type == "Available" }); i < 0 || !d.Conditions[i].Good || d.Conditions[i].Since == nil {
		t.Errorf("conditions: %+v", d.Conditions)
	}

	var s ObjectLook
	until(t, "endpoints", func() bool {
		s = must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"services", ns, "web"}))
		return s.Service.Ready == 2
	})
	p := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, *s.Service.Endpoints[0].Target))
	if p.Pod.Containers[0].State != "running" || p.Pod.Volumes[0].Refs[0].Name != "conf" || p.say("Node") == "" || p.Owners[0].Kind != "replicasets.apps" {
		t.Errorf("pod: %+v", p.Pod)
	}
	if got := p.Pod.Containers[0].Probes; len(got) != 1 || got[0] != "readiness: HTTP :http/ok every 10 s, given up after 3 failures" {
		t.Errorf("probes: %q", got)
	}
	n := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{Kind: "nodes", Name: p.say("Node")}))
	if n.Node.Pods == 0 || n.say("Kubelet") == "" || len(n.Node.Resources) < 2 || len(n.Missing) > 0 {
		t.Errorf("node: %+v %q", n.Node, n.Missing)
	}
	m := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"configmaps", ns, "conf"}))
	if want := []DataLine{{"size", 6, "text"}, {"bin", 2, "binary"}}; !slices.Equal(m.Data, want) || !strings.Contains(m.YAML, "size: äöü") {
		t.Errorf("config map: %+v\n%s", m.Data, m.YAML)
	}
}

func TestLookAtACrash(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id := b.register(t, plane(t).Kubeconfig())
	plane(t).Pod(t, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "crash", Annotations: map[string]string{"sim.test/crash": "true"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}}})
	until(t, "a restart", func() bool {
		o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"pods", ns, "crash"}))
		c := o.Pod.Containers[0]
		return c.Ended != nil && c.Ended.Meaning != "" && c.Restarts > 0
	})
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id, c := b.register(t, plane(t).Kubeconfig()), plane(t).Client()
	const marker = "very-secret-marker"
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ends := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	x := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop"}, DNSNames: []string{"shop.example"}, NotBefore: time.Now(), NotAfter: ends}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, x, x, key.Public(), key))
	must[*corev1.Secret](t)(c.CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "cert", Annotations: map[string]string{lastApplied: `{"data":"` + marker + `"}`}}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "tls.key": []byte(marker), "more": []byte(marker)},
	}, metav1.CreateOptions{}))
	must[*networkingv1.Ingress](t)(c.NetworkingV1().Ingresses(ns).Create(t.Context(), &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: "shop"},
		Spec: networkingv1.IngressSpec{
			TLS:   []networkingv1.IngressTLS{{Hosts: []string{"shop.example"}, SecretName: "cert"}, {Hosts: []string{"*.old.example"}, SecretName: "none"}},
			Rules: []networkingv1.IngressRule{rule1("shop.example", "web"), rule1("www.old.example", "old")},
		},
	}, metav1.CreateOptions{}))

	o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"secrets", ns, "cert"}))
	text := string(must[[]byte](t)(jsonOf(o)))
	if strings.Contains(text, marker) || strings.Contains(text, "dmVyeS1zZWNyZXQ") || !strings.Contains(o.YAML, "tls.key: '"+Masked+"'") || o.Annotations[lastApplied] != Masked {
		t.Errorf("the secret is shown: %s", text)
	}
	if o.Data[0] != (DataLine{"more", len(marker), "secret"}) || !o.Certificate.Ends.Equal(ends) || !slices.Equal(o.Certificate.Names, []string{"shop.example"}) || o.Certificate.NoKey {
		t.Errorf("secret: %+v %+v", o.Data, o.Certificate)
	}
	in := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"ingresses.networking.k8s.io", ns, "shop"}))
	if len(in.Routes) != 2 || in.Routes[0].To.Name != "web" || in.Routes[0].Port != "80" || in.Routes[0].Ends == nil || !in.Routes[0].Ends.Equal(ends) || in.Routes[1].TLS.Name != "none" {
		t.Errorf("routes: %+v", in.Routes)
	}
	if len(in.Missing) != 1 || !strings.Contains(in.Missing[0], "none") {
		t.Errorf("missing: %q", in.Missing)
	}
	// A name that leads elsewhere must not read a Secret as something else.
	for _, name := range []string{"../secrets/cert", "..", "a/b", "%2e%2e/secrets"} {
		if _, err := b.Look(t.Context(), b.tenant, id, Ref{"configmaps", ns, name}); !errors.Is(err, errObjectName) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func rule1(host, service string) networkingv1.IngressRule {
	prefix := networkingv1.PathTypePrefix
	return networkingv1.IngressRule{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
		Path: "/", PathType: &prefix, Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}}},
	}}}}}
}

func TestALargeObjectIsShown(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id := b.register(t, plane(t).Kubeconfig())
	const size = 1_000_000 // a config map's own limit is 1 MB of values
	must[*corev1.ConfigMap](t)(plane(t).Client().CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "large", Annotations: map[string]string{"note": strings.Repeat("n", 200_000)}},
		Data:       map[string]string{"a": strings.Repeat("ä\n", size/3)},
	}, metav1.CreateOptions{}))
	began := time.Now()
	o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"configmaps", ns, "large"}))
	if len(o.YAML) < size || o.Data[0].Bytes != size/3*3 {
		t.Errorf("%d bytes of YAML, %+v", len(o.YAML), o.Data)
	}
	t.Logf("%d bytes in %s", len(o.YAML), time.Since(began))
}

func TestWhatIsGoneIsSaid(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id := b.register(t, plane(t).Kubeconfig())
	for _, tt := range []struct {
		name string
		ref  Ref
		want error
	}{
		{"object", Ref{"pods", ns, "none"}, ErrGone},
		{"kind", Ref{"nothings.example.com", ns, "none"}, ErrKind},
		{"namespace left out", Ref{"pods", "", "none"}, errNamespace},
	} {
		if _, err := b.Look(t.Context(), b.tenant, id, tt.ref); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := b.Look(t.Context(), b.other, id, Ref{"pods", ns, "none"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestACustomObjectIsShownUntilItsDefinitionGoes(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id := b.register(t, plane(t).Kubeconfig())
	client := must[*dynamic.DynamicClient](t)(dynamic.NewForConfig(plane(t).Config()))
	define(t, client, "shops", "look.example.com")
	shops := client.Resource(schema.GroupVersionResource{Group: "look.example.com", Version: "v1", Resource: "shops"}).Namespace(ns)
	until(t, "the kind", func() bool {
		_, err := shops.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "look.example.com/v1", "kind": "Shop", "metadata": map[string]any{"name": "corner", "finalizers": []any{"foregroundDeletion", "example.com/own"}},
			"spec": map[string]any{"size": int64(3), "owner": "Zoë"},
		}}, metav1.CreateOptions{})
		return err == nil
	})
	ref := Ref{"shops.look.example.com", ns, "corner"}
	o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, ref))
	if o.say("Size") != "3" || o.say("Owner") != "Zoë" || !strings.Contains(o.YAML, "  size: 3\n") || len(o.Finalizers) != 2 || o.Finalizers[0].Waits == o.Finalizers[1].Waits {
		t.Errorf("shop: %+v %+v %s", o.Facts, o.Finalizers, o.YAML)
	}
	d := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{Kind: definitions, Name: "shops.look.example.com"}))
	if d.say("Kind") != "Shop" || d.say("Version") != "v1, stored" {
		t.Errorf("definition: %+v", d.Facts)
	}
	must[*unstructured.Unstructured](t)(shops.Patch(t.Context(), "corner", "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}))
	if err := client.Resource(crds).Delete(t.Context(), "shops.look.example.com", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the kind", func() bool {
		_, err := b.Look(t.Context(), b.tenant, id, ref)
		return errors.Is(err, ErrKind)
	})
}

var crds = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// define makes a kind of custom objects.
func define(tb testing.TB, c dynamic.Interface, plural, group string) {
	tb.Helper()
	column := func(name, kind string) any {
		return map[string]any{"name": name, "type": kind, "jsonPath": ".spec." + strings.ToLower(name)}
	}
	_, err := c.Resource(crds).Create(tb.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": plural + "." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "names": map[string]any{"plural": plural, "singular": "shop", "kind": "Shop", "listKind": "ShopList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true, "additionalPrinterColumns": []any{column("Size", "integer"), column("Owner", "string"), column("Open", "date")},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "properties": map[string]any{"spec": map[string]any{
					"type": "object", "description": "What the shop is to be.", "properties": map[string]any{"size": map[string]any{"type": "integer"}, "owner": map[string]any{"type": "string"}},
				}}}},
			}},
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = c.Resource(crds).Delete(contextOf(tb), plural+"."+group, metav1.DeleteOptions{})
	})
}

func TestLookAtRightsAndSchedules(t *testing.T) {
	t.Parallel()
	b, ns := newBench(t), plane(t).Namespace(t)
	id, c := b.register(t, plane(t).Kubeconfig()), plane(t).Client()
	zone := "Europe/Warsaw"
	labels, template := web("tick")
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	must[*corev1.ServiceAccount](t)(c.CoreV1().ServiceAccounts(ns).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "bot"}}, metav1.CreateOptions{}))
	must[*rbacv1.Role](t)(c.RbacV1().Roles(ns).Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "reads"},
		Rules: []rbacv1.PolicyRule{
			{Verbs: []string{"get", "list"}, APIGroups: []string{""}, Resources: []string{"pods", "services", "secrets"}},
			{Verbs: []string{"*"}, APIGroups: []string{"apps"}, Resources: []string{"*"}, ResourceNames: []string{"web"}},
		},
	}, metav1.CreateOptions{}))
	must[*rbacv1.RoleBinding](t)(c.RbacV1().RoleBindings(ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "bot-reads"}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "reads"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: ns, Name: "bot"}},
	}, metav1.CreateOptions{}))
	must[*batchv1.CronJob](t)(c.BatchV1().CronJobs(ns).Create(t.Context(), &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: "tick", Labels: labels},
		Spec:       batchv1.CronJobSpec{Schedule: "30 3 * * 1-5", TimeZone: &zone, JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}}},
	}, metav1.CreateOptions{}))

	role := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"roles" + rbacGroup, ns, "reads"}))
	if want := []string{"may get and list pods, services and secrets", "may do everything with everything of apps, only web"}; !slices.Equal(role.Rules, want) {
		t.Errorf("rules: %q", role.Rules)
	}
	bot := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"serviceaccounts", ns, "bot"}))
	if !slices.Contains(bot.Bindings, BindingLine{Ref{"rolebindings" + rbacGroup, ns, "bot-reads"}, Ref{"roles" + rbacGroup, ns, "reads"}}) {
		t.Errorf("bindings: %+v", bot.Bindings)
	}
	cron := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{"cronjobs.batch", ns, "tick"}))
	if len(cron.Schedule.Next) != nextRuns || cron.Schedule.Words != "at 03:30 from Monday to Friday" || cron.Schedule.Next[0].Minute() != 30 {
		t.Errorf("schedule: %+v", cron.Schedule)
	}
	space := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, Ref{Kind: "namespaces", Name: ns}))
	if space.say("Phase") != "Active" {
		t.Errorf("namespace: %+v", space.Facts)
	}
}

func TestACredentialWithoutRightsIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.register(t, plane(t).Viewer())
	_, err := b.Look(t.Context(), b.tenant, id, Ref{"configmaps", "kube-system", "kube-root-ca.crt"})
	if !errors.Is(err, ErrForbidden) || !strings.Contains(fault.From(err).Msg, "configmaps") {
		t.Errorf("%v", err)
	}
}

func TestAnObjectIsShownWhileItsClusterIsAway(t *testing.T) {
	t.Parallel()
	b, ns, door := newBench(t), plane(t).Namespace(t), plane(t).Door(t)
	id := b.register(t, door.Kubeconfig())
	b.watch(t)
	deployment(t, ns, 1)
	ref := Ref{"deployments.apps", ns, "web"}
	v := must[store.Cluster](t)(b.tenant.Cluster(t.Context(), id))
	m := b.member(b.tenant, v)
	until(t, "the object in memory", func() bool { _, ok := m.one(ref); return ok })
	door.Shut()
	o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, ref))
	if o.Stale == nil || o.YAML != "" || o.UID == "" || o.say("images") != "nginx:1" || len(o.Missing) == 0 || o.Kind.Kind != "Deployment" {
		t.Errorf("stale: %+v", o)
	}
	if _, err := b.Look(t.Context(), b.tenant, id, Ref{"deployments.apps", ns, "never"}); fault.From(err).Kind != fault.Unavailable {
		t.Errorf("never seen: %v", err)
	}
	door.Open()
	until(t, "the whole object", func() bool {
		o, err := b.Look(t.Context(), b.tenant, id, ref)
		return err == nil && o.Stale == nil && o.YAML != ""
	})
}

func TestASlowOrBusyClusterIsStillLookedAt(t *testing.T) {
	t.Parallel()
	b, ns, door := newBench(t), plane(t).Namespace(t), plane(t).Door(t)
	id := b.register(t, door.Kubeconfig())
	must[*corev1.Service](t)(plane(t).Client().CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{}))
	ref := Ref{"services", ns, "web"}
	must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, ref)) // so that its kinds are known
	door.Slow(5 * time.Second)
	if o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, ref)); o.YAML == "" || len(o.Missing) != 0 || o.Stale != nil {
		t.Errorf("slow: %+v", o)
	}
	door.Heal()
	door.Slow(0)
	door.Refuse("GET /api/v1/namespaces/.*/services/web", 429)
	if _, err := b.Look(t.Context(), b.tenant, id, ref); !errors.Is(err, ErrBusy) {
		t.Errorf("429: %v", err)
	}
	door.Heal()
	door.Refuse("GET /apis/discovery.k8s.io/", 503)
	if o := must[ObjectLook](t)(b.Look(t.Context(), b.tenant, id, ref)); len(o.Missing) != 1 || !strings.HasPrefix(o.Missing[0], "Endpoints: ") || o.YAML == "" {
		t.Errorf("503 beside it: %+v", o.Missing)
	}
}
