package job_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/job"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A bench runs jobs of the tenant acme and hears when one moved.
type bench struct {
	*job.Service
	t      *testing.T
	store  *store.Store
	acme   store.Tenant
	moved  chan string
	cancel context.CancelFunc
	done   chan error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, store: storetest.Open(t), moved: make(chan string, 1000), done: make(chan error, 1)}
	storetest.Tenants(t, b.store, "acme")
	b.acme = b.store.Tenant("acme").By("ann", "192.0.2.1")
	b.Service = job.New(slog.New(slog.DiscardHandler), func(_ store.TenantID, kind, id string, _ int64) { b.moved <- kind + " " + id })
	ctx, cancel := context.WithCancel(t.Context())
	b.cancel = cancel
	go func() { b.done <- b.Run(ctx) }()
	t.Cleanup(cancel)
	return b
}

// start waits until the service runs, which it says by taking the job.
func (b *bench) start(work job.Work) store.Job {
	b.t.Helper()
	return b.startWith(nil, work)
}

func (b *bench) startWith(after func(), work job.Work) store.Job {
	b.t.Helper()
	for {
		j, err := b.Start(b.t.Context(), b.acme, job.Spec{Kind: "servers.snapshot", Thing: "s1", Title: "Snapshot of db", After: after}, work)
		if f := fault.From(err); err != nil && f.Code == "job.stopping" {
			continue
		}
		if err != nil {
			b.t.Fatal(err)
		}
		return j
	}
}

// ended waits for the end of j.
func (b *bench) ended(j store.Job) store.Job {
	b.t.Helper()
	for {
		select {
		case <-b.moved:
			v, err := b.acme.Job(b.t.Context(), j.ID)
			if err != nil {
				b.t.Fatal(err)
			}
			if v.Ended != nil {
				return v
			}
		case <-time.After(20 * time.Second):
			b.t.Fatal("it does not end")
		}
	}
}

func TestAJobTellsHowItWent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		work        job.Work
		state, text string
	}{
		"done": {func(ctx context.Context, p *job.Progress) error {
			p.Step(ctx, "Reading", 1, 2)
			p.Say(ctx, "a line")
			p.Step(ctx, "Saving", 2, 2)
			return nil
		}, "done", ""},
		"a fault":  {func(context.Context, *job.Progress) error { return fault.New(fault.Unavailable, "x.y", "It is away.") }, "failed", "It is away."},
		"an error": {func(context.Context, *job.Progress) error { return errors.New("MARKER of the inside") }, "failed", "Something went wrong on our side."},
		"a panic":  {func(context.Context, *job.Progress) error { panic("MARKER") }, "failed", "Something went wrong on our side."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			v := b.ended(b.start(tt.work))
			if v.State != tt.state || v.Error != tt.text || v.Actor != "ann" {
				t.Fatalf("%+v", v)
			}
			if name == "done" && (v.Step != "Saving" || v.Done != 2 || len(v.Log) != 1) {
				t.Fatalf("%+v", v)
			}
			if _, err := b.Cancel(t.Context(), b.acme, v.ID); !errors.Is(err, job.ErrEnded) {
				t.Fatal(err)
			}
		})
	}
}

func TestAJobIsCancelledByItsTenantOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	storetest.Tenants(t, b.store, "globex")
	j := b.start(func(ctx context.Context, _ *job.Progress) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if _, err := b.Cancel(t.Context(), b.store.Tenant("globex"), j.ID); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := b.Cancel(t.Context(), b.acme, j.ID); err != nil {
		t.Fatal(err)
	}
	if v := b.ended(j); v.State != "cancelled" {
		t.Fatalf("%+v", v)
	}
}

// TestWhatAJobLeavesIsDone even if it is cancelled before it began.
func TestWhatAJobLeavesIsDone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	enough := make(chan struct{})
	after := make(chan string, 2)
	var all []store.Job
	for range 8 { // as many as run at once
		all = append(all, b.startWith(func() { after <- "began" }, func(context.Context, *job.Progress) error {
			<-enough
			return nil
		}))
	}
	waiting := b.startWith(func() { after <- "never began" }, func(context.Context, *job.Progress) error {
		t.Error("it began")
		return nil
	})
	if _, err := b.Cancel(t.Context(), b.acme, waiting.ID); err != nil {
		t.Fatal(err)
	}
	if got := <-after; got != "never began" {
		t.Error(got)
	}
	close(enough)
	for range all {
		if got := <-after; got != "began" {
			t.Error(got)
		}
	}
	if v := b.ended(waiting); v.State != "cancelled" {
		t.Errorf("%+v", v)
	}
}

func TestAStopInterruptsAndWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	running := make(chan struct{})
	j := b.start(func(ctx context.Context, _ *job.Progress) error {
		close(running)
		<-ctx.Done()
		return ctx.Err()
	})
	<-running
	b.cancel()
	if err := <-b.done; err != nil {
		t.Fatal(err)
	}
	v, err := b.acme.Job(t.Context(), j.ID)
	if err != nil || v.State != "interrupted" || v.Ended == nil {
		t.Fatalf("%+v, %v", v, err)
	}
	if _, err := b.Start(t.Context(), b.acme, job.Spec{}, nil); fault.From(err).Code != "job.stopping" {
		t.Fatal(err)
	}
}

func TestWhatAKillCutOffIsInterruptedAtTheNextStart(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	home := s.Tenant("default")
	j, err := home.CreateJob(t.Context(), store.Job{ID: store.NewID(), Kind: "k", Thing: "t", Title: "t"})
	if err := errors.Join(err, s.System().InterruptJobs(t.Context())); err != nil {
		t.Fatal(err)
	}
	if v, err := home.Job(t.Context(), j.ID); err != nil || v.State != "interrupted" || v.Ended == nil {
		t.Fatalf("%+v, %v", v, err)
	}
}
