package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"unity.internal/store"
)

// maxNamed is how many things the note of a reading names.
const maxNamed = 5

// report hands over how the cluster is as readings. Each is about the whole
// cluster and comes every time, so that an alert ends when the value does: what
// is not up to date says nothing, and keeps its alerts open.
func (m *member) report(ctx context.Context) {
	readings := m.readings()
	if len(readings) == 0 {
		return
	}
	b := store.Batch{Server: m.id(), At: m.service.Now(), Readings: readings}
	if err := m.service.Take(ctx, m.tenant, b); err != nil && ctx.Err() == nil {
		m.service.Log.ErrorContext(ctx, "keep the readings of a cluster", "cluster", b.Server, "err", err)
	}
}

// readings returns what the cluster is like now.
func (m *member) readings() []store.Reading {
	v := m.view()
	m.mu.Lock()
	answers := m.answers
	m.mu.Unlock()
	if v.trouble != "" {
		return []store.Reading{{Metric: "kube_up", Value: 0, Note: v.trouble}}
	}
	if !answers {
		return nil // it was not asked yet
	}
	r := &reporter{view: v, fresh: m.fresh}
	r.add("kube_up", 1)
	r.add("kube_api_latency_seconds", v.latency.Seconds())
	m.health.mu.Lock()
	r.found = m.health.found
	m.health.mu.Unlock()
	r.nodes()
	r.pods()
	r.limits()
	return r.out
}

// fresh reports whether what is known of a kind is up to date.
func (m *member) fresh(kind string) bool {
	t := m.table(kind)
	if t == nil {
		return false
	}
	_, state, _, _ := t.count()
	return state == tableSynced
}

// A reporter collects readings.
type reporter struct {
	view
	fresh func(kind string) bool
	found []Finding
	out   []store.Reading
}

func (r *reporter) add(metric string, v float64, labels ...string) {
	r.out = append(r.out, store.Reading{Metric: metric, Labels: store.LabelsOf(labels...), Value: v})
}

// count adds how many things have a kind of finding, and names them.
func (r *reporter) count(metric, kind, noun, state string) {
	n, names := 0, []string{}
	for _, f := range r.found {
		if f.Kind != kind {
			continue
		}
		n += f.Count
		name := spoken(f.Ref)
		if f.Count > 1 {
			name += " (" + strconv.Itoa(f.Count) + ")"
		}
		names = append(names, name)
	}
	v := store.Reading{Metric: metric, Value: float64(n)}
	if n > 0 {
		v.Note = many(n, noun) + " " + strings.Replace(state, "are", verb(n), 1) + ": " + listed(names, maxNamed)
	}
	r.out = append(r.out, v)
}

// nodes adds how nodes are, and what they have and use.
func (r *reporter) nodes() {
	if !r.fresh("nodes") {
		return
	}
	var bad, pressed []string
	var cpu, memory, usedCPU, usedMemory float64
	known := false
	all := r.all("nodes")
	for _, o := range all {
		switch {
		case o.Ready == 0:
			bad = append(bad, o.Name)
		case o.Status == StatusWarning:
			pressed = append(pressed, o.Name)
		}
		if len(o.Cells) > 3 {
			c, _ := strconv.ParseFloat(o.Cells[2], 64) // ours
			b, _ := strconv.ParseFloat(o.Cells[3], 64)
			cpu, memory = cpu+c/1000, memory+b
		}
		if c, b, ok := o.Usage(); ok {
			known = true
			usedCPU, usedMemory = usedCPU+float64(c)/1000, usedMemory+float64(b)
		}
	}
	r.add("kube_nodes", float64(len(all)))
	r.named("kube_nodes_not_ready", bad, len(all), "not ready")
	r.named("kube_nodes_pressure", pressed, len(all), "under pressure")
	r.add("kube_cpu_allocatable_cores", cpu)
	r.add("kube_memory_allocatable_bytes", memory)
	if known {
		r.add("kube_cpu_used_cores", usedCPU)
		r.add("kube_memory_used_bytes", usedMemory)
	}
}

// named adds how many nodes are in a state, and which.
func (r *reporter) named(metric string, names []string, of int, state string) {
	v := store.Reading{Metric: metric, Value: float64(len(names))}
	if len(names) > 0 {
		v.Note = fmt.Sprintf("%d of %s %s %s: %s", len(names), many(of, "node"), verb(len(names)), state, listed(names, maxNamed))
	}
	r.out = append(r.out, v)
}

// pods adds how pods are, and what they request of the nodes that they are on.
func (r *reporter) pods() {
	if r.fresh("pods") {
		r.requests()
		r.count("kube_pods_crash_looping", "crash_loop", "pod", "are in a crash loop")
		r.count("kube_pods_unschedulable", "unschedulable", "pod", "are without a node")
	}
	if r.fresh("jobs.batch") {
		r.count("kube_jobs_failed", "failed_job", "job", "failed")
	}
	if !r.fresh("pods") || !r.fresh("nodes") {
		return
	}
	n := map[string]int{}
	for _, f := range r.found {
		n[f.Severity]++
	}
	for _, severity := range []string{critical, warning, info} {
		r.add("kube_findings", float64(n[severity]), "severity", severity)
	}
}

// requests counts pods, and adds what they have of their nodes.
func (r *reporter) requests() {
	counts := map[Status]int{}
	var cpu, memory float64
	for _, o := range r.all("pods") {
		counts[o.Status]++
		if o.Node != "" && o.Phase != "Succeeded" && o.Phase != "Failed" && o.Phase != "Evicted" {
			cpu, memory = cpu+float64(o.NeedCPU)/1000, memory+float64(o.NeedMemory)
		}
	}
	for _, s := range []Status{StatusOK, StatusProgress, StatusWarning, StatusCritical} {
		r.add("kube_pods", float64(counts[s]), "status", s.String())
	}
	r.add("kube_cpu_requested_cores", cpu)
	r.add("kube_memory_requested_bytes", memory)
}

// limits adds the fullest volume and the certificate that ends first, if any is known.
func (r *reporter) limits() {
	if u, ok := r.volumes.fullest(); ok {
		r.out = append(r.out, store.Reading{Metric: "kube_volume_used_ratio", Value: u.used, Note: u.name + " of " + u.namespace})
	}
	if c, ok := r.certificates.first(r.now); ok {
		left := c.Ends.Sub(r.now).Seconds()
		r.out = append(r.out, store.Reading{Metric: "kube_certificate_left_seconds", Value: left, Note: strings.TrimPrefix(c.Name, "the ")})
	}
}
