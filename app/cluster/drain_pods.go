package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	ktypes "k8s.io/apimachinery/pkg/types"
	"unity.internal/app/fault"
)

// mirrorOf is the annotation of pods that a node runs from a file of its own.
const mirrorOf = "kubernetes.io/config.mirror"

// A drainPod is a pod that is to leave a node.
type drainPod struct {
	ref        Ref
	uid        ktypes.UID
	labels     map[string]string
	told, gone bool
}

func unschedulable(o *unstructured.Unstructured) ([]string, error) {
	return nil, unstructured.SetNestedField(o.Object, true, "spec", "unschedulable")
}

// survey lists what is on the node, and refuses the drain if something would be
// lost that nobody said may be.
func (v *drain) survey(ctx context.Context) error {
	v.tell.Step(ctx, "List pods", 0, 0)
	pods, err := v.onNode(ctx)
	if err != nil {
		return err
	}
	var alone, data, left []string
	for _, p := range pods {
		name := p.Namespace + "/" + p.Name
		owner := metav1.GetControllerOf(&p)
		ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
		if ofNode(&p, ended) {
			left = append(left, name)
			continue
		}
		if !ended && owner == nil && !v.how.Unmanaged {
			alone = append(alone, name)
		}
		if !ended && hasEmptyDir(&p) && !v.how.EmptyDir {
			data = append(data, name)
		}
		v.pods = append(v.pods, drainPod{
			ref: Ref{Kind: "pods", Namespace: p.Namespace, Name: p.Name}, uid: p.UID, labels: p.Labels, told: p.DeletionTimestamp != nil,
		})
	}
	return v.judge(ctx, alone, data, left)
}

// ofNode reports whether a pod belongs to its node: it would be there again at once.
func ofNode(p *corev1.Pod, ended bool) bool {
	owner := metav1.GetControllerOf(p)
	return p.Annotations[mirrorOf] != "" || owner != nil && owner.Kind == "DaemonSet" && !ended
}

// judge says what is left, and refuses the drain if something would be lost.
func (v *drain) judge(ctx context.Context, alone, data, left []string) error {
	if len(left) > 0 {
		v.tell.Say(ctx, "Left, since they belong to the node: "+strings.Join(left, ", ")+".")
	}
	if len(alone)+len(data) > 0 {
		return v.risky(alone, data)
	}
	return nil
}

// risky refuses a drain, and names the pods and what would be lost with them.
func (v *drain) risky(alone, data []string) error {
	var why []string
	if len(alone) > 0 {
		why = append(why, "nobody makes these pods again: "+strings.Join(alone, ", ")+" (delete_unmanaged evicts them all the same)")
	}
	if len(data) > 0 {
		why = append(why, "these keep data in an emptyDir, which would be lost: "+strings.Join(data, ", ")+" (delete_emptydir evicts them all the same)")
	}
	v.pods = nil
	return fault.New(fault.Conflict, "cluster.drain_refused", "Nothing was evicted, and the node stays cordoned, because %s.", strings.Join(why, "; and "))
}

func hasEmptyDir(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil })
}

// onNode returns the pods of the node.
func (v *drain) onNode(ctx context.Context) ([]corev1.Pod, error) {
	k, err := v.link.kind(ctx, "pods")
	if err != nil {
		return nil, err
	}
	list, err := listing[corev1.PodList](ctx, v.hand, k, "", map[string]string{"fieldSelector": "spec.nodeName=" + v.deed.ref.Name})
	return list.Items, err
}

// listing reads a list of a kind that is small enough to be read whole.
func listing[T any](ctx context.Context, h *hand, k Kind, namespace string, params map[string]string) (v T, err error) {
	r := h.link.get(k, namespace, "").SetHeader("Accept", plainJSON)
	for name, value := range params {
		r.Param(name, value)
	}
	res := r.Do(ctx)
	if err := res.Error(); err != nil {
		return v, err
	}
	raw, err := res.Raw()
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	return v, err
}

// leave forgets the pods that are gone.
func (v *drain) leave(ctx context.Context) error {
	k, err := v.link.kind(ctx, "pods")
	if err != nil {
		return err
	}
	for i := range v.pods {
		p := &v.pods[i]
		if !p.told || p.gone {
			continue
		}
		o, _, err := v.send(ctx, call{verb: http.MethodGet, kind: k, ref: p.ref})
		switch {
		case apierrors.IsNotFound(err), err == nil && o.GetUID() != p.uid:
			p.gone = true
		case err != nil:
			return err
		}
	}
	v.pods = slices.DeleteFunc(v.pods, func(p drainPod) bool { return p.gone })
	return nil
}

// budgets says which disruption budgets keep a pod, and how much they allow.
func (v *drain) budgets(ctx context.Context, p *drainPod) string {
	k, err := v.link.kind(ctx, "poddisruptionbudgets.policy")
	if err != nil {
		return ""
	}
	list, err := listing[policyv1.PodDisruptionBudgetList](ctx, v.hand, k, p.ref.Namespace, nil)
	if err != nil {
		return ""
	}
	var all []string
	for _, b := range list.Items {
		s, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || !s.Matches(labels.Set(p.labels)) {
			continue
		}
		all = append(all, fmt.Sprintf("The disruption budget %s allows %d disruptions (%d of %d pods are healthy, %d must be).",
			b.Name, b.Status.DisruptionsAllowed, b.Status.CurrentHealthy, b.Status.ExpectedPods, b.Status.DesiredHealthy))
	}
	if len(all) > 1 {
		all = append(all, "A pod with more than one budget cannot be evicted at all.")
	}
	return strings.Join(all, " ")
}
