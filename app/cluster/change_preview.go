package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
)

// asMetadata asks for what a list says of itself without its objects.
const asMetadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

// countAtOnce bounds the lists that are asked for at the same time.
const countAtOnce = 8

// foresee says what goes with an object that is deleted.
func (h *hand) foresee(ctx context.Context, out *Removal, o *unstructured.Unstructured) error {
	out.Notes = append(out.Notes, makers(o, "will make another one.")...)
	switch out.Object.Kind {
	case "persistentvolumes":
		out.Notes = append(out.Notes, volumeNotes(o)...)
	case "namespaces":
		all, err := h.link.kinds(ctx)
		if err != nil {
			return err
		}
		inside := slices.DeleteFunc(slices.Clone(all.all), func(k Kind) bool {
			return !k.Namespaced || !k.can("delete") || k.Name == "events.events.k8s.io" // the same as events
		})
		out.Counts, err = h.counts(ctx, inside, o.GetName())
		return err
	case "customresourcedefinitions.apiextensions.k8s.io":
		resource, _, _ := unstructured.NestedString(o.Object, "spec", "names", "plural") // it is always there
		group, _, _ := unstructured.NestedString(o.Object, "spec", "group")              // it is always there
		k, err := h.link.kind(ctx, kindName(resource, group))
		if err != nil {
			return nil //nolint:nilerr // it is not served, so it has no objects that could be counted
		}
		out.Counts, err = h.counts(ctx, []Kind{k}, "")
		return err
	}
	return nil
}

// makers names the controller that made an object, and what it will do.
func makers(o *unstructured.Unstructured, does string) []string {
	owner := metav1.GetControllerOf(o)
	if owner == nil {
		return nil
	}
	return []string{fmt.Sprintf("%s %s made it and %s", owner.Kind, owner.Name, does)}
}

// volumeNotes says what deleting a volume does to its claim and its data.
func volumeNotes(o *unstructured.Unstructured) []string {
	var notes []string
	claim, bound, _ := unstructured.NestedMap(o.Object, "spec", "claimRef")                      // absent: it is free
	policy, _, _ := unstructured.NestedString(o.Object, "spec", "persistentVolumeReclaimPolicy") // it is always there
	if bound {
		notes = append(notes, fmt.Sprintf("The claim %v in %v uses it. The volume stays until that claim is deleted.", claim["name"], claim["namespace"]))
	}
	if policy == "Retain" {
		notes = append(notes, "Its data stay where they are stored (reclaim policy Retain).")
	}
	return notes
}

// counts returns how many objects there are of kinds, most first; kinds without
// objects are left out. Each costs one request for a single object.
func (h *hand) counts(ctx context.Context, kinds []Kind, namespace string) ([]TakenAlong, error) {
	found := make([]TakenAlong, len(kinds))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(countAtOnce)
	for i, k := range kinds {
		g.Go(func() error {
			found[i].Kind = k.Name
			raw, err := h.link.get(k, namespace, "").Param("limit", "1").SetHeader("Accept", asMetadata+",application/json").Do(ctx).Raw()
			if err == nil {
				found[i].Count, err = counted(raw)
			}
			if err != nil {
				found[i].Why = fault.From(denial(err)).Msg
			}
			return ctx.Err()
		})
	}
	err := g.Wait()
	found = slices.DeleteFunc(found, func(c TakenAlong) bool { return c.Count == 0 && c.Why == "" })
	slices.SortFunc(found, func(a, b TakenAlong) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Kind, b.Kind))
	})
	return found, err
}

// counted returns of how many objects a page of a list is the first.
func counted(raw []byte) (int64, error) {
	var l metav1.PartialObjectMetadataList
	if err := json.Unmarshal(raw, &l); err != nil {
		return 0, err
	}
	n := int64(len(l.Items))
	if l.RemainingItemCount != nil {
		n += *l.RemainingItemCount
	}
	return n, nil
}
