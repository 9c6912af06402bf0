// Package job runs work that outlives the request that asked for it. A job is a
// row from its beginning: who looks sees how far it is, and one that a stop of
// the process cut off is interrupted, never forgotten.
package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	maxRunning = 8   // at once, of all tenants; the others wait in line
	maxLog     = 500 // lines kept of one job; the oldest go
)

var (
	// ErrEnded says that a job has ended, so it cannot be cancelled.
	ErrEnded = fault.New(fault.Conflict, "job.ended", "This job has ended already.")
	errStop  = errors.New("the appliance stops")
	errAbort = errors.New("cancelled")
)

// A Spec says what a job is about.
type Spec struct {
	Kind  string // as in servers.snapshot
	Thing string // the id of what it works on
	Title string // for people
	After func() // what it leaves to be done, even if it is cancelled while it waits in line; nil: nothing
}

// Work is what a job does. It ends when ctx does.
type Work func(ctx context.Context, p *Progress) error

// A Service runs jobs. Publish tells who listens that a job moved.
type Service struct {
	Log     *slog.Logger
	Publish func(tenant store.TenantID, kind, id string, rev int64)

	mu      sync.Mutex
	wg      sync.WaitGroup
	base    context.Context //nolint:containedctx // jobs end with Run, not with the request that asked
	stop    context.CancelCauseFunc
	opened  chan struct{} // closed when Run begins
	slots   chan struct{}
	running map[string]running
}

// A running job can be cancelled.
type running struct {
	tenant store.TenantID
	cancel context.CancelCauseFunc
}

// New returns a service whose jobs may start once Run runs.
func New(log *slog.Logger, publish func(store.TenantID, string, string, int64)) *Service {
	return &Service{
		Log: log, Publish: publish, opened: make(chan struct{}), slots: make(chan struct{}, maxRunning), running: map[string]running{},
	}
}

// Opened is closed when jobs may start.
func (s *Service) Opened() <-chan struct{} { return s.opened }

// Forget cancels the jobs of a tenant that is deleted.
func (s *Service) Forget(tenant store.TenantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.running {
		if r.tenant == tenant {
			r.cancel(errAbort)
		}
	}
}

// Run lets jobs run until ctx ends, then stops them and waits.
func (s *Service) Run(ctx context.Context) error {
	s.mu.Lock()
	s.base, s.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	close(s.opened)
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.stop(errStop)
	s.base = nil
	s.mu.Unlock()
	s.wg.Wait()
	return nil
}

// errClosed says that no job starts any more.
var errClosed = fault.New(fault.Unavailable, "job.stopping", "The appliance is starting or stopping. Try again in a moment.")

// Start stores a job and runs it; it returns at once.
func (s *Service) Start(ctx context.Context, t store.Tenant, spec Spec, work Work) (store.Job, error) {
	s.mu.Lock()
	open := s.base != nil
	s.mu.Unlock()
	if !open {
		return store.Job{}, errClosed
	}
	j, err := t.CreateJob(ctx, store.Job{ID: store.NewID(), Kind: spec.Kind, Thing: spec.Thing, Title: spec.Title})
	if err != nil {
		return j, err
	}
	s.Publish(t.ID, "jobs", j.ID, j.Rev)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base == nil {
		return j, errClosed
	}
	jobCtx, cancel := context.WithCancelCause(s.base)
	s.running[j.ID] = running{t.ID, cancel}
	s.wg.Add(1)
	go s.run(jobCtx, t, j, spec, work) //nolint:contextcheck // a job outlives the request
	return j, nil
}

// Cancel ends a running job.
func (s *Service) Cancel(ctx context.Context, t store.Tenant, id string) (store.Job, error) {
	j, err := t.Job(ctx, id)
	if err != nil {
		return j, err
	}
	s.mu.Lock()
	r, ok := s.running[id]
	s.mu.Unlock()
	if !ok || j.Ended != nil {
		return j, ErrEnded
	}
	r.cancel(errAbort)
	return j, nil
}

func (s *Service) run(ctx context.Context, t store.Tenant, j store.Job, spec Spec, work Work) {
	defer s.wg.Done()
	p := &Progress{service: s, tenant: t, job: j}
	err := s.wait(ctx)
	if err == nil {
		p.move(ctx, func(j *store.Job) { j.State = "running" })
		err = safely(ctx, p, work)
		<-s.slots
	}
	if spec.After != nil {
		spec.After()
	}
	s.mu.Lock()
	delete(s.running, j.ID)
	s.mu.Unlock()
	p.end(context.WithoutCancel(ctx), context.Cause(ctx), err)
}

// wait takes a slot.
func (s *Service) wait(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// safely turns a panic of one job into its failure.
func safely(ctx context.Context, p *Progress, work Work) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return work(ctx, p)
}

// Progress is how work tells how far it is. It is safe for concurrent use.
type Progress struct {
	service *Service
	tenant  store.Tenant
	mu      sync.Mutex
	job     store.Job
}

// Step says what is done now: done of total steps; 0 of 0 if nobody knows.
func (p *Progress) Step(ctx context.Context, name string, done, total int) {
	p.move(ctx, func(j *store.Job) { j.Step, j.Done, j.Total = name, int64(done), int64(total) })
}

// Say adds a line to the job's log. It never holds a secret.
func (p *Progress) Say(ctx context.Context, line string) {
	p.move(ctx, func(j *store.Job) {
		j.Log = append(j.Log, line)
		j.Log = j.Log[max(0, len(j.Log)-maxLog):]
	})
}

func (p *Progress) move(ctx context.Context, change func(*store.Job)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.job)
	j, err := p.tenant.UpdateJob(ctx, p.job)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, store.ErrNotFound) { // else its tenant was deleted
			p.service.Log.ErrorContext(ctx, "job progress", "job", p.job.ID, "err", err)
		}
		return
	}
	p.job = j
	p.service.Publish(p.tenant.ID, "jobs", j.ID, j.Rev)
}

// end stores how the job ended.
func (p *Progress) end(ctx context.Context, cause, err error) {
	p.move(ctx, func(j *store.Job) {
		now := time.Now().UTC()
		j.Ended = &now
		switch {
		case err == nil:
			j.State = "done"
		case errors.Is(cause, errAbort):
			j.State, j.Error = "cancelled", "Cancelled."
		case errors.Is(cause, errStop):
			j.State, j.Error = "interrupted", "The appliance stopped while this was running. Start it again."
		default:
			f := fault.From(err)
			j.State, j.Error = "failed", f.Msg
			p.service.Log.WarnContext(ctx, "job failed", "job", j.ID, "kind", j.Kind, "err", f)
		}
	})
}
