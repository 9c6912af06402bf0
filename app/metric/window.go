package metric

import (
	"slices"
	"sync"

	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"unity.internal/store"
)

const (
	windowMS  = 2 * 60 * 60 * 1000 // what one chunk on disk spans
	lateMS    = 60 * 60 * 1000     // how long after its end a window stays open
	openCount = 120                // samples that stay in XOR form before they become a block
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
	windows []*window // by start
	at      int64     // of the newest value
	value   float64
	wasAt   int64 // of the one before it, for rates
	was     float64
}

// A window holds the samples of two hours of one series: blocks, then an open
// XOR chunk, and apart from both what came too late for them.
type window struct {
	start  int64
	last   int64 // the time of the newest sample in order
	count  int
	blocks [][]byte
	open   chunkenc.XORChunk
	app    chunkenc.Appender
	side   *samples
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
	if w.app == nil {
		buf := w.open.Bytes()
		if buf == nil {
			buf = make([]byte, 0, 64)
		}
		w.open.Reset(append(buf[:0], 0, 0))
		w.app, _ = w.open.Appender() // an empty chunk has nothing to fail on
	}
	w.app.Append(0, at, value)
	w.last = at
	w.count++
	if w.open.NumSamples() == openCount {
		c.side.reset()
		w.readOpen(&c.side)
		w.blocks = append(w.blocks, slices.Clip(slices.Clone(c.appendBlock(c.buf[:0], c.side))))
		w.app = nil
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
	if len(w.blocks) == 1 && w.app == nil && w.side == nil {
		return
	}
	c.side.reset()
	w.read(c, &c.side)
	w.count = c.side.len()
	w.blocks = [][]byte{slices.Clone(c.appendBlock(c.buf[:0], c.side))}
	w.open, w.app, w.side = chunkenc.XORChunk{}, nil, nil
}

// read adds the samples of the window, in order, to into.
func (w *window) read(c *coder, into *samples) {
	from := into.len()
	for _, data := range w.blocks {
		_ = c.readBlock(data, into) // ours, made in this process
	}
	w.readOpen(into)
	if w.side != nil {
		merge(into, from, *w.side)
	}
}

func (w *window) readOpen(into *samples) {
	if w.app == nil {
		return
	}
	for it := w.open.Iterator(nil); it.Next() == chunkenc.ValFloat; {
		into.add(it.At())
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
