package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	errConfirm      = fault.New(fault.Invalid, "cluster.not_confirmed", "Type the name of the object to remove its finalizers.")
	errNotDeleting  = fault.New(fault.Invalid, "cluster.not_deleting", "The object is not being deleted, so nothing waits for its finalizers. Delete it first.")
	errNoFinalizers = fault.New(fault.Invalid, "cluster.finalizer_unknown", "The object has none of these finalizers.")
)

// RemoveFinalizers takes finalizers away from an object that hangs in deletion.
// What they were to clean up is left behind, so confirm must be its name.
func (s *Service) RemoveFinalizers(ctx context.Context, t store.Tenant, id string, ref Ref, names []string, confirm string) (Removal, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return Removal{}, err
	}
	d := deed{action: "clusters.finalizers", ref: ref, dry: false}
	out := newRemoval(d)
	_, err = h.act(ctx, d, func(ctx context.Context) (ObjectChange, error) {
		if confirm != ref.Name {
			return ObjectChange{}, errConfirm
		}
		changes, err := h.unbind(ctx, d, names, &out)
		return ObjectChange{Changes: changes}, err
	})
	return out, err
}

// unbind takes finalizers away and says in out what is left.
func (h *hand) unbind(ctx context.Context, d deed, names []string, out *Removal) (map[string][2]any, error) {
	k, ref, err := h.kindFor(ctx, d.ref)
	if err != nil {
		return nil, err
	}
	d.ref, out.Object = ref, ref
	o, err := h.live(ctx, k, ref, "")
	if err != nil {
		return nil, err
	}
	if o.GetDeletionTimestamp() == nil {
		return nil, errNotDeleting
	}
	was := finalizersOf(o)
	left := without(was, names)
	if len(left) == len(was) {
		return nil, errNoFinalizers
	}
	if err := h.begun(ctx, d, map[string]any{"finalizers": left}); err != nil {
		return nil, err
	}
	err = h.release(ctx, d, k, o, names)
	for try := 1; apierrors.IsConflict(err) && try < changeTries; try++ { // controllers take theirs away meanwhile
		now, gone := h.live(ctx, k, ref, "")
		if gone != nil {
			err = gone
			break
		}
		if now.GetUID() != o.GetUID() {
			err = nil // what was seen is gone, and another has its name
			break
		}
		err = h.release(ctx, d, k, now, names)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	h.look(ctx, k, o, out)
	return map[string][2]any{"finalizers": {was, left}}, nil
}

// release takes finalizers away from an object exactly as it was read.
func (h *hand) release(ctx context.Context, d deed, k Kind, o *unstructured.Unstructured, names []string) error {
	meta, inner := o.GetFinalizers(), finalizersOf(o)[len(o.GetFinalizers()):]
	if left := without(meta, names); len(left) < len(meta) {
		now, err := h.keepOnly(ctx, d, k, o, left)
		if err != nil {
			return err
		}
		o = now
	}
	if left := without(inner, names); len(left) < len(inner) {
		return h.finalize(ctx, d, k, o, left)
	}
	return nil
}

// keepOnly writes the finalizers of the metadata.
func (h *hand) keepOnly(ctx context.Context, d deed, k Kind, o *unstructured.Unstructured, left []string) (*unstructured.Unstructured, error) {
	var value any = left
	if len(left) == 0 {
		value = nil
	}
	got, _, err := h.send(ctx, call{
		verb: http.MethodPatch, kind: k, ref: d.ref, media: mergePatch, params: d.params(),
		body: exactly(map[string]any{"metadata": map[string]any{"finalizers": value}}, o),
	})
	return got, err
}

// finalize writes the finalizers in the spec of a namespace, which has a place of its own for them.
func (h *hand) finalize(ctx context.Context, d deed, k Kind, o *unstructured.Unstructured, left []string) error {
	v := o.DeepCopy()
	if err := unstructured.SetNestedStringSlice(v.Object, left, "spec", "finalizers"); err != nil {
		return err
	}
	body, err := json.Marshal(v.Object)
	if err != nil {
		return err
	}
	_, _, err = h.send(ctx, call{verb: http.MethodPut, kind: k, ref: d.ref, sub: "finalize", media: plainJSON, body: body})
	return err
}

// without returns all but names.
func without(all, names []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(f string) bool { return slices.Contains(names, f) })
}
