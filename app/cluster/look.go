package cluster

import (
	"context"
	"errors"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// An ObjectLook is one object, read whole, with what people ask of its kind.
type ObjectLook struct {
	Ref         Ref               `json:"ref"`
	Kind        ObjectKind        `json:"kind"`
	UID         string            `json:"uid"`
	Version     string            `json:"resource_version"`
	Generation  int64             `json:"generation" doc:"Counts changes of what is wanted; 0 for kinds that have none"`
	Created     time.Time         `json:"created_at"`
	Deleting    *time.Time        `json:"deleting_since" nullable:"true" doc:"It goes when its finalizers are gone"`
	YAML        string            `json:"yaml" doc:"Without managed fields; what a Secret keeps reads ********. Empty if the cluster does not answer"`
	Labels      map[string]string `json:"labels" nullable:"false"`
	Annotations map[string]string `json:"annotations" nullable:"false"`
	Owners      []ObjectOwner     `json:"owners" nullable:"false"`
	Finalizers  []Finalizer       `json:"finalizers" nullable:"false"`
	Conditions  []ObjectCondition `json:"conditions" nullable:"false"`
	Facts       []ObjectFact      `json:"facts" nullable:"false" doc:"A summary by kind"`
	Missing     []string          `json:"missing" nullable:"false" doc:"What could not be read beside the object, and why"`
	Stale       *time.Time        `json:"stale_since" nullable:"true" doc:"The cluster does not answer: this is what was known then"`
	Blocks
}

// An ObjectKind is the kind of an object that is looked at.
type ObjectKind Kind

// Blocks are what a table shows of an object; each kind has its own.
type Blocks struct {
	Pod         *PodBlock         `json:"pod,omitempty"`
	Workload    *WorkloadBlock    `json:"workload,omitempty" doc:"Of what makes pods"`
	Service     *ServiceBlock     `json:"service,omitempty"`
	Routes      []RouteLine       `json:"routes,omitempty" doc:"Of an Ingress or an HTTPRoute"`
	Node        *NodeBlock        `json:"node,omitempty"`
	UsedBy      []Ref             `json:"used_by,omitempty" doc:"The pods that mount a claim"`
	Schedule    *ScheduleBlock    `json:"schedule,omitempty" doc:"Of a CronJob"`
	Runs        []RunLine         `json:"runs,omitempty" doc:"The jobs of a CronJob, newest first"`
	Data        []DataLine        `json:"data,omitempty" doc:"The keys of a ConfigMap or a Secret"`
	Certificate *CertificateBlock `json:"certificate,omitempty" doc:"Of a TLS Secret"`
	Rules       []string          `json:"rules,omitempty" doc:"What a role may, or what a network policy lets through, in words"`
	Subjects    []RoleSubject     `json:"subjects,omitempty" doc:"Who a binding gives its role to"`
	Bindings    []BindingLine     `json:"bindings,omitempty" doc:"What gives a service account its rights"`
	Metrics     []ScaleLine       `json:"metrics,omitempty" doc:"What an autoscaler looks at"`
	Quotas      []QuotaLine       `json:"quotas,omitempty"`
	Contents    []KindCount       `json:"contents,omitempty" doc:"How much of each kind a namespace has"`
}

// An ObjectFact is one line about an object.
type ObjectFact struct {
	Label string     `json:"label"`
	Value string     `json:"value"`
	At    *time.Time `json:"at,omitempty" doc:"If it is a moment"`
	Ref   *Ref       `json:"ref,omitempty" doc:"If it is another object"`
	Bad   bool       `json:"bad,omitempty"`
}

// A Viewer makes the summary of one object that was read whole.
type viewer struct {
	link  *link
	kinds kinds
	near  near // what is in memory
	ref   Ref
	raw   []byte
	now   time.Time
	out   *ObjectLook
}

// looks are the kinds that have a summary of their own, by name.
var looks = map[string]func(context.Context, *viewer) error{
	"pods":                                           lookPod,
	"nodes":                                          lookNode,
	"services":                                       lookService,
	"namespaces":                                     lookNamespace,
	"resourcequotas":                                 lookQuota,
	"configmaps":                                     lookConfigMap,
	"secrets":                                        lookSecret,
	"serviceaccounts":                                lookServiceAccount,
	"persistentvolumes":                              lookVolume,
	"persistentvolumeclaims":                         lookClaim,
	"deployments.apps":                               lookDeployment,
	"statefulsets.apps":                              lookStatefulSet,
	"daemonsets.apps":                                lookDaemonSet,
	"replicasets.apps":                               lookReplicaSet,
	"jobs.batch":                                     lookJob,
	"cronjobs.batch":                                 lookCronJob,
	"ingresses.networking.k8s.io":                    lookIngress,
	"networkpolicies.networking.k8s.io":              lookNetworkPolicy,
	"httproutes.gateway.networking.k8s.io":           lookHTTPRoute,
	"horizontalpodautoscalers.autoscaling":           lookAutoscaler,
	"poddisruptionbudgets.policy":                    lookBudget,
	"storageclasses.storage.k8s.io":                  lookStorageClass,
	"roles.rbac.authorization.k8s.io":                lookRole,
	"clusterroles.rbac.authorization.k8s.io":         lookRole,
	"rolebindings.rbac.authorization.k8s.io":         lookBinding,
	"clusterrolebindings.rbac.authorization.k8s.io":  lookBinding,
	"customresourcedefinitions.apiextensions.k8s.io": lookDefinition,
}

// Look reads one object whole. If its cluster does not answer, it returns what
// was last known of it.
func (s *Service) Look(ctx context.Context, t store.Tenant, id string, ref Ref) (ObjectLook, error) {
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return ObjectLook{}, err
	}
	m := s.member(t, v)
	l, err := s.link(ctx, t, id)
	if err != nil {
		return ObjectLook{}, err
	}
	k, ref, raw, err := l.read(ctx, ref)
	if err != nil {
		return m.lastSeen(ref, err)
	}
	served, err := l.kinds(ctx)
	if err != nil {
		return ObjectLook{}, err
	}
	out := newLook(k, ref)
	look := &viewer{link: l, kinds: served, near: m, ref: ref, raw: raw, now: s.Now(), out: &out}
	return out, look.fill(ctx)
}

func newLook(k Kind, ref Ref) ObjectLook {
	return ObjectLook{
		Ref: ref, Kind: ObjectKind(k), Labels: map[string]string{}, Annotations: map[string]string{}, Owners: []ObjectOwner{},
		Finalizers: []Finalizer{}, Conditions: []ObjectCondition{}, Facts: []ObjectFact{}, Missing: []string{},
	}
}

// fill says everything about the object.
func (v *viewer) fill(ctx context.Context) error {
	if err := v.common(); err != nil {
		return err
	}
	do := looks[v.ref.Kind]
	if do == nil && v.out.Kind.Custom {
		do = lookCustom
	}
	if do == nil {
		return nil
	}
	return do(ctx, v)
}

// fact adds a line, unless there is nothing to say.
func (v *viewer) fact(label, value string) {
	if value != "" {
		v.out.Facts = append(v.out.Facts, ObjectFact{Label: label, Value: value})
	}
}

// bad adds a line that people should look at first.
func (v *viewer) bad(label, value string) {
	if value != "" {
		v.out.Facts = append(v.out.Facts, ObjectFact{Label: label, Value: value, Bad: true})
	}
}

// moment adds a line that is a time, unless it never was.
func (v *viewer) moment(label string, at time.Time) {
	if !at.IsZero() {
		at = at.UTC()
		v.out.Facts = append(v.out.Facts, ObjectFact{Label: label, Value: at.Format(time.RFC3339), At: &at})
	}
}

// other adds a line that is another object, unless it has no name.
func (v *viewer) other(label, kind, namespace, name string) {
	if name != "" {
		v.out.Facts = append(v.out.Facts, ObjectFact{Label: label, Value: name, Ref: &Ref{Kind: kind, Namespace: namespace, Name: name}})
	}
}

// beside notes that something beside the object could not be read: the object
// itself is shown all the same.
func (v *viewer) beside(what string, err error) {
	if err == nil {
		return
	}
	said := "it could not be read."
	if f, ok := errors.AsType[*fault.Error](reason(err)); ok {
		said = f.Msg
	}
	v.out.Missing = append(v.out.Missing, what+": "+said)
}
