package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A ScaleLine is one thing that an autoscaler looks at.
type ScaleLine struct {
	Name   string `json:"name"`
	Now    string `json:"now" doc:"Empty: not known yet"`
	Target string `json:"target"`
}

// A QuotaLine is how much of one resource a namespace may use, and uses.
type QuotaLine struct {
	Quota    string `json:"quota" doc:"The name of the ResourceQuota"`
	Resource string `json:"resource"`
	Used     string `json:"used"`
	Hard     string `json:"hard"`
	Percent  int64  `json:"percent"`
}

// A KindCount is how many objects of a kind there are.
type KindCount struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

func lookAutoscaler(_ context.Context, v *viewer) error {
	h, err := decode[autoscalingv2.HorizontalPodAutoscaler](v.raw)
	if err != nil {
		return err
	}
	to := h.Spec.ScaleTargetRef
	kind := to.Kind
	if gv, err := schema.ParseGroupVersion(to.APIVersion); err == nil {
		if k, err := v.kinds.of(gv.Group, to.Kind); err == nil {
			kind = k.Name
		}
	}
	v.other("Scales", kind, h.Namespace, to.Name)
	v.fact("Replicas", fmt.Sprintf("%d now, %d wanted, from %d to %d", h.Status.CurrentReplicas, h.Status.DesiredReplicas, or(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas))
	if h.Status.LastScaleTime != nil {
		v.moment("Last scaled", h.Status.LastScaleTime.Time)
	}
	for i, m := range h.Spec.Metrics {
		line := ScaleLine{Name: metricName(m), Target: targetText(m)}
		if i < len(h.Status.CurrentMetrics) {
			line.Now = valueText(h.Status.CurrentMetrics[i])
		}
		v.out.Metrics = append(v.out.Metrics, line)
	}
	return nil
}

func metricName(m autoscalingv2.MetricSpec) string {
	switch {
	case m.Resource != nil:
		return string(m.Resource.Name)
	case m.ContainerResource != nil:
		return string(m.ContainerResource.Name) + " of " + m.ContainerResource.Container
	case m.Pods != nil:
		return m.Pods.Metric.Name + " of pods"
	case m.Object != nil:
		return m.Object.Metric.Name + " of " + m.Object.DescribedObject.Kind + " " + m.Object.DescribedObject.Name
	case m.External != nil:
		return m.External.Metric.Name
	}
	return string(m.Type)
}

func targetText(m autoscalingv2.MetricSpec) string {
	var t autoscalingv2.MetricTarget
	switch {
	case m.Resource != nil:
		t = m.Resource.Target
	case m.ContainerResource != nil:
		t = m.ContainerResource.Target
	case m.Pods != nil:
		t = m.Pods.Target
	case m.Object != nil:
		t = m.Object.Target
	case m.External != nil:
		t = m.External.Target
	}
	return valueOf(autoscalingv2.MetricValueStatus{Value: t.Value, AverageValue: t.AverageValue, AverageUtilization: t.AverageUtilization})
}

func valueText(m autoscalingv2.MetricStatus) string {
	switch {
	case m.Resource != nil:
		return valueOf(m.Resource.Current)
	case m.ContainerResource != nil:
		return valueOf(m.ContainerResource.Current)
	case m.Pods != nil:
		return valueOf(m.Pods.Current)
	case m.Object != nil:
		return valueOf(m.Object.Current)
	case m.External != nil:
		return valueOf(m.External.Current)
	}
	return ""
}

func valueOf(s autoscalingv2.MetricValueStatus) string {
	switch {
	case s.AverageUtilization != nil:
		return fmt.Sprintf("%d %%", *s.AverageUtilization)
	case s.AverageValue != nil:
		return s.AverageValue.String()
	case s.Value != nil:
		return s.Value.String()
	}
	return ""
}

func lookBudget(_ context.Context, v *viewer) error {
	b, err := decode[policyv1.PodDisruptionBudget](v.raw)
	if err != nil {
		return err
	}
	if b.Spec.MinAvailable != nil {
		v.fact("Keeps", "at least "+b.Spec.MinAvailable.String())
	}
	if b.Spec.MaxUnavailable != nil {
		v.fact("Lets go", "at most "+b.Spec.MaxUnavailable.String())
	}
	v.fact("Pods", selectorText(b.Spec.Selector))
	s := b.Status
	v.fact("Healthy", fmt.Sprintf("%d of %d, at least %d wanted", s.CurrentHealthy, s.ExpectedPods, s.DesiredHealthy))
	if s.DisruptionsAllowed == 0 {
		v.bad("May be evicted now", "None: a drain waits")
		return nil
	}
	v.fact("May be evicted now", number(s.DisruptionsAllowed))
	return nil
}

func lookNetworkPolicy(_ context.Context, v *viewer) error {
	p, err := decode[networkingv1.NetworkPolicy](v.raw)
	if err != nil {
		return err
	}
	v.fact("Applies to pods", selectorText(&p.Spec.PodSelector))
	for _, kind := range p.Spec.PolicyTypes {
		if kind == networkingv1.PolicyTypeIngress && len(p.Spec.Ingress) == 0 {
			v.out.Rules = append(v.out.Rules, "nothing may come in")
		}
		if kind == networkingv1.PolicyTypeEgress && len(p.Spec.Egress) == 0 {
			v.out.Rules = append(v.out.Rules, "nothing may go out")
		}
	}
	for _, r := range p.Spec.Ingress {
		v.out.Rules = append(v.out.Rules, "from "+peers(r.From)+onPorts(r.Ports))
	}
	for _, r := range p.Spec.Egress {
		v.out.Rules = append(v.out.Rules, "to "+peers(r.To)+onPorts(r.Ports))
	}
	return nil
}

func peers(all []networkingv1.NetworkPolicyPeer) string {
	if len(all) == 0 {
		return "anywhere"
	}
	texts := make([]string, 0, len(all))
	for _, p := range all {
		switch {
		case p.IPBlock != nil && len(p.IPBlock.Except) > 0:
			texts = append(texts, p.IPBlock.CIDR+" without "+strings.Join(p.IPBlock.Except, ", "))
		case p.IPBlock != nil:
			texts = append(texts, p.IPBlock.CIDR)
		case p.NamespaceSelector != nil && p.PodSelector != nil:
			texts = append(texts, "pods ("+selectorText(p.PodSelector)+") in namespaces ("+selectorText(p.NamespaceSelector)+")")
		case p.NamespaceSelector != nil:
			texts = append(texts, "namespaces ("+selectorText(p.NamespaceSelector)+")")
		default:
			texts = append(texts, "pods ("+selectorText(p.PodSelector)+")")
		}
	}
	return strings.Join(texts, " or ")
}

func onPorts(all []networkingv1.NetworkPolicyPort) string {
	if len(all) == 0 {
		return ""
	}
	texts := make([]string, 0, len(all))
	for _, p := range all {
		text := string(or(p.Protocol, corev1.ProtocolTCP))
		if p.Port != nil {
			text += " " + p.Port.String()
		}
		if p.EndPort != nil {
			text += fmt.Sprintf("–%d", *p.EndPort)
		}
		texts = append(texts, text)
	}
	return " on " + strings.Join(texts, ", ")
}

func lookNamespace(ctx context.Context, v *viewer) error {
	n, err := decode[corev1.Namespace](v.raw)
	if err != nil {
		return err
	}
	if n.Status.Phase == corev1.NamespaceTerminating {
		v.bad("Phase", string(n.Status.Phase))
	} else {
		v.fact("Phase", string(n.Status.Phase))
	}
	quotas, err := listOf[corev1.ResourceQuota](ctx, v, "resourcequotas", n.Name, "", "")
	v.beside("Quotas", err)
	for _, q := range quotas {
		v.out.Quotas = append(v.out.Quotas, quotaLines(q)...)
	}
	for _, k := range v.kinds.all {
		if !k.Namespaced {
			continue
		}
		if count := countIn(v.near.all(k.Name), n.Name); count > 0 {
			v.out.Contents = append(v.out.Contents, KindCount{k.Name, count})
		}
	}
	slices.SortStableFunc(v.out.Contents, func(a, b KindCount) int { return b.Count - a.Count })
	return nil
}

// countIn counts the objects of a namespace; all is sorted by it.
func countIn(all []*Object, namespace string) int {
	from, to := spanOf(all, namespace)
	return to - from
}

// spanOf returns where the objects of a namespace begin and end.
func spanOf(all []*Object, namespace string) (from, to int) {
	order := func(o *Object, namespace string) int { return strings.Compare(o.Namespace, namespace) }
	from, _ = slices.BinarySearchFunc(all, namespace, order)
	to, _ = slices.BinarySearchFunc(all, namespace+"\x00", order)
	return from, to
}

func lookQuota(_ context.Context, v *viewer) error {
	q, err := decode[corev1.ResourceQuota](v.raw)
	if err != nil {
		return err
	}
	v.out.Quotas = quotaLines(q)
	for _, l := range v.out.Quotas {
		if l.Percent >= 100 {
			v.bad("Used up", l.Resource)
		}
	}
	return nil
}

func quotaLines(q corev1.ResourceQuota) []QuotaLine {
	all := []QuotaLine{}
	for _, name := range slices.Sorted(maps.Keys(q.Status.Hard)) {
		hard, used := q.Status.Hard[name], q.Status.Used[name]
		line := QuotaLine{Quota: q.Name, Resource: string(name), Used: used.String(), Hard: hard.String()}
		if most := hard.AsApproximateFloat64(); most > 0 {
			line.Percent = int64(used.AsApproximateFloat64() / most * 100)
		}
		all = append(all, line)
	}
	return all
}
