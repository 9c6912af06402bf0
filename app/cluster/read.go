package cluster

import (
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// A reader makes a compact object of a whole one. What it does not take is
// garbage a moment later.
type reader = func(runtime.Object) *Object

// readers are the kinds that are read whole; all others are known by their metadata.
var readers = map[string]reader{
	"pods":                                 readPod,
	"nodes":                                readNode,
	"namespaces":                           readNamespace,
	"services":                             readService,
	"persistentvolumeclaims":               readClaim,
	"persistentvolumes":                    readVolume,
	"resourcequotas":                       readQuota,
	"events":                               readEvent,
	"deployments.apps":                     readDeployment,
	"replicasets.apps":                     readReplicaSet,
	"statefulsets.apps":                    readStatefulSet,
	"daemonsets.apps":                      readDaemonSet,
	"jobs.batch":                           readJob,
	"cronjobs.batch":                       readCronJob,
	"ingresses.networking.k8s.io":          readIngress,
	"networkpolicies.networking.k8s.io":    readPolicy,
	"horizontalpodautoscalers.autoscaling": readAutoscaler,
	"poddisruptionbudgets.policy":          readBudget,
	"storageclasses.storage.k8s.io":        readStorageClass,
}

// columns name the cells of a kind, by what is read of it.
var columns = map[string][]string{
	"pods":                                 {"ip"},
	"nodes":                                {"roles", "version", "cpu", "memory", "address"},
	"services":                             {"type", "address", "ports"},
	"persistentvolumeclaims":               {"volume", "size", "class"},
	"persistentvolumes":                    {"claim", "size", "class", "policy"},
	"resourcequotas":                       {"used"},
	"events":                               {"message", "object", "count", "last"},
	"deployments.apps":                     {"images"},
	"replicasets.apps":                     {"images"},
	"statefulsets.apps":                    {"images"},
	"daemonsets.apps":                      {"images"},
	"jobs.batch":                           {"images"},
	"cronjobs.batch":                       {"schedule", "last"},
	"ingresses.networking.k8s.io":          {"hosts", "class"},
	"networkpolicies.networking.k8s.io":    {"pods"},
	"horizontalpodautoscalers.autoscaling": {"target", "range"},
	"poddisruptionbudgets.policy":          {"rule", "allowed", "pods"},
	"storageclasses.storage.k8s.io":        {"provisioner", "default"},
}

// readMetadata reads an object of which only the metadata were asked for.
func readMetadata(v runtime.Object) *Object {
	p, ok := v.(*metav1.PartialObjectMetadata)
	if !ok {
		return &Object{}
	}
	o := bare(&p.ObjectMeta)
	if o.Deleting {
		o.Status, o.Phase = StatusProgress, "Terminating"
	}
	return o
}

// leaving marks an object that is being deleted.
func (o *Object) leaving() *Object {
	if o.Deleting {
		o.Status, o.Phase = StatusProgress, "Terminating"
	}
	return o
}

// selects returns the labels that a selector asks for by value.
func selects(s *metav1.LabelSelector) map[string]string {
	if s == nil || len(s.MatchExpressions) > 0 {
		return nil // an expression cannot be told by labels alone
	}
	return s.MatchLabels
}

// selectorCell writes a whole selector as kubectl takes it: nothing is empty and
// everything a star.
func selectorCell(s *metav1.LabelSelector) string {
	switch {
	case s == nil:
		return ""
	case len(s.MatchLabels)+len(s.MatchExpressions) == 0:
		return "*"
	}
	return metav1.FormatLabelSelector(s)
}

// number writes an int32 where a cell is a text.
func number[N int32 | int64 | int](n N) string { return strconv.FormatInt(int64(n), 10) }

// joined writes a list of texts in one cell, each once.
func joined(all []string) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, s := range all {
		if s == "" || seen[s] {
			continue
		}
		seen[s] = true
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
	}
	return b.String()
}

// or returns what p points to, or n.
func or[T any](p *T, n T) T {
	if p == nil {
		return n
	}
	return *p
}
