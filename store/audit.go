package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"unity.internal/store/internal/sq"
)

// An Audit is one row of the audit: who did what to which thing.
type Audit struct {
	Seq     int64     `json:"seq"`
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor" doc:"A user's id, or system"`
	Action  string    `json:"action" example:"servers.create"`
	Thing   string    `json:"thing"`
	Address string    `json:"address"`
	Result  string    `json:"result" enum:"done,refused,failed"`
	Detail  any       `json:"detail"`
	mac     []byte
	text    string // detail as stored
}

const auditCols = "seq, id, at, actor, action, thing, address, result, detail, mac"

func scanAudit(r sq.Row) (a Audit, err error) {
	var ms int64
	err = r.Scan(&a.Seq, &a.ID, &ms, &a.Actor, &a.Action, &a.Thing, &a.Address, &a.Result, &a.text, &a.mac)
	a.At, a.Detail = time.UnixMilli(ms).UTC(), json.RawMessage(a.text)
	return a, err
}

// Record adds a row that stands beside no other write: a refused sign-in, say.
func (t Tenant) Record(ctx context.Context, a Audit) error {
	return t.Tx(ctx, func(t Tenant) error { return t.record(ctx, a) })
}

// record appends a to the chain of the tenant, inside the running transaction.
func (t Tenant) record(ctx context.Context, a Audit) error {
	before, mac, err := t.AuditHead(ctx)
	if err != nil {
		return err
	}
	detail := []byte("{}")
	if a.Detail != nil {
		if detail, err = json.Marshal(a.Detail); err != nil {
			return fmt.Errorf("audit detail of %s: %w", a.Action, err)
		}
	}
	a.Seq, a.ID, a.At, a.Actor, a.Address, a.text = before+1, NewID(), t.store.Now(), t.actor, t.address, string(detail)
	if a.mac, err = t.store.sign(ctx, t.ID, a.signed(mac)); err != nil {
		return err
	}
	return sq.Exec(ctx, t.db, `INSERT INTO audit (tenant_id, `+auditCols+`)
		VALUES (@tenant, @seq, @id, @at, @actor, @action, @thing, @address, @result, @detail, @mac)`,
		sql.Named("seq", a.Seq), sql.Named("id", a.ID), sql.Named("at", a.At.UnixMilli()), sql.Named("actor", a.Actor),
		sql.Named("action", a.Action), sql.Named("thing", a.Thing), sql.Named("address", a.Address),
		sql.Named("result", a.Result), sql.Named("detail", a.text), sql.Named("mac", a.mac))
}

// signed returns what the mac of a covers: the row and the mac before it, each
// part with its length so that no two rows read alike.
func (a Audit) signed(previous []byte) []byte {
	msg := binary.BigEndian.AppendUint64(nil, uint64(a.Seq)) //nolint:gosec // a row number is never negative
	msg = binary.BigEndian.AppendUint64(msg, uint64(a.At.UnixMilli()))
	for _, part := range []string{string(previous), a.ID, a.Actor, a.Action, a.Thing, a.Address, a.Result, a.text} {
		msg = binary.BigEndian.AppendUint32(msg, uint32(len(part))) //nolint:gosec // parts are far below 4 GiB
		msg = append(msg, part...)
	}
	return msg
}

// MAC returns what chains the row to the one before it.
func (a Audit) MAC() []byte { return a.mac }

// An AuditList says which rows are asked for: those whose action contains Q, and
// of these only what the other fields name.
type AuditList struct {
	List
	Actor, Thing, Result string    // empty: any
	From, To             time.Time // zero: open; From is in, To is out
}

// The list queries, newest first: one constant and one index for each way in.
const (
	auditFrom   = `SELECT ` + auditCols + ` FROM audit WHERE tenant_id = @tenant`
	auditFilter = ` AND action LIKE @like ESCAPE '\' AND (@result = '' OR result = @result)
		AND (@actor = '' OR +actor = @actor) AND (@thing = '' OR +thing = @thing) AND +at >= @from AND +at < @to`
	auditBySeq   = auditFilter + ` AND seq < @key AND @id = '' ORDER BY seq DESC LIMIT @limit`
	auditNewest  = auditFrom + auditBySeq
	auditOfActor = auditFrom + ` AND actor = @actor` + auditBySeq
	auditOfThing = auditFrom + ` AND thing = @thing` + auditBySeq
	auditBetween = auditFrom + ` AND at >= @from AND (at, seq) < (@key, CAST(@id AS INTEGER))` + auditFilter + `
		ORDER BY at DESC, seq DESC LIMIT @limit`
)

// AuditRows returns one page of the audit, newest first.
func (t Tenant) AuditRows(ctx context.Context, l AuditList) (Page[Audit], error) {
	from, to := int64(0), maxTime
	if !l.From.IsZero() {
		from = l.From.UnixMilli()
	}
	if !l.To.IsZero() {
		to = l.To.UnixMilli()
	}
	first := maxTime
	at := func(a Audit) cursor[int64] { return cursor[int64]{Key: a.Seq} }
	between := l.Actor == "" && l.Thing == "" && (from > 0 || to < maxTime)
	if between {
		first = to
		at = func(a Audit) cursor[int64] { return cursor[int64]{a.At.UnixMilli(), strconv.FormatInt(a.Seq, 10)} }
	}
	return page(l.List, first, func(args ...any) ([]Audit, error) {
		args = append(args, sql.Named("actor", l.Actor), sql.Named("thing", l.Thing), sql.Named("result", l.Result),
			sql.Named("from", from), sql.Named("to", to))
		switch {
		case l.Thing != "":
			return sq.Many(ctx, t.db, scanAudit, auditOfThing, args...)
		case l.Actor != "":
			return sq.Many(ctx, t.db, scanAudit, auditOfActor, args...)
		case between:
			return sq.Many(ctx, t.db, scanAudit, auditBetween, args...)
		}
		return sq.Many(ctx, t.db, scanAudit, auditNewest, args...)
	}, at)
}

// AuditHead returns the newest row's number and mac: who kept them elsewhere can
// tell whether the chain was cut or written anew. 0 of an empty one.
func (t Tenant) AuditHead(ctx context.Context) (seq int64, mac []byte, err error) {
	last, err := sq.One(ctx, t.db, scanAudit, `SELECT `+auditCols+` FROM audit
		WHERE tenant_id = @tenant ORDER BY seq DESC LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, nil
	}
	return last.Seq, last.mac, known(err)
}
