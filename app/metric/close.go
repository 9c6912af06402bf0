package metric

import (
	"context"
	"errors"
	"time"

	"unity.internal/store"
)

// chunkStep is how many chunks one transaction writes.
const chunkStep = 2000

// members returns the series of h.
func (h *head) members() []*series {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make([]*series, 0, len(h.byID))
	for _, x := range h.byID {
		if x != nil {
			all = append(all, x)
		}
	}
	return all
}

// compact makes one block of each window that has ended, long before it is
// closed: that halves what it takes.
func (s *Service) compact(h *head, now int64) {
	c := s.coders.get()
	defer s.coders.put(c)
	for _, x := range h.members() {
		x.mu.Lock()
		for _, w := range x.windows {
			if w.start+windowMS+maintainEvery.Milliseconds() <= now {
				w.compact(c)
			}
		}
		x.mu.Unlock()
	}
}

// closeDue closes every window that ended an hour ago, the oldest first.
func (s *Service) closeDue(ctx context.Context, h *head, now int64) error {
	for {
		start, found := oldest(h.members())
		if !found || start+windowMS+lateMS > now {
			return nil
		}
		if err := s.closeWindow(ctx, h, start); err != nil {
			return err
		}
	}
}

func oldest(all []*series) (start int64, found bool) {
	start = maxTime
	for _, x := range all {
		x.mu.Lock()
		if len(x.windows) > 0 {
			start = min(start, x.windows[0].start)
		}
		x.mu.Unlock()
	}
	return start, start != maxTime
}

// closeWindow moves one window from the head into chunks. Until the mark moves
// nobody sees them, so a crash at any point repeats the work and doubles nothing.
func (s *Service) closeWindow(ctx context.Context, h *head, start int64) error {
	end := start + windowMS
	h.mu.Lock() // waits for appends that are under way; later ones are refused
	h.floor = max(h.floor, end)
	h.mu.Unlock()
	all := h.members()
	size, err := s.writeChunks(ctx, h, all, start)
	if err != nil {
		return err
	}
	if err := h.tenant.CloseUntil(ctx, end); err != nil {
		return err
	}
	h.mark.Store(end)
	h.sizes[start] = size
	for _, x := range all {
		x.mu.Lock()
		x.drop(end)
		x.mu.Unlock()
	}
	return trimJournal(ctx, h.tenant, end)
}

func (s *Service) writeChunks(ctx context.Context, h *head, all []*series, start int64) (size int64, err error) {
	c := s.coders.get()
	defer s.coders.put(c)
	chunks := make([]store.ChunkRow, 0, min(len(all), chunkStep))
	for i, x := range all {
		x.mu.Lock()
		if len(x.windows) > 0 && x.windows[0].start == start && x.windows[0].count > 0 {
			w := x.windows[0]
			w.compact(c)
			chunks = append(chunks, store.ChunkRow{Series: x.id, Start: start, End: start + windowMS, Count: int64(w.count), Data: w.blocks[0]})
			size += int64(len(w.blocks[0]))
		}
		x.mu.Unlock()
		if len(chunks) == chunkStep || i == len(all)-1 {
			if err := h.tenant.PutChunks(ctx, chunks); err != nil {
				return 0, err
			}
			chunks = chunks[:0]
		}
	}
	return size, nil
}

// trimJournal deletes the rows below mark, a step at a time.
func trimJournal(ctx context.Context, t store.Tenant, mark int64) error {
	for after := int64(0); ; {
		last, err := t.TrimJournal(ctx, after, mark)
		if err != nil || last == after {
			return err
		}
		after = last
	}
}

// retainEvery is how often a tenant's retention is looked at.
const retainEvery = 10 * time.Minute

// retain deletes what is older than the tenant keeps, or more than it keeps or
// may keep, and the series of servers that are no more.
func (s *Service) retain(ctx context.Context, h *head, now int64) error {
	if since := now - h.retained; since >= 0 && since < retainEvery.Milliseconds() {
		return nil
	}
	h.retained = now
	if err := s.forget(ctx, h); err != nil {
		return err
	}
	settings, err := h.tenant.Settings(ctx)
	if err != nil {
		return err
	}
	age := time.Duration(settings.RawRetentionDays) * 24 * time.Hour
	below := windowOf(now - age.Milliseconds())
	first, known, total, err := measure(ctx, h)
	if err != nil {
		return err
	}
	over, err := excess(ctx, h.tenant)
	if err != nil {
		return err
	}
	for start := first; (total > settings.RawRetention || over > 0) && start < known; start += windowMS {
		total -= h.sizes[start]
		over -= h.sizes[start]
		below = max(below, start+windowMS)
	}
	if below = min(below, h.mark.Load()); first >= below {
		return nil
	}
	return dropBelow(ctx, h, below)
}

// dropBelow deletes the windows before one, a step at a time.
func dropBelow(ctx context.Context, h *head, below int64) error {
	for more := true; more; {
		var err error
		if more, err = h.tenant.DropChunks(ctx, 0, below); err != nil {
			return err
		}
	}
	for start := range h.sizes {
		if start < below {
			delete(h.sizes, start)
		}
	}
	return nil
}

// measure returns the oldest window with chunks, up to where all are known, and
// how many bytes the known ones take: of those that an earlier process closed it
// looks at a few each time, since that reads every page of them.
func measure(ctx context.Context, h *head) (first, upto, total int64, err error) {
	first, upto = maxTime, h.mark.Load()
	looked := 0
	for from := int64(0); from < h.mark.Load(); {
		start, err := h.tenant.NextWindow(ctx, from)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return first, upto, total, err
		}
		first = min(first, start)
		_, known := h.sizes[start]
		if !known && looked < 8 {
			looked++
			if h.sizes[start], err = h.tenant.WindowBytes(ctx, start); err != nil {
				return first, upto, total, err
			}
		} else if !known {
			upto = min(upto, start)
		}
		total += h.sizes[start]
		from = start + 1
	}
	return first, upto, total, nil
}

// forget removes the series of servers that are no more.
func (s *Service) forget(ctx context.Context, h *head) error {
	servers, err := h.tenant.OrphanedServers(ctx)
	if err != nil {
		return err
	}
	for _, server := range servers {
		gone := h.remove(server)
		for _, x := range gone {
			for more := true; more; {
				if more, err = h.tenant.DropSeriesChunks(ctx, x.id); err != nil {
					return err
				}
			}
		}
		for more := true; more; {
			if more, err = h.tenant.DropSeries(ctx, server); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove takes a server's series out of the head and returns them.
func (h *head) remove(server string) []*series {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.servers[server]
	if m == nil {
		return nil
	}
	for _, x := range m.series {
		h.byID[x.id] = nil
	}
	for sum, x := range h.index {
		if x = without(x, func(x *series) bool { return x.server == server }); x == nil {
			delete(h.index, sum)
		} else {
			h.index[sum] = x
		}
	}
	delete(h.servers, server)
	return m.series
}

// without returns the chain of x less some series.
func without(x *series, some func(*series) bool) *series {
	if x == nil {
		return nil
	}
	if some(x) {
		return without(x.next, some)
	}
	x.next = without(x.next, some)
	return x
}
