package cluster

import (
	"maps"
	"strconv"
	"time"

	"unity.internal/app/fault"
)

// A near is what is in memory of a cluster.
type near interface {
	all(kind string) []*Object
	one(ref Ref) (*Object, bool)
	complete(kind string) bool
}

// lastSeen returns what was known of an object, if the cluster does not answer;
// else, or if nothing is known, why it could not be read.
func (m *member) lastSeen(ref Ref, failed error) (ObjectLook, error) {
	if fault.From(failed).Kind != fault.Unavailable {
		return ObjectLook{}, failed
	}
	o, ok := m.one(ref)
	if !ok {
		return ObjectLook{}, failed
	}
	t := m.table(ref.Kind)
	if t == nil {
		return ObjectLook{}, failed
	}
	_, _, seen := m.reachState()
	if seen.IsZero() { // its watch has not noticed yet
		seen = m.service.Now()
	}
	seen = seen.UTC()
	out := newLook(t.kind, ref)
	out.Stale, out.UID, out.Version = &seen, o.UID, o.Version
	out.Created = time.Unix(o.Created, 0).UTC()
	maps.Copy(out.Labels, o.Labels)
	if o.Owner != nil {
		out.Owners = append(out.Owners, ObjectOwner{Ref: Ref{o.Owner.Kind, o.Namespace, o.Owner.Name}, UID: o.Owner.UID, Controller: true})
	}
	out.Missing = append(out.Missing, fault.From(failed).Msg)
	v := &viewer{out: &out}
	v.compact(o)
	return out, nil
}

// compact says what is in memory of an object.
func (v *viewer) compact(o *Object) {
	say := v.fact
	if o.Status == StatusCritical || o.Status == StatusWarning {
		say = v.bad
	}
	say("Phase", o.Phase)
	say("Reason", o.Reason)
	if o.Want > 0 {
		v.fact("Ready", strconv.Itoa(int(o.Ready))+" of "+strconv.Itoa(int(o.Want)))
	}
	if o.Restarts > 0 {
		v.fact("Restarts", strconv.Itoa(int(o.Restarts)))
	}
	v.other("Node", "nodes", "", o.Node)
	for i, name := range columns[v.out.Ref.Kind] {
		if i < len(o.Cells) {
			v.fact(name, o.Cells[i])
		}
	}
	for _, r := range o.Refs {
		if r.Namespace == "" {
			r.Namespace = o.Namespace
		}
		v.other("Uses", r.Kind, r.Namespace, r.Name)
	}
}
