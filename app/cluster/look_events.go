package cluster

import (
	"context"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"unity.internal/store"
)

const (
	maxFamily = 500 // objects whose events are gathered
	maxLines  = 200 // events of an answer
	maxListed = 1000
)

// An EventLine is something that happened to an object, as often as it did.
type EventLine struct {
	Ref     Ref       `json:"ref"`
	Type    string    `json:"type" doc:"Normal or Warning"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Count   int       `json:"count"`
	Last    time.Time `json:"last_at"`
}

// An EventLog is what happened to an object and to what it owns, newest first.
type EventLog struct {
	Items []EventLine `json:"items" nullable:"false"`
	Left  int         `json:"left_out" doc:"How many older ones there are"`
	Stale *time.Time  `json:"stale_since" nullable:"true"`
}

// Events returns what happened to an object and to what it owns.
func (s *Service) Events(ctx context.Context, t store.Tenant, id string, ref Ref) (EventLog, error) {
	out := EventLog{Items: []EventLine{}}
	v, err := t.Cluster(ctx, id)
	if err != nil {
		return out, err
	}
	m := s.member(t, v)
	w := newWorld(m, m.kindNamed, m.watchedKinds())
	family := w.family(ref)
	all, stale, err := m.eventsNear(ctx, v, ref)
	if err != nil {
		return out, err
	}
	out.Stale = stale
	out.Items = w.gather(all, family)
	out.Left = max(0, len(out.Items)-maxLines)
	out.Items = out.Items[:len(out.Items)-out.Left]
	return out, nil
}

// eventsNear returns the events in memory, or reads those of a namespace if not
// all of them are there.
func (m *member) eventsNear(ctx context.Context, v store.Cluster, ref Ref) ([]*Object, *time.Time, error) {
	t := m.table("events")
	if t != nil {
		_, state, _, seen := t.count()
		if state == tableSynced {
			return t.all(), nil, nil
		}
		if away, _, since := m.reachState(); away != "" && !seen.IsZero() {
			return t.all(), &since, nil
		}
	}
	all, err := m.eventsNow(ctx, v, ref)
	return all, nil, err
}

// eventsNow reads the events of a namespace, or of one object that is in none.
func (m *member) eventsNow(ctx context.Context, v store.Cluster, ref Ref) ([]*Object, error) {
	if err := ref.check(); err != nil {
		return nil, err
	}
	l, err := m.linked(ctx, v)
	if err != nil {
		return nil, err
	}
	served, err := l.kinds(ctx)
	if err != nil {
		return nil, err
	}
	k, err := served.named("events")
	if err != nil {
		return nil, err
	}
	fields := ""
	if ref.Namespace == "" {
		fields = "involvedObject.name=" + ref.Name
	}
	events, err := list[corev1.Event](ctx, l, k, ref.Namespace, "", fields, maxListed)
	if err != nil {
		return nil, reason(err)
	}
	all := make([]*Object, len(events))
	for i := range events {
		all[i] = readEvent(&events[i])
		at := events[i].InvolvedObject
		if kind, err := served.of(groupOf(at.APIVersion), at.Kind); err == nil {
			all[i].Refs[0].Kind = kind.Name
		}
	}
	return all, nil
}

// family returns an object and all that it owns, also by others.
func (w *world) family(ref Ref) map[Ref]bool {
	family := map[Ref]bool{ref: true}
	o, ok := w.one(ref)
	if !ok || o.UID == "" {
		return family
	}
	owners := map[string]bool{o.UID: true}
	for len(owners) > 0 && len(family) < maxFamily {
		next := map[string]bool{}
		for _, kind := range w.kinds {
			if kind == "events" {
				continue
			}
			for _, o := range w.all(kind) {
				if r := o.ref(kind); o.Owner != nil && owners[o.Owner.UID] && !family[r] && len(family) < maxFamily {
					family[r] = true
					next[o.UID] = true
				}
			}
		}
		owners = next
	}
	return family
}

// gather returns the events of a family; those that say the same are one.
func (w *world) gather(all []*Object, family map[Ref]bool) []EventLine {
	type same struct {
		ref             Ref
		reason, message string
	}
	at, lines := map[same]int{}, []EventLine{}
	for _, o := range all {
		if len(o.Refs) == 0 || len(o.Cells) < 4 {
			continue
		}
		about := w.full(o.Refs[0], "")
		if !family[about] {
			continue
		}
		count, _ := strconv.Atoi(o.Cells[2])
		line := EventLine{about, o.Phase, o.Reason, o.Cells[0], max(count, 1), time.Unix(o.Created, 0).UTC()}
		key := same{about, o.Reason, line.Message}
		if i, ok := at[key]; ok {
			line.Count += lines[i].Count
			if lines[i].Last.After(line.Last) {
				line.Last = lines[i].Last
			}
			lines[i] = line
			continue
		}
		at[key] = len(lines)
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b EventLine) int {
		if c := b.Last.Compare(a.Last); c != 0 {
			return c
		}
		return compareWarnings(a, b)
	})
	return lines
}

// compareWarnings puts a warning before what happened in the same second.
func compareWarnings(a, b EventLine) int {
	if a.Type == b.Type {
		return 0
	}
	if a.Type == corev1.EventTypeWarning {
		return -1
	}
	return 1
}
