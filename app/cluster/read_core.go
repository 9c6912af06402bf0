package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

//nolint:forcetypeassert // in all of these: the client decodes into this type
func readNode(v runtime.Object) *Object {
	n := v.(*corev1.Node)
	o := bare(&n.ObjectMeta)
	o.Want, o.Status, o.Phase = 1, StatusCritical, "NotReady"
	var pressed []string
	for i := range n.Status.Conditions {
		c := &n.Status.Conditions[i]
		switch {
		case c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue:
			o.Ready, o.Status, o.Phase = 1, StatusOK, "Ready"
		case c.Type == corev1.NodeReady:
			o.Reason = c.Message
		case c.Status == corev1.ConditionTrue && strings.HasSuffix(string(c.Type), "Pressure"):
			pressed = append(pressed, string(c.Type))
		}
	}
	if o.Ready == 1 && len(pressed) > 0 {
		o.Status, o.Phase, o.Reason = StatusWarning, strings.Join(pressed, ", "), "The kubelet reports "+strings.Join(pressed, " and ")+"."
	}
	if n.Spec.Unschedulable {
		o.Phase += ", cordoned"
		o.Status = max(o.Status, StatusProgress)
	}
	o.Cells = []string{
		roles(n), n.Status.NodeInfo.KubeletVersion, number(n.Status.Allocatable.Cpu().MilliValue()), number(n.Status.Allocatable.Memory().Value()), address(n),
	}
	return o.leaving()
}

// roles returns what a node is for, as its labels say.
func roles(n *corev1.Node) string {
	var all []string
	for label := range n.Labels {
		if role, ok := strings.CutPrefix(label, "node-role.kubernetes.io/"); ok {
			all = append(all, role)
		}
	}
	slices.Sort(all)
	return joined(all)
}

// address returns where the other nodes reach a node.
func address(n *corev1.Node) string {
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return a.Address
		}
	}
	return ""
}

func readNamespace(v runtime.Object) *Object {
	n := v.(*corev1.Namespace) //nolint:forcetypeassert // as above
	o := bare(&n.ObjectMeta)
	o.Status, o.Phase = StatusOK, string(n.Status.Phase)
	for i := range n.Status.Conditions {
		if c := &n.Status.Conditions[i]; c.Status == corev1.ConditionTrue && c.Message != "" {
			o.Reason = c.Message
		}
	}
	return o.leaving()
}

func readService(v runtime.Object) *Object {
	s := v.(*corev1.Service) //nolint:forcetypeassert // as above
	o := bare(&s.ObjectMeta)
	o.Selector, o.Status, o.Phase = s.Spec.Selector, StatusOK, ""
	address := s.Spec.ClusterIP
	switch {
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		address = s.Spec.ExternalName
	case s.Spec.Type == corev1.ServiceTypeLoadBalancer && len(s.Status.LoadBalancer.Ingress) == 0:
		o.Status, o.Phase, o.Reason = StatusProgress, "Pending", "No load balancer has given it an address yet."
	case s.Spec.Type == corev1.ServiceTypeLoadBalancer:
		i := s.Status.LoadBalancer.Ingress[0]
		address = i.IP + i.Hostname
	}
	var ports []string
	for _, p := range s.Spec.Ports {
		text := number(p.Port) + "/" + string(p.Protocol)
		if p.NodePort != 0 {
			text = number(p.Port) + ":" + number(p.NodePort) + "/" + string(p.Protocol)
		}
		ports = append(ports, text)
	}
	o.Cells = []string{string(s.Spec.Type), address, strings.Join(ports, ", ")}
	return o.leaving()
}

func readClaim(v runtime.Object) *Object {
	c := v.(*corev1.PersistentVolumeClaim) //nolint:forcetypeassert // as above
	o := bare(&c.ObjectMeta)
	o.Phase, o.Status = string(c.Status.Phase), StatusOK
	switch c.Status.Phase {
	case corev1.ClaimPending:
		o.Status = StatusProgress
	case corev1.ClaimLost:
		o.Status, o.Reason = StatusCritical, "The volume that it was bound to is gone."
	case corev1.ClaimBound:
	}
	size := c.Status.Capacity.Storage()
	if size.IsZero() {
		size = c.Spec.Resources.Requests.Storage()
	}
	class := or(c.Spec.StorageClassName, "")
	o.Cells = []string{c.Spec.VolumeName, number(size.Value()), class}
	if c.Spec.VolumeName != "" {
		o.Refs = append(o.Refs, Ref{Kind: "persistentvolumes", Name: c.Spec.VolumeName})
	}
	if class != "" {
		o.Refs = append(o.Refs, Ref{Kind: "storageclasses.storage.k8s.io", Name: class})
	}
	return o.leaving()
}

func readVolume(v runtime.Object) *Object {
	p := v.(*corev1.PersistentVolume) //nolint:forcetypeassert // as above
	o := bare(&p.ObjectMeta)
	o.Phase, o.Status, o.Reason = string(p.Status.Phase), StatusOK, p.Status.Message
	switch p.Status.Phase {
	case corev1.VolumeFailed:
		o.Status = StatusCritical
	case corev1.VolumePending, corev1.VolumeReleased:
		o.Status = StatusProgress
	case corev1.VolumeAvailable, corev1.VolumeBound:
	}
	claim := ""
	if r := p.Spec.ClaimRef; r != nil {
		claim = r.Namespace + "/" + r.Name
		o.Refs = []Ref{{"persistentvolumeclaims", r.Namespace, r.Name}}
	}
	o.Cells = []string{claim, number(p.Spec.Capacity.Storage().Value()), p.Spec.StorageClassName, string(p.Spec.PersistentVolumeReclaimPolicy)}
	return o.leaving()
}

func readQuota(v runtime.Object) *Object {
	q := v.(*corev1.ResourceQuota) //nolint:forcetypeassert // as above
	o := bare(&q.ObjectMeta)
	o.Status = StatusOK
	var full, used []string
	for name, hard := range q.Status.Hard {
		is := q.Status.Used[name]
		used = append(used, fmt.Sprintf("%s %s of %s", name, is.String(), hard.String()))
		if is.Cmp(hard) >= 0 && !hard.IsZero() {
			full = append(full, string(name))
		}
	}
	slices.Sort(used)
	slices.Sort(full)
	if len(full) > 0 {
		o.Status, o.Phase, o.Reason = StatusWarning, "Full", "Nothing more fits: "+strings.Join(full, ", ")+"."
	}
	o.Cells = []string{strings.Join(used, ", ")}
	return o.leaving()
}

func readEvent(v runtime.Object) *Object {
	e := v.(*corev1.Event) //nolint:forcetypeassert // as above
	o := bare(&e.ObjectMeta)
	o.Labels, o.Phase, o.Reason, o.Status = nil, e.Type, e.Reason, StatusNone
	if e.Type == corev1.EventTypeWarning {
		o.Status = StatusWarning
	}
	last, count := e.LastTimestamp.Time, e.Count
	if e.Series != nil {
		last, count = e.Series.LastObservedTime.Time, e.Series.Count
	}
	if last.IsZero() {
		last = e.EventTime.Time
	}
	if last.IsZero() {
		last = e.CreationTimestamp.Time
	}
	o.Created = last.Unix() // events are ordered by when they were seen last
	at := e.InvolvedObject
	o.Refs = []Ref{{at.Kind + "." + groupOf(at.APIVersion), at.Namespace, at.Name}}
	message := strings.TrimSpace(e.Message)
	o.Cells = []string{message[:min(len(message), 2000)], at.Kind + " " + at.Name, number(max(count, 1)), last.UTC().Format(time.RFC3339)}
	return o
}

func readIngress(v runtime.Object) *Object {
	n := v.(*networkingv1.Ingress) //nolint:forcetypeassert // as above
	o := bare(&n.ObjectMeta)
	o.Status = StatusOK
	var hosts []string
	use := func(b *networkingv1.IngressBackend) {
		if b != nil && b.Service != nil && !slices.Contains(o.Refs, Ref{Kind: "services", Name: b.Service.Name}) {
			o.Refs = append(o.Refs, Ref{Kind: "services", Name: b.Service.Name})
		}
	}
	use(n.Spec.DefaultBackend)
	for _, r := range n.Spec.Rules {
		hosts = append(hosts, r.Host)
		if r.HTTP == nil {
			continue
		}
		for i := range r.HTTP.Paths {
			use(&r.HTTP.Paths[i].Backend)
		}
	}
	for _, t := range n.Spec.TLS {
		if t.SecretName != "" {
			o.Refs = append(o.Refs, Ref{Kind: "secrets", Name: t.SecretName})
		}
	}
	o.Cells = []string{joined(hosts), or(n.Spec.IngressClassName, "")}
	return o.leaving()
}

func readPolicy(v runtime.Object) *Object {
	p := v.(*networkingv1.NetworkPolicy) //nolint:forcetypeassert // as above
	o := bare(&p.ObjectMeta)
	o.Selector, o.Cells = selects(&p.Spec.PodSelector), []string{selectorCell(&p.Spec.PodSelector)}
	return o.leaving()
}

func readStorageClass(v runtime.Object) *Object {
	c := v.(*storagev1.StorageClass) //nolint:forcetypeassert // as above
	o := bare(&c.ObjectMeta)
	isDefault := ""
	if c.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
		isDefault = "default"
	}
	o.Cells = []string{c.Provisioner, isDefault}
	return o.leaving()
}
