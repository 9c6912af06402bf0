package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"unity.internal/app/fault"
)

const (
	measureEvery  = 30 * time.Second // as often as metrics servers measure, or half as often
	measureWithin = 20 * time.Second
	podMetrics    = "pods.metrics.k8s.io"
	nodeMetrics   = "nodes.metrics.k8s.io"
	apiService    = "apiservices.apiregistration.k8s.io"
)

var errNoMetrics = fault.New(fault.Unavailable, "cluster.no_metrics", "This cluster has no metrics server.")

// A measured object is what metrics.k8s.io says of a pod or a node.
type measured struct {
	Metadata struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
	Timestamp  time.Time   `json:"timestamp"`
	Usage      taken       `json:"usage"` // of a node
	Containers []measuring `json:"containers"`
}

type measuring struct {
	Name  string `json:"name"`
	Usage taken  `json:"usage"`
}

// taken is how much of a machine something takes.
type taken struct {
	CPU    resource.Quantity `json:"cpu"`
	Memory resource.Quantity `json:"memory"`
}

// sum returns thousandths of a core and bytes of all containers.
func (m measured) sum() (cpu, memory int64) {
	cpu, memory = m.Usage.CPU.MilliValue(), m.Usage.Memory.Value()
	for i := range m.Containers {
		cpu += m.Containers[i].Usage.CPU.MilliValue()
		memory += m.Containers[i].Usage.Memory.Value()
	}
	return max(cpu, 0), max(memory, 0)
}

// pollUsage asks the cluster what pods and nodes use, until ctx ends.
func (m *member) pollUsage(ctx context.Context) {
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		if m.reachable(ctx) != nil {
			return
		}
		m.measure(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// measure asks once. What fails is kept as the reason why nothing is known.
func (m *member) measure(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, measureWithin)
	defer cancel()
	m.mu.Lock()
	l := m.link
	m.mu.Unlock()
	if l == nil {
		return
	}
	m.usage.begin(m.service.Now())
	err := errors.Join(m.measureKind(ctx, l, podMetrics, "pods"), m.measureKind(ctx, l, nodeMetrics, "nodes"))
	m.usage.finish(err)
	if err == nil {
		m.moved("pods")
		m.moved("nodes")
	}
}

// measureKind asks for all pods, or all nodes.
func (m *member) measureKind(ctx context.Context, l *link, metrics, kind string) error {
	k, err := l.kind(ctx, metrics)
	if err != nil {
		return m.noMetrics(err)
	}
	body, err := l.get(k, "", "").SetHeader("Accept", "application/json").Stream(ctx)
	if err != nil {
		return reason(err)
	}
	defer body.Close()
	return eachItem(body, func(v measured) {
		cpu, memory := v.sum()
		m.usage.put(kind, key{v.Metadata.Namespace, v.Metadata.Name}, cpu, memory)
		if o, ok := m.one(Ref{kind, v.Metadata.Namespace, v.Metadata.Name}); ok {
			o.setUsage(int32(min(cpu, math.MaxInt32)), memory) //nolint:gosec // bounded
		}
	})
}

// noMetrics says why a cluster serves no metrics: an extension that is
// registered and does not answer is not a missing one.
func (m *member) noMetrics(err error) error {
	if !errors.Is(err, ErrKind) {
		return err
	}
	if _, ok := m.one(Ref{Kind: apiService, Name: "v1beta1.metrics.k8s.io"}); ok {
		return fault.New(fault.Unavailable, errNoMetrics.Code, "The metrics server of this cluster does not answer.")
	}
	return errNoMetrics
}

// eachItem reads a list as it arrives, one item in memory at a time.
func eachItem[T any](from io.Reader, take func(T)) error {
	d := json.NewDecoder(from)
	for {
		name, err := d.Token()
		if err != nil {
			return errStrange.Because(fmt.Errorf("no items: %w", err))
		}
		if name == "items" {
			break
		}
		if name == json.Delim('{') {
			continue
		}
		var skipped json.RawMessage // the value of another field
		if err := d.Decode(&skipped); err != nil {
			return errStrange.Because(err)
		}
	}
	begin, err := d.Token()
	if err != nil || begin == nil { // null: none
		return nilIfNone(err)
	}
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			return errStrange.Because(err)
		}
		take(v)
	}
	return nil
}

func nilIfNone(err error) error {
	if err == nil {
		return nil
	}
	return errStrange.Because(err)
}
