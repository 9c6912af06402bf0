package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"unity.internal/store/internal/sq"
)

// A Job is work that outlives the request that asked for it.
type Job struct {
	ID      string     `json:"id"`
	Rev     int64      `json:"rev"`
	Kind    string     `json:"kind" example:"servers.snapshot"`
	Thing   string     `json:"thing" doc:"The id of what it works on"`
	Title   string     `json:"title"`
	Actor   string     `json:"actor"`
	State   string     `json:"state" enum:"queued,running,done,failed,cancelled,interrupted"`
	Step    string     `json:"step"`
	Done    int64      `json:"done" doc:"Steps done"`
	Total   int64      `json:"total" doc:"Steps there are; 0: not known"`
	Error   string     `json:"error"`
	Log     []string   `json:"log" nullable:"false"`
	Created time.Time  `json:"created_at"`
	Ended   *time.Time `json:"ended_at" nullable:"true"`
}

const jobCols = "id, rev, kind, thing, title, actor, state, step, done, total, error, log, created_at, ended_at"

func scanJob(r sq.Row) (j Job, err error) {
	var created int64
	var ended *int64
	var log string
	err = r.Scan(&j.ID, &j.Rev, &j.Kind, &j.Thing, &j.Title, &j.Actor, &j.State, &j.Step, &j.Done, &j.Total, &j.Error, &log, &created, &ended)
	if err == nil {
		err = json.Unmarshal([]byte(log), &j.Log)
	}
	j.Created, j.Ended = time.UnixMilli(created).UTC(), moment(ended)
	return j, err
}

const jobsNewest = `SELECT ` + jobCols + ` FROM jobs
	WHERE tenant_id = @tenant AND (created_at, id) < (@key, @id) AND title LIKE @like ESCAPE '\'
	ORDER BY created_at DESC, id DESC LIMIT @limit`

// Jobs returns one page of the jobs whose title contains l.Q, newest first.
func (t Tenant) Jobs(ctx context.Context, l List) (Page[Job], error) {
	return page(l, maxTime, func(args ...any) ([]Job, error) {
		return sq.Many(ctx, t.db, scanJob, jobsNewest, args...)
	}, func(j Job) cursor[int64] { return cursor[int64]{j.Created.UnixMilli(), j.ID} })
}

// Job returns one job, or ErrNotFound.
func (t Tenant) Job(ctx context.Context, id string) (Job, error) {
	j, err := sq.One(ctx, t.db, scanJob, `SELECT `+jobCols+` FROM jobs WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	return j, known(err)
}

// CreateJob stores a job that was asked for.
func (t Tenant) CreateJob(ctx context.Context, j Job) (out Job, err error) {
	err = t.changeWith(ctx, "jobs.create", j.ID, map[string]string{"kind": j.Kind, "thing": j.Thing}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db, scanJob, `INSERT INTO jobs (tenant_id, id, kind, thing, title, actor, state, created_at)
			VALUES (@tenant, @id, @kind, @thing, @title, @actor, 'queued', @now) RETURNING `+jobCols,
			sql.Named("id", j.ID), sql.Named("kind", j.Kind), sql.Named("thing", j.Thing), sql.Named("title", j.Title),
			sql.Named("actor", t.actor), sql.Named("now", t.store.Now().UnixMilli()))
		return err
	})
	return out, err
}

// UpdateJob stores how far a job is. Its end is stored whole; progress is not audited.
func (t Tenant) UpdateJob(ctx context.Context, j Job) (out Job, err error) {
	log, err := json.Marshal(j.Log)
	if err != nil {
		return j, err
	}
	err = t.Tx(ctx, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db, scanJob, `UPDATE jobs SET rev = rev + 1, state = @state, step = @step, done = @done,
			total = @total, error = @error, log = @log, ended_at = @ended
			WHERE tenant_id = @tenant AND id = @id RETURNING `+jobCols,
			sql.Named("id", j.ID), sql.Named("state", j.State), sql.Named("step", j.Step), sql.Named("done", j.Done),
			sql.Named("total", j.Total), sql.Named("error", j.Error), sql.Named("log", string(log)), sql.Named("ended", millis(j.Ended)))
		return err
	})
	return out, err
}

// InterruptJobs marks what a stop of the process cut off, at the next start.
func (y System) InterruptJobs(ctx context.Context) error {
	return y.Tx(ctx, func(y System) error {
		return some(sq.Exec(ctx, y.db(), `UPDATE jobs SET state = 'interrupted', rev = rev + 1, ended_at = @now,
			error = 'The appliance stopped while this was running. Start it again.'
			WHERE state IN ('queued', 'running')`, y.own.current()))
	})
}
