// Package metric keeps the samples of every server: the newest in memory, all of
// them in the store.
//
// A sample goes into the head, where readers see it at once, and into a row of
// the journal, which is committed within 250 ms. One hour after a window of two
// hours ends, each series' part of it becomes one chunk in the store and the
// journal rows below it go. Its one invariant: a sample is either below the
// tenant's mark, in a chunk, or at or above it, in the head and in the journal.
// It does not evaluate rules and does not speak to servers.
package metric

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	commitEvery = 250 * time.Millisecond
	// maxQueued bounds the samples that wait for a commit; beyond it appending
	// waits for the commit, or drops samples while nothing can be committed.
	maxQueued = 20 * rowCount
)

// Service keeps samples. Its methods may be called at any time from any
// goroutine, but not inside a transaction.
type Service struct {
	// Room reports whether there is space left for samples. While there is none,
	// samples are dropped, so that what matters more can still be written.
	Room func() bool

	store  *store.Store
	log    *slog.Logger
	now    func() time.Time
	names  names
	coders coders
	kick   chan struct{} // something waits for a commit
	full   chan struct{} // it waits no longer
	warm   chan struct{} // a head waits to be replayed

	mu    sync.RWMutex
	heads map[store.TenantID]*head

	failures atomic.Int64 // commits that failed since the last that did not
	dropped  atomic.Uint64
	late     atomic.Uint64
}

// New returns a service over st, whose clock it uses. Run must run for grouped
// commits and for closing windows.
func New(st *store.Store, log *slog.Logger) *Service {
	return &Service{
		Room: func() bool { return true }, store: st, log: log, now: st.Now,
		names: names{seed: maphash.MakeSeed(), all: map[string]string{}},
		kick:  make(chan struct{}, 1), full: make(chan struct{}, 1), warm: make(chan struct{}, 1),
		heads: map[store.TenantID]*head{},
	}
}

// Append takes one poll. Readers see it at once; it is committed within 250 ms.
func (s *Service) Append(ctx context.Context, t store.Tenant, b store.Batch) error {
	h, err := s.head(ctx, t.ID)
	if err != nil {
		return err
	}
	at := h.snap(b.Server, b.At.UnixMilli())
	records := h.resolve(b.Server, b.Readings)
	for i := range records {
		records[i].at = at
	}
	return s.take(ctx, h, records)
}

// AppendSync is Append for callers that wait: it returns when the poll is committed.
func (s *Service) AppendSync(ctx context.Context, t store.Tenant, b store.Batch) error {
	if err := s.Append(ctx, t, b); err != nil {
		return err
	}
	return s.flushTenant(ctx, t.ID)
}

// A Ref stands for a series of one tenant in this process.
type Ref struct{ series *series }

// A Sample is one value of a series at one time.
type Sample struct {
	Ref   Ref
	At    int64 // unix ms
	Value float64
}

// Ref returns the series with these labels, which it makes if need be, for
// writers of many samples.
func (s *Service) Ref(ctx context.Context, t store.Tenant, server, metric string, labels store.Labels) (Ref, error) {
	h, err := s.head(ctx, t.ID)
	if err != nil {
		return Ref{}, err
	}
	r := h.resolve(server, []store.Reading{{Metric: metric, Labels: labels}})
	if len(r) == 0 {
		return Ref{}, store.ErrQuota
	}
	return Ref{r[0].series}, nil
}

// AppendRefs takes samples of known series of t, whose times it keeps as they are.
func (s *Service) AppendRefs(ctx context.Context, t store.Tenant, all []Sample) error {
	h, err := s.head(ctx, t.ID)
	if err != nil {
		return err
	}
	var part [512]record
	for len(all) > 0 {
		n := min(len(all), len(part))
		for i, v := range all[:n] {
			part[i] = record{v.Ref.series, v.At, v.Value}
		}
		if err := s.take(ctx, h, part[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// take puts records into h and sees to it that they are committed.
func (s *Service) take(ctx context.Context, h *head, records []record) error {
	queued := h.queue.len()
	keep := s.Room() && (queued < maxQueued || s.failures.Load() == 0)
	if !keep {
		s.dropped.Add(uint64(len(records)))
	}
	c := s.coders.get()
	s.late.Add(uint64(h.take(c, records, s.now().UnixMilli(), keep))) //nolint:gosec // a count
	s.coders.put(c)
	wake(s.kick)
	switch {
	case !keep || queued < rowCount || s.failures.Load() > 0: // then Run tries, less and less often
		return nil
	case queued < maxQueued/2:
		wake(s.full)
		return nil
	}
	if err := s.commit(ctx, h); err != nil && !errors.Is(err, store.ErrDiskFull) {
		return err // with a full disk the samples wait, and Unwell says so
	}
	return nil
}

// wake leaves a token in c, if there is none.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// head returns the head of a tenant, which it loads on first use.
func (s *Service) head(ctx context.Context, id store.TenantID) (*head, error) {
	s.mu.RLock()
	h := s.heads[id]
	s.mu.RUnlock()
	if h != nil {
		return h, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.heads[id]; h != nil {
		return h, nil
	}
	h, err := openHead(ctx, s.store.Tenant(id), &s.names)
	if err != nil {
		return nil, err
	}
	s.heads[id] = h
	if h.warming {
		wake(s.warm)
	}
	return h, nil
}

// all returns the heads there are.
func (s *Service) all() []*head {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*head, 0, len(s.heads))
	for _, h := range s.heads {
		all = append(all, h)
	}
	return all
}

// Flush commits what is queued. Samples appended before it are safe when it returns nil.
func (s *Service) Flush(ctx context.Context) error {
	var failed []error
	for _, h := range s.all() {
		if err := s.commit(ctx, h); !errors.Is(err, store.ErrNotFound) { // else its tenant was deleted
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (s *Service) flushTenant(ctx context.Context, id store.TenantID) error {
	h, err := s.head(ctx, id)
	if err != nil {
		return err
	}
	return s.commit(ctx, h)
}

// commit writes the queue of h in one transaction. What cannot be written is
// queued again, unless its tenant is gone.
func (s *Service) commit(ctx context.Context, h *head) error {
	h.committing.Lock()
	defer h.committing.Unlock()
	created, rows := h.queue.take(h.seq + 1)
	if len(created)+len(rows) == 0 {
		return nil
	}
	err := error(store.ErrDiskFull)
	if s.Room() {
		// Half a commit must not be taken for none: it ends as it ends.
		err = h.tenant.AppendJournal(context.WithoutCancel(ctx), created, rows)
		if errors.Is(err, store.ErrQuota) {
			if created, rows, err = s.shrink(context.WithoutCancel(ctx), h, created, rows); err == nil {
				err = h.tenant.AppendJournal(context.WithoutCancel(ctx), created, rows)
			}
		}
	}
	switch {
	case err == nil:
		h.seq += int64(len(rows))
		s.failures.Store(0)
	case errors.Is(err, store.ErrNotFound):
		s.Forget(h.tenant.ID)
	default:
		h.queue.giveBack(created, rows)
		s.failures.Add(1)
	}
	return err
}

// Forget lets go of what is kept in memory of a tenant that is deleted.
func (s *Service) Forget(tenant store.TenantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.heads, tenant)
}

// Unwell says why samples are not kept, or nothing when they are.
func (s *Service) Unwell() string {
	switch {
	case !s.Room():
		return "Samples are not kept: the disk is almost full. Free some space."
	case s.failures.Load() > 0:
		return "Samples cannot be written and wait in memory. Free some space or look into the log."
	}
	return ""
}

// Dropped returns how many samples were not kept because there was no room.
func (s *Service) Dropped() uint64 { return s.dropped.Load() }

// Late returns how many samples were refused because their window was closed.
func (s *Service) Late() uint64 { return s.late.Load() }

// ErrTooMany says that a range has more points than one answer may hold.
var ErrTooMany = fault.New(fault.TooLarge, "metrics.too_many_points", "That is too much for one answer. Ask for fewer metrics, a shorter time or a longer step.")
