package cluster

import (
	"context"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/store"
)

// A Taint keeps pods away from a node that do not tolerate it.
type Taint struct {
	Key    string `json:"key" minLength:"1" maxLength:"317"`
	Value  string `json:"value,omitempty" maxLength:"63"`
	Effect string `json:"effect,omitempty" enum:"NoSchedule,PreferNoSchedule,NoExecute" doc:"Left out when taints are removed: any"`
}

// Cordon keeps new pods away from a node, or lets them in again.
func (s *Service) Cordon(ctx context.Context, t store.Tenant, id, node string, open, dry bool) (ObjectChange, error) {
	action := "clusters.cordon"
	if open {
		action = "clusters.uncordon"
	}
	return s.flag(ctx, t, id, deed{action: action, ref: Ref{Kind: "nodes", Name: node}, dry: dry}, "unschedulable", !open,
		func(*unstructured.Unstructured) error { return nil })
}

// Taint sets and removes taints of a node. A taint is known by its key and effect.
func (s *Service) Taint(ctx context.Context, t store.Tenant, id, node string, set, remove []Taint, dry bool) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	return h.mutate(ctx, deed{action: "clusters.taint", ref: Ref{Kind: "nodes", Name: node}, dry: dry, merges: true}, func(o *unstructured.Unstructured) ([]string, error) {
		all, _, err := unstructured.NestedSlice(o.Object, "spec", "taints")
		if err != nil {
			return nil, err
		}
		was := len(all)
		for _, r := range remove {
			all = slices.DeleteFunc(all, func(v any) bool { return r.is(v) })
		}
		var notes []string
		if was == len(all) && len(remove) > 0 {
			notes = append(notes, "The node has no such taint.")
		}
		for _, v := range set {
			if v.Effect == "" {
				v.Effect = "NoSchedule"
			}
			if v.Effect == "NoExecute" {
				notes = append(notes, "Pods that do not tolerate "+v.Key+" are evicted from the node at once.")
			}
			taint := map[string]any{"key": v.Key, "effect": v.Effect}
			if v.Value != "" {
				taint["value"] = v.Value
			}
			if i := slices.IndexFunc(all, v.is); i >= 0 {
				all[i] = taint
			} else {
				all = append(all, taint)
			}
		}
		if len(all) == 0 {
			unstructured.RemoveNestedField(o.Object, "spec", "taints")
			return notes, nil
		}
		return notes, unstructured.SetNestedSlice(o.Object, all, "spec", "taints")
	})
}

// is reports whether v is the taint; without an effect, one of any.
func (t Taint) is(v any) bool {
	m, ok := v.(map[string]any)
	return ok && m["key"] == t.Key && (t.Effect == "" || m["effect"] == t.Effect)
}

// Label sets and removes labels of an object of any kind.
func (s *Service) Label(ctx context.Context, t store.Tenant, id string, ref Ref, set map[string]string, remove []string, dry bool) (ObjectChange, error) {
	return s.marks(ctx, t, id, deed{action: "clusters.label", ref: ref, dry: dry}, "labels", set, remove)
}

// Annotate sets and removes annotations of an object of any kind.
func (s *Service) Annotate(ctx context.Context, t store.Tenant, id string, ref Ref, set map[string]string, remove []string, dry bool) (ObjectChange, error) {
	return s.marks(ctx, t, id, deed{action: "clusters.annotate", ref: ref, dry: dry}, "annotations", set, remove)
}

func (s *Service) marks(ctx context.Context, t store.Tenant, id string, d deed, field string, set map[string]string, remove []string) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	return h.mutate(ctx, d, func(o *unstructured.Unstructured) ([]string, error) {
		all, _, err := unstructured.NestedStringMap(o.Object, "metadata", field)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = map[string]string{}
		}
		for _, name := range remove {
			delete(all, name)
		}
		maps.Copy(all, set)
		if len(all) == 0 {
			unstructured.RemoveNestedField(o.Object, "metadata", field)
			return nil, nil
		}
		return nil, unstructured.SetNestedStringMap(o.Object, all, "metadata", field)
	})
}
