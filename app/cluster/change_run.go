package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilrand "k8s.io/apimachinery/pkg/util/rand"
	"unity.internal/app/fault"
	"unity.internal/store"
)

var errNotCron = fault.New(fault.Invalid, "cluster.not_runnable", "Only cron jobs can be run now.")

// maxJobName leaves room for what makes the name of a job its own: 63 in all.
const maxJobName = 50

// RunCronJob starts a job of a cron job now, as kubectl create job --from does.
// The object of what it returns is the job.
func (s *Service) RunCronJob(ctx context.Context, t store.Tenant, id string, ref Ref, dry bool) (ObjectChange, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return ObjectChange{}, err
	}
	d := deed{action: "clusters.run", ref: ref, dry: dry}
	return h.act(ctx, d, func(ctx context.Context) (ObjectChange, error) {
		if ref.Kind != "cronjobs.batch" {
			return ObjectChange{Object: ref}, errNotCron
		}
		return h.run(ctx, d)
	})
}

func (h *hand) run(ctx context.Context, d deed) (ObjectChange, error) {
	out := ObjectChange{Object: d.ref, Notes: []string{}}
	k, ref, err := h.kindFor(ctx, d.ref)
	if err != nil {
		return out, err
	}
	jobs, err := h.link.kind(ctx, "jobs.batch")
	if err != nil {
		return out, err
	}
	cron, err := h.live(ctx, k, ref, "")
	if err != nil {
		return out, err
	}
	job := jobOf(cron)
	out.Object = Ref{Kind: jobs.Name, Namespace: ref.Namespace, Name: job.GetName()}
	body, err := json.Marshal(job.Object)
	if err != nil {
		return out, err
	}
	if err := h.begun(ctx, d, map[string]any{"job": job.GetName()}); err != nil {
		return out, err
	}
	got, warned, err := h.send(ctx, call{
		verb: http.MethodPost, kind: jobs, ref: Ref{Namespace: ref.Namespace}, media: plainJSON, body: body, params: d.params(),
	})
	if err != nil {
		return out, err
	}
	out.Notes = append(out.Notes, warned...)
	out.Changes, out.Diff = compared(jobs, nil, got)
	return out, nil
}

// jobOf returns a job of a cron job, owned by it and marked as started by hand.
func jobOf(cron *unstructured.Unstructured) *unstructured.Unstructured {
	template, _, _ := unstructured.NestedMap(cron.Object, "spec", "jobTemplate") // it always has one
	job := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "batch/v1", "kind": "Job", "spec": template["spec"]}}
	from := &unstructured.Unstructured{Object: template}
	marks := from.GetAnnotations()
	if marks == nil {
		marks = map[string]string{}
	}
	marks["cronjob.kubernetes.io/instantiate"] = "manual"
	job.SetAnnotations(marks)
	job.SetLabels(from.GetLabels())
	name := cron.GetName()
	job.SetName(strings.TrimRight(name[:min(len(name), maxJobName)], "-.") + "-manual-" + utilrand.String(5))
	job.SetNamespace(cron.GetNamespace())
	// Not what blocks the deletion of its owner: that would need a right of its own.
	_ = unstructured.SetNestedSlice(job.Object, []any{map[string]any{
		"apiVersion": cron.GetAPIVersion(), "kind": "CronJob", "name": name, "uid": string(cron.GetUID()), "controller": true,
	}}, "metadata", "ownerReferences") // it has no other kind of value there
	return job
}
