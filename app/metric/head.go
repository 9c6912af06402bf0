package metric

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"unity.internal/store"
)

// A head holds the open windows of one tenant, and what is on its way to the
// journal. A window is below mark (closed, in chunks) or at or above it (here).
type head struct {
	tenant store.Tenant
	names  *names

	mu      sync.RWMutex
	index   map[uint64]*series
	servers map[string]*machine
	byID    []*series // nil: not there, or removed
	floor   int64     // older samples are refused: their window is closed or being closed
	warming bool      // the journal is not yet replayed
	end     int64     // the last row of the journal when the head was made

	mark  atomic.Int64
	queue queue

	full    atomic.Bool   // the tenant may have no further series
	refused atomic.Uint64 // samples of series that it may not have

	committing sync.Mutex
	seq        int64 // of the last committed row; guarded by committing

	// Of maintenance alone:
	sizes    map[int64]int64 // bytes of each closed window
	retained int64           // when retention was last looked at
}

// A machine is what a head knows of one server.
type machine struct {
	series []*series
	grid   grid
}

// A record is one sample on its way into the head.
type record struct {
	series *series
	at     int64
	value  float64
}

// names holds one copy of each string that series share.
type names struct {
	mu   sync.Mutex
	seed maphash.Seed
	all  map[string]string
}

func (n *names) one(s string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if v, ok := n.all[s]; ok {
		return v
	}
	s = strings.Clone(s)
	n.all[s] = s
	return s
}

func (n *names) hash(server, metric string, labels store.Labels) uint64 {
	sum := maphash.String(n.seed, server)
	mix := func(s string) { sum = sum*0x9E3779B97F4A7C15 ^ maphash.String(n.seed, s) }
	mix(metric)
	for _, l := range labels {
		mix(l.Name)
		mix(l.Value)
	}
	return sum
}

// openHead loads what is known of a tenant, but for the journal.
func openHead(ctx context.Context, t store.Tenant, n *names) (*head, error) {
	h := &head{tenant: t, names: n, index: map[uint64]*series{}, servers: map[string]*machine{}, sizes: map[int64]int64{}}
	rows, err := t.AllSeries(ctx)
	if err != nil {
		return nil, err
	}
	mark, err := t.ClosedUntil(ctx)
	if err != nil {
		return nil, err
	}
	if h.end, err = t.JournalEnd(ctx); err != nil {
		return nil, err
	}
	for _, r := range rows {
		labels, err := store.ParseLabels(r.Labels)
		if err != nil {
			return nil, err
		}
		h.know(r.ID, r.Server, r.Metric, labels)
	}
	h.mark.Store(mark)
	h.floor, h.seq, h.warming = mark, h.end, len(rows) > 0
	return h, nil
}

// find returns a series, or nil. The caller holds mu.
func (h *head) find(server, metric string, labels store.Labels) *series {
	for x := h.index[h.names.hash(server, metric, labels)]; x != nil; x = x.next {
		if x.metric == metric && x.server == server && slices.Equal(x.labels, labels) {
			return x
		}
	}
	return nil
}

// know enters a series. The caller holds mu for writing, or nobody else has h.
func (h *head) know(id int64, server, metric string, labels store.Labels) *series {
	x := &series{id: id, server: h.names.one(server), metric: h.names.one(metric), labels: make(store.Labels, len(labels))}
	for i, l := range labels {
		x.labels[i] = store.Label{Name: h.names.one(l.Name), Value: h.names.one(l.Value)}
	}
	sum := h.names.hash(server, metric, labels)
	x.next, h.index[sum] = h.index[sum], x
	m := h.machine(x.server)
	m.series = append(m.series, x)
	for int64(len(h.byID)) <= id {
		h.byID = append(h.byID, nil)
	}
	h.byID[id] = x
	return x
}

func (h *head) machine(server string) *machine {
	m := h.servers[server]
	if m == nil {
		m = &machine{}
		h.servers[server] = m
	}
	return m
}

// snap returns the time to keep for a poll of server.
func (h *head) snap(server string, at int64) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.machine(server).grid.snap(at)
}

// create makes a series, which is committed with its first samples; none, if the
// tenant has as many as it may.
func (h *head) create(server, metric string, labels store.Labels) *series {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.find(server, metric, labels); x != nil {
		return x
	}
	if h.full.Load() {
		return nil
	}
	x := h.know(max(int64(len(h.byID)), 1), server, metric, labels)
	h.queue.create(store.SeriesRow{ID: x.id, Server: x.server, Metric: x.metric, Labels: x.labels.JSON()})
	return x
}

// resolve returns the series of readings, making those that are new. What the
// tenant may not have is left out.
func (h *head) resolve(server string, readings []store.Reading) []record {
	into := make([]record, 0, len(readings))
	h.mu.RLock()
	missing := false
	for _, r := range readings {
		x := h.find(server, r.Metric, r.Labels)
		missing = missing || x == nil
		into = append(into, record{series: x, value: r.Value})
	}
	h.mu.RUnlock()
	if !missing {
		return into
	}
	for i, r := range readings {
		if into[i].series == nil {
			into[i].series = h.create(server, r.Metric, r.Labels)
		}
	}
	kept := slices.DeleteFunc(into, func(r record) bool { return r.series == nil })
	h.refused.Add(uint64(len(readings) - len(kept))) //nolint:gosec // not more than there were
	return kept
}

// take puts records into the head and onto the queue; it returns how many were
// refused because their window is closed. What is not kept shows only as the
// newest value.
func (h *head) take(c *coder, records []record, now int64, keep bool) (late int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	h.queue.mu.Lock()
	defer h.queue.mu.Unlock()
	for _, r := range records {
		if r.at < h.floor {
			late++
			continue
		}
		x := r.series
		x.mu.Lock()
		if x.gone {
			x.mu.Unlock()
			h.refused.Add(1)
			continue
		}
		x.latest(r.at, r.value, now)
		isNew := keep && (h.warming || x.put(c, r.at, r.value))
		x.mu.Unlock()
		if !isNew {
			continue
		}
		h.queue.add(x.id, r.at, r.value)
		if h.warming {
			h.queue.waiting = append(h.queue.waiting, r)
		}
	}
	return late
}

// A queue is what the next commit takes.
type queue struct {
	mu      sync.Mutex
	open    rowWriter
	rows    []store.JournalRow
	created []store.SeriesRow
	count   int64 // samples in rows and open

	waiting []record // samples that came while the journal is replayed
}

func (q *queue) create(r store.SeriesRow) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.created = append(q.created, r)
}

// add queues a sample. The caller holds mu.
func (q *queue) add(id, at int64, value float64) {
	q.open.add(id, at, value)
	q.count++
	if q.open.row.Count >= rowCount {
		q.rows = append(q.rows, q.open.take())
	}
}

func (q *queue) len() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// take empties the queue into what one transaction writes.
func (q *queue) take(first int64) (created []store.SeriesRow, rows []store.JournalRow) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open.row.Count > 0 {
		q.rows = append(q.rows, q.open.take())
	}
	created, rows = q.created, q.rows
	q.created, q.rows, q.count = nil, nil, 0
	for i := range rows {
		rows[i].Seq = first + int64(i)
	}
	return created, rows
}

// giveBack queues again, before all else, what could not be written.
func (q *queue) giveBack(created []store.SeriesRow, rows []store.JournalRow) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.created, q.rows = append(created, q.created...), append(rows, q.rows...)
	for _, r := range rows {
		q.count += r.Count
	}
}

// A grid moves the times of polls that come almost regularly onto their beat,
// so that they cost next to nothing to keep.
type grid struct{ last, beat int64 }

const gridSlack = 500 // ms that a time is moved at most

// snap returns the time to keep for a poll.
func (g *grid) snap(at int64) int64 {
	due := g.last
	if g.beat > 0 {
		due += max(1, (at-g.last+g.beat/2)/g.beat) * g.beat
	}
	if off := at - due; g.beat > 0 && max(off, -off) <= min(gridSlack, g.beat/20) {
		at = due
	} else if g.last > 0 {
		second := time.Second.Milliseconds()
		g.beat = max(0, (at-g.last+second/2)/second*second)
	}
	g.last = at
	return at
}
