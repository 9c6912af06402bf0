// Package event tells streams what changed, per tenant, inside the process. It
// keeps the last events for readers that come back; it never waits for a
// reader: one that falls behind is reset and reads everything anew.
package event

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"unity.internal/store"
)

const (
	ringSize = 4096            // events kept a tenant
	ringTime = 5 * time.Minute // how long one is kept
	backlog  = 256             // events a reader may be behind
)

// An Event is a change of a thing, the samples of one server, or changes within a cluster.
type Event struct {
	Seq     uint64
	At      time.Time
	Kind    string // the URL's word: servers, alerts, jobs; "samples" and "objects" carry theirs
	ID      string
	Rev     int64
	Samples *store.Batch
	Objects *Objects
}

// Objects says that objects of a kind changed in a cluster. Keys names them as
// namespace/name; nil: too many to name.
type Objects struct {
	Cluster string   `json:"cluster_id"`
	Kind    string   `json:"kind"`
	Keys    []string `json:"keys,omitempty"`
}

// A Bus carries the events of every tenant. The zero value is not usable: New.
type Bus struct {
	boot string
	now  func() time.Time
	mu   sync.Mutex
	all  map[store.TenantID]*topic
}

// topic is what one tenant's readers hear.
type topic struct {
	seq     uint64
	lost    uint64  // the newest change that is no longer in the ring
	ring    []Event // changes only: samples are not repeated
	readers map[*Reader]struct{}
}

// A Reader receives the events of one tenant until it is closed.
type Reader struct {
	C     <-chan Event // closed when the reader fell behind or was closed
	c     chan Event
	bus   *Bus
	topic *topic
	over  bool
}

// New returns a bus whose event ids begin with boot, which no other run uses.
func New(boot string, now func() time.Time) *Bus {
	return &Bus{boot: boot, now: now, all: map[store.TenantID]*topic{}}
}

// Publish tells the readers of a tenant that a thing changed.
func (b *Bus) Publish(tenant store.TenantID, kind, id string, rev int64) {
	b.send(tenant, Event{Kind: kind, ID: id, Rev: rev})
}

// Samples tells the readers of a tenant what a poll brought.
func (b *Bus) Samples(tenant store.TenantID, s store.Batch) {
	b.send(tenant, Event{Kind: "samples", ID: s.Server, Samples: &s})
}

// Objects tells the readers of a tenant that objects of a cluster changed. Like
// samples they are not repeated to who comes back: it reads its lists anew.
func (b *Bus) Objects(tenant store.TenantID, cluster, kind string, keys []string) {
	b.send(tenant, Event{Kind: "objects", ID: cluster, Objects: &Objects{cluster, kind, keys}})
}

func (b *Bus) send(tenant store.TenantID, e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(tenant)
	t.seq++
	e.Seq, e.At = t.seq, b.now()
	if e.Samples == nil && e.Objects == nil {
		t.keep(e)
	}
	for r := range t.readers {
		select {
		case r.c <- e:
		default: // too slow: it starts over
			b.drop(t, r)
		}
	}
}

func (b *Bus) topic(tenant store.TenantID) *topic {
	t := b.all[tenant]
	if t == nil {
		t = &topic{readers: map[*Reader]struct{}{}}
		b.all[tenant] = t
	}
	return t
}

// keep adds e to the ring and lets go of what is too old or too much.
func (t *topic) keep(e Event) {
	t.ring = append(t.ring, e)
	old := 0
	for old < len(t.ring) && (len(t.ring)-old > ringSize || e.At.Sub(t.ring[old].At) > ringTime) {
		old++
	}
	if old > 0 {
		t.lost = t.ring[old-1].Seq
		t.ring = append(t.ring[:0:0], t.ring[old:]...)
	}
}

func (b *Bus) drop(t *topic, r *Reader) {
	if !r.over {
		r.over = true
		delete(t.readers, r)
		close(r.c)
	}
}

// Name returns the id of an event as streams send it: <boot>-<seq>.
func (b *Bus) Name(e Event) string { return b.boot + "-" + strconv.FormatUint(e.Seq, 10) }

// Now returns the id of the tenant's newest event, from where a stream begins.
func (b *Bus) Now(tenant store.TenantID) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Name(Event{Seq: b.topic(tenant).seq})
}

// Read subscribes to a tenant. last is the id of the event a reader saw last:
// what came after it is sent first. An id that is not known any more reports
// reset, and the reader must fetch everything anew.
func (b *Bus) Read(tenant store.TenantID, last string) (r *Reader, missed []Event, reset bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(tenant)
	c := make(chan Event, backlog)
	r = &Reader{C: c, c: c, bus: b, topic: t}
	t.readers[r] = struct{}{}
	if last == "" {
		return r, nil, false
	}
	boot, text, _ := strings.Cut(last, "-")
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil || boot != b.boot || seq > t.seq || seq < t.lost {
		return r, nil, true
	}
	from, _ := slices.BinarySearchFunc(t.ring, seq+1, func(e Event, s uint64) int { return cmp.Compare(e.Seq, s) })
	return r, slices.Clone(t.ring[from:]), false
}

// Close ends the subscription.
func (r *Reader) Close() {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	r.bus.drop(r.topic, r)
}

// Forget ends the readers of a tenant that is deleted, and lets its events go.
func (b *Bus) Forget(tenant store.TenantID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.all[tenant]
	if t == nil {
		return
	}
	for r := range t.readers {
		b.drop(t, r)
	}
	delete(b.all, tenant)
}
