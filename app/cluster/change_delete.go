package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Deleting says how an object is deleted.
type Deleting struct {
	Propagation string `json:"propagation,omitempty" enum:"background,foreground,orphan" doc:"What becomes of what it owns: deleted after it (the default), before it, or left"`
	Grace       *int64 `json:"grace_seconds,omitempty" minimum:"0" maximum:"86400" doc:"How long pods get to end; left out: as they say themselves"`
	UID         string `json:"uid,omitempty" maxLength:"64" doc:"Of the object that the person saw: another one of the same name is not deleted"`
	DryRun      bool   `json:"dry_run,omitempty" doc:"Only say what would go with it"`
}

// A Removal is what became of a deletion.
type Removal struct {
	Object     Ref          `json:"object"`
	State      string       `json:"state" enum:"there,deleting,gone"`
	Finalizers []Finalizer  `json:"finalizers" nullable:"false" doc:"What keeps an object that is being deleted"`
	Messages   []string     `json:"messages" nullable:"false" doc:"What the cluster says of the deletion"`
	Counts     []TakenAlong `json:"counts" nullable:"false" doc:"Of a namespace or a definition: how many objects go with it, by kind"`
	Notes      []string     `json:"notes" nullable:"false"`
	DryRun     bool         `json:"dry_run"`
}

func newRemoval(d deed) Removal {
	return Removal{
		Object: d.ref, State: "there", Finalizers: []Finalizer{}, Messages: []string{}, Counts: []TakenAlong{}, Notes: []string{}, DryRun: d.dry,
	}
}

// TakenAlong says how many objects there are of a kind.
type TakenAlong struct {
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
	Why   string `json:"error,omitempty" doc:"Why they could not be counted"`
}

var (
	propagations = map[string]string{"": "Background", "background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
	errDelete    = fault.New(fault.Invalid, "cluster.not_deletable", "Objects of this kind cannot be deleted.")
	errOther     = fault.New(fault.Conflict, "cluster.object_changed", "Another object has that name by now: the one that was seen is gone. Nothing was deleted.")
)

// DeleteObject deletes an object, or says what would go with it. What hangs in
// deletion already is explained.
func (s *Service) DeleteObject(ctx context.Context, t store.Tenant, id string, ref Ref, how Deleting) (Removal, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return Removal{}, err
	}
	d := deed{action: "clusters.delete_object", ref: ref, dry: how.DryRun}
	var out Removal
	_, err = h.act(ctx, d, func(ctx context.Context) (ObjectChange, error) {
		var was map[string][2]any
		out, was, err = h.remove(ctx, d, how)
		return ObjectChange{Changes: was}, err
	})
	return out, err
}

// remove deletes, and returns what became of it and what the object was.
func (h *hand) remove(ctx context.Context, d deed, how Deleting) (Removal, map[string][2]any, error) {
	out := newRemoval(d)
	k, ref, err := h.kindFor(ctx, d.ref)
	if err != nil {
		return out, nil, err
	}
	out.Object, d.ref = ref, ref
	if !k.can("delete") {
		return out, nil, errDelete
	}
	o, err := h.live(ctx, k, ref, "")
	if err != nil {
		return out, nil, err
	}
	if how.UID != "" && string(o.GetUID()) != how.UID {
		return out, nil, errOther
	}
	if err := h.foresee(ctx, &out, o); err != nil || d.dry {
		out.explain(o)
		return out, nil, err
	}
	was, _ := compared(k, o, nil)
	if err := h.begun(ctx, d, map[string]any{"deleted": true}); err != nil {
		return out, nil, err
	}
	if err := h.sendDelete(ctx, k, o, how, &out); err != nil {
		return out, nil, err
	}
	h.look(ctx, k, o, &out)
	return out, was, nil
}

// look says how far the deletion of an object is.
func (h *hand) look(ctx context.Context, k Kind, o *unstructured.Unstructured, out *Removal) {
	switch left, err := h.live(ctx, k, out.Object, ""); {
	case apierrors.IsNotFound(err), err == nil && left.GetUID() != o.GetUID():
		out.State = "gone"
	case err == nil:
		out.explain(left)
	default:
		out.State = "deleting" // it was accepted
		out.Notes = append(out.Notes, "How far the deletion is could not be read.")
	}
}

// sendDelete deletes exactly the object that was read.
func (h *hand) sendDelete(ctx context.Context, k Kind, o *unstructured.Unstructured, how Deleting, out *Removal) error {
	options := map[string]any{
		"propagationPolicy": propagations[how.Propagation], "preconditions": map[string]any{"uid": string(o.GetUID())},
	}
	if how.Grace != nil {
		options["gracePeriodSeconds"] = *how.Grace
	}
	body, err := json.Marshal(options)
	if err != nil {
		return err
	}
	_, warned, err := h.send(ctx, call{verb: http.MethodDelete, kind: k, ref: out.Object, media: plainJSON, body: body})
	out.Notes = append(out.Notes, warned...)
	return err
}

// explain says what keeps an object that is being deleted.
func (r *Removal) explain(o *unstructured.Unstructured) {
	if o.GetDeletionTimestamp() == nil {
		return
	}
	r.State = "deleting"
	for _, name := range finalizersOf(o) {
		r.Finalizers = append(r.Finalizers, Finalizer{Name: name, Waits: waits(name)})
	}
	all, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions") // absent: it says nothing
	for _, v := range all {
		c, _ := v.(map[string]any)
		about, _ := c["type"].(string)
		text, _ := c["message"].(string)
		if c["status"] == "True" && text != "" && hangs[about] {
			r.Messages = append(r.Messages, text)
		}
	}
	if grace := o.GetDeletionGracePeriodSeconds(); grace != nil && *grace > 0 && len(r.Finalizers) == 0 {
		r.Messages = append(r.Messages, fmt.Sprintf("It has %d seconds to end.", *grace))
	}
}

// hangs are the conditions of namespaces and definitions that say why they are still there.
var hangs = map[string]bool{
	"NamespaceDeletionDiscoveryFailure": true, "NamespaceDeletionGroupVersionParsingFailure": true, "NamespaceDeletionContentFailure": true,
	"NamespaceContentRemaining": true, "NamespaceFinalizersRemaining": true, "Terminating": true,
}

// finalizersOf returns the finalizers of an object; a namespace has some in its spec.
func finalizersOf(o *unstructured.Unstructured) []string {
	inner, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "finalizers") // of others it may be anything
	if o.GetKind() != "Namespace" || o.GetAPIVersion() != "v1" {
		inner = nil
	}
	return append(o.GetFinalizers(), inner...)
}
