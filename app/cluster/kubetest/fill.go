package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
)

// perSet is how many pods a Deployment has.
const perSet = 100

// fill writes running pods of Deployments into etcd, two of these a namespace,
// as the API server and a kubelet would have left them. It takes a tenth of the
// time that making them takes.
func fill(ctx context.Context, e *embed.Etcd, pods, nodes int) error {
	client := v3client.New(e.Server)
	defer client.Close()
	to := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(32)
	put := func(key string, o runtime.Object) {
		g.Go(func() error {
			text, err := runtime.Encode(to, o)
			if err != nil {
				return err
			}
			_, err = client.Put(ctx, "/registry/"+key, string(text))
			return err
		})
	}
	began := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	for n := range (pods + perSet - 1) / perSet {
		s := newSet(n, min(perSet, pods-n*perSet), began)
		if n%2 == 0 {
			put("namespaces/"+s.namespace, &corev1.Namespace{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
				ObjectMeta: metav1.ObjectMeta{Name: s.namespace, UID: uid(s.namespace), CreationTimestamp: s.at, Labels: map[string]string{"kubernetes.io/metadata.name": s.namespace}},
				Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
				Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
			})
		}
		put("deployments/"+s.namespace+"/"+s.name, s.deployment())
		put("replicasets/"+s.namespace+"/"+s.replicas().Name, s.replicas())
		for i := range s.count {
			p := s.pod(i, (n*perSet+i)%nodes, n*perSet+i)
			put("pods/"+p.Namespace+"/"+p.Name, p)
		}
	}
	return g.Wait()
}

// set is a Deployment, its only ReplicaSet and its pods.
type set struct {
	namespace, name, hash string
	count                 int
	at                    metav1.Time
	labels                map[string]string
}

func newSet(n, count int, began time.Time) *set {
	s := &set{namespace: fmt.Sprintf("load-%02d", n/2), name: fmt.Sprintf("svc-%02d", n%2), count: count, at: metav1.NewTime(began.Add(time.Duration(n) * time.Minute))}
	s.hash = word(s.namespace+s.name, 10)
	s.labels = map[string]string{
		"app.kubernetes.io/name": s.name, "app.kubernetes.io/instance": s.namespace + "-" + s.name,
		"app.kubernetes.io/component": "backend", "app.kubernetes.io/managed-by": "fill", "team": s.namespace,
	}
	return s
}

// uid returns one that is always the same for the same thing.
func uid(of string) types.UID {
	h := fnv.New128a()
	_, _ = h.Write([]byte(of))
	b := h.Sum(nil)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

// word returns letters as in generated names.
func word(of string, n int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	h := fnv.New64a()
	_, _ = h.Write([]byte(of))
	out, sum := make([]byte, n), h.Sum64()
	for i := range out {
		out[i] = letters[sum%uint64(len(letters))]
		sum /= uint64(len(letters))
	}
	return string(out)
}

func (s *set) meta(kind, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: s.namespace, UID: uid(kind + s.namespace + name), CreationTimestamp: s.at, Generation: 1, Labels: s.labels,
		Annotations: map[string]string{"deployment.kubernetes.io/revision": "1"},
	}
}

func (s *set) owner(apiVersion, kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{
		APIVersion: apiVersion, Kind: kind, Name: name, UID: uid(kind + s.namespace + name), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}}
}

// hashed returns the labels of what a ReplicaSet makes.
func (s *set) hashed() map[string]string {
	l := map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: s.hash}
	maps.Copy(l, s.labels)
	return l
}

func (s *set) deployment() *appsv1.Deployment {
	n := int32(s.count)
	condition := func(t appsv1.DeploymentConditionType, reason string) appsv1.DeploymentCondition {
		return appsv1.DeploymentCondition{Type: t, Status: "True", Reason: reason, LastUpdateTime: s.at, LastTransitionTime: s.at}
	}
	d := &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: s.meta("Deployment", s.name),
		Spec: appsv1.DeploymentSpec{Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: s.labels}, Template: s.template(s.labels)},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 1, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
			Conditions: []appsv1.DeploymentCondition{
				condition(appsv1.DeploymentAvailable, "MinimumReplicasAvailable"), condition(appsv1.DeploymentProgressing, "NewReplicaSetAvailable"),
			},
		},
	}
	d.ManagedFields = managed(s.at, d, d)
	return d
}

func (s *set) replicas() *appsv1.ReplicaSet {
	n := int32(s.count)
	r := &appsv1.ReplicaSet{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, ObjectMeta: s.meta("ReplicaSet", s.name+"-"+s.hash),
		Spec:   appsv1.ReplicaSetSpec{Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: s.hashed()}, Template: s.template(s.hashed())},
		Status: appsv1.ReplicaSetStatus{ObservedGeneration: 1, Replicas: n, FullyLabeledReplicas: n, ReadyReplicas: n, AvailableReplicas: n},
	}
	r.Labels, r.OwnerReferences = s.hashed(), s.owner("apps/v1", "Deployment", s.name)
	r.Annotations["deployment.kubernetes.io/desired-replicas"] = strconv.Itoa(s.count)
	r.Annotations["deployment.kubernetes.io/max-replicas"] = strconv.Itoa(s.count + (s.count+3)/4)
	r.ManagedFields = managed(s.at, r, r)
	return r
}

func (s *set) template(labels map[string]string) corev1.PodTemplateSpec {
	uses := func(cpu, memory string) corev1.ResourceRequirements {
		l := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
		return corev1.ResourceRequirements{Requests: l, Limits: l}
	}
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}}, PeriodSeconds: 10}
	var env []corev1.EnvVar
	for i := range 8 {
		env = append(env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: strings.Repeat("v", 24)})
	}
	config := corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "cfg"}}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{"checksum/config": strings.Repeat("a1", 32), "prometheus.io/scrape": "true"}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{
				{
					Name: "app", Image: "registry.test/team/app:1.2.3", Env: env, Resources: uses("50m", "64Mi"), LivenessProbe: probe, ReadinessProbe: probe,
					Ports:        []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
					VolumeMounts: []corev1.VolumeMount{{Name: "cfg", MountPath: "/etc/app"}},
				},
				{Name: "proxy", Image: "registry.test/team/proxy:4.5.6", Resources: uses("10m", "32Mi")},
			},
			Volumes: []corev1.Volume{{Name: "cfg", VolumeSource: corev1.VolumeSource{ConfigMap: &config}}},
		},
	}
}

// pod returns a running one.
func (s *set) pod(i, node, n int) *corev1.Pod {
	t := s.template(s.hashed())
	name := fmt.Sprintf("%s-%s-%s", s.name, s.hash, word(fmt.Sprint(s.namespace, i), 5))
	p := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	p.Name, p.GenerateName, p.Namespace = name, s.name+"-"+s.hash+"-", s.namespace
	p.UID, p.CreationTimestamp, p.Generation = uid("Pod"+s.namespace+name), s.at, 1
	p.OwnerReferences = s.owner("apps/v1", "ReplicaSet", s.name+"-"+s.hash)
	asked := p.DeepCopy()
	s.admit(&p.Spec, name)
	p.Labels["topology.kubernetes.io/zone"] = zone(node)
	p.Spec.NodeName = nodeName(node)
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &s.at, HostIP: nodeAddress(node), PodIP: fmt.Sprintf("10.%d.%d.%d", 192+n>>16, n>>8&255, n&255), QOSClass: corev1.PodQOSGuaranteed}
	p.Status.HostIPs, p.Status.PodIPs = []corev1.HostIP{{IP: p.Status.HostIP}}, []corev1.PodIP{{IP: p.Status.PodIP}}
	for _, c := range []corev1.PodConditionType{"PodReadyToStartContainers", corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		condition(&p.Status, c, true, s.at)
	}
	for _, c := range p.Spec.Containers {
		status := container(p, c, corev1.PodRunning, "", s.at)
		status.Ready = true
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
	}
	p.ManagedFields = managed(s.at, asked, p)
	return p
}

// admit adds what admission and the API server's defaults add to a pod.
func (s *set) admit(spec *corev1.PodSpec, name string) {
	const tokens = "kube-api-access"
	volume := tokens + "-" + word(name, 5)
	spec.ServiceAccountName, spec.DeprecatedServiceAccount, spec.EnableServiceLinks, spec.Priority = "default", "default", ptr.To(true), ptr.To[int32](0)
	spec.RestartPolicy, spec.DNSPolicy, spec.SchedulerName = corev1.RestartPolicyAlways, corev1.DNSClusterFirst, corev1.DefaultSchedulerName
	spec.TerminationGracePeriodSeconds, spec.SecurityContext = ptr.To[int64](30), &corev1.PodSecurityContext{}
	spec.PreemptionPolicy = ptr.To(corev1.PreemptLowerPriority)
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](300)})
	}
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.TerminationMessagePath, c.TerminationMessagePolicy, c.ImagePullPolicy = corev1.TerminationMessagePathDefault, corev1.TerminationMessageReadFile, corev1.PullIfNotPresent
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volume, ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"})
	}
	root := corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}
	field := corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: ptr.To[int32](420), Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: ptr.To[int64](3607), Path: "token"}},
			{ConfigMap: &root},
			{DownwardAPI: &field},
		},
	}}})
}

// managed returns who wrote what of an object: a controller what it asked for,
// and somebody else its status.
func managed(at metav1.Time, asked, is runtime.Object) []metav1.ManagedFieldsEntry {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(asked)
	if err != nil {
		panic(err) // it is made here
	}
	whole, err := runtime.DefaultUnstructuredConverter.ToUnstructured(is)
	if err != nil {
		panic(err)
	}
	gv := is.GetObjectKind().GroupVersionKind().GroupVersion().String()
	status := map[string]any{"status": whole["status"]}
	meta, _ := m["metadata"].(map[string]any)
	for _, name := range []string{"name", "namespace", "uid", "creationTimestamp", "generation"} {
		delete(meta, name)
	}
	for _, name := range []string{"status", "apiVersion", "kind"} {
		delete(m, name)
	}
	entry := func(by, sub string, of map[string]any) metav1.ManagedFieldsEntry {
		raw, _ := json.Marshal(fieldsOf(of))
		return metav1.ManagedFieldsEntry{Manager: by, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: gv, Time: &at, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)), Subresource: sub}
	}
	return []metav1.ManagedFieldsEntry{entry("kube-controller-manager", "", m), entry("kubelet", "status", status)}
}

// fieldsOf names the fields of a value.
func fieldsOf(v any) map[string]any {
	out := map[string]any{}
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			out["f:"+k] = fieldsOf(one)
		}
	case []any:
		for _, one := range v {
			item, ok := one.(map[string]any)
			if !ok {
				return map[string]any{}
			}
			for _, key := range []string{"name", "type", "uid", "mountPath", "containerPort", "ip", "key"} {
				if is, has := item[key]; has {
					id, _ := json.Marshal(map[string]any{key: is})
					fields := fieldsOf(item)
					fields["."] = map[string]any{}
					out["k:"+string(id)] = fields
					break
				}
			}
		}
	}
	return out
}
