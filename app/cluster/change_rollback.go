package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	revisionOf  = "deployment.kubernetes.io/revision"
	changeCause = "kubernetes.io/change-cause"
	hashLabel   = "pod-template-hash" // of the pods of one revision
)

var (
	errNoRevisions = fault.New(fault.Invalid, "cluster.no_revisions", "Only deployments, stateful sets and daemon sets keep revisions.")
	errRevision    = fault.New(fault.NotFound, "cluster.revision_unknown", "The workload does not keep that revision any more. Choose another one.")
	errRollPaused  = fault.New(fault.Invalid, "cluster.paused", "The deployment is paused, so it cannot be rolled back. Resume it first.")
)

// A WorkloadRevision is an earlier template of a workload that the cluster kept.
type WorkloadRevision struct {
	Number   int64     `json:"number"`
	Name     string    `json:"name" doc:"Of the replica set or controller revision that keeps it"`
	Cause    string    `json:"change_cause" doc:"What the annotation kubernetes.io/change-cause said"`
	Images   []string  `json:"images" nullable:"false"`
	Created  time.Time `json:"created_at"`
	Current  bool      `json:"current"`
	Replicas int64     `json:"replicas" doc:"Pods of it that a deployment runs now"`
	template map[string]any
}

// Revisions returns the revisions of a workload, newest first.
func (s *Service) Revisions(ctx context.Context, t store.Tenant, id string, ref Ref) ([]WorkloadRevision, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	k, ref, err := h.kindFor(ctx, ref)
	if err != nil {
		return nil, err
	}
	o, err := h.live(ctx, k, ref, "")
	if err != nil {
		return nil, denial(err)
	}
	all, err := h.revisions(ctx, ref, o)
	return all, denial(err)
}

// revisions returns what is kept of a workload, newest first.
func (h *hand) revisions(ctx context.Context, ref Ref, o *unstructured.Unstructured) ([]WorkloadRevision, error) {
	if !rolls[ref.Kind] {
		return nil, errNoRevisions
	}
	keeper, read := "controllerrevisions.apps", controllerRevision
	if ref.Kind == "deployments.apps" {
		keeper, read = "replicasets.apps", replicaSetRevision
	}
	k, err := h.link.kind(ctx, keeper)
	if err != nil {
		return nil, err
	}
	selector, err := selectorOf(o)
	if err != nil {
		return nil, err
	}
	list, _, err := h.send(ctx, call{
		verb: http.MethodGet, kind: k, ref: Ref{Namespace: ref.Namespace}, params: map[string]string{"labelSelector": selector},
	})
	if err != nil {
		return nil, err
	}
	items, _, _ := unstructured.NestedSlice(list.Object, "items") // a list without items is empty
	var all []WorkloadRevision
	for _, item := range items {
		v, _ := item.(map[string]any)
		u := &unstructured.Unstructured{Object: v}
		if owner := metav1.GetControllerOf(u); owner == nil || owner.UID != o.GetUID() {
			continue
		}
		if r, ok := read(u); ok {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b WorkloadRevision) int { return cmp.Compare(b.Number, a.Number) })
	if len(all) > 0 {
		all[0].Current = true // going back makes the number of the old one the newest
	}
	return all, nil
}

func selectorOf(o *unstructured.Unstructured) (string, error) {
	raw, _, err := unstructured.NestedMap(o.Object, "spec", "selector")
	if err != nil {
		return "", err
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &s); err != nil {
		return "", err
	}
	sel, err := metav1.LabelSelectorAsSelector(&s)
	if err != nil {
		return "", err
	}
	return sel.String(), nil
}

func replicaSetRevision(o *unstructured.Unstructured) (WorkloadRevision, bool) {
	n, err := strconv.ParseInt(o.GetAnnotations()[revisionOf], 10, 64)
	template, there, _ := unstructured.NestedMap(o.Object, "spec", "template") // said by there
	if err != nil || !there {
		return WorkloadRevision{}, false
	}
	unstructured.RemoveNestedField(template, "metadata", "labels", hashLabel)
	r := revisionFrom(o, n, template)
	r.Replicas, _, _ = unstructured.NestedInt64(o.Object, "status", "replicas") // absent is 0
	return r, true
}

func controllerRevision(o *unstructured.Unstructured) (WorkloadRevision, bool) {
	n, there, _ := unstructured.NestedInt64(o.Object, "revision")                     // said by there
	template, kept, _ := unstructured.NestedMap(o.Object, "data", "spec", "template") // said by kept
	if !there || !kept {
		return WorkloadRevision{}, false
	}
	delete(template, "$patch")
	return revisionFrom(o, n, template), true
}

func revisionFrom(o *unstructured.Unstructured, n int64, template map[string]any) WorkloadRevision {
	r := WorkloadRevision{
		Number: n, Name: o.GetName(), Cause: o.GetAnnotations()[changeCause], Images: []string{},
		Created: o.GetCreationTimestamp().UTC(), template: template,
	}
	all, _, _ := unstructured.NestedSlice(template, "spec", "containers") // it always has some
	for _, c := range all {
		if m, ok := c.(map[string]any); ok {
			r.Images = append(r.Images, fmt.Sprint(m["image"]))
		}
	}
	return r
}

// Rollback gives a workload the template of an earlier revision, as kubectl
// rollout undo does; number 0 is the one before the current.
func (s *Service) Rollback(ctx context.Context, t store.Tenant, id string, ref Ref, number int64, dry bool) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	return h.mutate(ctx, deed{action: "clusters.rollback", ref: ref, dry: dry}, func(o *unstructured.Unstructured) ([]string, error) {
		if paused(o) {
			return nil, errRollPaused
		}
		all, err := h.revisions(ctx, ref, o)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(r WorkloadRevision) bool { return number == 0 && !r.Current || r.Number == number })
		if i < 0 {
			return nil, errRevision
		}
		notes := append([]string{fmt.Sprintf("Revision %d of %s.", all[i].Number, all[i].Created.Format(time.RFC3339))}, rolling(o)...)
		return notes, adopt(o, ref.Kind, all[i])
	})
}

// adopt gives a workload the template of a revision and, to a deployment, the
// reason that it had.
func adopt(o *unstructured.Unstructured, kind string, r WorkloadRevision) error {
	if err := unstructured.SetNestedMap(o.Object, r.template, "spec", "template"); err != nil || kind != "deployments.apps" {
		return err
	}
	notes := o.GetAnnotations()
	delete(notes, changeCause)
	if r.Cause != "" {
		if notes == nil {
			notes = map[string]string{}
		}
		notes[changeCause] = r.Cause
	}
	o.SetAnnotations(notes)
	return nil
}
