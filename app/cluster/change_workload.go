package cluster

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// restartedAt is the annotation of pods by which kubectl restarts a workload.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

var (
	errRestart  = fault.New(fault.Invalid, "cluster.not_restartable", "Only deployments, stateful sets and daemon sets are restarted. Delete a pod to have it made anew.")
	errPaused   = fault.New(fault.Invalid, "cluster.paused", "The deployment is paused: nothing would happen until it is resumed. Resume it first.")
	errPause    = fault.New(fault.Invalid, "cluster.not_pausable", "Only deployments can be paused.")
	errSuspend  = fault.New(fault.Invalid, "cluster.not_suspendable", "Only jobs and cron jobs can be suspended.")
	errFinished = fault.New(fault.Invalid, "cluster.job_ended", "The job has ended already.")
)

// Restart makes the pods of a workload anew, by and by, as kubectl rollout restart does.
func (s *Service) Restart(ctx context.Context, t store.Tenant, id string, ref Ref, dry bool) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	return h.mutate(ctx, deed{action: "clusters.restart", ref: ref, dry: dry}, func(o *unstructured.Unstructured) ([]string, error) {
		if !rolls[ref.Kind] {
			return nil, errRestart
		}
		if paused(o) {
			return nil, errPaused
		}
		err := unstructured.SetNestedField(o.Object, s.Now().UTC().Format(time.RFC3339), "spec", "template", "metadata", "annotations", restartedAt)
		return rolling(o), err
	})
}

// rolls are the kinds that replace their pods when their template changes.
var rolls = map[string]bool{"deployments.apps": true, "statefulsets.apps": true, "daemonsets.apps": true}

func paused(o *unstructured.Unstructured) bool {
	is, _, _ := unstructured.NestedBool(o.Object, "spec", "paused") // absent is not paused
	return is
}

// rolling says what hinders a workload from replacing its pods by itself.
func rolling(o *unstructured.Unstructured) []string {
	how, _, _ := unstructured.NestedString(o.Object, "spec", "updateStrategy", "type") // deployments have none
	if how == "OnDelete" {
		return []string{"It replaces a pod only when somebody deletes it (update strategy OnDelete)."}
	}
	return nil
}

// Pause keeps a deployment from acting on changes of its template; resume ends that.
func (s *Service) Pause(ctx context.Context, t store.Tenant, id string, ref Ref, resume, dry bool) (ObjectChange, error) {
	action := "clusters.pause"
	if resume {
		action = "clusters.resume"
	}
	return s.flag(ctx, t, id, deed{action: action, ref: ref, dry: dry}, "paused", !resume, func(*unstructured.Unstructured) error {
		if ref.Kind != "deployments.apps" {
			return errPause
		}
		return nil
	})
}

// Suspend keeps a job or a cron job from starting anything; resume ends that.
func (s *Service) Suspend(ctx context.Context, t store.Tenant, id string, ref Ref, resume, dry bool) (ObjectChange, error) {
	action := "clusters.suspend"
	if resume {
		action = "clusters.unsuspend"
	}
	return s.flag(ctx, t, id, deed{action: action, ref: ref, dry: dry}, "suspend", !resume, func(o *unstructured.Unstructured) error {
		switch ref.Kind {
		case "cronjobs.batch":
			return nil
		case "jobs.batch":
			if _, over, _ := unstructured.NestedString(o.Object, "status", "completionTime"); over || conditionHolds(o, "Failed") { // absent: it runs
				return errFinished
			}
			return nil
		}
		return errSuspend
	})
}

// conditionHolds reports whether a condition of an object is true.
func conditionHolds(o *unstructured.Unstructured, name string) bool {
	all, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions") // absent: it runs
	for _, v := range all {
		if c, ok := v.(map[string]any); ok && c["type"] == name && c["status"] == "True" {
			return true
		}
	}
	return false
}

// flag sets a field of the spec that is true or absent.
func (s *Service) flag(ctx context.Context, t store.Tenant, id string, d deed, field string, on bool, may func(*unstructured.Unstructured) error) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	return h.mutate(ctx, d, func(o *unstructured.Unstructured) ([]string, error) {
		if err := may(o); err != nil {
			return nil, err
		}
		if is, _, _ := unstructured.NestedBool(o.Object, "spec", field); is == on { // absent is false
			return nil, nil
		}
		return nil, unstructured.SetNestedField(o.Object, on, "spec", field)
	})
}
