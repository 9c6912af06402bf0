package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// A NodeBlock is what a node has and what is asked of it.
type NodeBlock struct {
	Resources []ResourceLine `json:"resources" nullable:"false"`
	Pods      int            `json:"pods" doc:"That run on it"`
	Addresses []string       `json:"addresses" nullable:"false"`
	Taints    []string       `json:"taints" nullable:"false" doc:"As kubectl writes them"`
}

// A ResourceLine is one resource of a node.
type ResourceLine struct {
	Name        string `json:"name" doc:"cpu, memory, ephemeral-storage …"`
	Capacity    string `json:"capacity"`
	Allocatable string `json:"allocatable"`
	Requests    string `json:"requests" doc:"Of all pods on it"`
	Limits      string `json:"limits"`
	Percent     int64  `json:"requested_percent" doc:"Of what is allocatable"`
}

// A placed pod is what is read of a pod on a node.
type placed struct {
	Spec struct {
		Containers     []sized             `json:"containers"`
		InitContainers []sized             `json:"initContainers"`
		Overhead       corev1.ResourceList `json:"overhead"`
	} `json:"spec"`
	Status struct {
		Phase corev1.PodPhase `json:"phase"`
	} `json:"status"`
}

// A sized container asks for resources.
type sized struct {
	Resources     corev1.ResourceRequirements    `json:"resources"`
	RestartPolicy *corev1.ContainerRestartPolicy `json:"restartPolicy"`
}

func lookNode(ctx context.Context, v *viewer) error {
	n, err := decode[corev1.Node](v.raw)
	if err != nil {
		return err
	}
	b := &NodeBlock{Resources: []ResourceLine{}, Addresses: []string{}, Taints: []string{}}
	for _, a := range n.Status.Addresses {
		b.Addresses = append(b.Addresses, string(a.Type)+" "+a.Address)
	}
	for _, t := range n.Spec.Taints {
		b.Taints = append(b.Taints, t.ToString())
	}
	v.out.Node = b
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			v.bad("Not ready", c.Reason+": "+c.Message)
		}
		if c.Type != corev1.NodeReady && c.Status == corev1.ConditionTrue {
			v.bad(string(c.Type), c.Message)
		}
	}
	if n.Spec.Unschedulable {
		v.bad("Cordoned", "No new pods are placed on it")
	}
	i := n.Status.NodeInfo
	v.fact("Kubelet", i.KubeletVersion)
	v.fact("System", strings.TrimSpace(i.OSImage+", "+i.OperatingSystem+"/"+i.Architecture))
	v.fact("Kernel", i.KernelVersion)
	v.fact("Container runtime", i.ContainerRuntimeVersion)
	v.fact("Addresses", strings.Join(b.Addresses, ", "))
	v.fact("Pod networks", strings.Join(n.Spec.PodCIDRs, ", "))
	v.fact("Taints", strings.Join(b.Taints, ", "))
	v.fact("Provider", n.Spec.ProviderID)
	v.load(ctx, n)
	return nil
}

// load says what pods ask of a node.
func (v *viewer) load(ctx context.Context, n corev1.Node) {
	pods, err := listOf[placed](ctx, v, "pods", "", "", "spec.nodeName="+n.Name)
	v.beside("Pods", err)
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	for _, p := range pods {
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		v.out.Node.Pods++
		r, l := p.asks()
		add(requests, r)
		add(limits, l)
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		if _, has := n.Status.Capacity[name]; has {
			v.resource(n, name, requests, limits)
		}
	}
	for name := range n.Status.Capacity {
		if strings.Contains(string(name), "/") { // what a device plugin brings
			v.resource(n, name, requests, limits)
		}
	}
	if most := n.Status.Allocatable[corev1.ResourcePods]; err == nil {
		v.fact("Pods", strconv.Itoa(v.out.Node.Pods)+" of "+most.String())
	}
}

func (v *viewer) resource(n corev1.Node, name corev1.ResourceName, requests, limits corev1.ResourceList) {
	has, all, asked, limit := n.Status.Capacity[name], n.Status.Allocatable[name], requests[name], limits[name]
	line := ResourceLine{Name: string(name), Capacity: has.String(), Allocatable: all.String(), Requests: asked.String(), Limits: limit.String()}
	if whole := all.AsApproximateFloat64(); whole > 0 {
		line.Percent = int64(asked.AsApproximateFloat64() / whole * 100)
	}
	v.out.Node.Resources = append(v.out.Node.Resources, line)
	if line.Percent >= 100 {
		v.bad("Full", fmt.Sprintf("%s: %s of %s are requested", name, line.Requests, line.Allocatable))
	}
}

// asks returns what the scheduler counts of a pod: its containers and sidecars,
// or the largest of what runs before them, if that is more.
func (p placed) asks() (requests, limits corev1.ResourceList) {
	requests, limits = corev1.ResourceList{}, corev1.ResourceList{}
	for _, c := range p.Spec.Containers {
		add(requests, c.Resources.Requests)
		add(limits, c.Resources.Limits)
	}
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(requests, c.Resources.Requests)
			add(limits, c.Resources.Limits)
			continue
		}
		raise(requests, c.Resources.Requests)
		raise(limits, c.Resources.Limits)
	}
	add(requests, p.Spec.Overhead)
	return requests, limits
}

func add(to, more corev1.ResourceList) {
	for name, q := range more {
		sum := to[name]
		if sum.Format == "" {
			sum = resource.Quantity{Format: q.Format}
		}
		sum.Add(q)
		to[name] = sum
	}
}

func raise(to, least corev1.ResourceList) {
	for name, q := range least {
		if has := to[name]; has.Cmp(q) < 0 {
			to[name] = q
		}
	}
}
