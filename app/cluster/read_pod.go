package cluster

import (
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// bad are the reasons of a container that end by themselves in no case that is good.
var bad = map[string]bool{
	"CrashLoopBackOff": true, "ImagePullBackOff": true, "ErrImagePull": true, "InvalidImageName": true, "ErrImageNeverPull": true,
	"CreateContainerConfigError": true, "CreateContainerError": true, "RunContainerError": true, "OOMKilled": true, "Error": true,
	"ContainerCannotRun": true, "DeadlineExceeded": true, "Evicted": true, "PostStartHookError": true,
}

func readPod(v runtime.Object) *Object {
	p := v.(*corev1.Pod) //nolint:forcetypeassert // the client decodes pods into this
	o := bare(&p.ObjectMeta)
	o.Node, o.Cells, o.Refs = p.Spec.NodeName, []string{strings.Clone(p.Status.PodIP)}, podRefs(&p.Spec, true)
	o.Want = int32(len(p.Spec.Containers)) //nolint:gosec // a pod has few containers
	o.Phase, o.Status = string(p.Status.Phase), StatusProgress
	if p.Status.Reason != "" {
		o.Phase, o.Reason = p.Status.Reason, p.Status.Message
	}
	o.starting(p)
	o.running(p)
	o.needs(&p.Spec)
	switch {
	case p.Status.Phase == corev1.PodSucceeded:
		o.Status, o.Reason = StatusOK, ""
	case p.Status.Phase == corev1.PodFailed, bad[strings.TrimPrefix(o.Phase, "Init:")]:
		o.Status = StatusCritical
	case o.Phase == string(corev1.PodRunning) && o.Ready == o.Want:
		o.Status = StatusOK
	case o.Phase == string(corev1.PodRunning):
		o.Status, o.Reason = StatusWarning, unready(p)
	}
	if c := condition(p, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
		o.Status, o.Reason = StatusWarning, c.Message
	}
	return o.leaving()
}

// starting takes over how far the containers are that run before the others.
func (o *Object) starting(p *corev1.Pod) {
	for i := range p.Status.InitContainerStatuses {
		c := &p.Status.InitContainerStatuses[i]
		o.Restarts += c.RestartCount
		o.fell(c)
		switch {
		case c.State.Terminated != nil && c.State.Terminated.ExitCode == 0, c.Started != nil && *c.Started:
			continue
		case c.State.Terminated != nil:
			o.Phase, o.Reason = "Init:Error", ended(c.State.Terminated)
		case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
			o.Phase, o.Reason = "Init:"+c.State.Waiting.Reason, c.State.Waiting.Message
		}
		return
	}
}

// running takes over how the containers are: the phase of a pod is the worst of them.
func (o *Object) running(p *corev1.Pod) {
	for i := range p.Status.ContainerStatuses {
		c := &p.Status.ContainerStatuses[i]
		o.Restarts += c.RestartCount
		o.fell(c)
		if c.Ready {
			o.Ready++
		}
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
			o.Phase, o.Reason = c.State.Waiting.Reason, c.State.Waiting.Message
			if last := c.LastTerminationState.Terminated; last != nil {
				o.Reason = ended(last)
			}
		case c.State.Terminated != nil && p.Status.Phase != corev1.PodSucceeded && c.State.Terminated.Reason != "Completed":
			o.Phase, o.Reason = c.State.Terminated.Reason, ended(c.State.Terminated)
		}
	}
}

// brief is how long a container must run before the kubelet takes it for well.
const brief = 10 * time.Minute

// fell takes over when a container failed last.
func (o *Object) fell(c *corev1.ContainerStatus) {
	for _, t := range []*corev1.ContainerStateTerminated{c.LastTerminationState.Terminated, c.State.Terminated} {
		if t == nil || t.ExitCode == 0 || t.FinishedAt.Unix() <= o.Ended {
			continue
		}
		o.Ended = t.FinishedAt.Unix()
		o.Brief = !t.StartedAt.IsZero() && t.FinishedAt.Sub(t.StartedAt.Time) < brief
	}
}

// needs takes over what a pod requests: all its containers, or the greatest of
// those that run before them.
func (o *Object) needs(s *corev1.PodSpec) {
	var cpu, memory int64
	for i := range s.Containers {
		cpu += s.Containers[i].Resources.Requests.Cpu().MilliValue()
		memory += s.Containers[i].Resources.Requests.Memory().Value()
	}
	for i := range s.InitContainers {
		cpu = max(cpu, s.InitContainers[i].Resources.Requests.Cpu().MilliValue())
		memory = max(memory, s.InitContainers[i].Resources.Requests.Memory().Value())
	}
	o.NeedCPU, o.NeedMemory = int32(min(cpu, math.MaxInt32)), memory
}

// ended says how a container ended.
func ended(t *corev1.ContainerStateTerminated) string {
	text := "The container ended with code " + number(t.ExitCode)
	if t.Reason != "" && t.Reason != "Error" {
		text += " (" + t.Reason + ")"
	}
	if t.Message != "" {
		return text + ": " + strings.TrimSpace(t.Message[:min(len(t.Message), 500)])
	}
	return text + "."
}

// unready says why a pod that runs is not ready.
func unready(p *corev1.Pod) string {
	for _, name := range []corev1.PodConditionType{corev1.ContainersReady, corev1.PodReady} {
		if c := condition(p, name); c != nil && c.Status != corev1.ConditionTrue && c.Message != "" {
			return c.Message
		}
	}
	return ""
}

func condition(p *corev1.Pod, name corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == name {
			return c
		}
	}
	return nil
}

// podRefs returns what a pod uses. Of a template, which many share, own is false.
func podRefs(s *corev1.PodSpec, own bool) []Ref {
	var all []Ref
	add := func(kind, name string) {
		r := Ref{Kind: kind, Name: name}
		if name != "" && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	if own && s.ServiceAccountName != "default" {
		add("serviceaccounts", s.ServiceAccountName)
	}
	for i := range s.Volumes {
		volumeRefs(&s.Volumes[i], add)
	}
	for _, containers := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range containers {
			containerRefs(&containers[i], add)
		}
	}
	for _, pull := range s.ImagePullSecrets {
		add("secrets", pull.Name)
	}
	return all
}

func volumeRefs(v *corev1.Volume, add func(kind, name string)) {
	switch {
	case v.ConfigMap != nil:
		add("configmaps", v.ConfigMap.Name)
	case v.Secret != nil:
		add("secrets", v.Secret.SecretName)
	case v.PersistentVolumeClaim != nil:
		add("persistentvolumeclaims", v.PersistentVolumeClaim.ClaimName)
	case v.Projected != nil:
		for i := range v.Projected.Sources {
			s := &v.Projected.Sources[i]
			if s.ConfigMap != nil && s.ConfigMap.Name != "kube-root-ca.crt" {
				add("configmaps", s.ConfigMap.Name)
			}
			if s.Secret != nil {
				add("secrets", s.Secret.Name)
			}
		}
	}
}

func containerRefs(c *corev1.Container, add func(kind, name string)) {
	for _, e := range c.EnvFrom {
		if e.ConfigMapRef != nil {
			add("configmaps", e.ConfigMapRef.Name)
		}
		if e.SecretRef != nil {
			add("secrets", e.SecretRef.Name)
		}
	}
	for i := range c.Env {
		from := c.Env[i].ValueFrom
		if from == nil {
			continue
		}
		if from.ConfigMapKeyRef != nil {
			add("configmaps", from.ConfigMapKeyRef.Name)
		}
		if from.SecretKeyRef != nil {
			add("secrets", from.SecretKeyRef.Name)
		}
	}
}

// images returns what the containers of a pod run.
func images(s *corev1.PodSpec) string {
	all := make([]string, 0, len(s.Containers))
	for i := range s.Containers {
		all = append(all, s.Containers[i].Image)
	}
	return joined(all)
}
