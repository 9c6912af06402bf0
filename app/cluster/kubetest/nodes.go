package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	coordv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

func nodeName(i int) string { return fmt.Sprintf("sim-%04d", i) }

func zone(node int) string { return fmt.Sprintf("rack-%d", node%4) }

// register makes the nodes, each with a lease.
func (s *sim) register(ctx context.Context, count int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range count {
		g.Go(func() error {
			made, err := s.client.CoreV1().Nodes().Create(ctx, newNode(i), metav1.CreateOptions{})
			if err != nil {
				return err
			}
			lease := &coordv1.Lease{
				ObjectMeta: metav1.ObjectMeta{
					Name: made.Name, Namespace: "kube-node-lease",
					OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: made.Name, UID: made.UID}},
				},
				Spec: coordv1.LeaseSpec{HolderIdentity: &made.Name, LeaseDurationSeconds: ptr.To[int32](40), RenewTime: ptr.To(metav1.NowMicro())},
			}
			return again(ctx, func() error { // the API server makes the namespace after it is ready
				_, err := s.client.CoordinationV1().Leases(lease.Namespace).Create(ctx, lease, metav1.CreateOptions{})
				return err
			})
		})
	}
	return g.Wait()
}

// newNode returns a node that is well. What it says of itself stays, since the
// API server lets a kubelet register with its status.
func newNode(i int) *corev1.Node {
	name := nodeName(i)
	has := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("32"), corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods: resource.MustParse("250"), corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
			"topology.kubernetes.io/zone": zone(i),
		}},
		Spec: corev1.NodeSpec{PodCIDR: fmt.Sprintf("10.%d.%d.0/24", 128+i>>8, i&255)},
		Status: corev1.NodeStatus{
			Capacity: has, Allocatable: has,
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: nodeAddress(i)}, {Type: corev1.NodeHostName, Address: name}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: kubeletPort}},
			Conditions:      conditions(nil),
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: "v1.37.2-sim", OSImage: "Simulated 1", KernelVersion: "6.1.0-sim",
				ContainerRuntimeVersion: "sim://1", OperatingSystem: "linux", Architecture: "amd64", MachineID: name, SystemUUID: name, BootID: name,
			},
		},
	}
}

// conditions returns what a node with these annotations says of itself.
func conditions(ann map[string]string) []corev1.NodeCondition {
	now := metav1.Now()
	one := func(t corev1.NodeConditionType, bad bool, worst, yes, no string) corev1.NodeCondition {
		c := corev1.NodeCondition{Type: t, Status: "False", Reason: no, LastHeartbeatTime: now, LastTransitionTime: now}
		if bad {
			c.Status, c.Reason, c.Message = "True", yes, worst
		}
		return c
	}
	under := func(what string) bool { return strings.Contains(ann[annPressure], what) }
	return []corev1.NodeCondition{
		one(corev1.NodeMemoryPressure, under("memory"), "kubelet has insufficient memory available", "KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"),
		one(corev1.NodeDiskPressure, under("disk"), "kubelet has disk pressure", "KubeletHasDiskPressure", "KubeletHasNoDiskPressure"),
		one(corev1.NodePIDPressure, under("pid"), "kubelet has insufficient PID available", "KubeletHasInsufficientPID", "KubeletHasSufficientPID"),
		one(corev1.NodeReady, ann[annReady] != "false", "kubelet is posting ready status", "KubeletReady", "KubeletNotReady"),
	}
}

// node has a node say what its annotations demand.
func (s *sim) node(ctx context.Context, key string) error {
	n := find[corev1.Node](s.nodes, key)
	if n == nil || n.Labels[annDead] != "" {
		return nil
	}
	var changed []corev1.NodeCondition
	for _, want := range conditions(n.Annotations) {
		for _, is := range n.Status.Conditions {
			if is.Type == want.Type && is.Status != want.Status {
				changed = append(changed, want)
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": changed}})
	if err != nil {
		return err
	}
	_, err = s.client.CoreV1().Nodes().Patch(ctx, n.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// heartbeats renews the lease of each node that lives, until ctx ends.
func (s *sim) heartbeats(ctx context.Context, count int) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		patch := fmt.Appendf(nil, `{"spec":{"renewTime":%q}}`, time.Now().UTC().Format(metav1.RFC3339Micro))
		for i := range count {
			if n := find[corev1.Node](s.nodes, nodeName(i)); n != nil && n.Labels[annDead] == "" {
				_, _ = s.client.CoordinationV1().Leases("kube-node-lease").Patch(ctx, n.Name, types.MergePatchType, patch, metav1.PatchOptions{})
			}
		}
	}
}
