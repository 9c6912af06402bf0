package store

import (
	"context"
	"database/sql"
	"errors"

	"unity.internal/store/internal/sq"
)

// MaxStep is how many rows a step of a long deletion takes at most.
const MaxStep = 5000

// A SeriesRow is one metric with one set of labels of one server.
type SeriesRow struct {
	ID     int64
	Server string
	Metric string
	Labels string // JSON
}

// A JournalRow is what one commit brought. What its data means is the writer's own.
type JournalRow struct {
	Seq      int64
	Min, Max int64 // ms, of its samples
	Count    int64
	Data     []byte
}

// A ChunkRow is one closed window of one series.
type ChunkRow struct {
	Series     int64
	Start, End int64 // ms
	Count      int64
	Data       []byte
}

func scanSeries(r sq.Row) (v SeriesRow, err error) {
	err = r.Scan(&v.ID, &v.Server, &v.Metric, &v.Labels)
	return v, err
}

// AllSeries returns every series of the tenant.
func (t Tenant) AllSeries(ctx context.Context) ([]SeriesRow, error) {
	all, err := sq.Many(ctx, t.db, scanSeries, `SELECT id, server_id, metric, labels FROM series WHERE tenant_id = @tenant ORDER BY id`)
	return all, known(err)
}

// AppendJournal commits rows together with the series that are new in them. More
// series than the tenant may have are refused, and everything with them.
func (t Tenant) AppendJournal(ctx context.Context, series []SeriesRow, rows []JournalRow) error {
	return t.Tx(ctx, func(t Tenant) error {
		if len(series) > 0 {
			if err := t.Fits(ctx, QuotaSeries, int64(len(series))); err != nil {
				return err
			}
		}
		for _, v := range series {
			if err := sq.Exec(ctx, t.db, `INSERT INTO series (tenant_id, id, server_id, metric, labels)
				VALUES (@tenant, @id, @server, @metric, @labels)`,
				sql.Named("id", v.ID), sql.Named("server", v.Server), sql.Named("metric", v.Metric), sql.Named("labels", v.Labels)); err != nil {
				return err
			}
		}
		for _, v := range rows {
			if err := sq.Exec(ctx, t.db, `INSERT INTO journal (tenant_id, seq, min_ts, max_ts, count, data)
				VALUES (@tenant, @seq, @min, @max, @count, @data)`,
				sql.Named("seq", v.Seq), sql.Named("min", v.Min), sql.Named("max", v.Max),
				sql.Named("count", v.Count), sql.Named("data", v.Data)); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanNumber(r sq.Row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

// JournalEnd returns the number of the newest row; 0 of an empty journal.
func (t Tenant) JournalEnd(ctx context.Context) (int64, error) {
	n, err := sq.One(ctx, t.db, scanNumber, `SELECT coalesce(max(seq), 0) FROM journal WHERE tenant_id = @tenant`)
	return n, known(err)
}

// Journal returns at most limit rows after one and up to another, in order.
func (t Tenant) Journal(ctx context.Context, after, upto int64, limit int) ([]JournalRow, error) {
	rows, err := sq.Many(ctx, t.db, func(r sq.Row) (v JournalRow, err error) {
		err = r.Scan(&v.Seq, &v.Min, &v.Max, &v.Count, &v.Data)
		return v, err
	}, `SELECT seq, min_ts, max_ts, count, data FROM journal
		WHERE tenant_id = @tenant AND seq > @after AND seq <= @upto ORDER BY seq LIMIT @limit`,
		sql.Named("after", after), sql.Named("upto", upto), sql.Named("limit", limit))
	return rows, known(err)
}

// TrimJournal looks at the next MaxStep rows after one and deletes those whose
// samples are all older than below. It returns the last row it looked at, which
// is after itself when there are no more.
func (t Tenant) TrimJournal(ctx context.Context, after, below int64) (last int64, err error) {
	err = t.Tx(ctx, func(t Tenant) error {
		last, err = sq.One(ctx, t.db, scanNumber, `SELECT coalesce(max(seq), @after) FROM (
			SELECT seq FROM journal WHERE tenant_id = @tenant AND seq > @after ORDER BY seq LIMIT @limit)`,
			sql.Named("after", after), sql.Named("limit", MaxStep))
		if err != nil || last == after {
			return err
		}
		_, err = sq.Affected(ctx, t.db, `DELETE FROM journal
			WHERE tenant_id = @tenant AND seq > @after AND seq <= @last AND max_ts < @below`,
			sql.Named("after", after), sql.Named("last", last), sql.Named("below", below))
		return err
	})
	return last, err
}

// PutChunks writes chunks in one transaction; a chunk that is there is replaced,
// since closing a window may begin anew.
func (t Tenant) PutChunks(ctx context.Context, chunks []ChunkRow) error {
	return t.Tx(ctx, func(t Tenant) error {
		for _, v := range chunks {
			if err := sq.Exec(ctx, t.db, `INSERT INTO chunks (tenant_id, series_id, start, end, count, data)
				VALUES (@tenant, @series, @start, @end, @count, @data)
				ON CONFLICT (tenant_id, start, series_id) DO UPDATE SET end = excluded.end, count = excluded.count, data = excluded.data`,
				sql.Named("series", v.Series), sql.Named("start", v.Start), sql.Named("end", v.End),
				sql.Named("count", v.Count), sql.Named("data", v.Data)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Chunks returns the chunks of a series that start in [from, to), in order.
func (t Tenant) Chunks(ctx context.Context, series, from, to int64) ([]ChunkRow, error) {
	rows, err := sq.Many(ctx, t.db, func(r sq.Row) (v ChunkRow, err error) {
		err = r.Scan(&v.Series, &v.Start, &v.End, &v.Count, &v.Data)
		return v, err
	}, `SELECT series_id, start, end, count, data FROM chunks
		WHERE tenant_id = @tenant AND series_id = @series AND start >= @from AND start < @to ORDER BY start`,
		sql.Named("series", series), sql.Named("from", from), sql.Named("to", to))
	return rows, known(err)
}

// ClosedUntil returns up to where the windows are closed: chunks below it are
// seen; what is at or above it is in the journal.
func (t Tenant) ClosedUntil(ctx context.Context) (int64, error) {
	n, err := sq.One(ctx, t.db, scanNumber, `SELECT closed_until FROM windows WHERE tenant_id = @tenant`)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, known(err)
}

// CloseUntil moves the mark, never back.
func (t Tenant) CloseUntil(ctx context.Context, until int64) error {
	return t.Tx(ctx, func(t Tenant) error {
		return sq.Exec(ctx, t.db, `INSERT INTO windows (tenant_id, closed_until) VALUES (@tenant, @until)
			ON CONFLICT (tenant_id) DO UPDATE SET closed_until = max(closed_until, excluded.closed_until)`,
			sql.Named("until", until))
	})
}

// DropChunks deletes one step of the chunks that start in [from, to) and
// reports whether there may be more.
func (t Tenant) DropChunks(ctx context.Context, from, to int64) (more bool, err error) {
	return t.step(ctx, func(t Tenant) (int64, error) {
		return sq.Affected(ctx, t.db, `DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks
		WHERE tenant_id = @tenant AND start >= @from AND start < @to LIMIT @limit)`,
			sql.Named("from", from), sql.Named("to", to), sql.Named("limit", MaxStep))
	})
}

// NextWindow returns the first window with chunks that starts at or after from,
// or ErrNotFound.
func (t Tenant) NextWindow(ctx context.Context, from int64) (start int64, err error) {
	start, err = sq.One(ctx, t.db, scanNumber, `SELECT start FROM chunks
		WHERE tenant_id = @tenant AND start >= @from ORDER BY start LIMIT 1`, sql.Named("from", from))
	return start, known(err)
}

// WindowBytes returns how many bytes the samples of one window take.
func (t Tenant) WindowBytes(ctx context.Context, start int64) (int64, error) {
	n, err := sq.One(ctx, t.db, scanNumber, `SELECT coalesce(sum(length(data)), 0) FROM chunks
		WHERE tenant_id = @tenant AND start = @start`, sql.Named("start", start))
	return n, known(err)
}

// OrphanedServers returns the servers and clusters that have series but are no more.
func (t Tenant) OrphanedServers(ctx context.Context) ([]string, error) {
	all, err := sq.Many(ctx, t.db, scanID, `SELECT DISTINCT server_id FROM series
		WHERE tenant_id = @tenant AND server_id <> ''
		AND NOT EXISTS (SELECT 1 FROM servers v WHERE v.tenant_id = @tenant AND v.id = series.server_id)
		AND NOT EXISTS (SELECT 1 FROM clusters c WHERE c.tenant_id = @tenant AND c.id = series.server_id)`)
	return all, known(err)
}

// DropSeriesChunks deletes one step of the chunks of a series and reports
// whether there may be more.
func (t Tenant) DropSeriesChunks(ctx context.Context, series int64) (more bool, err error) {
	return t.step(ctx, func(t Tenant) (int64, error) {
		return sq.Affected(ctx, t.db, `DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks
		WHERE tenant_id = @tenant AND series_id = @series LIMIT @limit)`, sql.Named("series", series), sql.Named("limit", MaxStep))
	})
}

// DropSeries deletes one step of the series of a server and reports whether
// there may be more. The newest series of a tenant stays, because the journal
// may still name its number, which must not be given again.
func (t Tenant) DropSeries(ctx context.Context, server string) (more bool, err error) {
	return t.step(ctx, func(t Tenant) (int64, error) {
		return sq.Affected(ctx, t.db, `DELETE FROM series WHERE rowid IN (SELECT rowid FROM series
		WHERE tenant_id = @tenant AND server_id = @server
		AND id < (SELECT max(id) FROM series WHERE tenant_id = @tenant) LIMIT @limit)`, sql.Named("server", server), sql.Named("limit", MaxStep))
	})
}

// step runs a deletion of at most MaxStep rows and reports whether it took as many.
func (t Tenant) step(ctx context.Context, remove func(Tenant) (int64, error)) (more bool, err error) {
	err = t.Tx(ctx, func(t Tenant) error {
		rows, err := remove(t)
		more = rows == MaxStep
		return err
	})
	return more, err
}

// ReopenFrom moves the mark back, after a clock that was wrong. Chunks at or
// above it are no longer seen and may be dropped.
func (t Tenant) ReopenFrom(ctx context.Context, from int64) error {
	return t.Tx(ctx, func(t Tenant) error {
		return sq.Exec(ctx, t.db, `UPDATE windows SET closed_until = @from WHERE tenant_id = @tenant`, sql.Named("from", from))
	})
}

// DropJournalFrom deletes one step of the rows whose samples are all at or after
// from, and reports whether there may be more.
func (t Tenant) DropJournalFrom(ctx context.Context, from int64) (more bool, err error) {
	return t.step(ctx, func(t Tenant) (int64, error) {
		return sq.Affected(ctx, t.db, `DELETE FROM journal WHERE rowid IN (SELECT rowid FROM journal
		WHERE tenant_id = @tenant AND min_ts >= @from LIMIT @limit)`, sql.Named("from", from), sql.Named("limit", MaxStep))
	})
}
