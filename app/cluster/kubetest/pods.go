package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// pod has a pod be what its annotations demand: running if they say nothing.
func (s *sim) pod(ctx context.Context, key string) error {
	p := find[corev1.Pod](s.pods, key)
	if p == nil {
		return nil
	}
	api := s.client.CoreV1().Pods(p.Namespace)
	var err error
	if p.DeletionTimestamp != nil {
		err = api.Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0), Preconditions: metav1.NewUIDPreconditions(string(p.UID))})
		if apierrors.IsConflict(err) { // another of this name
			return nil
		}
	} else if p = s.next(p); p != nil {
		_, err = api.UpdateStatus(ctx, p, metav1.UpdateOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// demanded returns the phase and the reason to wait that a pod's annotations say.
func demanded(p *corev1.Pod) (phase corev1.PodPhase, waiting string) {
	phase, waiting = corev1.PodPhase(p.Annotations[annPhase]), p.Annotations[annWaiting]
	switch {
	case p.Annotations[annCrash] == "true":
		waiting = "CrashLoopBackOff"
	case waiting != "":
		return corev1.PodPending, waiting
	}
	if phase == "" {
		phase = corev1.PodRunning
	}
	return phase, waiting
}

// next returns a pod as it becomes, and nil if it is so.
func (s *sim) next(p *corev1.Pod) *corev1.Pod {
	phase, waiting := demanded(p)
	ready := phase == corev1.PodRunning && waiting == "" && p.Annotations[annReady] != "false"
	is := p.Status
	same := is.Phase == phase && is.PodIP != "" && isReady(p) == ready && isWaiting(p) == waiting && restarts(p) == p.Annotations[annRestarts]
	untouched := phase == corev1.PodPending && waiting == ""
	if same || untouched || is.Phase == corev1.PodSucceeded || is.Phase == corev1.PodFailed {
		return nil
	}
	p = p.DeepCopy()
	now := metav1.Now()
	st := &p.Status
	st.Phase = phase
	if n := find[corev1.Node](s.nodes, p.Spec.NodeName); n != nil {
		st.HostIP, st.HostIPs = n.Status.Addresses[0].Address, []corev1.HostIP{{IP: n.Status.Addresses[0].Address}}
	}
	if st.PodIP == "" {
		st.StartTime = &now
		n := s.addresses.Add(1)
		st.PodIP = fmt.Sprintf("10.%d.%d.%d", 128+n>>16, n>>8&255, n&255)
		st.PodIPs = []corev1.PodIP{{IP: st.PodIP}}
	}
	condition(st, corev1.PodScheduled, true, now)
	condition(st, corev1.PodInitialized, true, now)
	condition(st, corev1.ContainersReady, ready, now)
	condition(st, corev1.PodReady, ready, now)
	contain(p, phase, waiting, ready, now)
	return p
}

// contain says of each container how it is; one that runs on has not begun anew.
func contain(p *corev1.Pod, phase corev1.PodPhase, waiting string, ready bool, now metav1.Time) {
	st := &p.Status
	before := st.ContainerStatuses
	st.ContainerStatuses, st.InitContainerStatuses = nil, nil
	for i, c := range p.Spec.Containers {
		status := container(p, c, phase, waiting, now)
		if i < len(before) && before[i].State.Running != nil && status.State.Running != nil {
			status.State = before[i].State
		}
		status.Ready = ready
		st.ContainerStatuses = append(st.ContainerStatuses, status)
	}
	for _, c := range p.Spec.InitContainers {
		st.InitContainerStatuses = append(st.InitContainerStatuses, container(p, c, corev1.PodSucceeded, "", now))
	}
}

// container returns what becomes of a container.
func container(p *corev1.Pod, c corev1.Container, phase corev1.PodPhase, waiting string, now metav1.Time) corev1.ContainerStatus {
	status := corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, ImageID: "sim://" + c.Image, ContainerID: "sim://" + string(p.UID) + "-" + c.Name, Started: ptr.To(waiting == ""),
	}
	ended := &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: now, FinishedAt: now}
	n, _ := strconv.ParseInt(p.Annotations[annRestarts], 10, 32)
	if n == 0 && waiting == "CrashLoopBackOff" {
		n = 5
	}
	status.RestartCount = int32(n)
	if n > 0 {
		status.LastTerminationState.Terminated = ended
	}
	switch {
	case waiting == "CrashLoopBackOff":
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: waiting, Message: "back-off 5m0s restarting failed container=" + c.Name + " pod=" + p.Name}
	case waiting != "":
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: waiting, Message: fmt.Sprintf("container %q does not start", c.Name)}
	case phase == corev1.PodSucceeded:
		status.State.Terminated = &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now}
	case phase == corev1.PodFailed:
		status.State.Terminated = ended
	default:
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
	}
	return status
}

// condition sets one, and keeps since when it is so.
func condition(st *corev1.PodStatus, t corev1.PodConditionType, holds bool, now metav1.Time) {
	want := corev1.PodCondition{Type: t, Status: "False", LastTransitionTime: now}
	if holds {
		want.Status = "True"
	}
	for i, c := range st.Conditions {
		if c.Type == t {
			if c.Status != want.Status {
				st.Conditions[i] = want
			}
			return
		}
	}
	st.Conditions = append(st.Conditions, want)
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == "True"
		}
	}
	return false
}

func isWaiting(p *corev1.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Waiting != nil {
			return c.State.Waiting.Reason
		}
	}
	return ""
}

// restarts returns how often a pod began anew as its annotation would say it.
func restarts(p *corev1.Pod) string {
	if p.Annotations[annRestarts] == "" || len(p.Status.ContainerStatuses) == 0 {
		return ""
	}
	return strconv.Itoa(int(p.Status.ContainerStatuses[0].RestartCount))
}
