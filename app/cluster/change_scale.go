package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Scaling is what a workload is scaled to.
type Scaling struct {
	Replicas int64  `json:"replicas" minimum:"0" maximum:"100000"`
	From     *int64 `json:"from,omitempty" minimum:"0" doc:"The number that the person saw; if it is another one by now, nothing is changed"`
	DryRun   bool   `json:"dry_run,omitempty" doc:"Only say what would happen"`
}

// unscaled says why kinds that people would scale have no number of replicas.
var unscaled = map[string]string{
	"pods":             "A pod is one. Scale what made it.",
	"daemonsets.apps":  "A daemon set runs one pod on every node that fits. Change its node selector instead.",
	"jobs.batch":       "A job runs as many pods as its parallelism says. Suspend it to stop it.",
	"cronjobs.batch":   "A cron job starts jobs by its schedule. Suspend it to stop it.",
	"nodes":            "A cluster gets nodes from outside.",
	"services":         "A service has no pods of its own. Scale the workload behind it.",
	"statefulsets":     "Say statefulsets.apps.",
	"deployments":      "Say deployments.apps.",
	"replicasets.apps": "",
}

var errUnset = fault.New(fault.Invalid, "cluster.not_scalable", "The object says no number of replicas, so there is none to change. Edit it once and say one.")

func errUnscaled(kind string) error {
	why := unscaled[kind]
	if why == "" {
		why = "Objects of this kind have no number of replicas."
	}
	return fault.New(fault.Invalid, "cluster.not_scalable", "%s", why)
}

// Scale sets how many replicas a workload has, of any kind that can be scaled.
func (s *Service) Scale(ctx context.Context, t store.Tenant, id string, ref Ref, to Scaling) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	d := deed{action: "clusters.scale", ref: ref, dry: to.DryRun}
	return h.act(ctx, d, func(ctx context.Context) (ObjectChange, error) { return h.scale(ctx, d, to) })
}

func (h *hand) scale(ctx context.Context, d deed, to Scaling) (ObjectChange, error) {
	out := ObjectChange{Object: d.ref, Changes: map[string][2]any{}, Notes: []string{}}
	k, ref, err := h.kindFor(ctx, d.ref)
	if err != nil {
		return out, err
	}
	d.ref, out.Object = ref, ref
	whole, err := h.live(ctx, k, ref, "")
	if err != nil {
		return out, err
	}
	now, err := h.scaleOf(ctx, k, ref)
	if err != nil {
		return out, err
	}
	was := replicasOf(now)
	if to.From != nil && *to.From != was {
		return out, saying(ErrConflict, fmt.Sprintf("it has %d replicas, not %d", was, *to.From))
	}
	if was == to.Replicas {
		out.Notes = append(out.Notes, "It is so already: nothing was changed.")
		return out, nil
	}
	if err := h.begun(ctx, d, map[string]any{"spec.replicas": to.Replicas}); err != nil {
		return out, err
	}
	got, warned, err := h.scaleTo(ctx, d, k, now, to.Replicas)
	if err != nil {
		return out, err
	}
	out.Changes["spec.replicas"] = [2]any{was, replicasOf(got)}
	out.Diff = unified(fmt.Sprintf("spec:\n  replicas: %d\n", was), fmt.Sprintf("spec:\n  replicas: %d\n", replicasOf(got)))
	out.Notes = append(append(out.Notes, warned...), h.undoers(ctx, k, whole, to.Replicas)...)
	return out, nil
}

// scaleOf reads the number of replicas of an object, or says why there is none.
func (h *hand) scaleOf(ctx context.Context, k Kind, ref Ref) (*unstructured.Unstructured, error) {
	now, err := h.live(ctx, k, ref, "scale")
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err):
		return nil, errUnscaled(ref.Kind)
	case apierrors.IsInternalError(err) && strings.Contains(err.Error(), "does not exist"):
		return nil, errUnset.Because(err)
	}
	return now, err
}

// scaleTo writes the number, unless somebody else wrote another one meanwhile.
func (h *hand) scaleTo(ctx context.Context, d deed, k Kind, now *unstructured.Unstructured, n int64) (*unstructured.Unstructured, []string, error) {
	for try := 1; ; try++ {
		body, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"resourceVersion": now.GetResourceVersion()}, "spec": map[string]any{"replicas": n},
		})
		if err != nil {
			return nil, nil, err
		}
		got, warned, err := h.send(ctx, call{
			verb: http.MethodPatch, kind: k, ref: d.ref, sub: "scale", media: mergePatch, body: body, params: d.params(),
		})
		if !apierrors.IsConflict(err) || try == changeTries {
			return got, warned, err
		}
		again, gone := h.live(ctx, k, d.ref, "scale")
		if gone != nil {
			return nil, nil, gone
		}
		if again.GetUID() != now.GetUID() || replicasOf(again) != replicasOf(now) {
			return nil, nil, err
		}
		now = again
	}
}

func replicasOf(scale *unstructured.Unstructured) int64 {
	n, _, _ := unstructured.NestedInt64(scale.Object, "spec", "replicas") // absent is 0
	return n
}

// undoers names who will set another number of replicas again.
func (h *hand) undoers(ctx context.Context, k Kind, o *unstructured.Unstructured, n int64) []string {
	notes := makers(o, "will set its own number again. Scale that instead.")
	scalers, err := h.link.kind(ctx, "horizontalpodautoscalers.autoscaling")
	if err != nil || !k.Namespaced {
		return notes
	}
	all, _, err := h.send(ctx, call{verb: http.MethodGet, kind: scalers, ref: Ref{Namespace: o.GetNamespace()}})
	if err != nil {
		return append(notes, "Whether an autoscaler will undo this could not be read: "+fault.From(denial(err)).Msg)
	}
	items, _, _ := unstructured.NestedSlice(all.Object, "items") // a list without items is empty
	for _, item := range items {
		v, _ := item.(map[string]any)
		if note := undoes(&unstructured.Unstructured{Object: v}, k, o.GetName(), n); note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// undoes says what an autoscaler will do about n replicas; nothing if it is not of the workload.
func undoes(scaler *unstructured.Unstructured, k Kind, name string, n int64) string {
	target, _, _ := unstructured.NestedStringMap(scaler.Object, "spec", "scaleTargetRef") // it is always there
	if target["kind"] != k.Kind || target["name"] != name || groupOf(target["apiVersion"]) != k.Group {
		return ""
	}
	least, there, _ := unstructured.NestedInt64(scaler.Object, "spec", "minReplicas") // absent is 1
	if !there {
		least = 1
	}
	most, _, _ := unstructured.NestedInt64(scaler.Object, "spec", "maxReplicas") // it is always there
	if n == 0 {
		return fmt.Sprintf("The autoscaler %s rests as long as there are 0 replicas.", scaler.GetName())
	}
	return fmt.Sprintf("The autoscaler %s keeps between %d and %d replicas and will set its own number again. Change its bounds instead.", scaler.GetName(), least, most)
}
