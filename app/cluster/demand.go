package cluster

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"unity.internal/store"
)

const (
	demandWithin = 10 * time.Second
	maxDemanded  = 5000 // objects of a kind that is not watched
)

// demanded lists a kind that is not watched, now: leases, endpoints, and what
// cannot be watched.
func (m *member) demanded(ctx context.Context, q Query, f *filter) (Source, []Row) {
	from := Source{Cluster: m.id(), State: "missing"}
	if state, why, _ := m.reachState(); state != "" {
		from.State, from.Reason = state, why
		return from, nil
	}
	m.mu.Lock()
	l := m.link
	m.mu.Unlock()
	if l == nil {
		from.State = store.ClusterSyncing
		return from, nil
	}
	ctx, cancel := context.WithTimeout(ctx, demandWithin)
	defer cancel()
	k, err := l.kind(ctx, q.Kind)
	if err != nil {
		return from, nil
	}
	all, err := m.listNow(ctx, l, k)
	switch {
	case apierrors.IsForbidden(err):
		from.State, from.Reason = tableForbidden, message(err)
		return from, nil
	case err != nil:
		from.State, from.Reason = tableFailed, message(err)
		return from, nil
	}
	from.State, from.Count = tableSynced, len(all)
	var rows []Row
	for _, o := range all {
		if f.matches(o) {
			rows = append(rows, Row{from.Cluster, o})
		}
	}
	return from, rows
}

// listNow lists a kind, and its first few thousand objects only.
func (m *member) listNow(ctx context.Context, l *link, k Kind) ([]*Object, error) {
	from, read, err := l.sourceOf(k)
	if err != nil {
		return nil, err
	}
	var all []*Object
	o := metav1.ListOptions{Limit: pageSize}
	for {
		list, err := from.list(ctx, o)
		if err != nil {
			return nil, err
		}
		err = meta.EachListItem(list, func(v runtime.Object) error {
			one := read(v)
			if one.Owner != nil {
				one.Owner.Kind = m.kindNamed(one.Owner.Kind)
			}
			all = append(all, one)
			return nil
		})
		if err != nil {
			return nil, err
		}
		page, err := meta.ListAccessor(list)
		if err != nil {
			return nil, err
		}
		if o.Continue = page.GetContinue(); o.Continue == "" || len(all) >= maxDemanded {
			return newest(all, maxDemanded), nil
		}
	}
}
