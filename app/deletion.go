package app

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/job"
	"unity.internal/store"
)

// deletion deletes tenants, each in a job of the appliance.
type deletion struct {
	store *store.Store
	jobs  *job.Service // nil: in the caller's time
	// forget has every part let go of a tenant.
	forget func(store.TenantID)
	// changed is told when a tenant is closed, and when it is gone.
	changed func(context.Context, store.TenantID)

	mu   sync.Mutex
	work map[store.TenantID]string // its job
}

// Delete closes a tenant at once and starts to delete what it has.
func (d *deletion) Delete(ctx context.Context, y store.System, id store.TenantID) (store.Job, error) {
	if err := y.CloseTenant(ctx, id); err != nil {
		return store.Job{}, err
	}
	d.changed(ctx, id)
	return d.start(ctx, y, id)
}

// start starts the job, unless it runs.
func (d *deletion) start(ctx context.Context, y store.System, id store.TenantID) (store.Job, error) {
	spec := job.Spec{Kind: "tenants.delete", Thing: string(id), Title: "Delete tenant " + string(id)}
	if d.jobs == nil {
		return alone(ctx, spec, func(ctx context.Context, p progress) error { return d.run(ctx, id, p) })
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if j, err := y.Own().Job(ctx, d.work[id]); err == nil && j.Ended == nil {
		return j, nil
	}
	j, err := d.jobs.Start(ctx, y.Own(), spec, func(ctx context.Context, p *job.Progress) error { return d.run(ctx, id, p) })
	if err == nil {
		d.work[id] = j.ID
	}
	return j, err
}

// run deletes what a closed tenant has, its keys before all else.
func (d *deletion) run(ctx context.Context, id store.TenantID, p progress) error {
	d.forget(id)
	rows, err := d.store.System().DeleteTenant(ctx, id, func(table string, done, total int, rows int64) {
		p.Step(ctx, "Deleting "+table+", "+strconv.FormatInt(rows, 10)+" rows so far", done, total)
	})
	if err != nil {
		return err
	}
	d.forget(id) // what came while the last requests ended
	d.changed(ctx, id)
	p.Say(ctx, "The tenant is gone, and "+strconv.FormatInt(rows, 10)+" rows with it.")
	return nil
}

// resume goes on with what a stop cut off.
func (d *deletion) resume(ctx context.Context) error {
	y := d.store.System()
	all, err := y.Leaving(ctx)
	for _, id := range all {
		_, one := d.start(ctx, y, id)
		err = errors.Join(err, one)
	}
	return err
}

// A progress is told how far work is: of a job, or of a command that is alone.
type progress interface {
	Step(ctx context.Context, name string, done, total int)
	Say(ctx context.Context, line string)
}

// alone does work in the caller's time, where no appliance runs, and returns it
// as a job that has ended.
func alone(ctx context.Context, spec job.Spec, work func(context.Context, progress) error) (store.Job, error) {
	if spec.After != nil {
		defer spec.After()
	}
	p := &aside{store.Job{Kind: spec.Kind, Thing: spec.Thing, Title: spec.Title, State: "done", Log: []string{}}}
	if err := work(ctx, p); err != nil {
		return p.job, fault.From(err)
	}
	now := time.Now().UTC()
	p.job.Ended = &now
	return p.job, nil
}

// An aside keeps only what work says.
type aside struct{ job store.Job }

// Step implements progress.
func (*aside) Step(context.Context, string, int, int) {}

// Say implements progress.
func (p *aside) Say(_ context.Context, line string) { p.job.Log = append(p.job.Log, line) }
