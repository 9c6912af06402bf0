package cluster

import (
	"slices"
	"sync"
	"time"
)

// The states of a table.
const (
	tableSyncing   = "syncing"   // its first list is on the way
	tableSynced    = "synced"    // it follows
	tableForbidden = "forbidden" // the credential may not list it
	tableFailed    = "failed"    // the cluster cannot list it
)

// A table holds the objects of one kind of one cluster, as they were seen last.
type table struct {
	kind  Kind
	share *interner
	moved func(kind string, keys ...key) // told of every change; no keys: all of it

	mu     sync.RWMutex
	byKey  map[key]*Object
	order  []*Object // by namespace and name
	serial uint64    // counts changes
	stored uint64    // the one that was kept last
	state  string
	reason string
	seen   time.Time // when it was up to date last, while it does not follow
	cap    int       // how many are kept at most, the newest; 0: all
}

func newTable(k Kind, share *interner, moved func(string, ...key)) *table {
	return &table{kind: k, share: share, moved: moved, byKey: map[key]*Object{}, state: tableSyncing}
}

// put adds or replaces an object.
func (t *table) put(o *Object) {
	t.share.share(o)
	t.mu.Lock()
	t.insert(o)
	if t.cap > 0 && len(t.order) > t.cap+t.cap/8 {
		t.shed()
	}
	t.mu.Unlock()
	t.moved(t.kind.Name, o.key())
}

func (t *table) insert(o *Object) {
	at, there := slices.BinarySearchFunc(t.order, o, byName)
	if there {
		o.use = t.order[at].use
		t.order[at] = o
	} else {
		if t.measured() {
			o.use = &use{}
		}
		t.order = slices.Insert(t.order, at, o)
	}
	t.byKey[o.key()] = o
	t.serial++
}

// measured reports whether clusters measure what objects of the kind use.
func (t *table) measured() bool { return t.kind.Name == "pods" || t.kind.Name == "nodes" }

// shed lets go of the oldest objects of a table that keeps so many only.
func (t *table) shed() {
	t.order = newest(t.order, t.cap)
	clear(t.byKey)
	for _, o := range t.order {
		t.byKey[o.key()] = o
	}
}

// newest returns the n youngest of all, by name.
func newest(all []*Object, n int) []*Object {
	if len(all) <= n {
		return all
	}
	slices.SortFunc(all, func(a, b *Object) int { return int(b.Created - a.Created) })
	all = slices.Clone(all[:n])
	slices.SortFunc(all, byName)
	return all
}

// drop removes an object.
func (t *table) drop(k key) {
	t.mu.Lock()
	o, there := t.byKey[k]
	if there {
		if at, ok := slices.BinarySearchFunc(t.order, o, byName); ok {
			t.order = slices.Delete(t.order, at, at+1)
		}
		delete(t.byKey, k)
		t.serial++
	}
	t.mu.Unlock()
	if there {
		t.moved(t.kind.Name, k)
	}
}

// replace takes all objects of the kind anew.
func (t *table) replace(all []*Object) {
	for _, o := range all {
		t.share.share(o)
	}
	slices.SortFunc(all, byName)
	t.mu.Lock()
	if t.cap > 0 {
		all = newest(all, t.cap)
	}
	old := t.byKey
	t.byKey = make(map[key]*Object, len(all))
	for _, o := range all {
		if before := old[o.key()]; before != nil {
			o.use = before.use
		}
		if o.use == nil && t.measured() {
			o.use = &use{}
		}
		t.byKey[o.key()] = o
	}
	t.order = all
	t.serial++
	t.mu.Unlock()
	t.moved(t.kind.Name)
}

// set changes how the table is; it reports whether that is new.
func (t *table) set(state, why string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == tableSynced && state != tableSynced {
		t.seen = now
	}
	moved := t.state != state || t.reason != why
	t.state, t.reason = state, why
	return moved
}

// all returns the objects at this moment, by namespace and name.
func (t *table) all() []*Object {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.order)
}

func (t *table) one(k key) (*Object, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	o, ok := t.byKey[k]
	return o, ok
}

// count returns how many objects there are, and how the table is.
func (t *table) count() (n int, state, why string, seen time.Time) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.order), t.state, t.reason, t.seen
}
