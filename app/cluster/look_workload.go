package cluster

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A WorkloadBlock is what makes pods, in numbers.
type WorkloadBlock struct {
	Want      int32       `json:"want"`
	Ready     int32       `json:"ready"`
	Updated   int32       `json:"up_to_date"`
	Available int32       `json:"available"`
	Strategy  string      `json:"strategy" doc:"In words"`
	Paused    bool        `json:"paused"`
	Revision  string      `json:"revision,omitempty"`
	Selector  string      `json:"selector" doc:"Of its pods, as kubectl takes it"`
	Images    []ImageLine `json:"images" nullable:"false"`
}

// An ImageLine is what one container of a template runs.
type ImageLine struct {
	Container string `json:"container"`
	Image     string `json:"image"`
}

// revisionNote is where the deployment controller keeps the number of a revision.
const revisionNote = "deployment.kubernetes.io/revision"

func lookDeployment(_ context.Context, v *viewer) error {
	d, err := decode[appsv1.Deployment](v.raw)
	if err != nil {
		return err
	}
	s := d.Status
	how := string(d.Spec.Strategy.Type)
	if r := d.Spec.Strategy.RollingUpdate; r != nil {
		how = fmt.Sprintf("Rolling: at most %s more and %s fewer than wanted", amount(r.MaxSurge), amount(r.MaxUnavailable))
	}
	v.out.Workload = workloadBlock(or(d.Spec.Replicas, 1), s.ReadyReplicas, s.UpdatedReplicas, s.AvailableReplicas, how, d.Spec.Selector, d.Spec.Template)
	v.out.Workload.Paused, v.out.Workload.Revision = d.Spec.Paused, d.Annotations[revisionNote]
	v.replicas()
	v.fact("Strategy", how)
	if d.Spec.Paused {
		v.bad("Paused", "Changes of its template are not rolled out")
	}
	v.fact("Revision", d.Annotations[revisionNote])
	v.fact("Revisions kept", strconv.Itoa(int(or(d.Spec.RevisionHistoryLimit, 10))))
	v.template(d.Spec.Template)
	return nil
}

func lookStatefulSet(_ context.Context, v *viewer) error {
	d, err := decode[appsv1.StatefulSet](v.raw)
	if err != nil {
		return err
	}
	s := d.Status
	how := string(d.Spec.UpdateStrategy.Type)
	if r := d.Spec.UpdateStrategy.RollingUpdate; r != nil && or(r.Partition, 0) > 0 {
		how += fmt.Sprintf(", from pod %d on", *r.Partition)
	}
	v.out.Workload = workloadBlock(or(d.Spec.Replicas, 1), s.ReadyReplicas, s.UpdatedReplicas, s.AvailableReplicas, how, d.Spec.Selector, d.Spec.Template)
	v.out.Workload.Revision = s.UpdateRevision
	v.replicas()
	v.fact("Strategy", how)
	v.fact("Pods are started", string(d.Spec.PodManagementPolicy))
	v.other("Service", "services", d.Namespace, d.Spec.ServiceName)
	for _, c := range d.Spec.VolumeClaimTemplates {
		size := c.Spec.Resources.Requests[corev1.ResourceStorage]
		v.fact("Claim of each pod", c.Name+", "+size.String())
	}
	v.fact("Revision", s.UpdateRevision)
	v.template(d.Spec.Template)
	return nil
}

func lookDaemonSet(_ context.Context, v *viewer) error {
	d, err := decode[appsv1.DaemonSet](v.raw)
	if err != nil {
		return err
	}
	s := d.Status
	how := string(d.Spec.UpdateStrategy.Type)
	if r := d.Spec.UpdateStrategy.RollingUpdate; r != nil {
		how = fmt.Sprintf("Rolling: at most %s more and %s fewer than wanted", amount(r.MaxSurge), amount(r.MaxUnavailable))
	}
	v.out.Workload = workloadBlock(s.DesiredNumberScheduled, s.NumberReady, s.UpdatedNumberScheduled, s.NumberAvailable, how, d.Spec.Selector, d.Spec.Template)
	v.replicas()
	if s.NumberMisscheduled > 0 {
		v.bad("On wrong nodes", strconv.Itoa(int(s.NumberMisscheduled)))
	}
	v.fact("Strategy", how)
	v.template(d.Spec.Template)
	return nil
}

func lookReplicaSet(_ context.Context, v *viewer) error {
	d, err := decode[appsv1.ReplicaSet](v.raw)
	if err != nil {
		return err
	}
	s := d.Status
	v.out.Workload = workloadBlock(or(d.Spec.Replicas, 1), s.ReadyReplicas, s.Replicas, s.AvailableReplicas, "", d.Spec.Selector, d.Spec.Template)
	v.out.Workload.Revision = d.Annotations[revisionNote]
	v.replicas()
	v.fact("Revision", d.Annotations[revisionNote])
	v.template(d.Spec.Template)
	return nil
}

func workloadBlock(want, ready, updated, available int32, how string, selector *metav1.LabelSelector, t corev1.PodTemplateSpec) *WorkloadBlock {
	b := &WorkloadBlock{Want: want, Ready: ready, Updated: updated, Available: available, Strategy: how, Images: []ImageLine{}}
	b.Selector = selectorText(selector)
	for _, c := range slices.Concat(t.Spec.InitContainers, t.Spec.Containers) {
		b.Images = append(b.Images, ImageLine{c.Name, c.Image})
	}
	return b
}

// replicas says how many pods there are of those that are wanted.
func (v *viewer) replicas() {
	b := v.out.Workload
	text := fmt.Sprintf("%d of %d ready, %d up to date, %d available", b.Ready, b.Want, b.Updated, b.Available)
	if b.Ready < b.Want {
		v.bad("Pods", text)
		return
	}
	v.fact("Pods", text)
}

// template says what pods of a workload have in common.
func (v *viewer) template(t corev1.PodTemplateSpec) {
	if b := v.out.Workload; b != nil {
		v.fact("Selector", b.Selector)
	}
	v.other("Service account", "serviceaccounts", v.ref.Namespace, t.Spec.ServiceAccountName)
	v.fact("Node selector", pairs(t.Spec.NodeSelector))
	v.other("Priority class", "priorityclasses.scheduling.k8s.io", "", t.Spec.PriorityClassName)
}

// selectorText writes a selector of labels in words; nil selects nothing.
func selectorText(s *metav1.LabelSelector) string {
	switch {
	case s == nil:
		return "nothing"
	case len(s.MatchLabels)+len(s.MatchExpressions) == 0:
		return "everything"
	}
	all := []string{}
	if len(s.MatchLabels) > 0 {
		all = append(all, pairs(s.MatchLabels))
	}
	for _, e := range s.MatchExpressions {
		text := e.Key + " " + strings.ToLower(string(e.Operator))
		if len(e.Values) > 0 {
			text += " (" + strings.Join(e.Values, ", ") + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func amount(n *intstr.IntOrString) string {
	if n == nil {
		return "0"
	}
	return n.String()
}
