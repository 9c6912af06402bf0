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
	var last int64
	for {
		rows, err := h.tenant.Journal(ctx, last, h.end, replayRows)
		if err != nil || len(rows) == 0 {
			p.end()
			if err != nil {
				return err
			}
			break
		}
		last = rows[len(rows)-1].Seq
		p.play(rows)
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
	mu      sync.Mutex
	damaged int
}

func (s *Service) players(h *head) *players {
	h.mu.RLock()
	byID := h.byID // a series that is made later is in no row before end
	h.mu.RUnlock()
	p := &players{rows: make([]chan []store.JournalRow, min(runtime.GOMAXPROCS(0), 4))}
	mark, now := h.mark.Load(), s.now().UnixMilli()
	for i := range p.rows {
		p.rows[i] = make(chan []store.JournalRow, 1)
		p.wg.Go(func() {
			c, share, shares := &coder{}, int64(i), int64(len(p.rows))
			damaged := 0
			for rows := range p.rows[i] {
				for _, r := range rows {
					err := readRow(r.Data, func(id, at int64, value float64) {
						if id < 0 || id >= int64(len(byID)) || id%shares != share || byID[id] == nil || at < mark {
							return
						}
						x := byID[id]
						x.mu.Lock()
						x.put(c, at, value)
						x.latest(at, value, now)
						x.mu.Unlock()
					})
					if err != nil && share == 0 {
						damaged++
					}
				}
			}
			p.mu.Lock()
			p.damaged += damaged
			p.mu.Unlock()
		})
	}
	return p
}

func (p *players) play(rows []store.JournalRow) {
	for _, c := range p.rows {
		c <- rows
	}
}

// end waits until every row is played.
func (p *players) end() {
	for _, c := range p.rows {
		close(c)
	}
	p.wg.Wait()
}
