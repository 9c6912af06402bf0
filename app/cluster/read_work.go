package cluster

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// workload returns what objects that make pods have in common.
func workload(m *metav1.ObjectMeta, sel *metav1.LabelSelector, pod *corev1.PodSpec, ready, want int32) *Object {
	o := bare(m)
	o.Selector, o.Refs, o.Cells = selects(sel), podRefs(pod, true), []string{images(pod)}
	o.Ready, o.Want, o.Status, o.Phase = ready, want, StatusOK, "Available"
	switch {
	case want == 0:
		o.Phase = "Scaled to zero"
	case ready < want:
		o.Status, o.Phase = StatusProgress, "Progressing"
	}
	return o
}

func readDeployment(v runtime.Object) *Object {
	d := v.(*appsv1.Deployment) //nolint:forcetypeassert // the client decodes into this type, here and below
	o := workload(&d.ObjectMeta, d.Spec.Selector, &d.Spec.Template.Spec, d.Status.AvailableReplicas, or(d.Spec.Replicas, 1))
	if d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedReplicas < o.Want {
		o.Status, o.Phase = StatusProgress, "Progressing"
	}
	for i := range d.Status.Conditions {
		c := &d.Status.Conditions[i]
		switch {
		case c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse:
			o.Status, o.Phase, o.Reason = StatusCritical, c.Reason, c.Message
		case c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue:
			o.Status, o.Phase, o.Reason = StatusCritical, c.Reason, c.Message
		case c.Type == appsv1.DeploymentAvailable && c.Status == corev1.ConditionFalse && o.Status == StatusProgress:
			o.Status, o.Reason = StatusWarning, c.Message
		}
	}
	if d.Spec.Paused {
		o.Phase = "Paused"
	}
	return o.leaving()
}

func readReplicaSet(v runtime.Object) *Object {
	r := v.(*appsv1.ReplicaSet) //nolint:forcetypeassert // as above
	o := workload(&r.ObjectMeta, r.Spec.Selector, &r.Spec.Template.Spec, r.Status.ReadyReplicas, or(r.Spec.Replicas, 1))
	for i := range r.Status.Conditions {
		if c := &r.Status.Conditions[i]; c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
			o.Status, o.Phase, o.Reason = StatusCritical, c.Reason, c.Message
		}
	}
	return o.leaving()
}

func readStatefulSet(v runtime.Object) *Object {
	s := v.(*appsv1.StatefulSet) //nolint:forcetypeassert // as above
	o := workload(&s.ObjectMeta, s.Spec.Selector, &s.Spec.Template.Spec, s.Status.ReadyReplicas, or(s.Spec.Replicas, 1))
	if s.Status.UpdateRevision != s.Status.CurrentRevision && s.Status.UpdatedReplicas < o.Want {
		o.Status, o.Phase = StatusProgress, "Progressing"
	}
	return o.leaving()
}

func readDaemonSet(v runtime.Object) *Object {
	d := v.(*appsv1.DaemonSet) //nolint:forcetypeassert // as above
	o := workload(&d.ObjectMeta, d.Spec.Selector, &d.Spec.Template.Spec, d.Status.NumberAvailable, d.Status.DesiredNumberScheduled)
	if o.Want == 0 {
		o.Phase = "No node matches"
	}
	return o.leaving()
}

func readJob(v runtime.Object) *Object {
	j := v.(*batchv1.Job) //nolint:forcetypeassert // as above
	o := workload(&j.ObjectMeta, j.Spec.Selector, &j.Spec.Template.Spec, j.Status.Succeeded, or(j.Spec.Completions, 1))
	o.Status, o.Phase = StatusProgress, "Running"
	if or(j.Spec.Suspend, false) {
		o.Status, o.Phase = StatusNone, "Suspended"
	}
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			o.Status, o.Phase = StatusOK, "Complete"
		case batchv1.JobFailed:
			o.Status, o.Phase, o.Reason = StatusCritical, "Failed", c.Message
		case batchv1.JobSuspended, batchv1.JobFailureTarget, batchv1.JobSuccessCriteriaMet:
		}
	}
	return o.leaving()
}

func readCronJob(v runtime.Object) *Object {
	c := v.(*batchv1.CronJob) //nolint:forcetypeassert // as above
	o := bare(&c.ObjectMeta)
	o.Status, o.Phase, o.Refs = StatusOK, "Scheduled", podRefs(&c.Spec.JobTemplate.Spec.Template.Spec, true)
	o.Ready = int32(len(c.Status.Active)) //nolint:gosec // few run at once
	if o.Ready > 0 {
		o.Phase = "Running"
	}
	if or(c.Spec.Suspend, false) {
		o.Status, o.Phase = StatusNone, "Suspended"
	}
	last := ""
	if t := c.Status.LastScheduleTime; t != nil {
		last = t.UTC().Format(time.RFC3339)
	}
	o.Cells = []string{c.Spec.Schedule, last}
	return o.leaving()
}

func readAutoscaler(v runtime.Object) *Object {
	h := v.(*autoscalingv2.HorizontalPodAutoscaler) //nolint:forcetypeassert // as above
	o := bare(&h.ObjectMeta)
	o.Ready, o.Want, o.Status = h.Status.CurrentReplicas, h.Status.DesiredReplicas, StatusOK
	for i := range h.Status.Conditions {
		c := &h.Status.Conditions[i]
		if (c.Type == autoscalingv2.ScalingActive || c.Type == autoscalingv2.AbleToScale) && c.Status == corev1.ConditionFalse {
			o.Status, o.Phase, o.Reason = StatusWarning, c.Reason, c.Message
		}
	}
	at := h.Spec.ScaleTargetRef
	o.Refs = []Ref{{Kind: at.Kind + "." + groupOf(at.APIVersion), Name: at.Name}}
	o.Cells = []string{at.Kind + " " + at.Name, number(or(h.Spec.MinReplicas, 1)) + "–" + number(h.Spec.MaxReplicas)}
	return o.leaving()
}

// groupOf returns the group of an apiVersion.
func groupOf(version string) string {
	group, _, found := strings.Cut(version, "/")
	if !found {
		return ""
	}
	return group
}

func readBudget(v runtime.Object) *Object {
	b := v.(*policyv1.PodDisruptionBudget) //nolint:forcetypeassert // as above
	o := bare(&b.ObjectMeta)
	o.Selector, o.Ready, o.Want, o.Status = selects(b.Spec.Selector), b.Status.CurrentHealthy, b.Status.DesiredHealthy, StatusOK
	if o.Ready < o.Want {
		o.Status, o.Reason = StatusWarning, "Fewer pods are healthy than it wants to keep."
	}
	rule := ""
	if m := b.Spec.MinAvailable; m != nil {
		rule = "at least " + m.String()
	} else if m := b.Spec.MaxUnavailable; m != nil {
		rule = "at most " + m.String() + " away"
	}
	o.Cells = []string{rule, number(b.Status.DisruptionsAllowed), selectorCell(b.Spec.Selector)}
	return o.leaving()
}
