package metric

import (
	"context"
	"runtime"
	"sync"

	"unity.internal/store"
)

func (h *head) isWarming() bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.warming
}

// replay rebuilds the head from the journal. What was appended meanwhile comes
// after it, so that samples meet the head in the order of their times.
func (s *Service) replay(ctx context.Context, h *head) error {
	mark := h.mark.Load()
	// A crash while a window was closed left chunks that nobody has seen.
	for more := true; more; {
		var err error
		if more, err = h.tenant.DropChunks(ctx, mark, maxTime); err != nil {
			return err
		}
	}
	for _, x := range h.members() { // what an attempt before this one left
		x.mu.Lock()
		x.windows = nil
		x.mu.Unlock()
	}
	p := s.players(h)
	err := p.playAll(ctx, h)
	p.end()
	if err != nil {
		return err
	}
	if p.damaged > 0 {
		s.log.ErrorContext(ctx, "journal rows damaged", "tenant", h.tenant.ID, "rows", p.damaged)
	}
	h.replayed(&coder{}, s.now().UnixMilli())
	return nil
}

// maxTime is above every time.
const maxTime = 1<<63 - 1

// replayed takes in what waited and ends the warming.
func (h *head) replayed(c *coder, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.queue.waiting {
		r.series.mu.Lock()
		r.series.put(c, r.at, r.value)
		r.series.latest(r.at, r.value, now)
		r.series.mu.Unlock()
	}
	h.queue.waiting, h.warming = nil, false
}

// Players read rows side by side, each for its share of the series.
type players struct {
	rows    []chan []store.JournalRow
	wg      sync.WaitGroup
	damaged int // rows; the first player counts
}

func (s *Service) players(h *head) *players {
	h.mu.RLock()
	byID := h.byID // a series that is made later is in no row before end
	h.mu.RUnlock()
	p := &players{rows: make([]chan []store.JournalRow, min(runtime.GOMAXPROCS(0), 4))}
	for i := range p.rows {
		p.rows[i] = make(chan []store.JournalRow, 1)
		one := player{share: int64(i), shares: int64(len(p.rows)), byID: byID, mark: h.mark.Load(), now: s.now().UnixMilli()}
		p.wg.Go(func() {
			for rows := range p.rows[i] {
				one.play(rows)
			}
			if i == 0 {
				p.damaged = one.damaged
			}
		})
	}
	return p
}

// playAll hands the journal to the players, some rows at a time.
func (p *players) playAll(ctx context.Context, h *head) error {
	var part []store.JournalRow
	var last, count int64
	for {
		rows, err := h.tenant.Journal(ctx, last, h.end, replayRows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			count += r.Count
			last = r.Seq
		}
		part = append(part, rows...)
		if count < replayCount && len(rows) == replayRows {
			continue
		}
		for _, c := range p.rows {
			c <- part
		}
		if len(rows) < replayRows {
			return nil
		}
		part, count = nil, 0
	}
}

// end waits until every row is played.
func (p *players) end() {
	for _, c := range p.rows {
		close(c)
	}
	p.wg.Wait()
}

// A player sorts the samples of some rows by series before it puts them into the
// head: memory is slow where each sample is another series.
type player struct {
	share, shares int64
	byID          []*series
	mark, now     int64
	damaged       int

	coder  coder
	ids    []int64
	found  samples
	sorted samples
	ends   []int // of each series' samples in sorted
}

func (p *player) play(rows []store.JournalRow) {
	p.ids = p.ids[:0]
	p.found.reset()
	p.ends = grow(p.ends[:0], len(p.byID))
	clear(p.ends)
	for _, r := range rows {
		err := readRow(r.Data, func(id, at int64, value float64) {
			if id < 0 || id >= int64(len(p.byID)) || id%p.shares != p.share || p.byID[id] == nil || at < p.mark {
				return
			}
			p.ids = append(p.ids, id)
			p.found.add(at, value)
			p.ends[id]++
		})
		if err != nil {
			p.damaged++
		}
	}
	sum := 0
	for id, n := range p.ends {
		p.ends[id] = sum
		sum += n
	}
	p.sorted.at, p.sorted.value = grow(p.sorted.at[:0], sum), grow(p.sorted.value[:0], sum)
	for i, id := range p.ids {
		to := p.ends[id]
		p.sorted.at[to], p.sorted.value[to] = p.found.at[i], p.found.value[i]
		p.ends[id]++
	}
	p.put()
}

// put puts the sorted samples into the head.
func (p *player) put() {
	from := 0
	for id, end := range p.ends {
		if end == from {
			continue
		}
		x := p.byID[id]
		x.mu.Lock()
		for i := from; i < end; i++ {
			x.put(&p.coder, p.sorted.at[i], p.sorted.value[i])
			x.latest(p.sorted.at[i], p.sorted.value[i], p.now)
		}
		x.mu.Unlock()
		from = end
	}
}
