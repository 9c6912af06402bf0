package cluster

import (
	"hash/maphash"
	"math"
	"sync"
	"time"

	"unity.internal/app/fault"
)

const (
	ringPoints = 30  // fifteen minutes
	ringChunk  = 256 // rings that are made at once
	unknown    = math.MaxUint32
)

// A reading is what one thing used at one moment, in eight bytes.
type reading struct {
	cpu    uint32 // thousandths of a core; unknown: it was not measured
	memory uint32 // KiB
}

// A ring is what one thing used at the last moments.
type ring [ringPoints]reading

// usage is what pods and nodes of one cluster used in the last minutes. All are
// measured at the same moments, which are kept once.
type usage struct {
	mu     sync.Mutex
	at     [ringPoints]int64 // unix ms; 0: not yet
	now    int               // the index of the newest moment
	begun  bool
	failed error
	kinds  map[string]*rings
}

func newUsage() *usage {
	u := &usage{now: -1, kinds: map[string]*rings{}}
	for _, kind := range []string{"pods", "nodes"} {
		u.kinds[kind] = &rings{seed: maphash.MakeSeed(), slots: map[uint64]int32{}}
	}
	return u
}

// rings are the rings of one kind. A name is known by its hash of 64 bits: among
// 30,000 two are alike once in ten billion clusters.
type rings struct {
	seed   maphash.Seed
	slots  map[uint64]int32
	chunks [][]ring
	free   []int32
}

func (r *rings) ring(slot int32) *ring { return &r.chunks[slot/ringChunk][slot%ringChunk] }

// begin opens a new moment, and forgets what was not measured since the last
// time that its place in the rings came round.
func (u *usage) begin(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.begun = true
	u.now = (u.now + 1) % ringPoints
	u.at[u.now] = now.UnixMilli()
	for _, r := range u.kinds {
		for name, slot := range r.slots {
			ring := r.ring(slot)
			ring[u.now].cpu = unknown
			if ring.empty() {
				delete(r.slots, name)
				r.free = append(r.free, slot)
			}
		}
	}
}

func (r *ring) empty() bool {
	for i := range r {
		if r[i].cpu != unknown {
			return false
		}
	}
	return true
}

// finish keeps why a moment has no readings; nil: it has.
func (u *usage) finish(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failed = err
}

// put keeps a reading of the newest moment.
func (u *usage) put(kind string, k key, cpu, memory int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.kinds[kind]
	name := maphash.Comparable(r.seed, k)
	slot, ok := r.slots[name]
	if !ok {
		slot = r.take()
		r.slots[name] = slot
	}
	r.ring(slot)[u.now] = reading{uint32(min(cpu, unknown-1)), uint32(min(memory>>10, math.MaxUint32))} //nolint:gosec // bounded
}

// take returns an empty ring.
func (r *rings) take() int32 {
	if len(r.free) == 0 {
		first := int32(len(r.chunks) * ringChunk) //nolint:gosec // far below
		r.chunks = append(r.chunks, make([]ring, ringChunk))
		for i := range int32(ringChunk) {
			r.free = append(r.free, first+ringChunk-1-i)
		}
	}
	slot := r.free[len(r.free)-1]
	r.free = r.free[:len(r.free)-1]
	ring := r.ring(slot)
	for i := range ring {
		ring[i] = reading{cpu: unknown}
	}
	return slot
}

// A UsagePoint is what was used at one moment.
type UsagePoint struct {
	At     int64 `json:"at" doc:"Unix milliseconds, of the appliance"`
	CPU    int64 `json:"cpu_milli" doc:"Thousandths of a core"`
	Memory int64 `json:"memory_bytes"`
}

// sum returns what several objects of a kind used together, oldest first, and
// how many of them were measured last.
func (u *usage) sum(kind string, keys []key) (points []UsagePoint, last int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	points = []UsagePoint{}
	r := u.kinds[kind]
	for step := 1; step <= ringPoints; step++ {
		i := (u.now + step) % ringPoints
		if u.now < 0 || u.at[i] == 0 {
			continue
		}
		p, found := UsagePoint{At: u.at[i]}, 0
		for _, k := range keys {
			slot, ok := r.slots[maphash.Comparable(r.seed, k)]
			if !ok || r.ring(slot)[i].cpu == unknown {
				continue
			}
			v := r.ring(slot)[i]
			p.CPU += int64(v.cpu)
			p.Memory += int64(v.memory) << 10
			found++
		}
		if found > 0 {
			points = append(points, p)
		}
		last = found
	}
	return points, last
}

// why says why nothing is known; empty: it is.
func (u *usage) why() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.failed != nil:
		return fault.From(reason(u.failed)).Msg
	case !u.begun:
		return "This cluster was not measured yet."
	}
	return ""
}
