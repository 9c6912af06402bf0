package cluster

import (
	"context"
	"slices"
	"strconv"
	"time"

	"unity.internal/store"
)

// An ObjectUsage is what a pod, a node, or all pods of something use.
type ObjectUsage struct {
	Available  bool             `json:"available"`
	Reason     string           `json:"reason,omitempty" doc:"Why there is nothing, as a sentence"`
	Now        *UsagePoint      `json:"now,omitempty" doc:"The newest"`
	Points     []UsagePoint     `json:"points" nullable:"false" doc:"Of the last 15 minutes, oldest first"`
	Containers []ContainerUsage `json:"containers" nullable:"false" doc:"Of a pod, now"`
	Pods       int              `json:"pods" doc:"How many pods are in the sum"`
	CPU        *int64           `json:"cpu_capacity_milli" nullable:"true" doc:"What pods may use of a node"`
	Memory     *int64           `json:"memory_capacity_bytes" nullable:"true"`
}

// A ContainerUsage is what one container uses.
type ContainerUsage struct {
	Name   string    `json:"name"`
	At     time.Time `json:"at" doc:"By the clock of the cluster"`
	CPU    int64     `json:"cpu_milli"`
	Memory int64     `json:"memory_bytes"`
}

// ObjectUsage returns what an object uses: a pod by its containers, a node, and
// the sum of the pods of whatever makes or holds pods.
func (s *Service) ObjectUsage(ctx context.Context, t store.Tenant, id string, ref Ref) (ObjectUsage, error) {
	out := ObjectUsage{Points: []UsagePoint{}, Containers: []ContainerUsage{}}
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return out, err
	}
	if err := ref.check(); err != nil {
		return out, err
	}
	m := s.member(t, v)
	kind, keys := m.measuredOf(ref)
	if kind == "" {
		out.Reason = "Objects of this kind are not measured."
		return out, nil
	}
	out.Points, out.Pods = m.usage.sum(kind, keys)
	if kind == "nodes" {
		out.Pods = 0
		out.CPU, out.Memory = m.capacity(ref)
	}
	if out.Reason = m.usage.why(); out.Reason == "" && len(out.Points) == 0 {
		out.Reason = "It was not measured yet: that takes up to a minute after it starts."
	}
	out.Available = out.Reason == ""
	if n := len(out.Points); n > 0 {
		out.Now = &out.Points[n-1]
	}
	if ref.Kind == "pods" {
		return out, out.containers(ctx, m, v, ref)
	}
	return out, nil
}

// measuredOf returns which pods or nodes are measured for an object.
func (m *member) measuredOf(ref Ref) (kind string, keys []key) {
	switch {
	case ref.Kind == "pods", ref.Kind == "nodes":
		return ref.Kind, []key{{ref.Namespace, ref.Name}}
	case ref.Kind == "namespaces":
		all := m.all("pods")
		from, to := spanOf(all, ref.Name)
		for _, o := range all[from:to] {
			keys = append(keys, o.key())
		}
		return "pods", keys
	case !makesPods[ref.Kind]:
		return "", nil
	}
	w := newWorld(m, m.kindNamed, []string{"replicasets.apps", "jobs.batch", "pods"})
	for r := range w.family(ref) {
		if r.Kind == "pods" {
			keys = append(keys, key{r.Namespace, r.Name})
		}
	}
	return "pods", keys
}

// capacity returns what pods may use of a node.
func (m *member) capacity(ref Ref) (cpu, memory *int64) {
	o, ok := m.one(ref)
	if !ok {
		return nil, nil
	}
	cell := func(name string) *int64 {
		i := slices.Index(columns["nodes"], name)
		if i < 0 || i >= len(o.Cells) {
			return nil
		}
		n, err := strconv.ParseInt(o.Cells[i], 10, 64)
		if err != nil {
			return nil
		}
		return &n
	}
	return cell("cpu"), cell("memory")
}

// containers reads what each container of a pod uses now. A pod that has just
// started was not measured yet, and a cluster that is away has its last points.
func (u *ObjectUsage) containers(ctx context.Context, m *member, v store.Cluster, ref Ref) error {
	l, err := m.linked(ctx, v)
	if err != nil {
		return err
	}
	k, err := l.kind(ctx, podMetrics)
	if err != nil {
		u.Available, u.Reason = false, message(m.noMetrics(err))
		return nil
	}
	p, ok := l.measuredPod(ctx, k, ref)
	if !ok {
		return nil // the points say what is known
	}
	now := UsagePoint{At: m.service.Now().UnixMilli()}
	now.CPU, now.Memory = p.sum()
	u.Available, u.Reason, u.Now, u.Pods = true, "", &now, 1
	for i := range p.Containers {
		c := &p.Containers[i]
		u.Containers = append(u.Containers, ContainerUsage{c.Name, p.Timestamp, c.Usage.CPU.MilliValue(), c.Usage.Memory.Value()})
	}
	return nil
}

// measuredPod asks what one pod uses. It asks for a list: adapters that stand in
// for a metrics server know no single objects, and some ignore selectors.
func (l *link) measuredPod(ctx context.Context, k Kind, ref Ref) (p measured, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body, err := l.get(k, ref.Namespace, "").Param("fieldSelector", "metadata.name="+ref.Name).SetHeader("Accept", "application/json").Stream(ctx)
	if err != nil {
		return p, false
	}
	defer body.Close()
	err = eachItem(body, func(v measured) {
		if v.Metadata.Name == ref.Name {
			p, ok = v, true
		}
	})
	return p, ok && err == nil
}
