package metric

import (
	"slices"
	"sync"

	"unity.internal/store"
)

const (
	windowMS  = 2 * 60 * 60 * 1000 // what one chunk on disk spans
	lateMS    = 60 * 60 * 1000     // how long after its end a window stays open
	openCount = riceGroup          // samples that stay plain before they become a block
	sideCount = 128                // samples out of order before they are merged in
)

// windowOf returns the start of the window of a time.
func windowOf(at int64) int64 {
	into := at % windowMS
	if into < 0 {
		into += windowMS
	}
	return at - into
}

// A series is one metric with one set of labels of one server. Its identity
// never changes; mu guards the rest.
type series struct {
	id     int64
	server string
	metric string
	labels store.Labels
	next   *series // of the same hash

	mu      sync.Mutex
	gone    bool      // refused: nothing of it is kept any more
	windows []*window // by start
	at      int64     // of the newest value
	value   float64
	wasAt   int64 // of the one before it, for rates
	was     float64
}

// A window holds the samples of two hours of one series: blocks, then the newest
// samples as they are, and apart from both what came too late for them.
//
// The newest are not XOR chunks, which are smaller: what appending costs is the
// number of places in memory that it touches.
type window struct {
	start  int64
	last   int64 // the time of the newest sample in order
	count  int
	blocks [][]byte
	open   open
	side   *samples
}

// open holds samples as they are; their times only if they are not regular.
type open struct {
	first, step int64
	value       []float64
	at          []int64
}

func (o *open) add(at, last int64, value float64) {
	switch n := int64(len(o.value)); {
	case n == 0:
		o.first, o.step, o.at = at, 0, nil
	case o.at != nil:
		o.at = append(o.at, at)
	case n == 1:
		o.step = at - o.first
	case at-last != o.step:
		o.at = make([]int64, 0, openCount)
		for i := range n {
			o.at = append(o.at, o.first+i*o.step)
		}
		o.at = append(o.at, at)
	}
	o.value = append(o.value, value)
}

func (o *open) read(into *samples) {
	into.value = append(into.value, o.value...)
	if o.at != nil {
		into.at = append(into.at, o.at...)
		return
	}
	for i := range int64(len(o.value)) {
		into.at = append(into.at, o.first+i*o.step)
	}
}

// latest notes a value as the newest. A time ahead of the clock does not hold
// that place: the clock was put back.
func (x *series) latest(at int64, value float64, now int64) {
	if at > x.at || x.at > now+windowMS/120 {
		x.wasAt, x.was = x.at, x.value
		x.at, x.value = at, value
	}
}

// put adds a sample and reports whether it was new.
func (x *series) put(c *coder, at int64, value float64) bool {
	w := x.window(windowOf(at))
	switch {
	case w.count >= maxBlock:
		return false
	case w.count == 0 || at > w.last:
		w.append(c, at, value)
		return true
	case at == w.last:
		return false
	}
	return w.late(c, at, value)
}

// window returns the window that begins at start, which it makes if need be.
func (x *series) window(start int64) *window {
	if n := len(x.windows); n > 0 && x.windows[n-1].start == start {
		return x.windows[n-1]
	}
	i, found := slices.BinarySearchFunc(x.windows, start, func(w *window, start int64) int { return int(w.start - start) })
	if !found {
		x.windows = slices.Insert(x.windows, i, &window{start: start})
	}
	return x.windows[i]
}

// drop forgets the windows before mark.
func (x *series) drop(mark int64) {
	x.windows = slices.DeleteFunc(x.windows, func(w *window) bool { return w.start < mark })
	if len(x.windows) == 0 {
		x.windows = nil
	}
}

func (w *window) append(c *coder, at int64, value float64) {
	w.open.add(at, w.last, value)
	w.last = at
	w.count++
	if len(w.open.value) == openCount {
		c.side.reset()
		w.open.read(&c.side)
		w.blocks = append(w.blocks, c.block(c.side))
		w.open = open{value: w.open.value[:0]}
	}
}

// late adds a sample that is older than the newest and reports whether it was new.
// One that is in a block already is noticed when both are read.
func (w *window) late(c *coder, at int64, value float64) bool {
	if w.side == nil {
		w.side = &samples{}
	}
	i, found := slices.BinarySearch(w.side.at, at)
	if found {
		return false
	}
	w.side.at = slices.Insert(w.side.at, i, at)
	w.side.value = slices.Insert(w.side.value, i, value)
	if w.count++; len(w.side.at) >= sideCount {
		w.compact(c)
	}
	return true
}

// compact makes one block of everything.
func (w *window) compact(c *coder) {
	if len(w.blocks) == 1 && len(w.open.value) == 0 && w.side == nil {
		return
	}
	c.side.reset()
	w.read(c, &c.side)
	w.count = c.side.len()
	w.blocks = [][]byte{c.block(c.side)}
	w.open, w.side = open{}, nil
}

// read adds the samples of the window, in order, to into.
func (w *window) read(c *coder, into *samples) {
	from := into.len()
	for _, data := range w.blocks {
		_ = c.readBlock(data, into) // ours, made in this process
	}
	w.open.read(into)
	if w.side != nil {
		merge(into, from, *w.side)
	}
}

// merge puts side in order among what into has from one index on. Of two
// samples of one time the one that is there stays.
func merge(into *samples, from int, side samples) {
	a := samples{slices.Clone(into.at[from:]), slices.Clone(into.value[from:])}
	into.at, into.value = into.at[:from], into.value[:from]
	i, k := 0, 0
	for i < a.len() || k < side.len() {
		switch {
		case k == side.len() || i < a.len() && a.at[i] < side.at[k]:
			into.add(a.at[i], a.value[i])
			i++
		case i == a.len() || side.at[k] < a.at[i]:
			into.add(side.at[k], side.value[k])
			k++
		default:
			k++
		}
	}
}
