package metric

import (
	"context"
	"slices"
)

// rewind mends what a clock that was far ahead has done, once it is put right:
// the windows that were closed in the future would refuse every sample until
// then. What is stamped in the future is lost, for nobody can say when it was.
func (s *Service) rewind(ctx context.Context, h *head, now int64) error {
	if h.mark.Load() <= now+windowMS {
		return nil
	}
	mark := windowOf(now)
	s.log.WarnContext(ctx, "clock was put back: samples from the future are deleted", "tenant", h.tenant.ID)
	if err := h.tenant.ReopenFrom(ctx, mark); err != nil {
		return err
	}
	h.mu.Lock()
	h.mark.Store(mark)
	h.floor = mark
	h.mu.Unlock()
	for _, x := range h.members() {
		x.mu.Lock()
		x.windows = slices.DeleteFunc(x.windows, func(w *window) bool { return w.start > now })
		x.mu.Unlock()
	}
	for more := true; more; {
		var err error
		if more, err = h.tenant.DropChunks(ctx, mark, maxTime); err != nil {
			return err
		}
	}
	for more := true; more; {
		var err error
		if more, err = h.tenant.DropJournalFrom(ctx, now+windowMS); err != nil {
			return err
		}
	}
	return nil
}
