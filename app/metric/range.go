package metric

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"unity.internal/store"
)

// A Point is one value at one time.
type Point struct {
	At    int64 // unix ms
	Value float64
}

// A Series is what a range read returns of one series.
type Series struct {
	Metric string
	Labels store.Labels
	Points []Point
}

// A Query says which samples are read.
type Query struct {
	Server   string
	Names    []string // metrics; none: all
	From, To time.Time
	// Step is the distance of points: each is the last value of the step that
	// ends with it, and a step without samples has none. Zero: every sample.
	Step time.Duration
	Rate bool // change per second instead of value, for counters
	// Most bounds the points of the whole answer; 0: a million.
	Most int
}

// MostPoints is how many points an answer has at most.
const MostPoints = 1_000_000

// longestGap is the longest silence that a rate looks across.
const longestGap = 5 * time.Minute

// PerSecond returns how fast a counter grew between two of its values. A counter
// that fell was set back to zero in between. It reports false when the two are
// too far apart, or in the wrong order, to say.
func PerSecond(before, after Point) (float64, bool) {
	ms := after.At - before.At
	if ms <= 0 || ms > longestGap.Milliseconds() {
		return 0, false
	}
	return increase(before.Value, after.Value) / (float64(ms) / 1000), true
}

func increase(before, after float64) float64 {
	if after < before {
		return after
	}
	return after - before
}

// A Value is the newest value of one series.
type Value struct {
	Metric    string
	Labels    store.Labels
	At        time.Time
	Value     float64
	PerSecond float64 // NaN while only one value is known
}

// Latest returns the newest values of a server's series of one metric, or of all
// metrics if it is empty.
func (s *Service) Latest(ctx context.Context, t store.Tenant, server, metric string) ([]Value, error) {
	h, err := s.head(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var all []Value
	for _, x := range h.of(server, func(name string) bool { return metric == "" || name == metric }) {
		x.mu.Lock()
		v := Value{x.metric, x.labels, time.UnixMilli(x.at).UTC(), x.value, math.NaN()}
		if rate, ok := PerSecond(Point{x.wasAt, x.was}, Point{x.at, x.value}); ok {
			v.PerSecond = rate
		}
		known := x.at != 0
		x.mu.Unlock()
		if known {
			all = append(all, v)
		}
	}
	return all, nil
}

// of returns the series of a server whose metric is wanted, in order.
func (h *head) of(server string, wanted func(string) bool) []*series {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var all []*series
	if m := h.servers[server]; m != nil {
		for _, x := range m.series {
			if wanted(x.metric) {
				all = append(all, x)
			}
		}
	}
	slices.SortFunc(all, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.metric, b.metric), slices.CompareFunc(a.labels, b.labels, func(a, b store.Label) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
		}))
	})
	return all
}

// Range reads a stretch of a server's series, by metric and labels. While the
// journal is replayed after a start, the newest hours may be missing: then
// warming is true.
func (s *Service) Range(ctx context.Context, t store.Tenant, q Query) (all []Series, warming bool, err error) {
	h, err := s.head(ctx, t.ID)
	if err != nil {
		return nil, false, err
	}
	warming = h.isWarming()
	c := s.coders.get()
	defer s.coders.put(c)
	most := cmp.Or(q.Most, MostPoints)
	for _, x := range h.of(q.Server, func(name string) bool { return len(q.Names) == 0 || slices.Contains(q.Names, name) }) {
		b := newBeat(q, most)
		if err := h.scan(ctx, c, x, b.from, q.To.UnixMilli(), b.take); err != nil {
			return nil, warming, err
		}
		points := b.end()
		if most -= len(points); b.over || most < 0 {
			return nil, warming, ErrTooMany
		}
		if len(points) > 0 {
			all = append(all, Series{x.metric, x.labels, points})
		}
	}
	return all, warming, nil
}

// scan calls do with the samples of x in [from, to], in order and in parts.
func (h *head) scan(ctx context.Context, c *coder, x *series, from, to int64, do func(samples)) error {
	var open samples
	x.mu.Lock()
	mark := h.mark.Load() // with mu held: what is below it leaves the head only after it moved
	for _, w := range x.windows {
		if w.start >= mark && w.start <= to && w.start+windowMS > from {
			w.read(c, &open)
		}
	}
	x.mu.Unlock()
	if from < mark {
		chunks, err := h.tenant.Chunks(ctx, x.id, windowOf(from), min(mark, to+1))
		if err != nil {
			return err
		}
		for _, chunk := range chunks {
			c.out.reset()
			if err := c.readBlock(chunk.Data, &c.out); err != nil {
				return err
			}
			do(between(c.out, from, to))
		}
	}
	do(between(open, from, to))
	return nil
}

// between returns the part of s in [from, to].
func between(s samples, from, to int64) samples {
	i, _ := slices.BinarySearch(s.at, from)
	k, _ := slices.BinarySearch(s.at, to+1)
	return samples{s.at[i:max(i, k)], s.value[i:max(i, k)]}
}

// A beat brings samples into steps.
type beat struct {
	from, first, to int64 // read from; points from; to
	step, gap       int64
	rate            bool
	most            int
	over            bool
	points          []Point

	due   int64 // the end of the step that the samples at hand are in
	last  Point
	any   bool // last is set
	grown float64
	since int64 // when the growth began
	ready bool  // there is a value for this step
}

func newBeat(q Query, most int) *beat {
	b := &beat{from: q.From.UnixMilli(), to: q.To.UnixMilli(), step: q.Step.Milliseconds(), rate: q.Rate, most: most}
	b.gap = max(longestGap.Milliseconds(), 2*b.step)
	if b.step > 0 { // whole steps: the same points whenever one asks
		b.from = ceil(b.from, b.step) - b.step + 1
	}
	if b.rate {
		b.first, b.from = b.from, b.from-b.gap
	} else {
		b.first = b.from
	}
	return b
}

func ceil(at, step int64) int64 {
	down := at / step * step
	if down < at {
		down += step
	}
	return down
}

func (b *beat) take(s samples) {
	for i, at := range s.at {
		if at >= b.first && b.step > 0 && at > b.due {
			b.emit()
			b.due = ceil(at, b.step)
		}
		b.see(at, s.value[i])
		if b.step == 0 {
			b.due = at
			b.emit()
		}
	}
}

// see takes in one sample.
func (b *beat) see(at int64, value float64) {
	if b.rate {
		if at < b.first || !b.any || at-b.last.At > b.gap {
			b.grown, b.since = 0, at // after a silence it begins anew
		} else {
			b.grown += increase(b.last.Value, value)
		}
	}
	b.last, b.any = Point{at, value}, true
	b.ready = at >= b.first && (!b.rate || at > b.since)
}

// emit ends the step at hand.
func (b *beat) emit() {
	if !b.ready {
		return
	}
	b.ready = false
	if len(b.points) >= b.most {
		b.over = true
		return
	}
	p := Point{min(b.due, b.to), b.last.Value}
	if b.rate {
		p.Value = b.grown / (float64(b.last.At-b.since) / 1000)
		b.grown, b.since = 0, b.last.At
	}
	b.points = append(b.points, p)
}

func (b *beat) end() []Point {
	if b.step > 0 {
		b.emit()
	}
	return b.points
}
